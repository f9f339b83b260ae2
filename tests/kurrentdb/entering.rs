//! How a registry gets into a database: over TLS that is checked, and with a password that stands in no URL.

use std::fs;

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{EventLog, Position};
use keyledger_event_log_kurrentdb::{DatabaseUrl, KurrentLog, OpenError};
use keyledger_tests::to_base64;
use keyledger_tests_kurrentdb_stand_in::StandIn;

use crate::{choose_cryptography, start};

fn parsed(url: &str) -> DatabaseUrl {
    url.parse().expect("a URL")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_only_believed_with_a_certificate_for_its_name_from_whom_the_url_says() {
    choose_cryptography();
    let directory = tempfile::tempdir().expect("a directory");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let [right, wrong] = ["right.pem", "wrong.pem"].map(|file| directory.path().join(file));
    fs::write(&right, made.cert.pem()).expect("a file");
    fs::write(&wrong, other.cert.pem()).expect("a file");
    let server = StandIn::start_over_tls(&made.cert.pem(), &made.signing_key.serialize_pem()).await;
    let url = |host: &str, ca: &std::path::Path| {
        parsed(&format!(
            "kurrentdb://{host}:{}?discoveryInterval=10&tlsCaFile={}",
            server.port(0),
            ca.display()
        ))
    };
    let log = KurrentLog::create(&url("localhost", &right), identity(), &[]).await;
    log.expect("the certificate is the right one").append(append(1, 0, 1)).await.expect("an append");
    for (host, ca, what) in [("localhost", &wrong, "another's"), ("127.0.0.1", &right, "for another name")] {
        let refused = KurrentLog::open(&url(host, ca)).await;
        assert!(refused.is_err(), "a certificate that is {what} was believed");
    }
    let plain = parsed(&format!("kurrentdb://localhost:{}?discoveryInterval=10&tls=false", server.port(0)));
    assert!(KurrentLog::open(&plain).await.is_err(), "it speaks without TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_enters_with_a_password_that_is_given_apart_and_told_to_nobody() {
    let server = start().await;
    server.admit(&format!("Basic {}", to_base64(b"ada@example.com:hunter:2 ")));
    let nobody = parsed(&server.url());
    let ada = parsed(&server.url().replace("://", "://ada%40example.com@"));
    for (who, entering) in
        [("nobody", nobody), ("no password", ada.clone()), ("wrong", ada.with_password("x"))]
    {
        let Err(refused) = KurrentLog::create(&entering, identity(), &[]).await else {
            panic!("{who} was let in")
        };
        assert!(matches!(refused, OpenError::Unusable { .. }), "{who}: {refused}");
        assert!(
            refused.to_string().contains("Access denied") && !refused.to_string().contains("hunter"),
            "{refused}"
        );
    }
    let right = ada.with_password("hunter:2 ");
    assert!(!format!("{right} {right:?}").contains("hunter"));
    let log = KurrentLog::create(&right, identity(), &[]).await.expect("a new log");
    log.append(append(1, 0, 1)).await.expect("an append");
    assert_eq!(log.read(Position::START, 10).await.expect("a read").len(), 1);
}
