//! What most tests of the portal begin with.

use std::path::Path;

use keyledger_tests::{Browser, Registry};
use serde_json::Value;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "__Host-keyledger";

/// A long enough password, for everybody.
pub(crate) const PASSWORD: &str = "a few words are fine";

/// Gives somebody an account by the command line; their password.
pub(crate) fn person(registry: &Registry, username: &str, of: &[&str]) -> String {
    let arguments = [&["users", "add", username, "--json"], of].concat();
    let added: Value = registry.terminal().run(&arguments).exited(0).json();
    added["password"].as_str().expect("a password").to_owned()
}

/// Somebody in front of the sign-in page, who signs in.
pub(crate) fn sign_in(browser: &Browser, registry: &Registry, username: &str, password: &str) {
    browser.goto(&format!("{}/sign-in", registry.addresses().command));
    browser.fill("User name", username);
    browser.fill("Password", password);
    browser.click("Sign in");
}

/// An admin of acme, who is signed in.
pub(crate) fn admin_of_acme(registry: &Registry) -> Browser {
    let password = person(registry, "ada@example.com", &["--partner", "acme", "--role", "admin"]);
    let browser = Browser::open();
    sign_in(&browser, registry, "ada@example.com", &password);
    browser.wait_until_at("/partners/acme/developer");
    browser
}

/// Creates a key on the page of keys; the secret that is shown.
pub(crate) fn create_key(browser: &Browser, name: &str, scopes: &[&str]) -> String {
    browser.click("Create key");
    browser.wait_until_says("Choose the fewest");
    browser.fill("Name", name);
    for scope in scopes {
        browser.click_css(&format!("input[value='{scope}']"));
    }
    look(browser, "create");
    browser.click("Create key");
    browser.wait_until_shows("#secret");
    browser.text("#secret")
}

/// Takes pictures for people to look at, light, dark and small, where `KEYLEDGER_PICTURES` names a folder for them.
pub(crate) fn look(browser: &Browser, name: &str) {
    let Some(folder) = std::env::var_os("KEYLEDGER_PICTURES").filter(|folder| !folder.is_empty()) else {
        return;
    };
    // No secret gets into a picture, not even one that is good for nothing any more.
    browser.execute(
        "const secret = document.getElementById('secret');
         if (secret) secret.textContent = secret.textContent.replace(/_([a-z0-9]{3})_.*/, (_, marker) => `_${marker}_${'•'.repeat(32)}`);",
        &[],
    );
    let picture = |how: &str| browser.screenshot(&Path::new(&folder).join(format!("{name}-{how}.png")));
    picture("light");
    browser.dark();
    picture("dark");
    browser.light();
    browser.size(320, 640);
    picture("small");
    browser.size(1280, 800);
}
