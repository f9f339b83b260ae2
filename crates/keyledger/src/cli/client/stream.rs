//! Answers that are read line by line, as they come.

use std::{collections::VecDeque, time::Duration};

use reqwest::{Method, Response, Url, header::ACCEPT};
use tokio::time::timeout;

use super::{Ask, Client, broken, problem};

/// How long a stream may be silent; the registry says something more often.
const SILENCE: Duration = Duration::from_secs(60);

/// The longest line: an event has at most 16 KiB.
const LONGEST: usize = 1024 * 1024;

/// Why there is no more.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// The registry refused; asking again would not help.
    Refused(anyhow::Error),
    /// The way broke; asking again may help.
    Broken(anyhow::Error),
}

impl From<StreamError> for anyhow::Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Refused(error) | StreamError::Broken(error) => error,
        }
    }
}

/// An answer that is being read.
pub(crate) struct Reading {
    response: Response,
    base: Url,
    lines: Lines,
}

impl Client {
    /// Asks for lines of a kind.
    ///
    /// # Errors
    /// [`StreamError`].
    pub(crate) async fn stream(
        &self,
        path: &[&str],
        accept: &'static str,
        ask: Ask<'_>,
    ) -> Result<Reading, StreamError> {
        let request =
            self.request(&Method::GET, path, &ask).map_err(StreamError::Refused)?.header(ACCEPT, accept);
        let base = self.base.clone();
        let response = request
            .send()
            .await
            .map_err(|error| StreamError::Broken(broken::explain(&error, &Method::GET, &base)))?;
        let status = response.status();
        if !status.is_success() {
            let body = response.bytes().await.unwrap_or_default();
            let said = problem::explain(status, &body, &base);
            // An overloaded or loading registry says so and may be asked again.
            return Err(if status.is_server_error() {
                StreamError::Broken(said)
            } else {
                StreamError::Refused(said)
            });
        }
        Ok(Reading { response, base, lines: Lines::default() })
    }
}

impl Reading {
    /// The next line without its end; none at the end of the answer.
    ///
    /// # Errors
    /// [`StreamError::Broken`], also where the answer ends within a line.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, StreamError> {
        let broken =
            |what: &str| StreamError::Broken(anyhow::anyhow!("the stream of events broke off ({what})"));
        loop {
            if let Some(line) = self.lines.pop() {
                return Ok(Some(line));
            }
            let chunk =
                timeout(SILENCE, self.response.chunk()).await.map_err(|_| broken("it fell silent"))?;
            match chunk
                .map_err(|error| StreamError::Broken(broken::explain(&error, &Method::GET, &self.base)))?
            {
                Some(chunk) if self.lines.push(&chunk) => {}
                Some(_) => return Err(broken("a line is too long")),
                None if self.lines.unfinished.is_empty() => return Ok(None),
                None => return Err(broken("within a line")),
            }
        }
    }
}

/// Bytes on their way to be lines.
#[derive(Default)]
struct Lines {
    whole: VecDeque<String>,
    unfinished: Vec<u8>,
}

impl Lines {
    /// Takes bytes; false where a line is longer than any that is meant.
    fn push(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if self.unfinished.len() > LONGEST {
                return false;
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.unfinished);
                self.whole.push_back(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
        }
        true
    }

    fn pop(&mut self) -> Option<String> {
        self.whole.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_came_in() {
        let text = "{\"a\":\"\u{e9}\"}\r\n\nlast\n";
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            assert!(text.as_bytes().chunks(size).all(|chunk| lines.push(chunk)));
            let whole: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
            assert_eq!(whole, ["{\"a\":\"\u{e9}\"}", "", "last"], "in pieces of {size}");
            assert!(lines.unfinished.is_empty());
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; LONGEST]));
        assert!(!lines.push(b"x"));
    }
}
