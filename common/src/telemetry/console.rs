//! Fields for people to read, one event to a line whatever the values hold.

use std::fmt::{self, Debug};

use tracing::field::Field;
use tracing_subscriber::{
    field::MakeExt,
    fmt::{
        FormatFields,
        format::{Writer, debug_fn},
    },
};

use crate::text::is_deceptive;

/// `name=value`, the message without its name; characters that could forge a line, colour it or hide are escaped.
pub(super) fn fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    debug_fn(write_field).delimited(" ")
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    for c in format!("{value:?}").chars() {
        if is_deceptive(c) {
            write!(writer, "{}", c.escape_default())?;
        } else {
            writer.write_char(c)?;
        }
    }
    Ok(())
}
