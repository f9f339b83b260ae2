//! A disk without space: commands are refused and nothing is acknowledged, verdicts and lists go on, revocations still
//! fit, and it goes on by itself once there is space.

use keyledger_tests::{Answer, Created, Registry};
use serde_json::{Value, json};

use crate::history::History;
use crate::small_disk::SmallDisk;

fn create(registry: &Registry) -> Answer {
    let body = json!({ "name": "billing", "scopes": ["client:read"] });
    registry.operator().post("/v1/partners/acme/keys", &body).send()
}

fn code(registry: &Registry, secret: &str) -> Value {
    registry.verify(&json!({ "key": secret, "cost": 0 }))["code"].clone()
}

/// Creates keys until the log refuses: what it has beside it may have room for a few.
#[track_caller]
fn create_until_refused(registry: &Registry) -> Vec<Created> {
    let mut created = Vec::new();
    loop {
        let answer = create(registry);
        if answer.status != 201 {
            answer.problem(503, "log-unavailable");
            assert_eq!(answer.header("retry-after"), "1");
            assert!(registry.stderr().contains("the disk is full: make space, it goes on by itself"));
            return created;
        }
        created.push(Created::from_answer(&answer));
        assert!(created.len() < 10_000, "the disk is full");
    }
}

#[test]
fn a_full_disk_refuses_commands_and_goes_on_judging_and_revoking() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let Some(disk) = SmallDisk::mount(&home.path().join("data"), 24) else { return };
    let mut registry = Registry::in_home(home, &[]);
    let keys: Vec<_> = (0..8).map(|_| registry.create("acme", "billing", &["client:read"])).collect();
    disk.fill();

    create_until_refused(&registry);
    for _ in 0..5 {
        create(&registry).problem(503, "log-unavailable");
    }

    assert_eq!(code(&registry, &keys[0].secret), "VALID", "verdicts go on");
    assert_eq!(registry.health(&keys[0].secret).status, 200);
    let listed = registry.operator().get("/v1/partners/acme/keys?limit=200").send().expecting(200).json();
    assert!(listed["keys"].as_array().is_some_and(|keys| keys.len() >= 8), "lists go on: {listed}");

    let before = registry.operator().get("/v1/events").send().expecting(200).lines().len();
    for (index, key) in keys[..6].iter().enumerate() {
        if index % 2 == 0 {
            registry.revoke(key);
        } else {
            let body = json!({ "prefix": key.prefix, "reason": "leaked" });
            registry.operator().post("/v1/revocations", &body).send().expecting(200);
        }
        assert_eq!(code(&registry, &key.secret), "REVOKED", "refused when the answer came");
    }
    create(&registry).problem(503, "log-unavailable");
    let history = History::read(&registry.operator());
    assert_eq!(history.len(), before + 6, "six revocations, and nothing of what was refused");

    disk.free();
    let fresh = create(&registry);
    assert_eq!(fresh.status, 201, "it goes on by itself: {}", fresh.text());
    registry.kill();
    registry.restart();
    let again = History::read(&registry.operator());
    assert!(again.continues(&history) && again.len() == history.len() + 1);
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(code(&registry, &key.secret), if index < 6 { "REVOKED" } else { "VALID" });
    }
    registry.kill();
}

#[test]
fn a_registry_on_a_full_disk_starts_judges_and_revokes() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let Some(disk) = SmallDisk::mount(&home.path().join("data"), 24) else { return };
    let mut registry = Registry::in_home(home, &[]);
    let [kept, leaked] = ["kept", "leaked"].map(|name| registry.create("acme", name, &["client:read"]));
    for killed in [true, false] {
        if killed {
            registry.kill();
        } else {
            assert!(registry.stop().success(), "{}", registry.stderr());
        }
        disk.fill();
        registry.restart();
        assert_eq!(code(&registry, &kept.secret), "VALID");
        create_until_refused(&registry);
        registry.revoke(&leaked);
        assert_eq!(code(&registry, &leaked.secret), "REVOKED");
        disk.free();
        assert_eq!(create(&registry).status, 201);
    }
    registry.kill();
}
