use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::connection::{Connection, Delays};
use crate::free_port::free_port;

/// A line to a server that a test can make long, or cut: it listens on loopback and passes on what comes, both ways.
pub struct Proxy {
    port: u16,
    delays: Arc<Delays>,
    line: Arc<Mutex<Line>>,
    door: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread at the door and the test have in common.
#[derive(Default)]
struct Line {
    target: Option<u16>,
    cut: bool,
    connections: Vec<Weak<Connection>>,
}

impl Proxy {
    /// Listens on a free port. It leads nowhere until a [`Broker`](super::Broker) is started behind it.
    ///
    /// # Panics
    /// Where there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let (line, door) = (Arc::default(), Mutex::default());
        let proxy = Self { port: free_port(), delays: Arc::default(), line, door };
        proxy.mend();
        proxy
    }

    /// Where it listens, as bootstrap servers for clients.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes every byte take this long from now on: `there` to the broker, and `back`. A delay of hours is a line that
    /// has gone dead without a word; what was held goes on as soon as the delay is short again.
    pub fn delay(&self, there: Duration, back: Duration) {
        self.delays.there.set(there);
        self.delays.back.set(back);
    }

    /// Closes every connection and refuses new ones, until it is mended.
    ///
    /// # Panics
    /// Where the thread at its door has panicked.
    pub fn cut(&self) {
        let Some(door) = locked(&self.door).take() else { return };
        locked(&self.line).cut = true;
        // Whoever waits at the door is called, so that it looks up and closes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        door.join().expect("the door closes");
        let connections = std::mem::take(&mut locked(&self.line).connections);
        connections.iter().filter_map(Weak::upgrade).for_each(|connection| connection.close());
    }

    /// Lets new connections through again, on the same port.
    ///
    /// # Panics
    /// Where somebody else has taken the port meanwhile.
    pub fn mend(&self) {
        let mut door = locked(&self.door);
        if door.is_none() {
            let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is still free");
            locked(&self.line).cut = false;
            let (line, delays) = (Arc::clone(&self.line), Arc::clone(&self.delays));
            *door = Some(thread::spawn(move || serve(&listener, &line, &delays)));
        }
    }

    /// Leads to a port on loopback from now on.
    ///
    /// # Panics
    /// Where one of its threads has panicked.
    pub fn lead_to(&self, port: u16) {
        locked(&self.line).target = Some(port);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Lets connections through until the line is cut.
fn serve(listener: &TcpListener, line: &Mutex<Line>, delays: &Arc<Delays>) {
    for client in listener.incoming() {
        let mut line = locked(line);
        if line.cut {
            return;
        }
        let (Ok(client), Some(port)) = (client, line.target) else { continue };
        // Where the broker is down, the client's connection is closed again, which is what it would see there.
        let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else { continue };
        line.connections.retain(|connection| connection.strong_count() > 0);
        line.connections.extend(Connection::open(client, broker, delays));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
