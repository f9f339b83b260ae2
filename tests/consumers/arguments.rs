use anyhow::{Context as _, bail};

/// What it is told on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Bootstrap servers, with commas between.
    pub(crate) brokers: String,
    /// How the names of the topics begin.
    pub(crate) prefix: String,
    /// Read every event, not only what is new.
    pub(crate) from_beginning: bool,
    /// End where the topics end.
    pub(crate) until_end: bool,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut brokers, mut prefix) = (None, "keyledger".to_owned());
        let (mut from_beginning, mut until_end) = (false, false);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--brokers" => brokers = Some(value()?),
                "--prefix" => prefix = value()?,
                "--from-beginning" => from_beginning = true,
                "--until-end" => until_end = true,
                _ => bail!(
                    "usage: kafka-consumer --brokers HOST:PORT [--prefix keyledger] [--from-beginning] [--until-end]"
                ),
            }
        }
        let brokers = brokers.context("give --brokers HOST:PORT")?;
        Ok(Self { brokers, prefix, from_beginning, until_end })
    }
}
