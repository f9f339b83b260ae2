//! Signing in at an OpenID provider, which says who somebody is and what they may do.

mod away;
mod refused;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use keyledger_tests::{Browser, OpenIdProvider, Registry, free_port};
use serde_json::{Value, json};

use crate::accessible::is_accessible;
use crate::scene::{COOKIE, create_key, look, person};

const ATTEMPT: &str = "__Host-keyledger-sign-in";
const CALLBACK: &str = "/sign-in/openid/callback";

/// A registry whose people sign in at a provider, and the browser of one of them.
struct Scene {
    registry: Registry,
    provider: OpenIdProvider,
    browser: Browser,
}

fn people() -> Value {
    json!({
        "ada": { "partner": "acme", "role": "admin", "email": "ada@example.com" },
        "mel": { "partner": "acme", "role": ["developers"], "email": "mel@example.com" },
        "grace": { "role": ["staff", "operator"], "email": "grace@example.com" },
        "eve": { "email": "eve@example.com" },
    })
}

impl Scene {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(more: &[(&str, &str)]) -> Self {
        let provider = OpenIdProvider::start(&people());
        let home = tempfile::tempdir().expect("a temporary directory");
        let secret = home.path().join("client-secret");
        fs::write(&secret, format!("{}\n", provider.client_secret())).expect("the secret is written");
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("it is for its owner alone");
        let here = format!("127.0.0.1:{}", free_port());
        let portal = format!("http://{here}");
        let settings = [
            ("KEYLEDGER_LISTEN__COMMAND", here.as_str()),
            ("KEYLEDGER_OPENID__ISSUER", provider.issuer()),
            ("KEYLEDGER_OPENID__CLIENT_ID", OpenIdProvider::CLIENT_ID),
            ("KEYLEDGER_OPENID__CLIENT_SECRET_FILE", secret.to_str().expect("text")),
            ("KEYLEDGER_OPENID__PORTAL_URL", portal.as_str()),
        ];
        provider.lead_to(&format!("{portal}{CALLBACK}"), &format!("{portal}/sign-in"));
        let registry = Registry::in_home(home, &[&settings[..], more].concat());
        Self { registry, provider, browser: Browser::open() }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.registry.addresses().command)
    }

    /// Goes to the provider, where somebody is asked who they are, unless it knows them already.
    fn set_out(&self) {
        self.browser.goto(&self.at("/sign-in"));
        self.browser.click("Continue with 127.0.0.1");
    }

    fn sign_in(&self, subject: &str) {
        self.set_out();
        self.browser.wait_until_says("Who are you?");
        self.browser.click(subject);
    }

    /// Somebody else's browser, or the same person's at another machine.
    fn another_browser(self) -> Self {
        Self { browser: Browser::open(), ..self }
    }

    fn must_be_refused(&self) {
        self.browser.wait_until_says("You are not signed in");
        self.browser.wait_until_says("did not sign you in, or took too long");
        assert_eq!(self.browser.cookie(COOKIE), None);
        assert_eq!(self.browser.cookie(ATTEMPT), None, "an attempt is good for one answer");
    }

    fn logged(&self, words: &str) {
        assert!(
            self.registry.stderr().contains(words),
            "nothing of {words:?} in:\n{}",
            self.registry.stderr()
        );
    }

    fn users(&self, arguments: &[&str]) -> Value {
        self.registry.terminal().run(&[&["users"], arguments, &["--json"]].concat()).exited(0).json()
    }
}

#[test]
fn an_admin_signs_in_at_the_provider_makes_a_key_and_signs_out_at_both() {
    let scene = Scene::new();
    let browser = &scene.browser;
    browser.goto(&scene.at("/"));
    browser.wait_until_says("Continue with 127.0.0.1");
    is_accessible(browser, "sign-in openid");
    scene.sign_in("ada");
    browser.wait_until_at("/partners/acme/developer");
    assert!(!browser.url().contains("code="), "{}", browser.url());
    assert_eq!(browser.cookie(ATTEMPT), None);
    let secret = create_key(browser, "Billing", &["client:read"]);
    let used = scene.registry.validator().get("/v1/authorize?scope=client:read").header("x-api-key", &secret);
    used.send().expecting(200);
    browser.click("I have copied it");
    browser.wait_until_says("ada@example.com");
    // What she did is kept under an opaque id, and no claim of hers is in the log.
    let ada = scene.users(&["list"])[0].clone();
    let listed = scene.registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(listed["keys"][0]["createdBy"], json!({ "kind": "person", "id": ada["id"] }));
    assert_eq!(ada["issuer"], scene.provider.issuer());

    browser.click("Sign out");
    browser.wait_until_says("Sign out of the provider");
    browser.click("Sign out");
    browser.wait_until_at("/sign-in");
    assert_eq!(browser.cookie(COOKIE), None);
    // Whoever comes to this browser next is asked who they are.
    scene.set_out();
    browser.wait_until_says("Who are you?");
    assert_eq!(browser.console_faults(), [""; 0]);
}

#[test]
fn a_provider_that_knows_somebody_signs_them_in_again_without_a_question() {
    let scene = Scene::new();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    let first = scene.browser.cookie(COOKIE);
    scene.set_out();
    scene.browser.wait_until_at("/partners/acme/developer");
    assert_ne!(scene.browser.cookie(COOKIE), first, "a session's id is never used twice");
    assert_eq!(scene.users(&["list"]).as_array().map(Vec::len), Some(1), "it is one person");
}

#[test]
fn claims_decide_who_is_an_operator_an_admin_a_member_or_nobody() {
    let scene = Scene::new();
    scene.sign_in("grace");
    scene.browser.wait_until_at("/partners");
    let scene = scene.another_browser();
    scene.sign_in("mel");
    scene.browser.wait_until_says("Ask an admin of your team");
    let scene = scene.another_browser();
    scene.sign_in("eve");
    scene.browser.wait_until_says("your account there has no access here");
    assert_eq!(scene.browser.cookie(COOKIE), None);
    assert_eq!(
        scene.users(&["list"]).as_array().map(Vec::len),
        Some(2),
        "nobody of no access has an account"
    );
}

#[test]
fn the_page_team_says_that_claims_decide_and_changes_nothing_of_them() {
    let scene = Scene::new();
    scene.sign_in("mel");
    scene.browser.wait_until_says("Ask an admin of your team");
    let scene = scene.another_browser();
    let password = person(&scene.registry, "bob@example.com", &["--partner", "acme"]);
    scene.sign_in("ada");
    let browser = &scene.browser;
    browser.wait_until_at("/partners/acme/developer");
    browser.click("Team");
    browser.wait_until_says("what they may do is decided there");
    browser.wait_until_says(&format!("decided by {}", scene.provider.issuer()));
    look(browser, "team-openid");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    assert!(!browser.offers("Give access: mel@example.com"));
    // A form that somebody made up is refused, and says who decides.
    let mel = scene
        .users(&["list"])
        .as_array()
        .expect("people")
        .iter()
        .find(|it| it["username"] == "mel@example.com")
        .cloned();
    let mel = mel.expect("she came")["id"].as_str().expect("an id").to_owned();
    let script = "document.querySelector('form[action$=\"/team\"] [name=person]').value = arguments[0];";
    browser.execute(script, &[json!(mel)]);
    browser.click("Give access: bob@example.com");
    browser.wait_until_says("decides this: change it there");
    let changes = scene.users(&["changes"]);
    let of_mel: Vec<_> = changes
        .as_array()
        .expect("changes")
        .iter()
        .filter(|it| it["username"] == "mel@example.com")
        .collect();
    assert_eq!(of_mel.len(), 1, "{changes}");
    assert_eq!(of_mel[0]["by"], json!({ "kind": "claims", "id": scene.provider.issuer() }));
    // Whoever signs in here is still ours to decide.
    browser.click("Team");
    browser.click("Give access: bob@example.com");
    browser.wait_until_says("Withdraw access");
    let bob = Browser::open();
    bob.goto(&scene.at("/sign-in"));
    bob.click("With a password instead");
    sign_in_openly(&bob, &password);
    bob.wait_until_at("/partners/acme/developer");
}

fn sign_in_openly(browser: &Browser, password: &str) {
    browser.fill("User name", "bob@example.com");
    browser.fill("Password", password);
    browser.click("Sign in");
}

#[test]
fn whoever_loses_a_role_at_the_provider_has_it_no_more_once_they_come_again() {
    let scene = Scene::new();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    let elsewhere = Browser::open();
    let old = scene.browser.cookie(COOKIE).expect("a session");
    let mut fewer = people();
    fewer["ada"]["role"] = json!("member");
    scene.provider.know(&fewer);
    scene.set_out();
    scene.browser.wait_until_says("Ask an admin of your team");
    // What another browser of hers was signed in as is over too.
    elsewhere.goto(&scene.at("/sign-in"));
    elsewhere.plant_cookie(COOKIE, &old);
    elsewhere.goto(&scene.at("/partners/acme/developer"));
    elsewhere.wait_until_at("/sign-in");
    fewer["ada"] = json!({ "email": "ada@example.com" });
    scene.provider.know(&fewer);
    scene.set_out();
    scene.browser.wait_until_says("your account there has no access here");
    scene.browser.goto(&scene.at("/"));
    scene.browser.wait_until_at("/sign-in");
    let after: Vec<_> = scene
        .users(&["changes"])
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| (change["after"]["standing"].clone(), change["after"]["disabled"].clone()))
        .collect();
    assert_eq!(
        after,
        [(json!("admin"), json!(false)), (json!("member"), json!(false)), (json!("member"), json!(true))]
    );
    // They came back.
    scene.provider.know(&people());
    scene.set_out();
    scene.browser.wait_until_at("/partners/acme/developer");
    // Whoever is disabled here stays so.
    scene.users(&["disable", "ada@example.com"]);
    scene.browser.reload();
    scene.browser.wait_until_at("/sign-in");
    scene.set_out();
    scene.browser.wait_until_says("your account there has no access here");
}

#[test]
fn signing_out_after_the_session_has_ended_still_offers_to_sign_out_at_the_provider() {
    let scene = Scene::new();
    let browser = &scene.browser;
    scene.sign_in("ada");
    browser.wait_until_at("/partners/acme/developer");
    scene.users(&["disable", "ada@example.com"]);
    scene.users(&["enable", "ada@example.com"]);
    browser.click("Sign out");
    browser.wait_until_says("You are signed out here");
    assert_eq!(browser.cookie(COOKIE), None);
    is_accessible(browser, "signed out openid");
    browser.click("Sign out there too");
    browser.wait_until_says("Sign out of the provider");
    browser.click("Sign out");
    browser.wait_until_at("/sign-in");
    scene.set_out();
    browser.wait_until_says("Who are you?");
}

#[test]
fn disabling_somebody_names_the_other_account_of_that_name() {
    let scene = Scene::new();
    person(&scene.registry, "ada@example.com", &["--partner", "acme"]);
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    let disabled = scene.users(&["disable", "ada@example.com"]);
    assert_eq!(disabled["namesakes"][0]["username"], "ada@example.com+2", "{disabled}");
    assert_eq!(disabled["namesakes"][0]["issuer"], scene.provider.issuer());
    let said = scene.registry.terminal().run(&["users", "disable", "ada@example.com"]).exited(0).stdout;
    assert!(said.contains("was not changed: ada@example.com+2 may sign in"), "{said}");
}

#[test]
fn whoever_has_no_access_can_sign_in_as_somebody_else_at_a_provider_that_knows_them() {
    let scene = Scene::new();
    scene.sign_in("eve");
    scene.browser.wait_until_says("your account there has no access here");
    is_accessible(&scene.browser, "not signed in");
    scene.browser.click("Sign in as somebody else");
    scene.browser.wait_until_says("Who are you?");
    scene.browser.click("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
}

#[test]
fn claims_are_found_where_the_settings_say_also_when_only_userinfo_has_them() {
    let scene = Scene::with(&[
        ("KEYLEDGER_OPENID__PARTNER_CLAIM", "https://example.com/company"),
        ("KEYLEDGER_OPENID__ROLE_CLAIM", "/access/roles"),
        ("KEYLEDGER_OPENID__ADMIN_ROLE", "key-admins"),
        ("KEYLEDGER_OPENID__NAME_CLAIM", "preferred_username"),
    ]);
    let known = json!({ "ada": {
        "https://example.com/company": "acme", "access": { "roles": ["key-admins"] }, "preferred_username": "ada",
        "partner": "globex", "role": "operator",
    }});
    scene.provider.know(&known);
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    scene.provider.tell_in_userinfo_alone();
    scene.browser.forget_cookies();
    scene.sign_in("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
    assert_eq!(scene.users(&["list"])[0]["username"], "ada");
}

#[test]
fn a_browser_that_comes_by_another_name_of_the_portal_is_led_by_the_one_that_the_provider_knows() {
    let scene = Scene::new();
    let other_name = scene.at("/sign-in").replace("127.0.0.1", "localhost");
    scene.browser.goto(&other_name);
    scene.browser.click("Continue with 127.0.0.1");
    scene.browser.wait_until_says("Who are you?");
    scene.browser.click("ada");
    scene.browser.wait_until_at("/partners/acme/developer");
}
