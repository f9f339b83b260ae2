//! `keyledger revoke`: a leaked key, known only by its first eight characters, is dead in one command.

use keyledger_tests::Registry;
use serde_json::json;

use crate::SHARED;

#[test]
fn a_prefix_is_rehearsed_and_then_revoked() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let key = registry.create("cli-leak", "leaked", &["client:read"]);
    let revoke = ["revoke", "--prefix", &key.prefix, "--reason", "seen in public", "--json"];
    let dry = terminal.run(&[&revoke[..], &["--dry-run"]].concat()).exited(0).json();
    assert_eq!((&dry["revoked"], &dry["matches"][0]["keyId"]), (&json!(0), &json!(key.id)));
    assert_eq!(registry.health(&key.secret).status, 200);

    let done = terminal.run(&revoke).exited(0).json();
    assert_eq!((&done["revoked"], &done["matches"][0]["status"]), (&json!(1), &json!("REVOKED")));
    assert_eq!(registry.health(&key.secret).status, 403);
    let again = terminal.run(&revoke).exited(0).json();
    assert_eq!((&again["revoked"], &again["matches"][0]["alreadyRevoked"]), (&json!(0), &json!(true)));

    let nobody = terminal.run(&["revoke", "--prefix", "Zzzzzzz9", "--reason", "x"]).exited(1);
    assert!(nobody.error_line().contains("no key matches"), "{}", nobody.stderr);
    assert_eq!(nobody.stdout, "");
}

#[test]
fn every_key_of_a_partner_goes_only_where_that_was_agreed_to() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let keys: Vec<_> = (0..3).map(|_| registry.create("cli-gone", "a", &["client:read"])).collect();
    let revoke = ["revoke", "--partner", "cli-gone", "--all", "--reason", "contract ended"];
    let unasked = terminal.run(&revoke).exited(1);
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    let dry = terminal.run(&[&revoke[..], &["--dry-run"]].concat()).exited(0);
    assert!(keys.iter().all(|key| dry.stdout.contains(&key.prefix)), "{}", dry.stdout);
    assert!(keys.iter().all(|key| registry.health(&key.secret).status == 200));

    let done = terminal.run(&[&revoke[..], &["--yes", "--json"]].concat()).exited(0).json();
    assert_eq!(done["revoked"], 3);
    assert!(keys.iter().all(|key| registry.health(&key.secret).status == 403));
}

#[test]
fn the_last_operator_key_goes_only_by_force() {
    let registry = Registry::start();
    let terminal = registry.terminal();
    let prefix = &registry.operator_key()[..8];
    let revoke = ["revoke", "--prefix", prefix, "--reason", "leaked"];
    let refused = terminal.run(&revoke).exited(1);
    assert!(refused.error_line().contains("last-operator-key"), "{}", refused.stderr);
    registry.operator().get("/v1/scopes").send().expecting(200);
    terminal.run(&[&revoke[..], &["--force"]].concat()).exited(0);
    registry.operator().get("/v1/scopes").send().expecting(401);
}
