//! `keyledger audit export`: every event in a file, each with its public part byte for byte, so that whoever has the file
//! can check it against a checkpoint of the transparency log.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, ensure};
use keyledger_audit::Witnessed;
use keyledger_event_log::Position;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use sha2::{Digest as _, Sha256};

use super::source::Source;
use crate::{
    cli::{
        Context,
        audit::{ExportArgs, Format},
    },
    output::{count, progress_bar},
};

/// The names of a table's columns. The last one holds the public part itself.
const COLUMNS: &str =
    "position,id,stream,revision,type,schemaVersion,occurredAt,actorKind,actorId,requestId,data,sealed,event";

/// Writes the events down.
///
/// # Errors
/// One sentence: no source, an event that is not to be believed, a file that is there or cannot be written.
pub(crate) async fn run(context: &Context, args: &ExportArgs) -> anyhow::Result<()> {
    ensure!(
        args.to.is_some() || !context.output.json,
        "with --json the answer is on stdout: say with --to where the events go"
    );
    let source = Source::open(context).await?;
    let after = args.after.unwrap_or(Position::START);
    let mut walk = source.history.walk(after).await?;
    let up_to = args.up_to.map_or(walk.head(), |up_to| up_to.min(walk.head()));
    let mut export = Export::to(args.to.as_deref(), args.format)?;
    // A bar between lines on the same terminal would be in the way.
    let (bar, mut on_progress) = progress_bar("exporting", context.output.json || args.to.is_none());
    while walk.position() < up_to {
        for event in walk.next().await.inspect_err(|_| bar.abandon())? {
            if event.position <= up_to {
                export.write(&event)?;
            }
        }
        on_progress(walk.position().min(up_to), up_to);
    }
    bar.finish_and_clear();
    let Written { events, sha256 } = export.finish()?;
    let identity = source.history.identity();
    if context.output.json {
        context.output.value(&json!({
            "log": identity.log, "epoch": identity.epoch, "after": after.get(), "upTo": up_to.get(),
            "events": events, "sha256": sha256,
        }))?;
    } else {
        context.output.remark(&format!(
            "Exported {} of log {}, positions after {after} up to {up_to}; SHA-256 of what was written: {sha256}",
            count(usize::try_from(events).unwrap_or(usize::MAX), "event"),
            identity.log,
        ));
    }
    Ok(())
}

/// What was written down.
struct Written {
    events: u64,
    sha256: String,
}

/// Events on their way to a file.
struct Export {
    to: Box<dyn io::Write + Send>,
    file: Option<File>,
    format: Format,
    events: u64,
    hasher: Sha256,
}

impl Export {
    fn to(path: Option<&Path>, format: Format) -> anyhow::Result<Self> {
        let file = path.map(create).transpose()?;
        let to: Box<dyn io::Write + Send> = match &file {
            Some(file) => Box::new(BufWriter::new(file.try_clone()?)),
            None => Box::new(BufWriter::new(io::stdout())),
        };
        let mut export = Self { to, file, format, events: 0, hasher: Sha256::new() };
        if format == Format::Csv {
            export.line(&format!("{COLUMNS}\r\n"))?;
        }
        Ok(export)
    }

    fn write(&mut self, event: &Witnessed) -> anyhow::Result<()> {
        let public = std::str::from_utf8(&event.public)
            .with_context(|| format!("the event at position {} is no text", event.position))?;
        let line = match self.format {
            Format::Ndjson => format!("{{\"position\":{},\"event\":{public}}}\n", event.position),
            Format::Csv => row(event.position, public)?,
        };
        self.events += 1;
        Ok(self.line(&line)?)
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.hasher.update(line.as_bytes());
        self.to.write_all(line.as_bytes())
    }

    fn finish(mut self) -> anyhow::Result<Written> {
        self.to.flush()?;
        if let Some(file) = self.file {
            file.sync_all().context("cannot write the file to the disk")?;
        }
        Ok(Written { events: self.events, sha256: hex::encode(self.hasher.finalize()) })
    }
}

/// A new file for its owner alone. One that is there may be the only copy of an earlier past.
fn create(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        match error.kind() {
            io::ErrorKind::AlreadyExists => anyhow::anyhow!(
                "{} is there already, and an export writes over nothing: move it away or name another file",
                path.display()
            ),
            _ => anyhow::anyhow!("cannot make {}: {error}", path.display()),
        }
    })
}

/// A public part, as far as a table has columns for it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Public<'a> {
    id: &'a str,
    stream: &'a str,
    revision: u64,
    #[serde(rename = "type")]
    event_type: &'a str,
    schema_version: u32,
    occurred_at: &'a str,
    actor: Actor,
    request_id: String,
    #[serde(borrow)]
    data: &'a RawValue,
    sealed: &'a str,
}

#[derive(Deserialize)]
struct Actor {
    kind: String,
    id: String,
}

fn row(position: Position, public: &str) -> anyhow::Result<String> {
    let read: Public<'_> = serde_json::from_str(public)
        .with_context(|| format!("the event at position {position} is no event"))?;
    let cells = [
        &position.to_string(),
        read.id,
        read.stream,
        &read.revision.to_string(),
        read.event_type,
        &read.schema_version.to_string(),
        read.occurred_at,
        &read.actor.kind,
        &read.actor.id,
        &read.request_id,
        read.data.get(),
        read.sealed,
        public,
    ];
    Ok(format!("{}\r\n", cells.map(cell).join(",")))
}

/// A cell as RFC 4180 writes it. A spreadsheet would take what begins with one of `=+-@` for a formula: nothing here
/// begins so but what a client chose as its request id, which is then made a text.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_spreadsheets_read_back_and_never_formulas() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("{\"a\":1,\"b\":2}"), "\"{\"\"a\"\":1,\"\"b\"\":2}\"");
        assert_eq!(cell("=1+1"), "'=1+1");
    }
}
