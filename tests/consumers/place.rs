use anyhow::Context as _;
use rdkafka::message::{Headers as _, Message as _, OwnedMessage};

/// Where an event stands: the same event has the same place wherever and however often it is read, and a later one has a
/// greater place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) epoch: u32,
    pub(crate) position: u64,
}

impl Place {
    pub(crate) fn of(record: &OwnedMessage) -> anyhow::Result<Self> {
        Ok(Self {
            epoch: header(record, "ce_epoch")?.parse().context("ce_epoch")?,
            position: header(record, "ce_position")?.parse().context("ce_position")?,
        })
    }
}

/// The text of a header.
pub(crate) fn header<'a>(record: &'a OwnedMessage, name: &str) -> anyhow::Result<&'a str> {
    let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
    let value = headers.filter(|header| header.key == name).find_map(|header| header.value);
    let value = value.with_context(|| {
        format!("{}/{} at offset {} has no {name}", record.topic(), record.partition(), record.offset())
    })?;
    std::str::from_utf8(value).with_context(|| format!("{name} is no text"))
}
