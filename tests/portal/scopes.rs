//! What keys may do, as the portal shows and changes it.

use keyledger_tests::{Browser, Registry};
use serde_json::json;

use crate::scene::{admin_of_acme, create_key, person, sign_in};

fn scopes(registry: &Registry, partner: &str) -> Vec<String> {
    let listed =
        registry.operator().get(&format!("/v1/partners/{partner}/keys")).send().expecting(200).json();
    let scopes = listed["keys"][0]["scopes"].as_array().expect("scopes").clone();
    scopes.iter().map(|scope| scope.as_str().expect("a scope").to_owned()).collect()
}

#[test]
fn scopes_that_are_in_no_group_stay_in_a_key_that_is_edited() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let body = json!({ "name": "Automation", "scopes": ["client:read", "registryKeys:read"] });
    registry.operator().post("/v1/partners/acme/keys", &body).send().expecting(201);
    browser.reload();
    browser.click("Actions for Automation");
    browser.click("Edit scopes");
    browser.wait_until_says("Others that this key has");
    browser.wait_until_says("list the keys of its partner");
    browser.click_css("input[value='site:read']");
    browser.click("Review changes");
    browser.wait_until_says("Added");
    assert_eq!(browser.texts(".changes code"), ["site:read"]);
    browser.click("Save scopes");
    browser.wait_until_says("The scopes are changed");
    assert_eq!(scopes(&registry, "acme"), ["client:read", "registryKeys:read", "site:read"]);
}

#[test]
fn an_operator_makes_keys_of_the_registry_itself_and_is_told_that_a_partner_is_new() {
    let registry = Registry::start();
    let password = person(&registry, "grace", &["--operator"]);
    let browser = Browser::open();
    sign_in(&browser, &registry, "grace", &password);
    browser.wait_until_at("/partners");
    browser.fill("Partner", "acmee");
    browser.click("Open");
    browser.wait_until_says("Look at how it is spelled");
    browser.goto(&format!("{}/partners/registry/developer", registry.addresses().command));
    let secret = create_key(&browser, "Auditor", &["registryEvents:read"]);
    registry.management(&secret).get("/v1/events?limit=1").send().expecting(200);
    registry.management(&secret).get("/v1/partners/acme/keys").send().expecting(404);
}

#[test]
fn a_whole_key_that_is_pasted_into_a_search_gets_into_no_address() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let secret = create_key(&browser, "Billing", &["client:read"]);
    create_another(&registry);
    browser.click("I have copied it");
    browser.wait_until_says("Another");
    let paste = "const field = document.getElementById('search'); field.value = arguments[0];
                 field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));";
    browser.execute(paste, &[json!(secret)]);
    browser.wait("only its first characters are left", || browser.value("Search") == secret[..8]);
    browser.wait("only that key is shown", || browser.texts("#keys th .name") == ["Billing"]);
    let asked = browser
        .execute("return performance.getEntriesByType('resource').map((it) => it.name).join(' ')", &[]);
    let asked = asked.as_str().expect("addresses");
    assert!(asked.contains(&secret[..8]) && !asked.contains(&secret), "{asked}");
    // Where no script runs, it is refused, and not shown again.
    for path in ["/partners/acme/developer", "/partners/acme/developer/rows"] {
        browser.goto(&format!("{}{path}?search={secret}", registry.addresses().command));
        browser.wait_until_says("holds a key's secret");
        assert!(!browser.source().contains(&secret));
    }
}

fn create_another(registry: &Registry) {
    let body = json!({ "name": "Another", "scopes": ["client:read"] });
    registry.operator().post("/v1/partners/acme/keys", &body).send().expecting(201);
}
