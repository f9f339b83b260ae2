use std::time::{SystemTime, UNIX_EPOCH};

use keyledger_tests::{Browser, Client, OpenIdProvider, Tampering, random_bytes, to_base64};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::site::Site;

const PAGES: &[(&str, &str)] =
    &[("/style.css", ""), ("/callback", "<p>Welcome back.</p>"), ("/signed-out", "<p>See you.</p>")];

/// Takes a token apart, and judges its signature by what the provider publishes.
const INSPECT: &str = "
const [token, { keys }] = arguments;
const bytes = (part) => Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const parts = token.split('.');
const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(bytes(part))));
const key = keys.find(({ kid }) => kid === header.kid);
const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
return (key ? crypto.subtle.importKey('jwk', key, algorithm, false, ['verify']) : Promise.reject())
  .then((key) => crypto.subtle.verify(algorithm, key, bytes(parts[2]), signed), () => false)
  .then((genuine) => ({ header, claims, genuine }));";

/// A client of the provider, as the portal is one, and the browser of somebody who signs in there.
struct Scene {
    provider: OpenIdProvider,
    site: Site,
    browser: Browser,
}

impl Scene {
    fn new() -> Self {
        let people = json!({
            "ada": { "partner": "acme", "role": "admin", "name": "Ada Lovelace" },
            "bob": { "partner": "acme", "role": "member" },
        });
        let (provider, site) = (OpenIdProvider::start(&people), Site::of(PAGES));
        provider.lead_to(&site.url("/callback"), &site.url("/signed-out"));
        Self { provider, site, browser: Browser::open() }
    }

    fn discovered(&self, name: &str) -> String {
        let client = Client::new(self.provider.issuer(), None);
        let document = client.get("/.well-known/openid-configuration").send().expecting(200).json();
        document[name].as_str().expect("it is in the discovery document").to_owned()
    }

    /// Goes to the provider to sign in, and tells the secrets of the attempt: the verifier of PKCE, and the nonce.
    fn set_out(&self) -> (String, String) {
        let [verifier, nonce] = [random_bytes::<32>(), random_bytes::<32>()].map(hex::encode);
        let challenge = to_base64(&Sha256::digest(&verifier)).replace('+', "-").replace('/', "_");
        let redirect = self.site.url("/callback");
        let query = [
            ("response_type", "code"),
            ("client_id", OpenIdProvider::CLIENT_ID),
            ("redirect_uri", &redirect),
            ("scope", "openid"),
            ("state", "a-state"),
            ("nonce", &nonce),
            ("code_challenge", challenge.trim_end_matches('=')),
            ("code_challenge_method", "S256"),
        ];
        let url =
            Url::parse_with_params(&self.discovered("authorization_endpoint"), query).expect("an address");
        self.browser.goto(url.as_str());
        (verifier, nonce)
    }

    /// What the provider sent along when it sent somebody back.
    fn sent_back(&self, name: &str) -> Option<String> {
        self.browser.wait_until_says("Welcome back.");
        let url = Url::parse(&self.browser.url()).expect("an address");
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Redeems the code that somebody came back with, and takes the ID token apart.
    fn redeem(&self, verifier: &str) -> (String, Value) {
        assert_eq!(self.sent_back("state").as_deref(), Some("a-state"));
        let code = self.sent_back("code").expect("a code");
        let redirect = self.site.url("/callback");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier),
        ];
        let form = Url::parse_with_params("form:", form).expect("an address");
        let credentials = format!("{}:{}", OpenIdProvider::CLIENT_ID, self.provider.client_secret());
        let answer = Client::new(&self.discovered("token_endpoint"), None)
            .call("POST", "")
            .header("authorization", &format!("Basic {}", to_base64(credentials.as_bytes())))
            .body("application/x-www-form-urlencoded", form.query().expect("a form").as_bytes())
            .send()
            .expecting(200)
            .json();
        let token = answer["id_token"].as_str().expect("an ID token").to_owned();
        let keys = Client::new(&self.discovered("jwks_uri"), None).get("").send().expecting(200).json();
        let inspected = self.browser.execute(INSPECT, &[json!(token), keys]);
        (token, inspected)
    }
}

#[test]
fn somebody_signs_in_with_a_code_and_is_told_apart_by_claims_and_signs_out() {
    let scene = Scene::new();
    assert_eq!(scene.discovered("issuer"), scene.provider.issuer());
    let (verifier, nonce) = scene.set_out();
    assert!(scene.browser.offers("bob"), "{}", scene.browser.page_text());
    scene.browser.click("ada");
    let (token, inspected) = scene.redeem(&verifier);
    let claims = &inspected["claims"];
    assert_eq!(inspected["genuine"], true);
    assert_eq!(claims["iss"], scene.provider.issuer());
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(OpenIdProvider::CLIENT_ID), &json!(nonce)));
    assert_eq!(
        (&claims["sub"], &claims["partner"], &claims["role"]),
        (&json!("ada"), &json!("acme"), &json!("admin"))
    );
    assert_eq!(claims["name"], "Ada Lovelace");

    // The provider remembers who it was until they sign out there.
    scene.set_out();
    scene.browser.wait_until_says("Welcome back.");
    let after = scene.site.url("/signed-out");
    let query = [("id_token_hint", token.as_str()), ("post_logout_redirect_uri", &after)];
    let url = Url::parse_with_params(&scene.discovered("end_session_endpoint"), query).expect("an address");
    scene.browser.goto(url.as_str());
    scene.browser.click("Sign out");
    scene.browser.wait_until_says("See you.");
    scene.set_out();
    scene.browser.wait_until_says("Who are you?");
    scene.browser.click("Cancel");
    assert_eq!(scene.sent_back("error").as_deref(), Some("access_denied"));
    assert_eq!(scene.browser.console_faults(), [""; 0]);
}

#[test]
fn a_new_key_and_other_claims_are_in_the_next_token() {
    let scene = Scene::new();
    let (verifier, _) = scene.set_out();
    scene.browser.click("ada");
    let (_, before) = scene.redeem(&verifier);
    scene.provider.change_key();
    scene.provider.know(&json!({ "ada": { "partner": "acme", "groups": ["members"] } }));
    // It knows her still.
    let (verifier, _) = scene.set_out();
    let (_, after) = scene.redeem(&verifier);
    assert_eq!((&before["genuine"], &after["genuine"]), (&json!(true), &json!(true)));
    assert_ne!(before["header"]["kid"], after["header"]["kid"]);
    assert_eq!(after["claims"]["groups"], json!(["members"]));
    assert_eq!(after["claims"].get("role"), None);
}

#[test]
fn a_token_is_tampered_with_in_one_way_and_is_good_otherwise() {
    let scene = Scene::new();
    let ways = [
        Tampering::None,
        Tampering::Nonce,
        Tampering::NoNonce,
        Tampering::Audience,
        Tampering::Issuer,
        Tampering::Expired,
        Tampering::Unsigned,
        Tampering::Signature,
    ];
    for way in ways {
        scene.provider.tamper(way);
        let (verifier, nonce) = scene.set_out();
        if way == ways[0] {
            scene.browser.click("ada");
        }
        let (_, Value::Object(token)) = scene.redeem(&verifier) else { panic!("an object") };
        let claims = &token["claims"];
        let expires = claims["exp"].as_u64().expect("when it expires");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
        let wrong = [
            (Tampering::Nonce, claims.get("nonce").is_some_and(|other| *other != nonce)),
            (Tampering::NoNonce, claims.get("nonce").is_none()),
            (Tampering::Audience, claims["aud"] != OpenIdProvider::CLIENT_ID),
            (Tampering::Issuer, claims["iss"] != scene.provider.issuer()),
            (Tampering::Expired, expires < now),
            (Tampering::Unsigned, token["header"]["alg"] == "none"),
            (Tampering::Signature, token["genuine"] == false && token["header"]["alg"] == "RS256"),
        ];
        let wrong: Vec<_> = wrong.into_iter().filter(|(_, wrong)| *wrong).map(|(way, _)| way).collect();
        let wanted: Vec<_> = Some(way).filter(|way| *way != Tampering::None).into_iter().collect();
        assert_eq!(wrong, wanted, "{claims}");
    }
}
