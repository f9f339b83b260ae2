use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// The line to a node: what is between it and its clients, and can be cut without the node's knowing.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<AbortHandle>,
    /// Nobody gets through.
    down: bool,
}

impl Line {
    /// Leads whoever comes to `listener` to `node`, for as long as the runtime lives.
    pub(crate) async fn lead(self, listener: TcpListener, node: SocketAddr) {
        while let Ok((client, _)) = listener.accept().await {
            let mut state = self.0.lock().expect("nobody panicked with it");
            if state.down {
                continue;
            }
            let pump = tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(node).await else { return };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (client, server) = (Arc::new(client), Arc::new(server));
                tokio::select! {
                    () = pass_on(&client, &server) => {}
                    () = pass_on(&server, &client) => {}
                }
            });
            state.lines.retain(|line| !line.is_finished());
            state.lines.push(pump.abort_handle());
        }
    }

    /// Cuts every line that there is now.
    pub(crate) fn cut(&self) {
        for line in self.0.lock().expect("nobody panicked with it").lines.drain(..) {
            line.abort();
        }
    }

    /// Cuts every line, and lets nobody through until [`Line::mend`].
    pub(crate) fn take_down(&self) {
        self.0.lock().expect("nobody panicked with it").down = true;
        self.cut();
    }

    /// Lets clients through again.
    pub(crate) fn mend(&self) {
        self.0.lock().expect("nobody panicked with it").down = false;
    }
}

/// Passes on what comes, to the end of it. The vendor's client leaves Nagle's algorithm on and writes each call in two
/// pieces, so that a receiver who takes his time to acknowledge the first one costs 40 ms a call: here nobody does.
async fn pass_on(from: &TcpStream, to: &TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if from.readable().await.is_err() {
            return;
        }
        let count = match from.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let _ = from.set_quickack(true);
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            if to.writable().await.is_err() {
                return;
            }
            match to.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
