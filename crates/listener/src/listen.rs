//! Opening a listener and closing it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request};
use actix_server::{Server, ServerHandle};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::{App, HttpResponse, web};
use futures_util::future::{Either, select};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, error};

use crate::connection::Connection;
use crate::descriptors::allow_many;
use crate::door::{AT_THE_DOOR, turn_away};
use crate::guard::GuardFactory;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::settings::{Limits, Settings};
use crate::stream::Stream;
use crate::tls::{Certificate, TlsError};
use crate::transport::Transport;
use crate::worker::Worker;

/// Connections that the kernel keeps for the workers.
const BACKLOG: u32 = 1024;

/// actix's own patience with a client that it closes on, after which it drops the connection.
const FAREWELL: Duration = Duration::from_secs(1);

/// Connections beyond its bound that a worker may have been handed without having looked at them. It looks at once, so the
/// bound is only reached while it does not get to run; until then the kernel keeps the rest.
const HANDED_OVER: usize = 256;

/// The most threads that actix takes.
const MOST_WORKERS: usize = 512;

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}: {reason}")]
    Address {
        /// The address, as configured.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// An open listener. It goes on when this is dropped; [`stop`](Self::stop) ends it.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    server: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    following: Option<JoinHandle<()>>,
}

impl Listening {
    /// Where it listens, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, closes idle ones at once and the others when their request is answered, and returns when
    /// all are closed: within two seconds of the last answer, or of `Limits::drain`, which cuts off the rest.
    ///
    /// # Errors
    /// If the workers could not be started, or died.
    pub async fn stop(self) -> io::Result<()> {
        self.server.stop(true).await;
        if let Some(following) = self.following {
            following.abort();
        }
        self.running.await.map_err(io::Error::other)?
    }
}

/// Opens a listener that serves what `configure` registers, called once in each worker, behind guarded connections. Where a
/// request cannot come as far as the application, `refuse` says the words.
///
/// Has to be called within a tokio runtime, after the metrics recorder is installed. It lets the process open as many files
/// as the system allows it. The application does not know of TLS:
/// `ConnectionInfo::scheme` says `http` with it, too.
///
/// # Errors
/// If the address cannot be listened on, or the certificate not be used.
pub fn listen<C>(
    settings: Settings,
    refuse: fn(Refusal) -> HttpResponse,
    configure: C,
) -> Result<Listening, ListenError>
where
    C: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let Settings { name, address, tls, workers, limits } = settings;
    allow_many();
    let listener = bind(address).map_err(|reason| ListenError::Address { address, reason })?;
    let address = listener.local_addr().map_err(|reason| ListenError::Address { address, reason })?;
    let certificate = tls.map(Certificate::load).transpose()?;
    let acceptor = certificate.as_ref().map(Certificate::server_config).transpose()?.map(TlsAcceptor::from);

    let workers = workers.min(limits.connections).clamp(1, MOST_WORKERS);
    let limits = share(limits, workers);
    let builder = Server::build();
    let draining = builder.graceful_shutdown_signal();
    let server = builder
        .workers(workers)
        .max_concurrent_connections(limits.connections + AT_THE_DOOR + HANDED_OVER)
        .shutdown_timeout(limits.drain.as_secs() + u64::from(limits.drain.subsec_nanos() > 0))
        .disable_signals()
        .listen(name, listener, move || {
            let worker = Rc::new(Worker::new(name, limits, refuse));
            let acceptor = acceptor.clone();
            let draining = draining.clone();
            let application =
                IntoServiceFactory::<_, Request>::into_factory(App::new().configure(configure.clone()));
            let http = HttpService::build()
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(FAREWELL)
                .graceful_shutdown_signal(move || {
                    let draining = draining.clone();
                    async move { draining.notified().await }
                })
                .on_connect_ext(|stream: &Stream, data| {
                    data.insert(Rc::clone(stream.connection()));
                })
                .h1(GuardFactory(map_config(application, |()| AppConfig::default())));
            fn_service(move |socket| open(socket, acceptor.clone(), Rc::clone(&worker))).and_then(http)
        })
        .map_err(|reason| ListenError::Address { address, reason })?
        .run();
    Ok(Listening {
        address,
        server: server.handle(),
        running: tokio::spawn(run(server, name)),
        following: certificate.map(|certificate| tokio::spawn(certificate.follow(name))),
    })
}

/// Runs the server to its end, and says so at once if that comes unasked for.
async fn run(server: Server, listener: &'static str) -> io::Result<()> {
    server.await.inspect_err(|error| error!(listener, %error, "the listener has failed"))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a restart would have to wait until the last run's connections have left the kernel's tables.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// One worker's part of `limits`.
fn share(limits: Limits, workers: usize) -> Limits {
    Limits {
        connections: (limits.connections / workers).max(1),
        in_flight: (limits.in_flight / workers).max(1),
        ..limits
    }
}

/// Makes a guarded stream of an accepted socket.
async fn open(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    worker: Rc<Worker>,
) -> Result<(Stream, Option<SocketAddr>), DispatchError> {
    let Some(place) = Place::take(&worker) else {
        turn_away(socket, acceptor, &worker).await;
        return Err(DispatchError::Io(io::ErrorKind::ResourceBusy.into()));
    };
    let peer = socket.peer_addr().ok();
    let transport = secure(socket, acceptor, &place).await.map_err(|error| {
        debug!(%error, "TLS handshake failed");
        place.handshake_failed();
        DispatchError::Io(error)
    })?;
    Ok((Stream::new(transport, place), peer))
}

async fn secure(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    connection: &Connection,
) -> io::Result<Transport> {
    // Answers are written whole; waiting for more to send with them would only delay them.
    socket.set_nodelay(true)?;
    let Some(acceptor) = acceptor else { return Ok(Transport::Plain(socket)) };
    let handshake = timeout(connection.worker.limits.handshake, acceptor.accept(socket));
    match select(pin!(handshake), pin!(connection.given_up())).await {
        Either::Left((done, _)) => {
            let stream = done??;
            connection.expect_head();
            Ok(Transport::Tls(Box::new(stream)))
        }
        Either::Right(((), _)) => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_together_never_have_more_than_the_listener() {
        let limits = Limits { connections: 10, in_flight: 7, ..Limits::default() };
        let each = share(limits, 4);
        assert_eq!((each.connections, each.in_flight), (2, 1));
    }
}
