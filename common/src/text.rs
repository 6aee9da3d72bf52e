//! Characters that no name, label or address may hold.

/// Whether `c` is a control, a bidirectional override or invisible: text with it does not look like what it is.
///
/// The list is Unicode's `Cc`, and of `Cf` those that are invisible or reorder text (UAX #9, UTS #39 section 5.4).
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::is_deceptive;

    #[test]
    fn controls_overrides_and_invisible_characters_are_deceptive() {
        for c in [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(is_deceptive(c), "{c:?}");
        }
    }

    #[test]
    fn letters_marks_and_spaces_are_not() {
        for c in ['a', 'ß', 'Я', '日', ' ', '\u{301}', '\u{a0}', '🦀'] {
            assert!(!is_deceptive(c), "{c:?}");
        }
    }
}
