//! Answers that sign nobody in, and secrets that go nowhere.

use keyledger_tests::{Browser, OpenIdProvider, Tampering, to_base64};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::json;

use super::{ATTEMPT, CALLBACK, Scene};
use crate::scene::COOKIE;

#[test]
fn an_id_token_that_was_tampered_with_signs_nobody_in() {
    let scene = Scene::new();
    for (how, logged) in [
        (Tampering::Nonce, "Invalid nonce"),
        (Tampering::NoNonce, "Invalid nonce"),
        (Tampering::Audience, "Invalid audiences"),
        (Tampering::Issuer, "Invalid issuer"),
        (Tampering::Expired, "Expired"),
        (Tampering::Unsigned, "Signature verification failed"),
        (Tampering::Signature, "Signature verification failed"),
    ] {
        scene.provider.tamper(how);
        scene.browser.forget_cookies();
        scene.sign_in("ada");
        scene.must_be_refused();
        scene.logged(logged);
    }
    assert_eq!(scene.users(&["list"]), json!([]));
    scene.provider.tamper(Tampering::None);
    scene.browser.forget_cookies();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
}

#[test]
fn an_answer_to_another_browsers_attempt_or_to_none_signs_nobody_in() {
    let scene = Scene::new();
    let browser = &scene.browser;
    // Somebody's own code, in a link that they give to somebody else: who follows it must not become them.
    let (tampered, nobodys) = ("0".repeat(64), format!("{CALLBACK}?code=abc&state="));
    browser.goto(&scene.at(&nobodys));
    scene.must_be_refused();
    for state in ["", tampered.as_str()] {
        scene.set_out();
        browser.wait_until_says("Who are you?");
        let attempt = browser.execute("return location.href", &[]);
        assert!(attempt.as_str().is_some_and(|url| !url.contains(state) || state.is_empty()));
        browser.goto(&scene.at(&format!("{CALLBACK}?code=abc&state={state}")));
        scene.must_be_refused();
    }
    scene.logged("state");
    // With the right state and a code that is none.
    scene.set_out();
    browser.wait_until_says("Who are you?");
    let attempt = browser.cookie(ATTEMPT).expect("an attempt");
    let other = Browser::open();
    other.goto(&scene.at("/sign-in"));
    other.plant_cookie(ATTEMPT, &attempt);
    let state = state_of(&attempt);
    other.goto(&scene.at(&format!("{CALLBACK}?code=made-up&state={state}")));
    other.wait_until_says("did not sign you in");
    scene.logged("the code is refused: invalid_grant");
    assert!(
        !scene.registry.stderr().contains("grant request is invalid"),
        "the provider's own words are in the log"
    );
    // And of another issuer.
    other.plant_cookie(ATTEMPT, &attempt);
    other.goto(&scene.at(&format!("{CALLBACK}?code=made-up&state={state}&iss=https://evil.example")));
    other.wait_until_says("did not sign you in");
    scene.logged("another provider's (iss)");
    assert_eq!(other.cookie(COOKIE), None);
}

/// What the portal makes of the secret of an attempt: `openid/attempt.rs`.
fn state_of(attempt: &str) -> String {
    let secret = hex::decode(attempt).expect("hexadecimal digits");
    hex::encode(blake3::derive_key("keyledger portal openid state v1", &secret))
}

#[test]
fn whoever_chooses_not_to_sign_in_is_told_so_and_can_start_again() {
    let scene = Scene::new();
    scene.sign_in("Cancel");
    scene.must_be_refused();
    scene.browser.click("Back to sign-in");
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
}

#[test]
fn nobody_is_led_to_or_from_the_provider_over_a_connection_that_others_can_read() {
    let scene = Scene::new();
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let ask =
        |path: &str, host: &str| client.get(scene.at(path)).header("Host", host).send().expect("an answer");
    for path in ["/sign-in", "/sign-in/openid", CALLBACK] {
        let refused = ask(path, "portal.example.com");
        assert_eq!(refused.status(), 403, "{path}");
        assert!(refused.headers().get("set-cookie").is_none(), "{path}");
        assert!(refused.text().expect("a page").contains("Sign-in needs https"), "{path}");
    }
    // From the own machine it is led there, with an attempt that no script and no other host gets.
    let led = ask("/sign-in/openid", "127.0.0.1");
    assert_eq!(led.status(), 303);
    let cookie = led.headers()["set-cookie"].to_str().expect("text");
    let mut says: Vec<_> = cookie.split("; ").skip(1).collect();
    says.sort_unstable();
    assert!(cookie.starts_with(ATTEMPT), "{cookie}");
    assert_eq!(says, ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax", "Secure"]);
}

#[test]
fn no_secret_of_signing_in_is_in_the_logs() {
    let scene = Scene::with(&[("KEYLEDGER_TELEMETRY__LOG_LEVEL", "trace")]);
    scene.set_out();
    scene.browser.wait_until_says("Who are you?");
    let attempt = scene.browser.cookie(ATTEMPT).expect("an attempt");
    scene.browser.click("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    let session = scene.browser.cookie(COOKIE).expect("a session");
    let logged = scene.registry.stderr();
    assert!(logged.contains("signed in"), "{logged}");
    // As it is shown to the provider, and as what a token begins with: `{"`.
    let shown =
        to_base64(format!("{}:{}", OpenIdProvider::CLIENT_ID, scene.provider.client_secret()).as_bytes());
    for secret in [scene.provider.client_secret(), &shown, "eyJ", &attempt, &session] {
        assert!(!logged.contains(secret), "a secret is in the logs");
    }
    // The code is good once and has been used; it is nobody's business all the same.
    assert!(!logged.contains("code="), "a code is in the logs");
}
