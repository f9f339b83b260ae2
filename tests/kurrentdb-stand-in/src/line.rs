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
                let mut client = client;
                let Ok(mut server) = TcpStream::connect(node).await else { return };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
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
