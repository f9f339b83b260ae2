//! What browsers are told, with every page and every cookie.

use std::fs;

use keyledger_tests::Registry;
use reqwest::Certificate;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;

use crate::scene::{COOKIE, person};

/// Somebody who reads the heads of answers.
struct Reader {
    registry: Registry,
    client: Client,
}

impl Reader {
    fn plain() -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { registry: Registry::start(), client }
    }

    fn over_tls() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let path = |file: &str| home.path().join(file).to_str().expect("text").to_owned();
        let (certificate, key) = (path("certificate.pem"), path("key.pem"));
        fs::write(&certificate, made.cert.pem()).expect("the certificate is written");
        fs::write(&key, made.signing_key.serialize_pem()).expect("the key is written");
        let trusted = Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
        let client = Client::builder().redirect(Policy::none()).tls_certs_only([trusted]).build();
        let settings = [
            ("KEYLEDGER_LISTEN__COMMAND_CERTIFICATE", certificate.as_str()),
            ("KEYLEDGER_LISTEN__COMMAND_KEY", key.as_str()),
        ];
        Self { registry: Registry::in_home(home, &settings), client: client.expect("a client") }
    }

    fn get(&self, path: &str, session: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.registry.addresses().command));
        let request = session.iter().fold(request, |request, session| request.header("Cookie", *session));
        request.send().expect("an answer")
    }

    fn sign_in(&self, password: &str) -> Response {
        let here = &self.registry.addresses().command;
        let request = self.client.post(format!("{here}/sign-in")).header("Origin", here);
        let form = format!("username=ada%40example.com&password={password}");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        request.send().expect("an answer")
    }

    /// Signs an admin of acme in, and looks at what the cookie of the session says of itself; the cookie.
    fn session(&self) -> String {
        let of = ["--partner", "acme", "--role", "admin"];
        let signed_in = self.sign_in(&person(&self.registry, "ada@example.com", &of));
        assert_eq!(signed_in.headers()["location"], "/");
        let cookies: Vec<_> = signed_in.headers().get_all("set-cookie").iter().collect();
        let [cookie] = cookies[..] else { panic!("one cookie, and not {cookies:?}") };
        let mut parts = cookie.to_str().expect("text").split("; ");
        let pair = parts.next().expect("a name and a value");
        assert!(pair.starts_with(&format!("{COOKIE}=")), "{pair}");
        let mut says: Vec<_> = parts.collect();
        says.sort_unstable();
        // No Domain, and no time after which the browser forgets it: that is the server's business.
        assert_eq!(says, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
        pair.to_owned()
    }

    /// Every kind of answer that the portal gives: pages, refusals, ways to elsewhere.
    fn looks_at_every_answer(&self, encrypted: bool) {
        let session = self.session();
        let mut answers = vec![self.sign_in("not+her+password"), self.get("/setup", None)];
        for path in [
            "/",
            "/sign-in",
            "/account/password",
            "/partners",
            "/emergency",
            "/partners/acme/developer",
            "/partners/acme/developer/rows",
            "/partners/acme/team",
            "/partners/acme/keys/new",
            "/partners/acme/nothing",
            "/partners/globex/developer",
            "/partners?after=%00",
        ] {
            answers.extend([self.get(path, None), self.get(path, Some(&session))]);
        }
        for answer in answers {
            let (url, head) = (answer.url().clone(), answer.headers());
            let says = |name: &str| head.get(name).map_or("", |value| value.to_str().expect("text"));
            let policy: Vec<_> = says("content-security-policy").split("; ").collect();
            for rule in [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(&rule), "{url}: {rule} is not in {policy:?}");
            }
            assert!(!policy.iter().any(|rule| rule.contains("unsafe") || rule.contains('*')), "{policy:?}");
            assert_eq!(says("x-frame-options"), "DENY", "{url}");
            assert_eq!(says("x-content-type-options"), "nosniff", "{url}");
            assert_eq!(says("cache-control"), "no-store", "{url}");
            assert_eq!(says("referrer-policy"), "same-origin", "{url}");
            let strict = if encrypted { "max-age=31536000" } else { "" };
            assert_eq!(says("strict-transport-security"), strict, "{url}");
        }
    }
}

#[test]
fn every_answer_tells_browsers_to_be_careful_and_over_tls_to_stay_there() {
    Reader::over_tls().looks_at_every_answer(true);
}

#[test]
fn without_tls_a_browser_on_the_own_machine_is_not_told_to_come_by_it() {
    Reader::plain().looks_at_every_answer(false);
}

#[test]
fn what_a_page_loads_is_what_it_is_said_to_be() {
    let reader = Reader::plain();
    let page = reader.get("/setup", None).text().expect("a page");
    let paths: Vec<_> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(paths.len() >= 4, "{paths:?}");
    for path in paths {
        let answer = reader.get(path, None);
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-content-type-options"]),
            (200, &"nosniff".parse().expect("a value"))
        );
    }
}
