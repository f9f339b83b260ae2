//! A person's own password.

use keyledger_tests::{Browser, Registry};

use crate::scene::{PASSWORD, look, person, sign_in};

#[test]
fn somebody_changes_their_own_password_and_is_signed_out_everywhere_else() {
    let registry = Registry::start();
    let drawn = person(&registry, "ada@example.com", &["--partner", "acme", "--role", "admin"]);
    let (here, there) = (Browser::open(), Browser::open());
    for browser in [&here, &there] {
        sign_in(browser, &registry, "ada@example.com", &drawn);
        browser.wait_until_at("/partners/acme/developer");
    }
    here.click("Password");
    here.wait_until_says("Wherever else you are signed in");
    assert_eq!(here.accessibility_faults(), [""; 0]);
    here.fill("Password now", "not this one, surely");
    here.fill("New password", PASSWORD);
    here.click("Change password");
    here.wait_until_says("This is not your password");
    here.fill("Password now", &drawn);
    here.fill("New password", "too short");
    here.click("Change password");
    here.wait_until_says("must have 15 to 128 characters");
    look(&here, "password");
    here.fill("Password now", &drawn);
    here.fill("New password", PASSWORD);
    here.click("Change password");
    here.wait_until_at("/partners/acme/developer");
    there.reload();
    there.wait_until_at("/sign-in");
    sign_in(&there, &registry, "ada@example.com", &drawn);
    there.wait_until_says("do not belong together");
    sign_in(&there, &registry, "ada@example.com", PASSWORD);
    there.wait_until_at("/partners/acme/developer");
    assert!(!registry.stderr().contains(PASSWORD) && !registry.stderr().contains(&drawn));
}

#[test]
fn whoever_finds_a_browser_open_guesses_the_password_no_faster_than_at_the_door() {
    let registry = Registry::start();
    let drawn = person(&registry, "ada", &["--operator"]);
    let browser = Browser::open();
    sign_in(&browser, &registry, "ada", &drawn);
    browser.wait_until_at("/partners");
    for _ in 0..12 {
        // Afresh, so that no answer is taken for the next one.
        browser.goto(&format!("{}/account/password", registry.addresses().command));
        browser.fill("Password now", "a guess, and a wrong one");
        browser.fill("New password", PASSWORD);
        browser.click("Change password");
        browser.wait("an answer", || {
            browser.says("This is not your password") || browser.says("Too many attempts")
        });
    }
    browser.wait_until_says("Too many attempts under this name");
}
