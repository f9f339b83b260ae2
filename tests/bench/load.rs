//! Clients: kept-alive connections that ask again as soon as they were answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use keyledger_tests::Dice;

use crate::world::{SCOPE, Sent};

/// How many connections ask at a time. One thread drives them all, so that the servers have the other core.
const CONNECTIONS: usize = 16;

/// Long before it has an answer this long, a server is broken.
const LONGEST: usize = 64 * 1024;

/// Connections to one server.
pub(crate) struct Load {
    connections: Vec<TcpStream>,
    /// How many requests each sends before it reads the answers.
    depth: usize,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Load {
    pub(crate) fn open(address: SocketAddr, depth: usize) -> anyhow::Result<Self> {
        let connections = (0..CONNECTIONS).map(|_| connect(address)).collect::<Result<_, _>>()?;
        Ok(Self { connections, depth, sent: Vec::new(), received: vec![0; LONGEST] })
    }

    /// Asks for so long, each time with any of the secrets, and tells how many times. Every answer must be 200.
    pub(crate) fn run(&mut self, secrets: &[Sent], dice: &mut Dice, time: Duration) -> anyhow::Result<usize> {
        let begun = Instant::now();
        let mut asked = 0;
        while begun.elapsed() < time {
            for connection in &mut self.connections {
                self.sent.clear();
                for _ in 0..self.depth {
                    put_request(&mut self.sent, dice.pick(secrets));
                }
                connection.write_all(&self.sent)?;
            }
            for connection in &mut self.connections {
                let answers = receive(connection, self.depth, &mut self.received)?;
                ensure!(answers.iter().all(|status| *status == 200), "a good key was refused: {answers:?}");
                asked += self.depth;
            }
        }
        Ok(asked)
    }
}

/// The status of one answer on a connection of its own; none where there is no answer.
pub(crate) fn ask(address: SocketAddr, secret: &Sent) -> Option<u16> {
    let mut connection = connect(address).ok()?;
    let mut request = Vec::new();
    put_request(&mut request, secret);
    connection.write_all(&request).ok()?;
    receive(&mut connection, 1, &mut vec![0; LONGEST]).ok()?.first().copied()
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(connection)
}

/// What a gateway would ask.
fn put_request(to: &mut Vec<u8>, secret: &Sent) {
    to.extend_from_slice(b"GET /v1/authorize?scope=");
    to.extend_from_slice(SCOPE.as_bytes());
    to.extend_from_slice(
        b" HTTP/1.1\r\nhost: keys.internal\r\nuser-agent: gateway\r\naccept: */*\r\nx-api-key: ",
    );
    to.extend_from_slice(secret);
    to.extend_from_slice(b"\r\n\r\n");
}

/// The statuses of so many answers. Each ends with the brace of its JSON, and holds no other that closes.
fn receive(connection: &mut TcpStream, count: usize, into: &mut [u8]) -> anyhow::Result<Vec<u16>> {
    let (mut length, mut ends) = (0, 0);
    while ends < count {
        let read = connection.read(&mut into[length..])?;
        ensure!(read > 0, "a server closed a connection, or does not end an answer");
        ends += into[length..length + read].iter().filter(|byte| **byte == b'}').count();
        length += read;
    }
    into[..length].split_inclusive(|byte| *byte == b'}').map(status).collect()
}

fn status(answer: &[u8]) -> anyhow::Result<u16> {
    let digits = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)).context("an answer")?;
    Ok(std::str::from_utf8(digits)?.parse()?)
}
