//! What whoever is not signed in, is of another partner, or sends forms from elsewhere, cannot do.

use keyledger_tests::{Browser, Registry};
use reqwest::StatusCode;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::scene::{COOKIE, admin_of_acme, create_key, person, sign_in};

/// Somebody who talks to the portal without a browser, and so can say anything.
struct Attacker<'a> {
    registry: &'a Registry,
    client: Client,
    session: Option<String>,
}

impl<'a> Attacker<'a> {
    fn with(registry: &'a Registry, session: Option<String>) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { registry, client, session }
    }

    /// With the session of somebody in a browser.
    fn like(registry: &'a Registry, browser: &Browser) -> Self {
        Self::with(registry, browser.cookie(COOKIE))
    }

    fn origin(&self) -> &str {
        &self.registry.addresses().command
    }

    fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.origin()));
        self.signed(request).send().expect("an answer")
    }

    fn post(&self, path: &str, origin: Option<&str>, fields: &[(&str, &str)]) -> Response {
        let request = filled(self.client.post(format!("{}{path}", self.origin())), fields);
        let request = origin.iter().fold(request, |request, origin| request.header("Origin", *origin));
        self.signed(request).send().expect("an answer")
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.session {
            Some(session) => request.header("Cookie", format!("{COOKIE}={session}")),
            None => request,
        }
    }

    /// The token that the forms of this session carry.
    fn token(&self) -> String {
        let page = self.get("/partners/acme/keys/new").text().expect("a page");
        let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a form");
        rest.split_once('"').expect("a value").0.to_owned()
    }
}

/// Fields as a browser sends them.
fn filled(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let encoded = |text: &str| {
        let byte = |byte: u8| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    request.header("Content-Type", "application/x-www-form-urlencoded").body(pairs.join("&"))
}

#[test]
fn a_form_of_another_site_or_without_the_sessions_token_changes_nothing() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let attacker = Attacker::like(&registry, &browser);
    let token = attacker.token();
    let here = attacker.origin().to_owned();
    let form = [("name", "planted"), ("scope", "client:read"), ("once", "1")];
    let with_token = [&form[..], &[("token", &token)]].concat();
    let path = "/partners/acme/keys";
    for (origin, fields) in [
        (None, &with_token[..]),
        (Some("null"), &with_token),
        (Some("http://evil.example"), &with_token),
        (Some("http://127.0.0.1"), &with_token),
        (Some(&here), &form),
        (Some(&here), &[&form[..], &[("token", &"0".repeat(64))]].concat()),
    ] {
        let refused = attacker.post(path, origin, fields);
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin:?}");
    }
    let cross_site =
        filled(attacker.client.post(format!("{here}{path}")), &with_token).header("Origin", &here);
    let cross_site =
        attacker.signed(cross_site.header("Sec-Fetch-Site", "cross-site")).send().expect("an answer");
    assert_eq!(cross_site.status(), StatusCode::FORBIDDEN);
    let listed = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(0), "{listed}");
    // The same form from here is taken: what was refused was refused for where it came from.
    assert_eq!(attacker.post(path, Some(&here), &with_token).status(), StatusCode::OK);
}

#[test]
fn a_form_that_is_sent_again_shows_no_secret_and_makes_no_second_key() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let attacker = Attacker::like(&registry, &browser);
    let (token, here) = (attacker.token(), attacker.origin().to_owned());
    let form = [("name", "Billing"), ("scope", "client:read"), ("once", "abc"), ("token", &token)];
    let first = attacker.post("/partners/acme/keys", Some(&here), &form);
    assert_eq!(first.headers()["cache-control"], "no-store");
    let first = first.text().expect("a page");
    assert!(first.contains("_kl1_") && first.contains("shown once"));
    let again = attacker.post("/partners/acme/keys", Some(&here), &form).text().expect("a page");
    assert!(!again.contains("_kl1_") && again.contains("cannot be shown again"), "{again}");
    let listed = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[test]
fn nobody_reaches_a_page_or_a_form_that_is_not_theirs() {
    let registry = Registry::start();
    let ada = admin_of_acme(&registry);
    create_key(&ada, "Billing", &["client:read"]);
    let listed = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    let key_id = listed["keys"][0]["keyId"].as_str().expect("a key").to_owned();
    let prefix = listed["keys"][0]["prefix"].as_str().expect("a prefix").to_owned();
    let mallory = person(&registry, "mallory@example.com", &["--partner", "globex", "--role", "admin"]);
    let mel = person(&registry, "mel@example.com", &["--partner", "acme"]);
    let signed_in = |name: &str, password: &str| {
        let browser = Browser::open();
        sign_in(&browser, &registry, name, password);
        browser.wait("signed in", || browser.cookie(COOKIE).is_some());
        browser
    };
    let (mallory, mel) = (signed_in("mallory@example.com", &mallory), signed_in("mel@example.com", &mel));
    let people = registry.terminal().run(&["users", "list", "--json"]).exited(0).json();
    let mels_id = person_of(&people, "mel@example.com")["id"].as_str().expect("an id").to_owned();
    let developer = "/partners/acme/developer".to_owned();
    let mut pages = vec!["/partners/acme/developer/rows".to_owned(), "/partners/acme/team".to_owned()];
    pages.push("/partners/acme/keys/new".to_owned());
    pages.extend(
        ["regenerate", "end-overlap", "scopes", "rename", "revoke", "history"]
            .map(|what| format!("/partners/acme/keys/{key_id}/{what}")),
    );
    let operators = ["/partners".to_owned(), "/emergency".to_owned()];

    let actions = ["regenerate", "end-overlap", "scopes", "rename", "revoke"]
        .map(|what| format!("/partners/acme/keys/{key_id}/{what}"));
    let actions: Vec<_> = actions
        .into_iter()
        .chain(["/partners/acme/keys", "/partners/acme/team", "/emergency"].map(str::to_owned))
        .collect();
    // Their own: for whoever is signed in, and for nobody else. Signing in and the setup are for everybody.
    let own = ["/account/password", "/sign-out"].map(str::to_owned);
    let routes = include_str!("../../crates/portal/src/routes.rs").matches("web::post()").count();
    assert_eq!(routes, actions.len() + own.len() + 2, "an action is not tried here");
    let fields = |token: &str| {
        let fields = [
            ("token", token),
            ("once", "1"),
            ("name", "x"),
            ("scope", "client:read"),
            ("confirm", "Billing"),
            ("overlap", "0"),
            ("revision", "0"),
            ("seen", "yes"),
            ("prefix", &prefix),
            ("reason", "x"),
            ("role", "admin"),
            ("person", &mels_id),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    let nobody = Attacker::with(&registry, None);
    let here = nobody.origin().to_owned();
    let post = |attacker: &Attacker<'_>, path: &str, token: &str| {
        let fields = fields(token);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        attacker.post(path, Some(&here), &fields)
    };
    for path in actions.iter().chain(&own) {
        let answer = post(&nobody, path, &"0".repeat(64));
        assert_eq!(
            (answer.status(), &answer.headers()["location"].to_str().ok()),
            (StatusCode::SEE_OTHER, &Some("/sign-in")),
            "{path}"
        );
    }
    for page in pages.iter().chain(&operators).chain([&developer]) {
        let answer = nobody.get(page);
        assert_eq!(
            (answer.status(), &answer.headers()["location"].to_str().ok()),
            (StatusCode::SEE_OTHER, &Some("/sign-in")),
            "{page}"
        );
    }
    // A member is told there whom to ask, and of another partner there is nothing.
    assert_eq!(Attacker::like(&registry, &mallory).get(&developer).status(), StatusCode::NOT_FOUND);
    assert_eq!(Attacker::like(&registry, &mel).get(&developer).status(), StatusCode::OK);
    for (who, browser) in [("another partner's admin", &mallory), ("a member", &mel)] {
        let attacker = Attacker::like(&registry, browser);
        for page in pages.iter().chain(&operators) {
            assert_eq!(attacker.get(page).status(), StatusCode::NOT_FOUND, "{who} at {page}");
        }
        // The session's own token: what stands in the way is who they are.
        let home = attacker.get("/account/password").text().expect("a page");
        let token = home.split_once("name=\"token\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let token = token.map_or(String::new(), |(token, _)| token.to_owned());
        assert_eq!(token.len(), 64, "{who} has a token");
        for path in &actions {
            assert_eq!(post(&attacker, path, &token).status(), StatusCode::NOT_FOUND, "{who} to {path}");
        }
    }
    // The key of acme under another partner's name is not there either.
    let attacker = Attacker::like(&registry, &mallory);
    let answer = attacker.get(&format!("/partners/globex/keys/{key_id}/history"));
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let after = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(after["keys"][0]["revision"], 0, "{after}");
    assert_eq!(after["keys"].as_array().map(Vec::len), Some(1), "{after}");
    let people = registry.terminal().run(&["users", "list", "--json"]).exited(0).json();
    assert_eq!(standing_of(&people, "mel@example.com"), "member", "{people}");
}

fn person_of<'a>(people: &'a Value, name: &str) -> &'a Value {
    let found = people.as_array().and_then(|people| people.iter().find(|person| person["username"] == name));
    found.expect("somebody of that name")
}

fn standing_of<'a>(people: &'a Value, name: &str) -> &'a Value {
    &person_of(people, name)["standing"]["standing"]
}

#[test]
fn a_session_that_somebody_planted_is_not_the_one_that_is_signed_in() {
    let registry = Registry::start();
    let password = person(&registry, "ada@example.com", &["--partner", "acme", "--role", "admin"]);
    let browser = Browser::open();
    browser.goto(&format!("{}/sign-in", registry.addresses().command));
    let planted = "ab".repeat(32);
    browser.plant_cookie(COOKIE, &planted);
    sign_in(&browser, &registry, "ada@example.com", &password);
    browser.wait_until_at("/partners/acme/developer");
    let own = browser.cookie(COOKIE).expect("a session");
    assert_ne!(own, planted);
    let attacker = Attacker::with(&registry, Some(planted));
    assert_eq!(attacker.get("/partners/acme/developer").status(), StatusCode::SEE_OTHER);
    // And what was signed out is no session any more, whoever kept it.
    browser.click("Sign out");
    browser.wait_until_at("/sign-in");
    let attacker = Attacker::with(&registry, Some(own));
    assert_eq!(attacker.get("/partners/acme/developer").status(), StatusCode::SEE_OTHER);
}

#[test]
fn a_session_ends_within_a_second_of_its_person_losing_the_role_or_being_disabled() {
    let registry = Registry::start();
    let grace = person(&registry, "grace@example.com", &["--operator"]);
    let ada = admin_of_acme(&registry);
    let attacker = Attacker::like(&registry, &ada);
    assert_eq!(attacker.get("/partners/acme/developer").status(), StatusCode::OK);
    let operator = Browser::open();
    sign_in(&operator, &registry, "grace@example.com", &grace);
    operator.wait_until_at("/partners");
    operator.goto(&format!("{}/partners/acme/team", registry.addresses().command));
    operator.click("Withdraw access: ada@example.com");
    operator.wait("the access is withdrawn", || operator.offers("Give access: ada@example.com"));
    assert_eq!(attacker.get("/partners/acme/developer").status(), StatusCode::SEE_OTHER);
    let session = Attacker::like(&registry, &operator);
    person(&registry, "alan@example.com", &["--operator"]);
    assert_eq!(session.get("/partners").status(), StatusCode::OK);
    registry.terminal().run(&["users", "disable", "grace@example.com"]).exited(0);
    assert_eq!(session.get("/partners").status(), StatusCode::SEE_OTHER);
}

#[test]
fn whoever_guesses_learns_nothing_and_has_to_wait() {
    let registry = Registry::start();
    person(&registry, "ada@example.com", &["--partner", "acme", "--role", "admin"]);
    person(&registry, "off@example.com", &["--partner", "acme"]);
    registry.terminal().run(&["users", "disable", "off@example.com"]).exited(0);
    let attacker = Attacker::with(&registry, None);
    let here = attacker.origin().to_owned();
    let answer = |name: &str| {
        let fields = [("username", name), ("password", "a wrong one, long enough")];
        let answer = attacker.post("/sign-in", Some(&here), &fields);
        (answer.status(), answer.text().expect("a page").replace(name, "NAME"))
    };
    let wrong = answer("ada@example.com");
    assert_eq!(wrong.0, StatusCode::UNPROCESSABLE_ENTITY);
    for name in ["nobody@example.com", "off@example.com", "<script>"] {
        let other = answer(name);
        assert_eq!(other.0, wrong.0);
        let plain = |page: &str| page.replace("&lt;script&gt;", "NAME");
        assert_eq!(plain(&other.1), wrong.1, "{name}");
    }
    let tried = (0..30).map(|_| answer("ada@example.com").0).collect::<Vec<_>>();
    assert!(tried.contains(&StatusCode::TOO_MANY_REQUESTS), "{tried:?}");
}

#[test]
fn a_password_is_not_taken_over_a_connection_that_others_can_read() {
    let registry = Registry::start();
    person(&registry, "ada@example.com", &["--partner", "acme"]);
    let attacker = Attacker::with(&registry, None);
    let proxied = Registry::with(&[("KEYLEDGER_LISTEN__BEHIND_PROXY", "true")]);
    person(&proxied, "ada@example.com", &["--partner", "acme"]);
    let ask = |registry: &Registry, path: &str, host: &str, forwarded: Option<&str>| {
        let request =
            attacker.client.get(format!("{}{path}", registry.addresses().command)).header("Host", host);
        let request = forwarded.iter().fold(request, |request, by| request.header("X-Forwarded-Proto", *by));
        request.send().expect("an answer").status()
    };
    for path in ["/sign-in", "/setup"] {
        assert_eq!(ask(&registry, path, "localhost:8080", None), StatusCode::OK);
        assert_eq!(ask(&registry, path, "portal.example.com", None), StatusCode::FORBIDDEN);
        // Whoever is no proxy may say anything.
        assert_eq!(ask(&registry, path, "portal.example.com", Some("https")), StatusCode::FORBIDDEN);
        assert_eq!(ask(&registry, path, "localhost:8080", Some("https")), StatusCode::FORBIDDEN);
        assert_eq!(ask(&proxied, path, "portal.example.com", Some("https")), StatusCode::OK);
        assert_eq!(ask(&proxied, path, "portal.example.com", Some("http")), StatusCode::FORBIDDEN);
        assert_eq!(ask(&proxied, path, "localhost:8080", None), StatusCode::FORBIDDEN);
    }
    let fields = [("username", "ada@example.com"), ("password", "whatever it may be")];
    let sent = filled(attacker.client.post(format!("{}/sign-in", attacker.origin())), &fields);
    let sent = sent.header("Host", "portal.example.com").header("Origin", "http://portal.example.com").send();
    let refused = sent.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().expect("a page").contains("Sign-in needs https"));
}

#[test]
fn a_whole_key_that_somebody_types_is_recorded_nowhere_and_not_repeated() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let secret = create_key(&browser, "Billing", &["client:read"]);
    let attacker = Attacker::like(&registry, &browser);
    let (token, here) = (attacker.token(), attacker.origin().to_owned());
    let form = [("name", secret.as_str()), ("scope", "client:read"), ("once", "abc"), ("token", &token)];
    let refused = attacker.post("/partners/acme/keys", Some(&here), &form);
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().expect("a page");
    assert!(page.contains("Revoke that key") && !page.contains(&secret), "{page}");
    let listed = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(1), "{listed}");
}
