//! Certificates that change while the listener runs, and certificates that cannot be used.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::HttpResponse;
use keyledger_listener::{Limits, ListenError, Settings, TlsError, TlsFiles, listen};
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use crate::support::{GET, LIMITS, Pair, Secure, Server, write_pair};

/// Waits until new connections are shown `certificate`.
fn is_shown(server: &Server, certificate: &CertificateDer<'static>) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        if server.connect_trusting(Some(certificate)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn a_new_pair_is_shown_to_new_connections_and_open_ones_go_on() {
    let server = Server::start(Secure::Tls, Limits { idle: Duration::from_secs(10), ..LIMITS });
    let mut open = server.connect();
    open.send(GET).answer();

    let renewed = write_pair(server.pair().path());
    assert!(is_shown(&server, &renewed));
    server
        .connect_trusting(Some(&server.pair().der))
        .err()
        .expect("the old certificate is not shown any more");
    assert_eq!(open.send(GET).answer().status, 200);
}

#[test]
fn a_broken_pair_leaves_the_old_one_in_place_until_it_is_mended() {
    let server = Server::start(Secure::Tls, LIMITS);
    let files = server.pair().files();
    let stranger = Pair::new();
    let beside = fs::read(stranger.files().certificate).expect("the other certificate");
    for broken in [&b"not a certificate"[..], &beside] {
        fs::write(&files.certificate, broken).expect("the certificate is replaced");
        std::thread::sleep(Duration::from_millis(1200));
        assert_eq!(server.connect().send(GET).answer().status, 200);
    }
    fs::copy(stranger.files().key, &files.key).expect("the key follows");
    assert!(is_shown(&server, &stranger.der));
}

#[tokio::test]
async fn a_listener_is_not_opened_without_a_usable_pair() {
    let good = Pair::new();
    let other = Pair::new();
    let missing = TlsFiles { certificate: good.path().join("missing.pem"), ..good.files() };
    let mixed = TlsFiles { key: other.files().key, ..good.files() };
    let swapped = TlsFiles { certificate: good.files().key, key: good.files().certificate };
    for (files, is_file_at_fault) in [(missing, true), (swapped, true), (mixed, false)] {
        let error = open(files).expect_err("the pair cannot be used");
        let ListenError::Tls(error) = error else { panic!("{error}") };
        assert_eq!(matches!(error, TlsError::File { .. }), is_file_at_fault, "{error}");
    }
}

fn open(tls: TlsFiles) -> Result<(), ListenError> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings { name: "test", address, tls: Some(tls), workers: 1, limits: LIMITS };
    listen(settings, |_| HttpResponse::Ok().finish(), |_| {}).map(drop)
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address");
    let settings = Settings { name: "test", address, tls: None, workers: 1, limits: LIMITS };
    let error = listen(settings, |_| HttpResponse::Ok().finish(), |_| {}).expect_err("taken");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
