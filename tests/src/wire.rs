use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long an answer may take on a busy machine before a test calls it missing.
const ANSWER: Duration = Duration::from_secs(30);

/// A bare connection: what is sent is exactly what a test says, byte for byte.
pub struct Wire {
    socket: TcpStream,
    unread: Vec<u8>,
}

/// An HTTP answer as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// Status line and headers, without the empty line.
    pub head: String,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

impl Wire {
    /// Connects to a listener by its address (`http://127.0.0.1:PORT`).
    ///
    /// # Panics
    /// Where nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect(address: &str) -> Self {
        let address = address.strip_prefix("http://").unwrap_or(address);
        let socket = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        socket.set_nodelay(true).expect("the option can be set");
        Self { socket, unread: Vec::new() }
    }

    /// Sends bytes and reads one answer, on a connection of its own.
    ///
    /// # Panics
    /// Where there is no answer.
    #[track_caller]
    pub fn exchange(address: &str, bytes: impl AsRef<[u8]>) -> RawAnswer {
        let mut wire = Self::connect(address);
        wire.send(bytes);
        wire.answer()
    }

    /// Sends bytes. That the other side has closed already is not an error here: the next read tells.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.socket.write_all(bytes.as_ref());
    }

    /// Reads the next answer, by its `Content-Length` or its chunks.
    ///
    /// # Panics
    /// Where there is none within half a minute, or none that can be read.
    #[track_caller]
    pub fn answer(&mut self) -> RawAnswer {
        self.try_answer(ANSWER).unwrap_or_else(|| {
            panic!("no whole answer, but {:?}", String::from_utf8_lossy(&self.unread));
        })
    }

    /// Reads the next answer; none where the connection ends, or nothing whole comes, within `patience`.
    pub fn try_answer(&mut self, patience: Duration) -> Option<RawAnswer> {
        let deadline = Instant::now() + patience;
        let end = self.read_until(deadline, |bytes| find(bytes, b"\r\n\r\n"))?;
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head[..end]).into_owned();
        let answer = RawAnswer { head, body: Vec::new() };
        let body = if answer.header("transfer-encoding") == Some("chunked") {
            self.chunks(deadline)?
        } else {
            let length = answer.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
            self.take(deadline, length)?
        };
        Some(RawAnswer { body, ..answer })
    }

    /// All that comes until the other side closes; none where it does not within `patience`.
    pub fn rest(&mut self, patience: Duration) -> Option<Vec<u8>> {
        let deadline = Instant::now() + patience;
        while self.read_more(deadline)? > 0 {}
        Some(std::mem::take(&mut self.unread))
    }

    fn chunks(&mut self, deadline: Instant) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.read_until(deadline, |bytes| find(bytes, b"\r\n"))?;
            let size: Vec<u8> = self.unread.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&size[..end]).ok()?, 16).ok()?;
            let chunk = self.take(deadline, size + 2)?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                return Some(body);
            }
        }
    }

    fn take(&mut self, deadline: Instant, length: usize) -> Option<Vec<u8>> {
        self.read_until(deadline, |bytes| (bytes.len() >= length).then_some(()))?;
        Some(self.unread.drain(..length).collect())
    }

    fn read_until<T>(&mut self, deadline: Instant, mut seen: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        loop {
            if let Some(seen) = seen(&self.unread) {
                return Some(seen);
            }
            if self.read_more(deadline)? == 0 {
                return None;
            }
        }
    }

    /// Reads what there is, at least a byte; 0 at the end, none at the deadline. A reset is an end too.
    fn read_more(&mut self, deadline: Instant) -> Option<usize> {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        self.socket.set_read_timeout(Some(left)).expect("a timeout can be set");
        let mut buffer = [0; 16 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                Some(read)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(_) => Some(0),
        }
    }
}

impl RawAnswer {
    /// Its status; 0 where the first line holds none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The whole answer but the header that tells the time: equal for answers that nobody can tell apart.
    #[must_use]
    pub fn without_date(&self) -> String {
        let is_date = |line: &&str| line.to_ascii_lowercase().starts_with("date:");
        let head: Vec<_> = self.head.lines().filter(|line| !is_date(line)).collect();
        format!("{}\r\n\r\n{}", head.join("\r\n"), String::from_utf8_lossy(&self.body))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
