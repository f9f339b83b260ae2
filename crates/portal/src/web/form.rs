use actix_web::{FromRequest as _, HttpRequest, dev::Payload, http::header, web};
use keyledger_command_service::IdempotencyKey;
use keyledger_secret::holds_any_secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{answer::Turned, visit::Visit};

/// The field that only pages of this session can have.
pub(crate) const TOKEN: &str = "token";

/// The field that is another one in each form that is shown, and so tells a form that is sent twice.
pub(crate) const ONCE: &str = "once";

/// What somebody filled in.
pub(crate) struct Form {
    fields: Vec<(String, Zeroizing<String>)>,
}

impl Form {
    /// Reads a form that a page of ours sent, before anybody is signed in.
    pub(crate) async fn of_visitor(http: &HttpRequest, payload: &mut Payload) -> Result<Self, Turned> {
        must_come_from_here(http)?;
        let fields = web::Form::<Vec<(String, String)>>::from_request(http, payload).await;
        let web::Form(fields) = fields.map_err(|_| Turned::Malformed)?;
        Ok(Self { fields: fields.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect() })
    }

    /// Reads a form that a page of this visit's session sent.
    pub(crate) async fn of(visit: &Visit, payload: &mut Payload) -> Result<Self, Turned> {
        let form = Self::of_visitor(&visit.http, payload).await?;
        let token = form.text(TOKEN);
        if !bool::from(token.as_bytes().ct_eq(visit.session.form_token().as_bytes())) {
            return Err(Turned::Foreign);
        }
        // A body may take its time, and meanwhile somebody may have lost what they could do.
        visit.must_still_be().await?;
        // What is typed here stays in the history for ever.
        if form.fields.iter().any(|(_, value)| holds_any_secret(value)) {
            return Err(Turned::HoldsSecret);
        }
        Ok(form)
    }

    /// A field's text; empty where it is missing.
    pub(crate) fn text(&self, name: &'static str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// What makes a form that is sent twice one request; none where the field was taken out, which only harms whoever did.
    pub(crate) fn idempotency(&self, http: &HttpRequest) -> Option<IdempotencyKey> {
        let key = self.text(ONCE).to_owned();
        let plain = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut hasher = Sha256::new();
        let fields = self.fields.iter().filter(|(name, _)| name != TOKEN);
        let parts = fields.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        for part in ["portal", http.path()].into_iter().chain(parts) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        plain.then(|| IdempotencyKey { key, digest: hasher.finalize().into() })
    }
}

/// Refuses what a page of another site sent. Browsers say where a form comes from, and pages cannot make them lie.
fn must_come_from_here(http: &HttpRequest) -> Result<(), Turned> {
    let text = |name: &str| http.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    if text("Sec-Fetch-Site").is_some_and(|site| site != "same-origin") {
        return Err(Turned::Foreign);
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN.as_str()), text(header::HOST.as_str())) else {
        return Err(Turned::Foreign);
    };
    // Behind a proxy the scheme is not known here; the host is.
    let here = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) == Some(host);
    if here { Ok(()) } else { Err(Turned::Foreign) }
}
