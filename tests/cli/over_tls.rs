//! Commands that reach a registry through TLS, and go nowhere where it is not the right one.

use std::fs;

use keyledger_tests::Registry;

/// Writes a self-signed pair; the settings by which the command listener shows it.
fn certificate(directory: &std::path::Path) -> [(&'static str, String); 2] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let path = |file: &str| directory.join(file).to_string_lossy().into_owned();
    let (certificate, key) = (path("certificate.pem"), path("key.pem"));
    fs::write(&certificate, made.cert.pem()).expect("the certificate is written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("the key is written");
    [("KEYLEDGER_LISTEN__COMMAND_CERTIFICATE", certificate), ("KEYLEDGER_LISTEN__COMMAND_KEY", key)]
}

#[test]
fn a_command_speaks_to_a_registry_whose_issuer_it_was_told_and_to_no_other() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let settings = certificate(home.path());
    let issuer = settings[0].1.clone();
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let registry = Registry::in_home(home, &settings);
    let list = ["keys", "list", "--partner", "registry", "--json"];

    let trusting = registry.terminal().set("SSL_CERT_FILE", &issuer);
    let listed = trusting.run(&list).exited(0).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(1));

    let stranger = registry.terminal().run(&list).exited(1);
    assert!(stranger.error_line().contains("certificate"), "{}", stranger.stderr);
    let plain = registry.addresses().command.replace("https://", "http://");
    let plain = trusting.run(&[&list[..], &["--url", &plain]].concat()).exited(1);
    assert!(!plain.error_line().is_empty());
}
