use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How often a delay is looked at while something waits for it: it may become shorter meanwhile.
const STEP: Duration = Duration::from_millis(2);

/// How many pieces may be on their way in one direction before the sender has to wait.
const PIECES: usize = 4096;

/// A connection through a proxy. It lives as long as its threads do.
pub(super) struct Connection {
    client: TcpStream,
    broker: TcpStream,
    delays: Arc<Delays>,
    closed: AtomicBool,
}

/// How long bytes take in each direction; may change at any moment.
#[derive(Default)]
pub(super) struct Delays {
    pub(super) there: Delay,
    pub(super) back: Delay,
}

#[derive(Default)]
pub(super) struct Delay(AtomicU64);

impl Delay {
    pub(super) fn set(&self, delay: Duration) {
        self.0.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes, and when they came.
type Piece = (Instant, Vec<u8>);

impl Connection {
    /// Passes on what comes, both ways, until either side closes.
    pub(super) fn open(client: TcpStream, broker: TcpStream, delays: &Arc<Delays>) -> io::Result<Weak<Self>> {
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        let (delays, closed) = (Arc::clone(delays), AtomicBool::new(false));
        let connection = Arc::new(Self { client, broker, delays, closed });
        connection.pass_on(|this| &this.client, |this| &this.delays.there, |this| &this.broker);
        connection.pass_on(|this| &this.broker, |this| &this.delays.back, |this| &this.client);
        Ok(Arc::downgrade(&connection))
    }

    /// Closes both sides; what is on its way is lost.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for side in [&self.client, &self.broker] {
            // It may have closed already.
            let _ = side.shutdown(Shutdown::Both);
        }
    }

    /// One thread reads and one writes, so that a delay is a longer line and not a narrower one.
    fn pass_on(
        self: &Arc<Self>,
        from: fn(&Self) -> &TcpStream,
        delay: fn(&Self) -> &Delay,
        to: fn(&Self) -> &TcpStream,
    ) {
        let (sender, pieces) = sync_channel(PIECES);
        let (reading, writing) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || read(from(&reading), &sender));
        thread::spawn(move || writing.write(&pieces, delay(&writing), to(&writing)));
    }

    fn write(&self, pieces: &Receiver<Piece>, delay: &Delay, mut to: &TcpStream) {
        for (came, piece) in pieces {
            while let Some(left) = delay.get().checked_sub(came.elapsed()).filter(|left| !left.is_zero()) {
                if self.closed.load(Ordering::Relaxed) {
                    return;
                }
                thread::sleep(left.min(STEP));
            }
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        self.close();
    }
}

fn read(mut from: &TcpStream, sender: &SyncSender<Piece>) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if sender.send((Instant::now(), buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}
