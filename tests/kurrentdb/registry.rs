//! The whole registry with its log on KurrentDB: the binary as people run it, on a stand-in.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use keyledger_tests::{Registry, RoleProcess, within};
use keyledger_tests_kurrentdb_stand_in::StandIn;
use serde_json::json;
use tokio::runtime::Runtime;

/// A server, and what it lives on: tests of the registry block.
fn server() -> (Runtime, StandIn) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(crate::start());
    (runtime, server)
}

fn settings(url: &str) -> [(&str, &str); 2] {
    [("KEYLEDGER_LOG__STORE", "kurrentdb"), ("KEYLEDGER_LOG__URL", url)]
}

#[test]
fn a_registry_lives_on_kurrentdb_outlives_crashes_and_is_judged_beside() {
    let (_runtime, server) = server();
    let url = server.url();
    let mut registry = Registry::with(&settings(&url));
    let [kept, revoked] = ["kept", "revoked"].map(|name| registry.create("acme", name, &["client:read"]));
    registry.revoke(&revoked);
    let both = |registry: &Registry| [&kept, &revoked].map(|key| registry.health(&key.secret).status);
    assert_eq!(both(&registry), [200, 403]);
    registry.kill();
    registry.restart();
    assert_eq!(both(&registry), [200, 403]);

    let other = registry.home().join("elsewhere");
    fs::create_dir(&other).expect("a directory");
    fs::set_permissions(&other, Permissions::from_mode(0o700)).expect("permissions");
    fs::copy(registry.data_dir().join("keyring"), other.join("keyring")).expect("a copy of the keyring");
    let mut validator = RoleProcess::start(
        "validator",
        &other,
        &settings(&url).map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    validator.expect_live();
    let judged = validator.validator().expect("it listens");
    let status = |secret: &str| judged.get("/v1/health").key(secret).send().status;
    assert_eq!([status(&kept.secret), status(&revoked.secret)], [200, 403]);
    registry.revoke(&kept);
    assert!(
        within(std::time::Duration::from_secs(10), || (status(&kept.secret) == 403).then_some(())).is_some()
    );
}

#[test]
fn events_are_read_from_behind_positions_that_were_told_and_no_others() {
    let (_runtime, server) = server();
    let url = server.url();
    let registry = Registry::with(&settings(&url));
    registry.create("acme", "a", &["client:read"]);
    let operator = registry.operator();
    let events = operator.get("/v1/events").send().expecting(200).text();
    let positions: Vec<u64> = events
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["position"]
                .as_u64()
                .expect("a position")
        })
        .collect();
    assert_eq!(positions.len(), 3, "the catalogue, the operator's key, this one: {events}");
    for (index, position) in positions.iter().enumerate() {
        let behind = operator.get(&format!("/v1/events?after={position}")).send().expecting(200).text();
        assert_eq!(behind.lines().count(), positions.len() - 1 - index, "behind {position}");
    }
    let refused = operator.get("/v1/events?after=4").send();
    assert_eq!((refused.status, refused.faulty_fields()), (422, vec!["after".to_owned()]));
}

#[test]
fn the_password_comes_from_a_file_and_a_wrong_one_is_told_without_it() {
    let (_runtime, server) = server();
    server.admit("Basic a2V5bGVkZ2VyOm9wZW4gc2VzYW1l");
    let url = server.url().replace("://", "://keyledger@");
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("password");
    let write = |password: &str| {
        fs::write(&file, password).expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("permissions");
    };
    let named = file.to_string_lossy().into_owned();
    let with_password = [settings(&url)[0], settings(&url)[1], ("KEYLEDGER_LOG__PASSWORD_FILE", &named)];
    write("swordfish\n");
    let refusal = Registry::try_in_home(tempfile::tempdir().expect("a directory"), &with_password);
    let said = refusal.err().expect("the password is wrong").stderr;
    assert!(said.contains("cannot be used") && !said.contains("swordfish"), "{said}");
    write("open sesame\n");
    let registry = Registry::with(&with_password);
    let key = registry.create("acme", "a", &["client:read"]);
    assert_eq!(registry.verify(&json!({ "key": key.secret }))["code"], "VALID");
    assert!(!registry.stderr().contains("sesame"));
}
