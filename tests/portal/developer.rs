//! What an admin does with keys, from the first run to the end of a key.

use std::time::Duration;

use keyledger_tests::{Browser, Registry, from_now};
use serde_json::json;

use crate::scene::{PASSWORD, admin_of_acme, create_key, look, person, sign_in};

#[test]
fn whoever_has_the_one_time_code_becomes_the_first_operator_and_nobody_after_them() {
    let registry = Registry::start();
    let code = registry.terminal().run(&["users", "setup-code", "--json"]).exited(0).json();
    let code = code["setupCode"].as_str().expect("a code");
    let browser = Browser::open();
    browser.goto(&registry.addresses().command);
    browser.wait_until_at("/setup");
    browser.fill("One-time code", "22222-22222-22222");
    browser.fill("User name", "grace");
    browser.fill("Password", PASSWORD);
    browser.click("Become an operator");
    browser.wait_until_says("This is not the code");
    browser.fill("One-time code", &code.to_lowercase());
    browser.fill("Password", "too short");
    browser.click("Become an operator");
    browser.wait_until_says("must have 15 to 128 characters");
    browser.fill("Password", PASSWORD);
    browser.click("Become an operator");
    browser.wait_until_at("/partners");
    browser.wait_until_says("Operator");
    let again = Browser::open();
    again.goto(&format!("{}/setup", registry.addresses().command));
    again.fill("One-time code", code);
    again.fill("User name", "mallory");
    again.fill("Password", PASSWORD);
    again.click("Become an operator");
    again.wait_until_says("This is not the code");
    let people = registry.terminal().run(&["users", "list", "--json"]).exited(0).json();
    assert_eq!(people.as_array().map(Vec::len), Some(1), "{people}");
}

#[test]
fn a_key_is_created_shown_once_rotated_edited_and_revoked_and_the_validator_follows() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    browser.wait_until_says("Create your first key");
    let secret = create_key(&browser, "Billing", &["client:read"]);
    registry.health(&secret).expecting(200);
    registry.authorize(&secret, "scope=clientEmail:read").expecting(200);

    // No way back to it.
    browser.click("I have copied it");
    browser.wait_until_gone("#secret");
    browser.wait_until_says("ACTIVE");
    assert!(!browser.source().contains(&secret), "the secret is still in the page");
    browser.reload();
    browser.wait_until_says("Billing");
    assert!(!browser.source().contains(&secret), "the secret is in the page again");

    // A new secret with an overlap: both work, until the old one is ended.
    browser.click("Actions for Billing");
    browser.click("Regenerate key");
    browser.wait_until_says("How long is the old secret to go on working?");
    browser.click("Regenerate key");
    browser.wait_until_shows("#secret");
    let second = browser.text("#secret");
    look(&browser, "reveal");
    assert_ne!(second, secret);
    browser.click("I have copied it");
    browser.wait_until_says("works until");
    look(&browser, "list");
    registry.health(&secret).expecting(200);
    registry.health(&second).expecting(200);
    browser.click("Actions for Billing");
    browser.click("End overlap");
    browser.wait_until_says("It stops at once instead");
    browser.click("End overlap");
    browser.wait_until_says("The old secret works no more");
    registry.health(&secret).expecting(403);
    registry.health(&second).expecting(200);

    // Other scopes: what is added and removed is shown first.
    browser.click("Actions for Billing");
    browser.click("Edit scopes");
    browser.wait_until_says("A change takes effect at once");
    browser.click_css("input[value='client:read']");
    browser.click_css("input[value='site:write']");
    browser.click("Review changes");
    browser.wait_until_says("Removed");
    assert_eq!(browser.texts(".changes.added code"), ["site:write"]);
    assert_eq!(browser.texts(".changes.removed code"), ["client:read"]);
    browser.click("Save scopes");
    browser.wait_until_says("The scopes are changed");
    registry.authorize(&second, "scope=client:read").expecting(403);
    registry.authorize(&second, "scope=site:write").expecting(200);

    browser.click("Actions for Billing");
    browser.click("Rename");
    browser.wait_until_says("Older names stay");
    browser.fill("Name", "Invoices");
    browser.click("Rename");
    browser.wait_until_says("The key is renamed");

    browser.click("Actions for Invoices");
    browser.click("Revoke key");
    browser.wait_until_says("This is immediate and final");
    browser.fill("Which key?", "something else");
    browser.click("Revoke key");
    browser.wait_until_says("neither the key's name nor");
    registry.health(&second).expecting(200);
    browser.fill("Which key?", "Invoices");
    browser.click("Revoke key");
    browser.wait_until_says("The key is revoked");
    browser.wait_until_says("REVOKED");
    registry.health(&second).expecting(403);

    browser.click("Actions for Invoices");
    browser.click("History");
    browser.wait_until_says("Nothing here is ever changed or removed");
    let history = browser.texts(".timeline .what strong:first-child");
    let expected = ["Revoked", "Renamed", "Scopes changed", "Overlap ended", "Regenerated", "Created"];
    assert_eq!(history, expected);
    assert!(browser.says("by ada@example.com"));
    look(&browser, "history");
    assert_eq!(browser.console_faults(), Vec::<String>::new());
}

#[test]
fn the_list_tells_expiry_and_last_use_in_the_readers_zone_and_exactly_in_utc_on_hover() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    browser.time_zone("Asia/Kolkata");
    let ends = "2031-01-31T20:15:30.250Z";
    let body = json!({ "name": "Billing", "scopes": ["client:read"], "expiresAt": ends });
    let key = registry.create_from("acme", &body);
    registry.create("acme", "For ever", &["client:read"]);
    browser.reload();
    browser.wait_until_says("Billing");
    let cell = |row: usize, label: &str| format!("#keys tr:nth-child({row}) td[data-label='{label}']");
    let exact = |row: usize, label: &str| browser.attribute(&format!("{} time", cell(row, label)), "title");
    // The newest stands first.
    assert_eq!(browser.text(&cell(1, "Expires")), "Never");
    assert_eq!(exact(2, "Expires").as_deref(), Some(ends));
    // Half past one at night there, and the next day.
    let told = browser.text(&cell(2, "Expires"));
    assert!(told.contains("Feb 1, 2031") && told.contains("1:45"), "{told}");
    assert_eq!(exact(2, "Created").as_deref(), key.key["createdAt"].as_str());
    assert_eq!(browser.text(&cell(2, "Last used")), "No use noted");
    let before = from_now(Duration::ZERO);
    registry.health(&key.secret).expecting(200);
    browser.wait("the use is noted", || {
        browser.reload();
        exact(2, "Last used").is_some()
    });
    let used = exact(2, "Last used").expect("a moment");
    assert!(used[..16] >= before[..16] && used.ends_with(":00.000Z"), "{used} is to the minute");
    assert_eq!(browser.text(&cell(1, "Last used")), "No use noted");
    assert_eq!(browser.console_faults(), [""; 0]);
}

#[test]
fn a_member_sees_no_tab_and_is_told_whom_to_ask() {
    let registry = Registry::start();
    person(&registry, "ada@example.com", &["--partner", "acme", "--role", "admin"]);
    let password = person(&registry, "mel@example.com", &["--partner", "acme"]);
    let browser = Browser::open();
    sign_in(&browser, &registry, "mel@example.com", &password);
    browser.wait_until_says("Ask an admin of your team for access, or for a key");
    assert!(browser.says("ada@example.com"));
    assert!(!browser.offers("Developer") && !browser.offers("Create key"));
    assert_eq!(browser.console_faults(), Vec::<String>::new());
}
