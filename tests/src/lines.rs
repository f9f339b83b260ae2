use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use reqwest::blocking::Response;

/// The lines of an answer that goes on, as they come.
pub struct Lines(Receiver<String>);

/// One event of a `text/event-stream`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its type, if it has one.
    pub event: Option<String>,
    /// Its data.
    pub data: String,
}

impl Lines {
    /// Reads an answer on a thread of its own, until it ends or nobody listens any more.
    #[must_use]
    pub fn of(response: Response) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(response).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        Self(receiver)
    }

    /// The next line.
    ///
    /// # Errors
    /// `Timeout` where none comes within `patience`, `Disconnected` where the answer has ended.
    pub fn next_within(&self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.0.recv_timeout(patience)
    }

    /// The next server-sent event with data; comments and other fields are passed over.
    ///
    /// # Errors
    /// As [`next_within`](Self::next_within); every line may take as long as that.
    pub fn event_within(&self, patience: Duration) -> Result<ServerSentEvent, RecvTimeoutError> {
        let mut event = ServerSentEvent { id: None, event: None, data: String::new() };
        loop {
            let line = self.next_within(patience)?;
            match line.split_once(':').map(|(field, value)| (field, value.strip_prefix(' ').unwrap_or(value)))
            {
                Some(("id", value)) => event.id = Some(value.to_owned()),
                Some(("event", value)) => event.event = Some(value.to_owned()),
                Some(("data", value)) => event.data.push_str(value),
                None if line.is_empty() && !event.data.is_empty() => return Ok(event),
                _ => {}
            }
        }
    }

    /// Whether the answer ends within `patience`, whatever it still says.
    #[must_use]
    pub fn end_within(&self, patience: Duration) -> bool {
        crate::within(patience, || match self.0.recv_timeout(patience) {
            Err(RecvTimeoutError::Disconnected) => Some(()),
            Ok(_) | Err(RecvTimeoutError::Timeout) => None,
        })
        .is_some()
    }
}
