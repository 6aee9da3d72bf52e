//! One flat JSON object per event: the event's fields, and those of the spans that it happened in.

use std::fmt::{self, Debug};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use crate::text::is_deceptive;

/// Writes `{"ts":…,"level":…,"msg":…,"target":…,…}`.
pub(super) struct FlatJson;

#[derive(Serialize)]
struct Line<'a> {
    ts: String,
    level: &'static str,
    msg: Value,
    target: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<S> FormatEvent<S, JsonFields> for FlatJson
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    JsonFields: for<'a> FormatFields<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(written) = span.extensions().get::<FormattedFields<JsonFields>>() {
                fields
                    .0
                    .extend(serde_json::from_str::<Map<_, _>>(written).unwrap_or_default());
            }
        }
        event.record(&mut fields);
        let mut ts = String::new();
        SystemTime.format_time(&mut Writer::new(&mut ts))?;
        let metadata = event.metadata();
        let msg = fields.0.remove("message").unwrap_or_default();
        let line = Line {
            ts,
            level: metadata.level().as_str(),
            msg,
            target: metadata.target(),
            fields: fields.0,
        };
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        // JSON's own escapes leave some characters that hide or reorder text in a terminal.
        for c in text.chars() {
            if is_deceptive(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_char(c)?;
            }
        }
        writeln!(writer)
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}"));
    }
}
