//! Reads what keyledger publishes to Kafka: first what every key is, then everything that happens to them.
//!
//! An example to start from; docs/kafka.md says why it is done so. Each record is printed as one line of JSON:
//! `kafka-consumer --brokers HOST:PORT [--prefix keyledger] [--from-beginning] [--until-end]`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "it is a program of its own, with a clock and a command line"
)]

mod arguments;
mod place;
mod reader;

use std::collections::HashMap;
use std::io::{self, Write as _};

use anyhow::Context as _;
use arguments::Arguments;
use place::Place;
use rdkafka::message::{Message as _, OwnedMessage};
use reader::Reader;
use serde_json::{Value, json};

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let keys = format!("{}.keys.v1", arguments.prefix);
    let key_events = format!("{}.key-events.v1", arguments.prefix);
    // A reader for each topic: what the one was asked for cannot reach the other.
    let (reader, keys_reader) = (Reader::new(&arguments.brokers)?, Reader::new(&arguments.brokers)?);
    let start = if arguments.from_beginning {
        reader.beginning(&key_events)?
    } else {
        reader.a_while_ago(&key_events)?
    };

    // What every key is. Where compaction has not come by yet, a key has several records, and the last one holds.
    let mut facts = HashMap::new();
    keys_reader.read(&keys_reader.beginning(&keys)?, true, |record| {
        let key = record.key().unwrap_or_default().to_vec();
        // A key without a value never was: the log was restored from before it.
        match record.payload() {
            Some(_) => facts.insert(key, record),
            None => facts.remove(&key),
        };
        Ok(())
    })?;
    drop(keys_reader);
    for record in facts.values() {
        show(record, "facts")?;
    }

    // What happens to it from there on; with --from-beginning, everything that ever happened.
    let mut last: HashMap<i32, Place> = HashMap::new();
    reader.read(&start, arguments.until_end, |record| {
        let place = Place::of(&record)?;
        let told = facts.get(record.key().unwrap_or_default()).filter(|_| !arguments.from_beginning);
        let told = told.map(Place::of).transpose()?;
        let known = last.get(&record.partition()).copied().max(told);
        // Whoever keeps results keeps `last` with them, in one transaction, and goes on from there after a restart.
        if known.is_none_or(|known| place > known) {
            last.insert(record.partition(), place);
            show(&record, "body")?;
        }
        Ok(())
    })
}

fn show(record: &OwnedMessage, what: &str) -> anyhow::Result<()> {
    let Place { epoch, position } = Place::of(record)?;
    let value: Value = serde_json::from_slice(record.payload().context("a record without a value")?)?;
    let line = json!({
        "topic": record.topic(), "partition": record.partition(), "offset": record.offset(),
        "epoch": epoch, "position": position,
        "type": place::header(record, "ce_type")?, "subject": place::header(record, "ce_subject")?,
        what: value,
    });
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
