//! Pages and dialogs that everybody can use: with a keyboard alone, with a screen reader, on a small screen.

use keyledger_tests::{Browser, Key, Registry};
use serde_json::json;

use crate::scene::{admin_of_acme, create_key, look, person, sign_in};

/// Nothing serious is found on a page or in its dialog, and nothing sticks out of a small screen.
#[track_caller]
pub(crate) fn is_accessible(browser: &Browser, what: &str) {
    look(browser, &what.to_lowercase().replace(", ", "-").replace(' ', "-"));
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new(), "{what}");
    browser.dark();
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new(), "{what}, dark");
    browser.size(320, 640);
    assert!(!browser.overflows(), "{what} is wider than a small screen");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new(), "{what}, small");
    browser.light();
    browser.size(1280, 800);
}

#[test]
fn an_accessibility_checker_finds_nothing_serious_on_any_page_or_dialog() {
    let registry = Registry::start();
    let nobody = Browser::open();
    nobody.goto(&format!("{}/setup", registry.addresses().command));
    is_accessible(&nobody, "setup");
    let browser = admin_of_acme(&registry);
    is_accessible(&browser, "no key yet");
    nobody.goto(&format!("{}/sign-in", registry.addresses().command));
    is_accessible(&nobody, "sign-in");
    nobody.goto(&format!("{}/partners/acme/none", registry.addresses().command));
    is_accessible(&nobody, "nothing here");
    browser.click("Create key");
    browser.wait_until_says("Choose the fewest");
    is_accessible(&browser, "create");
    browser.fill("Name", "Billing");
    browser.click("Create key");
    browser.wait_until_says("Choose at least one");
    is_accessible(&browser, "create, with faults");
    browser.press(Key::Escape);
    create_key(&browser, "Billing", &["client:read"]);
    is_accessible(&browser, "reveal");
    browser.click("I have copied it");
    browser.wait_until_says("ACTIVE");
    // Others, so that the list shows what it can.
    let create = |name: &str, scopes: &[&str]| {
        let created =
            registry.operator().post("/v1/partners/acme/keys", &json!({ "name": name, "scopes": scopes }));
        created.send().expecting(201).json()["key"]["keyId"].as_str().expect("an id").to_owned()
    };
    let old = create("Warehouse, old", &["conversation:read"]);
    create("Nightly export", &["conversation:read", "site:read"]);
    let revoke = registry
        .operator()
        .post(&format!("/v1/partners/acme/keys/{old}/revoke"), &json!({ "reason": "replaced" }));
    revoke.send().expecting(200);
    browser.reload();
    browser.wait_until_says("REVOKED");
    browser.click("Actions for Billing");
    browser.click("Regenerate key");
    browser.wait_until_says("How long is the old secret");
    browser.click("Regenerate key");
    browser.wait_until_shows("#secret");
    is_accessible(&browser, "reveal, regenerated");
    browser.click("I have copied it");
    browser.wait_until_says("works until");
    is_accessible(&browser, "list");
    browser.fill("Search", "nobody has this");
    browser.wait_until_says("No key is like that");
    is_accessible(&browser, "nothing found");
    browser.reload();
    browser.click("Actions for Billing");
    browser.click("End overlap");
    browser.wait_until_says("It stops at once instead");
    is_accessible(&browser, "end overlap");
    browser.press(Key::Escape);
    browser.wait_until_silent_about("It stops at once instead");
    browser.click("Actions for Billing");
    browser.click("Edit scopes");
    browser.wait_until_says("A change takes effect at once");
    browser.click_css("input[value='site:read']");
    browser.click_css("input[value='client:read']");
    browser.click("Review changes");
    browser.wait_until_says("Removed");
    is_accessible(&browser, "edit scopes, reviewed");
    browser.press(Key::Escape);
    browser.wait_until_silent_about("Removed");
    for (item, says) in [
        ("Regenerate key", "How long is the old secret"),
        ("Edit scopes", "A change takes effect at once"),
        ("Rename", "Older names stay"),
        ("Revoke key", "This is immediate and final"),
        ("History", "Nothing here is ever changed"),
    ] {
        browser.click("Actions for Billing");
        is_accessible(&browser, "the menu");
        browser.click(item);
        browser.wait_until_says(says);
        is_accessible(&browser, item);
        browser.press(Key::Escape);
        browser.wait_until_silent_about(says);
    }
    browser.click("Password");
    browser.wait_until_says("Wherever else you are signed in");
    is_accessible(&browser, "password");
    let mel = person(&registry, "mel@example.com", &["--partner", "acme"]);
    browser.click("Team");
    browser.wait_until_says("Admins see the Developer page");
    is_accessible(&browser, "team");
    let member = Browser::open();
    sign_in(&member, &registry, "mel@example.com", &mel);
    member.wait_until_says("Ask an admin of your team");
    is_accessible(&member, "member");
    let grace = person(&registry, "grace@example.com", &["--operator"]);
    let operator = Browser::open();
    sign_in(&operator, &registry, "grace@example.com", &grace);
    operator.wait_until_at("/partners");
    is_accessible(&operator, "partners");
    operator.click("Emergency");
    operator.wait_until_says("Its first eight characters are enough");
    is_accessible(&operator, "emergency");
}

#[test]
fn a_key_is_created_and_revoked_with_the_keyboard_alone() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    browser.wait_until_says("Create your first key");
    browser.tab_to("Create key");
    browser.press(Key::Enter);
    browser.wait_until_says("Choose the fewest");
    browser.wait("the name has the focus", || browser.focused() == "Name");
    browser.type_text("Billing");
    browser.tab_to("client:read");
    browser.press(Key::Space);
    browser.tab_to("Create key");
    browser.press(Key::Enter);
    browser.wait_until_shows("#secret");
    let secret = browser.text("#secret");
    registry.health(&secret).expecting(200);
    browser.wait("the copy button has the focus", || browser.focused() == "Copy");
    browser.press(Key::Enter);
    browser.wait_until_says("The key is copied");
    browser.press(Key::Escape);
    assert!(browser.shows("#secret"), "the only copy is not thrown away by a slip");
    browser.tab_to("I have copied it");
    browser.press(Key::Enter);
    browser.wait_until_says("ACTIVE");
    browser.tab_to("Actions for Billing");
    browser.press(Key::Enter);
    browser.tab_to("Revoke key");
    browser.press(Key::Enter);
    browser.wait_until_says("This is immediate and final");
    browser.wait("the question has the focus", || browser.focused() == "Which key?");
    browser.type_text("Billing");
    browser.tab_to("Revoke key");
    browser.press(Key::Enter);
    browser.wait_until_says("The key is revoked");
    registry.health(&secret).expecting(403);
    assert_eq!(browser.console_faults(), Vec::<String>::new());
}

#[test]
fn a_secret_does_not_come_back_with_the_back_button_in_another_tab_or_in_the_source() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let secret = create_key(&browser, "Billing", &["client:read"]);
    browser.goto(&format!("{}/partners/acme/team", registry.addresses().command));
    browser.wait_until_says("Admins see the Developer page");
    browser.back();
    browser.wait_until_at("/partners/acme/developer");
    assert!(!browser.source().contains(&secret), "the back button brings it back");
    let first = browser.tab();
    let second = browser.open_tab();
    browser.go_to_tab(&second);
    browser.goto(&format!("{}/partners/acme/developer", registry.addresses().command));
    browser.wait_until_says("Billing");
    assert!(!browser.source().contains(&secret), "another tab shows it");
    browser.go_to_tab(&first);
}
