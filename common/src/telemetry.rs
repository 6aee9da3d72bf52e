//! Logs: one line per event on standard error, JSON or for people.

mod console;
mod json;

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, MakeWriter, format::JsonFields},
    layer::SubscriberExt,
};

use crate::config::SettingError;

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
pub struct LogSettings {
    /// What is logged: error, warn, info, debug, trace, or directives such as info,org_service=debug.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,

    /// How it is written: json, console, or auto: console on a terminal, else json.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Auto)]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Console on a terminal, else JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Console,
}

impl Default for LogSettings {
    /// What holds where nothing is set.
    fn default() -> Self {
        Self {
            log_level: "info".to_owned(),
            log_format: LogFormat::Auto,
        }
    }
}

impl LogSettings {
    /// The filter that `log_level` describes.
    ///
    /// # Errors
    /// [`SettingError`] names LOG_LEVEL and what is wrong with it.
    pub fn filter(&self) -> Result<EnvFilter, SettingError> {
        EnvFilter::try_new(&self.log_level).map_err(|error| SettingError::new("LOG_LEVEL", error.to_string()))
    }
}

/// Starts logging for the whole process, panics included. The first call counts; later ones change nothing.
///
/// # Errors
/// [`SettingError`] when the level cannot be read.
pub fn init(settings: &LogSettings) -> Result<(), SettingError> {
    let filter = settings.filter()?;
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Console => false,
    };
    let subscriber = subscriber(filter, json, terminal, std::io::stderr);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panic")));
    }
    Ok(())
}

/// What writes the lines; in colours for a terminal.
fn subscriber<W>(filter: EnvFilter, json: bool, terminal: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if json {
        layer
            .fmt_fields(JsonFields::new())
            .event_format(json::FlatJson)
            .boxed()
    } else {
        layer.with_ansi(terminal).fmt_fields(console::fields()).boxed()
    };
    Registry::default().with(lines.with_filter(filter))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(EnvFilter::new("info"), json, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_is_flat_and_holds_its_spans_fields() {
        let text = logged(true, || {
            let span = tracing::info_span!("call", request_id = %"r-1", principal = tracing::field::Empty);
            span.record("principal", "ada");
            span.in_scope(|| tracing::info!(code = "OK", duration_ms = 1.5, calls = 2, "call"));
            tracing::debug!("unheard");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["msg"], "call");
        assert_eq!(line["target"], "tenantry_common::telemetry::tests");
        assert_eq!(
            (&line["request_id"], &line["principal"]),
            (&"r-1".into(), &"ada".into())
        );
        assert_eq!(
            (&line["code"], &line["duration_ms"], &line["calls"]),
            (&"OK".into(), &1.5.into(), &2.into())
        );
        let ts = line["ts"].as_str().unwrap();
        assert!(ts.ends_with('Z') && ts.contains('T'), "{ts}");
    }

    #[test]
    fn a_value_cannot_forge_a_line_or_colour_it() {
        let forged = "a\nINFO forged \u{1b}[31m\u{202e}";
        for json in [true, false] {
            let text = logged(json, || tracing::warn!(name = %forged, "it says {forged}"));
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(!text.trim_end().contains(crate::text::is_deceptive), "{text:?}");
            assert!(text.contains("forged"), "{text:?}");
        }
    }

    #[test]
    fn a_level_that_is_none_is_named() {
        let settings = |level: &str| LogSettings {
            log_level: level.to_owned(),
            ..LogSettings::default()
        };
        assert!(settings("info,org_service=debug").filter().is_ok());
        let error = settings("org_service=loud").filter().unwrap_err();
        assert!(error.to_string().starts_with("LOG_LEVEL: "), "{error}");
    }
}
