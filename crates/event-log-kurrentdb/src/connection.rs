use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use eventstore::{
    AppendToStreamOptions, Client, Error, EventData, ReadAllOptions, ReadStreamOptions, RecordedEvent,
    StreamPosition, StreamState,
};
use tokio::time::Instant;

use crate::{
    DatabaseUrl,
    fault::{Fault, is_no_place},
};

/// How long one call may take. The vendor's client tells the server a deadline, and waits for ever itself.
const CALL: Duration = Duration::from_secs(10);

/// How old a client is at least before it is given up for an error that it might get over by itself.
const RENEWAL: Duration = Duration::from_secs(1);

/// The way to the database, found anew where it was lost.
///
/// What the vendor's client does by itself, by its source (`grpc.rs`): it makes a new line to the node that it knows, and
/// goes to the leader that a node tells it. What it does not: it stays with a node that is gone (`CreateChannel` without a
/// seed keeps the old handle), and it never comes back from one failed connection (its task ends, `ConnectionClosed`). So
/// it is replaced here. A replaced one leaves a task behind that waits for ever, so that this is not done at every error.
pub(crate) struct Connection {
    url: DatabaseUrl,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    client: Option<Client>,
    made: Option<Instant>,
    number: u64,
}

/// What is read.
pub(crate) enum Ask<'a> {
    /// So many events of a stream from a revision on.
    Stream { name: &'a str, from: u64, count: usize },
    /// Events of all streams.
    All(ReadAllOptions),
}

impl Connection {
    pub(crate) fn new(url: DatabaseUrl) -> Self {
        Self { url, current: Mutex::default() }
    }

    /// What was asked for, in order; nothing of a stream that there is not. Asks again once: that a line was lost shows
    /// only when it is used, and who leads when somebody else is asked.
    pub(crate) async fn read(&self, ask: &Ask<'_>) -> Result<Vec<RecordedEvent>, Fault> {
        match self.read_once(ask).await {
            Err(fault) if fault.is_passing() => self.read_once(ask).await,
            read => read,
        }
    }

    async fn read_once(&self, ask: &Ask<'_>) -> Result<Vec<RecordedEvent>, Fault> {
        let (client, number) = self.client()?;
        let read = tokio::time::timeout(CALL, self.collect(&client, ask)).await;
        match self.told(number, read) {
            Err(Fault::Database(Error::ResourceNotFound)) => Ok(Vec::new()),
            told => told,
        }
    }

    async fn collect(&self, client: &Client, ask: &Ask<'_>) -> eventstore::Result<Vec<RecordedEvent>> {
        // A node that follows may be cut off from the others, and not know it: the leader alone is asked.
        let mut stream = match ask {
            Ask::Stream { name, from, count } => {
                let options = ReadStreamOptions::default()
                    .position(StreamPosition::Position(*from))
                    .max_count(*count)
                    .requires_leader(true);
                let options = match self.url.credentials() {
                    Some(credentials) => options.authenticated(credentials),
                    None => options,
                };
                client.read_stream(*name, &options).await?
            }
            Ask::All(options) => {
                let options = options.clone().requires_leader(true);
                let options = match self.url.credentials() {
                    Some(credentials) => options.authenticated(credentials),
                    None => options,
                };
                client.read_all(&options).await?
            }
        };
        let mut events = Vec::new();
        while let Some(event) = stream.next().await? {
            events.extend(event.event);
        }
        Ok(events)
    }

    /// Appends to a stream that must end so. Nothing is tried a second time here, and an acknowledgement says only that
    /// these ids stand there.
    pub(crate) async fn append(
        &self,
        stream: &str,
        expected: StreamState,
        events: Vec<EventData>,
    ) -> Result<(), Fault> {
        let (client, number) = self.client()?;
        let options =
            AppendToStreamOptions::default().stream_state(expected).requires_leader(true).deadline(CALL);
        let options = match self.url.credentials() {
            Some(credentials) => options.authenticated(credentials),
            None => options,
        };
        let appended = client.append_to_stream(stream, &options, events);
        self.told(number, tokio::time::timeout(CALL, appended).await).map(drop)
    }

    fn client(&self) -> Result<(Client, u64), Fault> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let number = current.number;
        if let Some(client) = &current.client {
            return Ok((client.clone(), number));
        }
        let client = Client::new(self.url.settings()).map_err(|error| Fault::Client(error.to_string()))?;
        let made = Some(Instant::now());
        *current = Current { client: Some(client.clone()), made, number: number + 1 };
        Ok((client, number + 1))
    }

    /// Learns from how a call ended whether its client is still of use.
    fn told<T, E>(&self, number: u64, ended: Result<eventstore::Result<T>, E>) -> Result<T, Fault> {
        let error = match ended {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Some(error),
            Err(_too_late) => None,
        };
        let has_ended = matches!(error, Some(Error::ConnectionClosed | Error::GrpcConnectionError(_)));
        let is_suspect = match &error {
            Some(error) => matches!(error, Error::ServerError(_)) && !is_no_place(error),
            None => true,
        };
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = current.made.is_some_and(|made| made.elapsed() >= RENEWAL);
        if current.number == number && (has_ended || is_suspect && is_old) {
            tracing::debug!(?error, "the client of the database is replaced");
            current.client = None;
        }
        Err(error.map_or(Fault::Silent, Fault::from))
    }
}
