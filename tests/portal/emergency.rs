//! What an operator does who has nothing but the beginning of a leaked key.

use keyledger_tests::{Browser, Registry};
use serde_json::json;

use crate::accessible::is_accessible;
use crate::scene::{person, sign_in};

/// An operator on the page of emergencies.
fn operator(registry: &Registry) -> Browser {
    let password = person(registry, "grace@example.com", &["--operator"]);
    let browser = Browser::open();
    sign_in(&browser, registry, "grace@example.com", &password);
    browser.wait_until_at("/partners");
    browser.click("Emergency");
    browser.wait_until_says("Its first eight characters are enough");
    browser
}

fn find(browser: &Browser, what: &str) {
    browser.fill("First eight characters", what);
    browser.fill("Why", "seen in a public repository");
    browser.click("Find the key");
}

#[test]
fn a_leaked_key_is_found_by_its_first_eight_characters_and_refused_at_once() {
    let registry = Registry::start();
    let leaked = registry.create("acme", "Billing", &["client:read"]);
    let other = registry.create("globex", "Shop", &["client:read"]);
    let browser = operator(&registry);
    find(&browser, &leaked.prefix);
    browser.wait_until_says("This is immediate and final");
    assert!(browser.says("Billing") && browser.says("acme") && browser.says("ACTIVE"));
    is_accessible(&browser, "emergency, confirm");
    registry.health(&leaked.secret).expecting(200);
    browser.click("Revoke now");
    browser.wait_until_says("It is revoked, and refused from now on");
    registry.health(&leaked.secret).expecting(403);
    registry.health(&other.secret).expecting(200);
    assert!(browser.says("REVOKED"));
    is_accessible(&browser, "emergency, done");
    let shown = registry.operator().get(&format!("/v1/partners/acme/keys/{}", leaked.id)).send();
    assert_eq!(shown.expecting(200).json()["revocationReason"], "seen in a public repository");
    // Somebody else on call, a moment later.
    browser.click("Another one");
    find(&browser, &leaked.prefix);
    browser.wait_until_says("REVOKED");
    browser.click("Revoke now");
    browser.wait_until_says("It had been revoked before");
    assert_eq!(browser.console_faults(), [""; 0]);
}

#[test]
fn a_whole_key_that_is_pasted_in_an_emergency_is_cut_before_it_is_sent() {
    let registry = Registry::start();
    let leaked = registry.create("acme", "Billing", &["client:read"]);
    let browser = operator(&registry);
    browser.click_css("input[name=prefix]");
    browser.execute("document.execCommand('insertText', false, arguments[0])", &[json!(leaked.secret)]);
    browser.wait("it is cut", || browser.value("First eight characters") == leaked.prefix);
    browser.wait_until_says("That was a whole key, and it was not sent anywhere");
    browser.fill("Why", "seen in a public repository");
    browser.click("Find the key");
    browser.wait_until_says("This is immediate and final");
    browser.click("Revoke now");
    browser.wait_until_says("It is revoked, and refused from now on");
    registry.health(&leaked.secret).expecting(403);
    assert!(!browser.source().contains(&leaked.secret) && !registry.stderr().contains(&leaked.secret));
}

#[test]
fn a_replaced_secret_leads_to_its_key_and_what_no_key_begins_with_to_none() {
    let registry = Registry::start();
    let key = registry.create("acme", "Billing", &["client:read"]);
    let regenerate = format!("/v1/partners/acme/keys/{}/regenerate", key.id);
    let regenerated = registry.operator().post(&regenerate, &json!({ "overlapSeconds": 3600 })).send();
    let second = regenerated.expecting(200).json()["secret"].as_str().expect("a secret").to_owned();
    let browser = operator(&registry);
    find(&browser, "AAAAAAAA");
    browser.wait_until_says("No key has, or had, a secret that begins so");
    find(&browser, "short");
    browser.wait_until_says("Give the first eight characters of the key");
    assert_eq!(browser.value("Why"), "seen in a public repository", "what was typed stays");
    find(&browser, &key.prefix);
    browser.wait_until_says("This is immediate and final");
    browser.click("Revoke now");
    browser.wait_until_says("It is revoked, and refused from now on");
    registry.health(&key.secret).expecting(403);
    registry.health(&second).expecting(403);
}
