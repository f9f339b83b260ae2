//! Listeners that speak TLS, and take a new certificate while they run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use keyledger_tests::{Registry, eventually};
use reqwest::Certificate;
use reqwest::blocking::Client;

/// Writes a new self-signed pair over whatever is there; a client that trusts it and nothing else.
fn new_certificate(directory: &Path) -> Client {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).expect("the key is written");
    fs::write(directory.join("certificate.pem"), made.cert.pem()).expect("the certificate is written");
    let trusted = Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    // A connection that is kept would not show which certificate a new one gets.
    let builder = Client::builder().tls_certs_only([trusted]).no_proxy().pool_max_idle_per_host(0);
    builder.timeout(Duration::from_secs(10)).build().expect("an HTTP client")
}

fn answers(client: &Client, url: &str) -> bool {
    client.get(url).send().is_ok_and(|answer| answer.status() == 200)
}

#[test]
fn every_listener_speaks_tls_and_takes_a_new_certificate_while_it_runs() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let first = new_certificate(home.path());
    let path = |file: &str| home.path().join(file).to_string_lossy().into_owned();
    let (certificate, key) = (path("certificate.pem"), path("key.pem"));
    let names = ["COMMAND", "VALIDATOR", "OPS"];
    let settings: Vec<_> = names
        .iter()
        .flat_map(|name| {
            let variable = |what: &str| format!("KEYLEDGER_LISTEN__{name}_{what}");
            [(variable("CERTIFICATE"), certificate.as_str()), (variable("KEY"), key.as_str())]
        })
        .collect();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let directory = home.path().to_owned();
    let registry = Registry::in_home(home, &settings);
    let addresses = registry.addresses();
    let urls = [
        format!("{}/openapi.json", addresses.command),
        format!("{}/v1/health", addresses.validator),
        format!("{}/livez", addresses.ops),
    ];
    let authorized = |client: &Client| {
        let answer = client.get(&urls[1]).header("x-api-key", registry.operator_key()).send();
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    assert!(urls.iter().all(|url| url.starts_with("https://127.0.0.1:")), "{urls:?}");
    assert!(answers(&first, &urls[0]) && authorized(&first) && answers(&first, &urls[2]));
    let plain = urls[0].replace("https://", "http://");
    assert!(first.get(plain).send().is_err(), "nothing is answered in plain text");

    let second = new_certificate(&directory);
    eventually("every listener shows the new certificate", Duration::from_secs(20), || {
        answers(&second, &urls[0]) && authorized(&second) && answers(&second, &urls[2])
    });
    assert!(first.get(&urls[0]).send().is_err(), "the old certificate is gone");

    fs::write(directory.join("certificate.pem"), "no certificate").expect("the file can be written");
    eventually("the broken certificate is told of", Duration::from_secs(20), || {
        registry.stderr().to_lowercase().contains("certificate")
    });
    assert!(answers(&second, &urls[0]), "a broken certificate changes nothing");
}
