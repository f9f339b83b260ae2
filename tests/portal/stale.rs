//! Pages whose key was changed elsewhere while they were open.

use keyledger_tests::{Browser, Registry};
use serde_json::{Value, json};

use crate::scene::{admin_of_acme, look};

const SAYS: &str = "The key was changed elsewhere meanwhile";

/// An admin of acme, who sees one key, and the path of that key.
fn scene(registry: &Registry) -> (Browser, String) {
    let browser = admin_of_acme(registry);
    let key = registry.create("acme", "Billing", &["client:read"]);
    browser.reload();
    browser.wait_until_says("Billing");
    (browser, format!("/v1/partners/acme/keys/{}", key.id))
}

fn key(registry: &Registry, path: &str) -> Value {
    registry.operator().get(path).send().expecting(200).json()
}

/// Changes the key elsewhere.
fn change(registry: &Registry, path: &str, change: &Value) -> Value {
    registry.operator().patch(path, change).send().expecting(200).json()
}

#[test]
fn scopes_that_were_changed_elsewhere_are_shown_as_they_are_and_stay_so() {
    let registry = Registry::start();
    let (browser, path) = scene(&registry);
    browser.click("Actions for Billing");
    browser.click("Edit scopes");
    browser.wait_until_says("A change takes effect at once");
    browser.click_css("input[value='site:write']");
    let changed = change(&registry, &path, &json!({ "scopes": ["conversation:read"] }));
    browser.click("Review changes");
    browser.wait_until_says(SAYS);
    look(&browser, "stale");
    assert_eq!(browser.accessibility_faults(), [""; 0]);
    assert!(browser.shows("input[value='conversation:read']:checked"));
    assert!(!browser.shows("input[value='client:read']:checked, input[value='site:write']:checked"));
    assert_eq!(key(&registry, &path), changed, "nothing was changed");
    // From what is shown now somebody goes on.
    browser.click_css("input[value='site:write']");
    browser.click("Review changes");
    browser.wait_until_says("Added");
    assert_eq!(browser.texts(".changes code"), ["site:write"]);
    // And it is changed again, between the review and the answer.
    let changed = change(&registry, &path, &json!({ "scopes": ["user:read"] }));
    browser.click("Save scopes");
    browser.wait_until_says(SAYS);
    assert!(browser.shows("input[value='user:read']:checked"));
    assert_eq!(key(&registry, &path), changed, "nothing was changed");
    assert_eq!(browser.console_faults(), [""; 0]);
}

#[test]
fn a_name_that_was_changed_elsewhere_is_shown_and_stays() {
    let registry = Registry::start();
    let (browser, path) = scene(&registry);
    browser.click("Actions for Billing");
    browser.click("Rename");
    browser.wait_until_says("Older names stay");
    browser.fill("Name", "Invoices");
    let changed = change(&registry, &path, &json!({ "name": "Ledger" }));
    browser.click("Rename");
    browser.wait_until_says(SAYS);
    assert_eq!(browser.value("Name"), "Ledger");
    assert_eq!(key(&registry, &path), changed, "nothing was changed");
}

#[test]
fn a_secret_that_was_replaced_elsewhere_is_not_replaced_again() {
    let registry = Registry::start();
    let (browser, path) = scene(&registry);
    browser.click("Actions for Billing");
    browser.click("Regenerate key");
    browser.wait_until_says("How long is the old secret");
    let elsewhere = registry.operator().post(&format!("{path}/regenerate"), &json!({ "overlapSeconds": 0 }));
    let changed = elsewhere.send().expecting(200).json()["key"].clone();
    browser.click("Regenerate key");
    browser.wait_until_says(SAYS);
    assert!(!browser.shows("#secret"));
    assert_eq!(key(&registry, &path), changed, "nothing was changed");
}

#[test]
fn a_key_that_was_revoked_elsewhere_is_said_to_be() {
    let registry = Registry::start();
    let (browser, path) = scene(&registry);
    browser.click("Actions for Billing");
    browser.click("Edit scopes");
    browser.wait_until_says("A change takes effect at once");
    browser.click_css("input[value='site:write']");
    registry.operator().post(&format!("{path}/revoke"), &json!({})).send().expecting(200);
    browser.click("Review changes");
    browser.wait("it is told", || browser.says(SAYS) || browser.says("revoked"));
    browser.reload();
    browser.wait_until_says("REVOKED");
    assert_eq!(key(&registry, &path)["scopes"], json!(["client:read"]));
}
