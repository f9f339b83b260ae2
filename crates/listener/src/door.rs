//! Clients for whose connection there is no place: told so, and sent away.

use std::io::{self, Write};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::connection::FAREWELL;
use crate::meters::End;
use crate::refusal::{Refusal, encode};
use crate::transport::Transport;
use crate::worker::Worker;

/// Clients that a worker sends away at the same time with the patience to wait for their request, and for them to read the answer.
pub(crate) const AT_THE_DOOR: usize = 64;

/// Answers whatever the client asks with the application's words for an overload, and closes, all within a second. When too many
/// stand at the door already, the words are said unasked, and not over TLS, as they are not worth a handshake then.
pub(crate) async fn turn_away(socket: TcpStream, acceptor: Option<TlsAcceptor>, worker: &Worker) {
    worker.meters.opened();
    let words = encode(worker.refuse(Refusal::Overloaded));
    if worker.at_the_door.get() < AT_THE_DOOR {
        worker.at_the_door.set(worker.at_the_door.get() + 1);
        // Whether it was late or left does not matter: it is sent away.
        let _ = timeout(FAREWELL, tell(socket, acceptor, &words)).await;
        worker.at_the_door.set(worker.at_the_door.get() - 1);
    } else if acceptor.is_none()
        && let Ok(mut socket) = socket.into_std()
    {
        // The buffer of a new socket is empty; should it not take the words all the same, nobody waits for it.
        let _ = socket.write(&words);
    }
    worker.meters.closed(End::NoRoom);
}

/// Waits for the client to begin with its request, answers it, and reads on until the client has closed its side.
async fn tell(socket: TcpStream, acceptor: Option<TlsAcceptor>, words: &[u8]) -> io::Result<()> {
    let mut transport = match acceptor {
        None => Transport::Plain(socket),
        Some(acceptor) => Transport::Tls(Box::new(acceptor.accept(socket).await?)),
    };
    let mut scratch = [0; 512];
    if transport.read(&mut scratch).await? > 0 {
        transport.write_all(words).await?;
    }
    transport.shutdown().await?;
    while transport.read(&mut scratch).await? > 0 {}
    Ok(())
}
