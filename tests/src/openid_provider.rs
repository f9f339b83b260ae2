use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::free_port::free_port;
use crate::kept::Kept;
use crate::node_modules::node_modules;
use crate::{Client, random_bytes, within};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A real OpenID provider with one client, on loopback and a free port. It asks whoever comes which of its people they
/// are, and believes it. Dropping it ends it; it does not outlive this process.
pub struct OpenIdProvider {
    // Fields are dropped in their order: first the process, then the directory it reads from.
    process: Option<Kept>,
    issuer: String,
    client_secret: String,
    _home: TempDir,
}

/// What a provider does to an ID token before it hands it over. All but the last are signed with its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tampering {
    /// Nothing.
    None,
    /// It is for another attempt to sign in: the nonce is another one.
    Nonce,
    /// It says for no attempt that it is for it: there is no nonce.
    NoNonce,
    /// It is for another client.
    Audience,
    /// It is from another issuer.
    Issuer,
    /// It has run out an hour ago.
    Expired,
    /// It says that it needs no signature, and has none.
    Unsigned,
    /// Somebody else has signed it, and says that it was the provider.
    Signature,
}

impl OpenIdProvider {
    /// The client's id.
    pub const CLIENT_ID: &str = "keyledger";

    /// Starts one with people: their ids, and the claims that are in their tokens, such as
    /// `{"ada": {"partner": "acme", "role": "admin"}}`.
    ///
    /// # Panics
    /// Where it does not start, with what it said, or what has to be installed.
    #[must_use]
    #[track_caller]
    pub fn start(people: &Value) -> Self {
        let modules = node_modules();
        // The provider wants a newer Node.js than many a system has: one is among the packages.
        let node = modules.join(".bin/node");
        let home = tempfile::tempdir().expect("a temporary directory");
        let client_secret = hex::encode(random_bytes::<32>());
        let port = free_port();
        let settings = json!({
            "port": port,
            "client": { "id": Self::CLIENT_ID, "secret": client_secret, "redirect": [], "afterLogout": [] },
            "people": people,
            "tampering": "None",
        });
        // The script finds its packages in the folder beside it.
        symlink(modules, home.path().join("node_modules")).expect("a link to the packages");
        fs::write(home.path().join("provider.mjs"), include_str!("../browser/provider.mjs"))
            .expect("the script is written");
        fs::write(home.path().join("settings.json"), settings.to_string()).expect("the settings are written");
        let line = [node.display().to_string(), "provider.mjs".to_owned(), "settings.json".to_owned()];
        let mut process = Kept::start(home.path(), &line);
        let issuer = format!("http://127.0.0.1:{port}");
        let client = Client::new(&issuer, None);
        let ready = within(START, || {
            let discovery = client.get("/.well-known/openid-configuration").try_send();
            let answers = discovery.is_ok_and(|answer| answer.status == 200);
            (answers || process.has_ended()).then_some(answers)
        });
        let said = fs::read_to_string(home.path().join("said.log")).unwrap_or_default();
        assert_eq!(ready, Some(true), "the OpenID provider does not start; it says:\n{said}");
        Self { process: Some(process), issuer, client_secret, _home: home }
    }

    /// Its issuer, from which a client finds everything else.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The client's secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Sends people back to these addresses of the client and to no other: after they have signed in, and after they have
    /// signed out.
    ///
    /// # Panics
    /// Where it does not take them.
    #[track_caller]
    pub fn lead_to(&self, after_sign_in: &str, after_sign_out: &str) {
        let client = json!({
            "id": Self::CLIENT_ID,
            "secret": self.client_secret,
            "redirect": [after_sign_in],
            "afterLogout": [after_sign_out],
        });
        self.change(&json!({ "client": client }));
    }

    /// Knows these people from now on, as [`start`](Self::start) takes them, and no others.
    ///
    /// # Panics
    /// Where it does not take them.
    #[track_caller]
    pub fn know(&self, people: &Value) {
        self.change(&json!({ "people": people }));
    }

    /// Signs with a new key from now on, and publishes that one alone.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn change_key(&self) {
        self.change(&json!({ "newKey": true }));
    }

    /// Does something to every ID token from now on.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn tamper(&self, how: Tampering) {
        self.change(&json!({ "tampering": format!("{how:?}") }));
    }

    /// Tells of people in the answer of userinfo from now on, and no more in ID tokens.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn tell_in_userinfo_alone(&self) {
        self.change(&json!({ "inUserinfoAlone": true }));
    }

    /// Answers at these paths that it cannot, such as `/token` and `/me` (userinfo), and at every other path as ever.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn fail_at(&self, paths: &[&str]) {
        self.change(&json!({ "failing": paths }));
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    #[track_caller]
    fn change(&self, settings: &Value) {
        Client::new(&self.issuer, None).post("/settings-of-the-test", settings).send().expecting(204);
    }
}
