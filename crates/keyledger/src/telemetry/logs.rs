use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::{Layer, fmt, registry::LookupSpan};

use crate::settings::LogFormat;

/// Writes log lines to stderr: for people, or one flat JSON object a line.
pub(super) fn layer<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let terminal = io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(io::stderr);
    let for_people = format == LogFormat::Pretty || (format == LogFormat::Auto && terminal);
    if for_people {
        lines.with_ansi(terminal).boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    }
}
