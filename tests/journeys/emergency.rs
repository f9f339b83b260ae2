//! Emergency revocation: by the first eight characters alone, or every key of one partner.

use keyledger_tests::{Answer, Registry};
use serde_json::{Value, json};

use crate::SHARED;

fn revoke(registry: &Registry, body: &Value) -> Answer {
    registry.operator().post("/v1/revocations", body).send()
}

#[test]
fn a_leaked_key_known_only_by_its_first_eight_characters_is_dead_in_one_request() {
    let registry = SHARED.get();
    let key = registry.create("leaky", "leaked", &["client:read"]);
    let dry = json!({ "prefix": key.prefix, "reason": "found in a log", "dryRun": true });
    let told = revoke(&registry, &dry).expecting(200).json();
    let as_is = json!({
        "keyId": key.id, "partnerId": "leaky", "name": "leaked", "prefix": key.prefix, "status": "ACTIVE",
        "alreadyRevoked": false
    });
    assert_eq!(told["revoked"], 0);
    assert_eq!(told["matches"], json!([as_is]));
    assert_eq!(registry.health(&key.secret).status, 200, "a dry run changes nothing");

    let done =
        revoke(&registry, &json!({ "prefix": key.prefix, "reason": "found in a log" })).expecting(200).json();
    assert_eq!(done["revoked"], 1);
    assert_eq!(done["matches"][0]["status"], "REVOKED");
    assert_eq!(done["matches"][0]["alreadyRevoked"], false);
    assert_eq!(registry.health(&key.secret).status, 403);
    let now = registry.operator().get(&key.path()).send().expecting(200).json();
    assert_eq!(now["revocationReason"], "found in a log");

    let again = revoke(&registry, &json!({ "prefix": key.prefix, "reason": "again" })).expecting(200).json();
    assert_eq!(again["revoked"], 0);
    assert_eq!(again["matches"][0]["alreadyRevoked"], true);
}

#[test]
fn the_prefix_of_a_superseded_secret_names_the_key_too_even_when_that_secret_is_dead() {
    let registry = SHARED.get();
    for overlap in [3600, 0] {
        let key = registry.create("leaky", "old secret", &["client:read"]);
        let renewed = registry.regenerate(&key, overlap);
        let done =
            revoke(&registry, &json!({ "prefix": key.prefix, "reason": "old backup" })).expecting(200).json();
        assert_eq!(done["matches"][0]["keyId"], key.id);
        assert_eq!(done["matches"][0]["prefix"], renewed.prefix);
        assert_eq!(registry.health(&renewed.secret).status, 403, "overlap {overlap}");
    }
}

#[test]
fn every_key_of_one_partner_goes_after_a_dry_run_and_no_other_partners() {
    let registry = SHARED.get();
    let keys: Vec<_> = (0..5).map(|n| registry.create("gone", &format!("key {n}"), &["user:read"])).collect();
    let neighbour = registry.create("gone2", "neighbour", &["user:read"]);
    registry.revoke(&keys[0]);

    let dry = json!({ "partnerId": "gone", "all": true, "reason": "contract ended", "dryRun": true });
    let told = revoke(&registry, &dry).expecting(200).json();
    assert_eq!(told["revoked"], 0);
    assert_eq!(told["matches"].as_array().map(Vec::len), Some(5));
    assert_eq!(registry.health(&keys[1].secret).status, 200);

    let all = json!({ "partnerId": "gone", "all": true, "reason": "contract ended" });
    let done = revoke(&registry, &all).expecting(200).json();
    assert_eq!(done["revoked"], 4);
    let before: Vec<_> =
        done["matches"].as_array().expect("a list").iter().map(|m| &m["alreadyRevoked"]).collect();
    assert_eq!(before.iter().filter(|already| **already == &json!(true)).count(), 1, "{done}");
    for key in &keys {
        assert_eq!(registry.health(&key.secret).status, 403);
    }
    assert_eq!(registry.health(&neighbour.secret).status, 200);
    assert_eq!(revoke(&registry, &all).expecting(200).json()["revoked"], 0);
}

#[test]
fn what_matches_nothing_is_absent_and_what_is_not_clear_is_invalid() {
    let registry = SHARED.get();
    revoke(&registry, &json!({ "prefix": "Zzzzzzz9", "reason": "x" })).expecting(404);
    revoke(&registry, &json!({ "partnerId": "nobody-here", "all": true, "reason": "x" })).expecting(404);
    assert_eq!(revoke(&registry, &json!({ "prefix": "short", "reason": "x" })).faulty_fields(), ["prefix"]);
    assert_eq!(revoke(&registry, &json!({ "prefix": "Zzzzzzz9" })).faulty_fields(), ["reason"]);
    for unclear in [
        json!({ "reason": "x" }),
        json!({ "partnerId": "gone", "reason": "x" }),
        json!({ "partnerId": "gone", "all": false, "reason": "x" }),
        json!({ "prefix": "Zzzzzzz9", "partnerId": "gone", "all": true, "reason": "x" }),
    ] {
        assert_eq!(revoke(&registry, &unclear).status, 422, "{unclear}");
    }
}

#[test]
fn the_last_operator_key_stays_unless_forced() {
    let registry = Registry::start();
    let operator = registry.operator();
    let list = operator.get("/v1/partners/registry/keys").send().expecting(200).json();
    let first = list["keys"][0].clone();
    let path = format!("/v1/partners/registry/keys/{}", first["keyId"].as_str().expect("an id"));
    let by_prefix = json!({ "prefix": first["prefix"], "reason": "x" });

    operator.post(&format!("{path}/revoke"), &json!({})).send().problem(409, "last-operator-key");
    operator.post("/v1/revocations", &by_prefix).send().problem(409, "last-operator-key");
    let all = json!({ "partnerId": "registry", "all": true, "reason": "x" });
    operator.post("/v1/revocations", &all).send().problem(409, "last-operator-key");
    assert_eq!(registry.health(&registry.operator_key()).status, 200);

    let second = registry.create("registry", "second", &["registry:operate"]);
    operator.post(&format!("{path}/revoke"), &json!({})).send().expecting(200);
    operator.get("/v1/scopes").send().expecting(401);
    let second_operator = registry.management(&second.secret);
    second_operator.post(&second.at("revoke"), &json!({})).send().problem(409, "last-operator-key");
    second_operator.post(&second.at("revoke"), &json!({ "force": true })).send().expecting(200);
    assert_eq!(registry.health(&second.secret).status, 403);
}
