//! What is wrong with settings that can be read one by one: what does not go together, and what is not safe.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde::Serialize;

use super::{LONGEST_BOUND, LONGEST_UNSIGNED, Settings, Store};
use crate::{data_dir::DataDir, installation::LogPlace, output::causes};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Findings {
    /// What must be changed before anything is served.
    pub faults: Vec<String>,
    /// What should be changed.
    pub warnings: Vec<String>,
}

/// Looks at the settings, and at what lies where they point.
pub(crate) fn check(settings: &Settings) -> Findings {
    let mut findings = Findings::default();
    listeners(settings, &mut findings);
    bounds(settings, &mut findings);
    client(settings, &mut findings);
    command_services(settings, &mut findings);
    log(settings, &mut findings);
    kafka(settings, &mut findings);
    openid(settings, &mut findings);
    transparency(settings, &mut findings);
    directory(settings, &mut findings);
    findings
}

fn listeners(settings: &Settings, findings: &mut Findings) {
    let listen = &settings.listen;
    let pairs = [
        ("command", &listen.command_certificate, &listen.command_key),
        ("validator", &listen.validator_certificate, &listen.validator_key),
        ("ops", &listen.ops_certificate, &listen.ops_key),
    ];
    for (name, certificate, key) in pairs {
        if certificate.is_some() != key.is_some() {
            findings.faults.push(format!(
                "listen.{name}_certificate and listen.{name}_key go together: give both, or neither"
            ));
        }
        let missing = [certificate, key].into_iter().flatten().filter(|path| fs::File::open(path).is_err());
        findings.faults.extend(
            missing.map(|path| format!("{} cannot be read: correct listen.{name}_*", path.display())),
        );
        if key.as_deref().is_some_and(others_may_read) {
            findings.warnings.push(format!("listen.{name}_key can be read by others: chmod 600 it"));
        }
    }
    let endpoints = listen.endpoints();
    let all = [&endpoints.command, &endpoints.validator, &endpoints.ops];
    for endpoint in all {
        if !endpoint.address.ip().is_loopback() && endpoint.tls.is_none() && !listen.behind_proxy {
            let (name, address) = (endpoint.name, endpoint.address);
            findings.faults.push(format!(
                "listen.{name} is {address}, which others can reach, and has no certificate: give listen.{name}_certificate and \
                 listen.{name}_key, or set listen.behind_proxy = true where a proxy in front speaks TLS"
            ));
        }
    }
    for (at, one) in all.iter().enumerate() {
        let twin = all[..at].iter().find(|other| other.address == one.address && one.address.port() != 0);
        if let Some(twin) = twin {
            findings.faults.push(format!(
                "listen.{} and listen.{} are both {}: give each its own",
                twin.name, one.name, one.address
            ));
        }
    }
}

fn bounds(settings: &Settings, findings: &mut Findings) {
    let (soft, hard) = (settings.validator.soft_bound.0, settings.validator.hard_bound.0);
    for (name, bound) in [("soft", soft), ("hard", hard)] {
        if bound > LONGEST_BOUND {
            findings.faults.push(format!(
                "validator.{name}_bound is longer than 24h: a validator must not guess for so long"
            ));
        }
    }
    if !hard.is_zero() && hard < soft {
        findings.faults.push(
            "validator.hard_bound is shorter than validator.soft_bound: make it longer, or 0".to_owned(),
        );
    }
}

fn command_services(settings: &Settings, findings: &mut Findings) {
    for url in settings.validator.command_services() {
        if url.as_url().scheme() == "http" && !url.is_loopback() {
            findings.warnings.push(format!(
                "validator.command_services names {url}: what recognises secrets travels in plain text; use https"
            ));
        }
    }
}

fn client(settings: &Settings, findings: &mut Findings) {
    let url = &settings.client.url;
    if url.as_url().scheme() == "http" && !url.is_loopback() {
        findings
            .warnings
            .push(format!("client.url is {url}: the management key travels in plain text; use https"));
    }
    if others_may_read(&settings.client.key_file) {
        let file = settings.client.key_file.display();
        findings.warnings.push(format!("{file}, the management key, can be read by others: chmod 600 it"));
    }
}

fn log(settings: &Settings, findings: &mut Findings) {
    let directory = DataDir::new(&settings.server.data_dir);
    if let Err(error) = LogPlace::of(&settings.log, &directory) {
        findings.faults.push(causes(&error));
    }
}

fn kafka(settings: &Settings, findings: &mut Findings) {
    if settings.kafka.client_file.is_some() && settings.kafka.brokers.is_none() {
        findings
            .warnings
            .push("kafka.client_file is set and kafka.brokers is not: nothing is published".to_owned());
    }
    // What is in it is wrong or right whether or not there are brokers yet.
    if let Err(error) = crate::kafka::cluster(&settings.kafka) {
        findings.faults.push(causes(&error));
    }
}

fn openid(settings: &Settings, findings: &mut Findings) {
    if let Err(error) = crate::openid::provider(&settings.openid) {
        findings.faults.push(causes(&error));
    }
}

fn transparency(settings: &Settings, findings: &mut Findings) {
    let transparency = &settings.transparency;
    if transparency.every.0 > LONGEST_UNSIGNED {
        findings.faults.push(
            "transparency.every is longer than 4s: no event may wait longer than 5s for its checkpoint"
                .to_owned(),
        );
    }
    if others_may_read(&transparency.signer_key) {
        let key = transparency.signer_key.display();
        findings.faults.push(format!("{key}, the signer key, can be read by others: chmod 600 it"));
    }
}

fn directory(settings: &Settings, findings: &mut Findings) {
    let (directory, keyring) = (&settings.server.data_dir, &settings.keyring.path);
    if others_may_read(directory) {
        findings.warnings.push(format!("{} can be entered by others: chmod 700 it", directory.display()));
    }
    if others_may_read(keyring) {
        findings
            .faults
            .push(format!("{}, the keyring, can be read by others: chmod 600 it", keyring.display()));
    }
    // A log in a database lies elsewhere.
    if settings.log.store == Store::Sqlite && lies_in(keyring, directory) {
        findings.warnings.push(format!(
            "{}, the keyring, lies beside the log: whoever copies one copies both; move it and set keyring.path",
            keyring.display()
        ));
    }
}

/// Whether anybody but the owner may do anything with what lies there; not where nothing does.
fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Whether a path is below a directory, by whatever names they are called.
fn lies_in(path: &Path, directory: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // The file may not be there yet; the directory it will lie in may.
    path.starts_with(directory)
        || path.parent().is_some_and(|parent| real(parent).starts_with(real(directory)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::settings::{Sources, load};

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let variables =
            variables.iter().map(|(name, value)| (format!("KEYLEDGER_{name}"), (*value).to_owned()));
        let sources = Sources { variables: variables.collect(), ..Sources::default() };
        load(&sources).expect("settings").settings
    }

    fn faults(variables: &[(&str, &str)]) -> Vec<String> {
        check(&settings(variables)).faults
    }

    #[test]
    fn the_defaults_are_sound_and_the_keyring_beside_the_log_is_a_warning() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("permissions");
        let path = directory.path().to_str().expect("text");
        let findings = check(&settings(&[("SERVER__DATA_DIR", path)]));
        assert_eq!(findings.faults, [""; 0]);
        assert!(findings.warnings.iter().any(|it| it.contains("lies beside the log")), "{findings:?}");
        let elsewhere = tempfile::tempdir().expect("a directory");
        let keyring = elsewhere.path().join("keyring");
        let findings = check(&settings(&[
            ("SERVER__DATA_DIR", path),
            ("KEYRING__PATH", keyring.to_str().expect("text")),
        ]));
        assert_eq!(findings, Findings::default());
        let link = elsewhere.path().join("link");
        symlink(directory.path(), &link).expect("a link");
        let keyring = link.join("keyring");
        let findings = check(&settings(&[
            ("SERVER__DATA_DIR", path),
            ("KEYRING__PATH", keyring.to_str().expect("text")),
        ]));
        assert_eq!(findings.warnings.len(), 1, "through a link it lies beside the log too: {findings:?}");
    }

    #[test]
    fn an_address_that_others_reach_needs_a_certificate_or_a_proxy() {
        for address in ["0.0.0.0:8081", "[::]:8081", "10.0.0.1:8081"] {
            let found = faults(&[("LISTEN__VALIDATOR", address)]);
            assert!(found.len() == 1 && found[0].starts_with("listen.validator is"), "{found:?}");
            assert_eq!(faults(&[("LISTEN__VALIDATOR", address), ("LISTEN__BEHIND_PROXY", "true")]), [""; 0]);
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_str().expect("text");
        let certified =
            [("LISTEN__OPS", "0.0.0.0:1"), ("LISTEN__OPS_CERTIFICATE", path), ("LISTEN__OPS_KEY", path)];
        assert_eq!(faults(&certified), [""; 0]);
        assert_eq!(faults(&certified[..2]).len(), 2, "a certificate without its key is none");
        let missing = [("LISTEN__OPS_CERTIFICATE", "no-such-file"), ("LISTEN__OPS_KEY", path)];
        assert!(faults(&missing)[0].contains("no-such-file cannot be read"));
    }

    #[test]
    fn two_listeners_do_not_share_an_address_unless_the_system_picks_the_port() {
        assert!(faults(&[("LISTEN__OPS", "127.0.0.1:8080")])[0].contains("are both 127.0.0.1:8080"));
        assert_eq!(faults(&[("LISTEN__OPS", "127.0.0.1:0"), ("LISTEN__COMMAND", "127.0.0.1:0")]), [""; 0]);
    }

    #[test]
    fn the_hard_bound_is_the_longer_one_or_zero() {
        assert_eq!(faults(&[("VALIDATOR__HARD_BOUND", "0")]), [""; 0]);
        assert_eq!(faults(&[("VALIDATOR__HARD_BOUND", "4s")]).len(), 1);
        assert_eq!(faults(&[("VALIDATOR__HARD_BOUND", "25h")]).len(), 1);
    }

    #[test]
    fn a_key_in_plain_text_over_the_network_is_a_warning() {
        let found = check(&settings(&[("CLIENT__URL", "http://keys.example.com")])).warnings;
        assert!(found.iter().any(|it| it.contains("plain text")), "{found:?}");
    }
}
