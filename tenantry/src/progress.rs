//! How far long work is, on standard error, where somebody can see it.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const BAR: &str = "{wide_bar} {pos} of about {len} looked at";
const LINES: &str = "{spinner} {pos} lines";

/// A bar on a terminal; nothing elsewhere.
pub struct Progress(ProgressBar);

impl Progress {
    /// A walk's: a bar on standard error if that is a terminal.
    pub fn on_terminal() -> Self {
        // The templates are ours, and the tests hold that they can be read.
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::styled(style)
    }

    /// That of lines, nobody knows how many, in the same place.
    pub fn of_lines() -> Self {
        let style = ProgressStyle::with_template(LINES).unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self::styled(style)
    }

    fn styled(style: ProgressStyle) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }

    /// Tells that `done` lines are done.
    pub fn tell_lines(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Tells that `checked` of about `total` were looked at.
    pub fn tell(&self, checked: u64, total: u64) {
        self.0.set_length(total.max(checked));
        self.0.set_position(checked);
    }

    /// Takes the bar away while something else is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    /// Nothing is left of the bar on the terminal.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_can_be_drawn_and_never_overflows() {
        for template in [BAR, LINES] {
            ProgressStyle::with_template(template).unwrap();
        }
        let progress = Progress::on_terminal();
        for (checked, total) in [(0, 0), (500, 700), (900, 700)] {
            progress.tell(checked, total);
            assert_eq!(
                (progress.0.position(), progress.0.length()),
                (checked, Some(total.max(checked)))
            );
        }
    }
}
