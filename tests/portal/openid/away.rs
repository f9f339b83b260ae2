//! A provider that is away, fails, hangs, or changes.

use std::net::TcpListener;

use keyledger_tests::{Browser, OpenIdProvider, Registry, Wire, free_port};
use serde_json::json;

use super::{Scene, sign_in_openly};
use crate::scene::person;

#[test]
fn a_provider_that_is_away_is_said_to_be_and_everything_else_goes_on() {
    let mut scene = Scene::new();
    let password = person(&scene.registry, "bob@example.com", &["--partner", "acme", "--role", "admin"]);
    scene.provider.stop();
    scene.set_out();
    scene.browser.wait_until_says("does not answer at this moment");
    scene.logged("the OpenID provider does not answer");
    sign_in_with_password(&scene, &password);
    scene.registry.ops().get("/readyz").send().expecting(200);
}

#[test]
fn a_provider_that_does_not_tell_everything_decides_nothing() {
    let scene = Scene::new();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    scene.provider.tell_in_userinfo_alone();
    for path in ["/me", "/token"] {
        scene.provider.fail_at(&[path]);
        let again = Browser::open();
        again.goto(&scene.at("/sign-in"));
        again.click("Continue with 127.0.0.1");
        again.wait_until_says("Who are you?");
        again.click("ada");
        again.wait_until_says("does not answer at this moment");
        assert_eq!(again.status(), 503, "{path}");
        scene.logged("it answers with 503");
    }
    // She has lost nothing, neither the role nor where she is signed in.
    scene.browser.reload();
    scene.browser.wait_until_says("Create your first key");
    assert_eq!(scene.users(&["changes"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_provider_that_hangs_keeps_nobody_from_revoking_a_key() {
    // It takes connections, and says nothing.
    let hung = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let issuer = format!("http://{}", hung.local_addr().expect("it is bound"));
    let here = format!("127.0.0.1:{}", free_port());
    let registry = Registry::with(&[
        ("KEYLEDGER_LISTEN__COMMAND", here.as_str()),
        ("KEYLEDGER_OPENID__ISSUER", &issuer),
        ("KEYLEDGER_OPENID__CLIENT_ID", OpenIdProvider::CLIENT_ID),
        ("KEYLEDGER_OPENID__PORTAL_URL", &format!("http://{here}")),
    ]);
    let key = registry.create("acme", "Billing", &["client:read"]);
    let begin = format!("GET /sign-in/openid HTTP/1.1\r\nHost: {here}\r\n\r\n");
    let begun: Vec<_> = (0..700)
        .map(|_| {
            let mut wire = Wire::connect(&here);
            wire.send(&begin);
            wire
        })
        .collect();
    for _ in 0..20 {
        registry.operator().get("/v1/partners/acme/keys").send().expecting(200);
    }
    let revoke = format!("/v1/partners/acme/keys/{}/revoke", key.id);
    registry.operator().post(&revoke, &json!({})).send().expecting(200);
    drop(begun);
}

#[test]
fn a_provider_that_signs_with_a_new_key_goes_on_being_believed() {
    let scene = Scene::new();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    for _ in 0..2 {
        scene.provider.change_key();
        // As seldom as it may be asked anew.
        std::thread::sleep(std::time::Duration::from_millis(2_100));
        scene.browser.forget_cookies();
        scene.sign_in("ada");
        scene.browser.wait_until_at("/partners/acme/developer");
    }
}

#[test]
fn whoever_came_from_a_provider_that_is_not_set_any_more_is_signed_out() {
    let mut scene = Scene::new();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    let here = scene.registry.addresses().command.trim_start_matches("http://").to_owned();
    scene.registry.stop();
    scene.registry.restart();
    scene.browser.goto(&scene.at("/partners/acme/developer"));
    scene.browser.wait_until_says("Create your first key");
    scene.registry.stop();
    scene.registry.restart_with(&[("KEYLEDGER_LISTEN__COMMAND", &here)]);
    scene.browser.goto(&scene.at("/partners/acme/developer"));
    scene.browser.wait_until_at("/sign-in");
}

fn sign_in_with_password(scene: &Scene, password: &str) {
    scene.browser.goto(&scene.at("/sign-in"));
    scene.browser.click("With a password instead");
    sign_in_openly(&scene.browser, password);
    scene.browser.wait_until_at("/partners/acme/developer");
}
