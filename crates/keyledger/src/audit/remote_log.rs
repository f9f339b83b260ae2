//! The log as a running registry tells it over HTTP: public parts, positions, and no codes. The registry has checked
//! those; an auditor who does not believe it compares with checkpoints.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use keyledger_domain::envelope::Stream;
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent,
    Revision, StreamName,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    cli::client::{Ask, Client},
    output::causes,
};

/// How often a quiet registry is asked whether anything came.
const PAUSE: Duration = Duration::from_millis(100);

/// The log of a registry that runs elsewhere.
pub(super) struct RemoteLog {
    client: Client,
    identity: LogIdentity,
    order: PositionOrder,
}

#[derive(Deserialize)]
struct Log {
    log: Uuid,
    epoch: u32,
    position: u64,
    dense: bool,
}

#[derive(Deserialize)]
struct Line<'a> {
    position: u64,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Place<'a> {
    id: Uuid,
    stream: &'a str,
    revision: u64,
}

impl RemoteLog {
    /// Asks a registry which log it keeps.
    ///
    /// # Errors
    /// One sentence: it does not answer, or does not let this key read events.
    pub(super) async fn open(client: Client) -> anyhow::Result<Self> {
        let Log { log, epoch, dense, .. } = ask(&client).await?;
        let order = if dense { PositionOrder::Dense } else { PositionOrder::Sparse };
        Ok(Self { client, identity: LogIdentity { log, epoch }, order })
    }

    async fn events(&self, query: Vec<(&'static str, String)>) -> Result<Vec<RecordedEvent>, ReadError> {
        let ask = Ask { query, ..Ask::default() };
        let reading = self.client.stream(&["v1", "events"], "application/x-ndjson", ask).await;
        let mut reading = reading.map_err(|error| unavailable(&error.into()))?;
        let mut events = Vec::new();
        while let Some(line) = reading.next().await.map_err(|error| unavailable(&error.into()))? {
            events.push(recorded(&line).map_err(|error| ReadError::Damaged(causes(&error)))?);
        }
        Ok(events)
    }
}

async fn ask(client: &Client) -> anyhow::Result<Log> {
    let answer = client.get(&["v1", "log"], Ask::default()).await?;
    Log::deserialize(answer).context(
        "the registry does not say which log it keeps: use the command of the registry's own release",
    )
}

fn unavailable(error: &anyhow::Error) -> ReadError {
    ReadError::Unavailable(causes(error))
}

/// The event in a line of `GET /v1/events`, without what the registry keeps to itself.
fn recorded(line: &str) -> anyhow::Result<RecordedEvent> {
    let Line { position, event } =
        serde_json::from_str(line).context("the registry sent a line that is no event")?;
    let Place { id, stream, revision } =
        serde_json::from_str(event.get()).context("the registry sent something that is no event")?;
    Ok(RecordedEvent {
        position: Position::new(position),
        id,
        stream: StreamName::new(stream),
        revision: Revision::new(revision),
        public: event.get().as_bytes().to_vec(),
        private: Vec::new(),
        mac: Vec::new(),
    })
}

#[async_trait]
impl EventLog for RemoteLog {
    fn identity(&self) -> LogIdentity {
        self.identity
    }

    fn order(&self) -> PositionOrder {
        self.order
    }

    async fn append(&self, _: Append) -> Result<Appended, AppendError> {
        Err(AppendError::Unavailable("an auditor reads and records nothing".to_owned()))
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.events(vec![("after", after.to_string()), ("limit", limit.to_string())]).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let of = match Stream::parse(stream.as_str()) {
            Some(Stream::Key(key)) => ("keyId", key.to_string()),
            _ => ("type", "ScopeCatalogueChanged".to_owned()),
        };
        let mut events = self.events(vec![of]).await?;
        events.retain(|event| event.stream == *stream && event.revision >= from);
        Ok(events)
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        Err(ReadError::Unavailable(format!("a registry is not asked for the event {id} by its id")))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        Ok(Position::new(ask(&self.client).await.map_err(|error| unavailable(&error))?.position))
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        let mut left = patience;
        loop {
            let head = self.head().await?;
            if head > after || left.is_zero() {
                return Ok(head);
            }
            let pause = PAUSE.min(left);
            tokio::time::sleep(pause).await;
            left -= pause;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_its_bytes_on_the_way() {
        let public =
            r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057", "stream":"catalogue","revision":3,"x":1.50}"#;
        let event = recorded(&format!(r#"{{"position":7,"event":{public}}}"#)).expect("an event");
        assert_eq!((event.position.get(), event.revision.get()), (7, 3));
        assert_eq!(event.public, public.as_bytes());
    }

    #[test]
    fn a_line_that_is_no_event_is_said_to_be_none() {
        for line in ["", "{}", r#"{"position":1}"#, r#"{"position":1,"event":{"id":"x"}}"#] {
            assert!(recorded(line).is_err(), "{line}");
        }
    }
}
