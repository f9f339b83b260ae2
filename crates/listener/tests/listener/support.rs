//! A listener with short deadlines, and clients that speak to it byte by byte, plain or through TLS.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use keyledger_listener::{Limits, Listening, Refusal, Settings, TlsFiles, listen};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Deadlines short enough to wait for, and far enough apart to tell one from another.
pub(crate) const LIMITS: Limits = Limits {
    head: Duration::from_millis(300),
    body: Duration::from_millis(800),
    idle: Duration::from_millis(1000),
    stalled_reader: Duration::from_millis(600),
    handshake: Duration::from_millis(400),
    drain: Duration::from_secs(5),
    headers: 32,
    head_bytes: 16 * 1024,
    connections: 64,
    in_flight: 16,
};

/// What a test may be late by on a busy machine.
pub(crate) const SLACK: Duration = Duration::from_millis(600);

/// Bytes of an answer that no socket buffer holds.
pub(crate) const LARGE: usize = 32 << 20;

pub(crate) struct Server {
    runtime: Runtime,
    listening: Option<Listening>,
    certificate: Option<Pair>,
    pub(crate) address: SocketAddr,
}

/// A certificate and its key in a directory of their own.
pub(crate) struct Pair {
    directory: tempfile::TempDir,
    pub(crate) der: CertificateDer<'static>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let der = write_pair(directory.path());
        Self { directory, der }
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path().join("certificate.pem"), key: self.path().join("key.pem") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Writes a new self-signed pair over whatever is there.
pub(crate) fn write_pair(directory: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).expect("the key is written");
    std::fs::write(directory.join("certificate.pem"), made.cert.pem()).expect("the certificate is written");
    made.cert.der().clone()
}

impl Server {
    /// A listener with one worker.
    pub(crate) fn start(secure: Secure, limits: Limits) -> Self {
        Self::start_named("test", secure, limits)
    }

    pub(crate) fn start_named(name: &'static str, secure: Secure, limits: Limits) -> Self {
        let certificate = (secure == Secure::Tls).then(Pair::new);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let settings = Settings {
            name,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: certificate.as_ref().map(Pair::files),
            workers: 1,
            limits,
        };
        let guard = runtime.enter();
        let listening = listen(settings, refuse, routes).expect("a free port");
        drop(guard);
        let address = listening.address();
        Self { runtime, listening: Some(listening), certificate, address }
    }

    pub(crate) fn pair(&self) -> &Pair {
        self.certificate.as_ref().expect("this server was started with TLS")
    }

    pub(crate) fn connect(&self) -> Client {
        self.connect_trusting(self.certificate.as_ref().map(|pair| &pair.der))
            .expect("the handshake succeeds")
    }

    /// Connects, through TLS if there is a certificate to trust.
    pub(crate) fn connect_trusting(&self, trusted: Option<&CertificateDer<'static>>) -> io::Result<Client> {
        let socket = self.connect_socket();
        let wire: Box<dyn Wire> = match trusted {
            None => Box::new(socket),
            Some(trusted) => {
                let mut tls = StreamOwned::new(client_session(trusted), socket);
                while tls.conn.is_handshaking() {
                    tls.conn.complete_io(&mut tls.sock)?;
                }
                Box::new(tls)
            }
        };
        Ok(Client { wire, since: Instant::now() })
    }

    pub(crate) fn connect_socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).expect("the listener accepts");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
        socket.set_nodelay(true).expect("the option can be set");
        socket
    }

    /// Stops gracefully; returns how long it took.
    pub(crate) fn stop(&mut self) -> Duration {
        let begun = Instant::now();
        let listening = self.listening.take().expect("stopped once");
        self.runtime.block_on(listening.stop()).expect("the workers ran");
        begun.elapsed()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secure {
    Plain,
    Tls,
}

/// Runs `test` over plain TCP and over TLS at the same time.
pub(crate) fn both(limits: Limits, test: fn(&Server)) {
    std::thread::scope(|scope| {
        for secure in [Secure::Plain, Secure::Tls] {
            std::thread::Builder::new()
                .name(format!("{secure:?}"))
                .spawn_scoped(scope, move || test(&Server::start(secure, limits)))
                .expect("a thread");
        }
    });
}

fn client_session(trusted: &CertificateDer<'static>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a usable root");
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a session")
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// One connection, written and read byte by byte.
pub(crate) struct Client {
    wire: Box<dyn Wire>,
    since: Instant,
}

impl Client {
    /// Sends bytes, and starts measuring time from now.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.wire
            .write_all(bytes.as_ref())
            .and_then(|()| self.wire.flush())
            .expect("the listener still reads");
        self.since = Instant::now();
        self
    }

    /// Sends bytes, or as many as the listener takes.
    pub(crate) fn push(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.wire.write_all(bytes.as_ref())?;
        self.wire.flush()
    }

    /// Reads one answer that has a content length: its status, head and body.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.wire.read_exact(&mut byte).expect("the rest of the head");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("heads are ASCII").to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        self.wire.read_exact(&mut body).expect("the whole body");
        let status = head["http/1.1 ".len()..][..3].parse().expect("a status");
        Answer { status, head, body: String::from_utf8(body).expect("bodies here are text") }
    }

    /// Reads until the listener closes: what came, and how long after the last `send` or construction.
    pub(crate) fn until_closed(&mut self) -> (Vec<u8>, Duration) {
        let mut bytes = Vec::new();
        match self.wire.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {}
            Err(error) => panic!("still open: {error}"),
        }
        (bytes, self.since.elapsed())
    }

    /// Asserts that the listener closes without a word, `after` the last `send` and not earlier.
    pub(crate) fn is_closed_after(&mut self, after: Duration) {
        let (bytes, elapsed) = self.until_closed();
        assert_eq!(String::from_utf8_lossy(&bytes), "");
        assert!(
            elapsed + Duration::from_millis(50) >= after,
            "closed after {elapsed:?}, too early for {after:?}"
        );
        assert!(elapsed <= after + SLACK, "closed after {elapsed:?}, too late for {after:?}");
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) const GET: &str = "GET /hello HTTP/1.1\r\nhost: test\r\n\r\n";

fn refuse(refusal: Refusal) -> HttpResponse {
    match refusal {
        Refusal::HeadTooLarge => HttpResponse::RequestHeaderFieldsTooLarge().body("too large"),
        Refusal::Malformed => HttpResponse::BadRequest().body("malformed"),
        Refusal::BodyTooSlow => HttpResponse::RequestTimeout().body("too slow"),
        Refusal::Overloaded => HttpResponse::ServiceUnavailable().body("overloaded"),
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/hello", web::get().to(|| async { "hello" }))
        .route("/echo", web::post().to(|body: String| async { body }))
        .route("/bad", web::get().to(|| async { HttpResponse::BadRequest().body("bad") }))
        .route("/ignore", web::post().to(|| async { "ignored" }))
        .route("/large", web::get().to(|| async { vec![b'x'; LARGE] }))
        .route(
            "/slow",
            web::get().to(|| async {
                actix_rt::time::sleep(Duration::from_millis(700)).await;
                "slow"
            }),
        )
        .route("/stream", web::get().to(stream))
        .route("/polls", web::get().to(polls));
}

/// Answers after a while, with how often it was looked at until then.
async fn polls() -> String {
    let mut end = pin!(actix_rt::time::sleep(Duration::from_millis(400)));
    let mut polls = 0;
    poll_fn(|task| {
        polls += 1;
        end.as_mut().poll(task)
    })
    .await;
    polls.to_string()
}

/// Two pieces, further apart than any deadline of a connection that is not being answered.
async fn stream() -> HttpResponse {
    let pieces = futures_util::stream::unfold(0, |piece| async move {
        if piece == 1 {
            actix_rt::time::sleep(LIMITS.idle + Duration::from_millis(500)).await;
        }
        (piece < 2).then(|| (Ok::<_, actix_web::Error>(web::Bytes::from_static(b"piece")), piece + 1))
    });
    HttpResponse::Ok().streaming(pieces)
}
