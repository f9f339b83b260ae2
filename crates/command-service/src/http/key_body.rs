use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode};
use keyledger_domain::{
    Actor, Catalogue, KeyId, KeyName, PartnerId, Prefix, Reason, Scope, Scopes, Throttle, Timestamp,
    authority::is_registry_scope,
    event::SupersededSecret,
    key::{Key, Status},
};
use keyledger_event_log::Position;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    headers::etag,
    problem::Problem,
    receipt::{ReceiptBody, WaitFor, receipt},
};
use crate::{Changed, CommandService, Minted};

/// A key, as every answer shows it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub struct KeyBody {
    /// The key over its whole life.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// The partner whose key it is.
    #[schema(value_type = String, example = "acme")]
    partner_id: PartnerId,
    /// What people call it. It stays in the history for ever.
    #[schema(value_type = String, example = "Order sync")]
    name: KeyName,
    /// The first eight characters of its newest secret.
    #[schema(value_type = String, example = "hT4kQ9xZ")]
    prefix: Prefix,
    /// What it may do, in alphabetical order.
    #[schema(value_type = Vec<String>, example = json!(["client:read"]))]
    scopes: Scopes,
    /// Those of its scopes that the catalogue does not define any more; they grant nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    lost_scopes: Vec<Scope>,
    /// How fast it may call.
    #[schema(value_type = ThrottleBody)]
    throttle: Throttle,
    /// Whether it works.
    status: StatusBody,
    /// When it came to be.
    #[schema(value_type = String, format = DateTime, example = "2027-01-31T12:00:00.000Z")]
    created_at: Timestamp,
    /// Who created it.
    #[schema(value_type = ActorBody)]
    created_by: Actor,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When it last got a new secret.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    regenerated_at: Option<Timestamp>,
    /// Older secrets that still work.
    #[schema(value_type = Vec<SupersededSecretBody>)]
    superseded_secrets: Vec<SupersededSecret>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
    /// Who revoked it.
    #[schema(value_type = Option<ActorBody>, required)]
    revoked_by: Option<Actor>,
    /// Why, in their words.
    #[schema(value_type = Option<String>, required)]
    revocation_reason: Option<Reason>,
    /// The revision of its last event, which is its entity tag.
    #[schema(example = 0)]
    revision: u64,
    /// The position of its last event in the log.
    #[schema(example = 2)]
    position: u64,
    /// Present and true where a newer release wrote one of its events: it denies, and can only be revoked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    unreadable: bool,
}

/// A token bucket: it fills at a steady rate and holds a burst at most.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Throttle)]
pub(super) struct ThrottleBody {
    /// Tokens that come back each second.
    #[schema(minimum = 1, maximum = 1_000_000, example = 10)]
    rate_per_second: u32,
    /// Tokens that a full bucket holds.
    #[schema(minimum = 1, maximum = 1_000_000, example = 20)]
    burst: u32,
}

/// What a key is now.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = Status)]
pub(super) enum StatusBody {
    /// It works.
    Active,
    /// It was revoked, for good.
    Revoked,
    /// Its time is over.
    Expired,
}

impl From<Status> for StatusBody {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Revoked => Self::Revoked,
            Status::Expired => Self::Expired,
        }
    }
}

/// Who did something: an opaque id.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
pub(super) struct ActorBody {
    /// `key`: a management key, by its `keyId`. `person`: somebody at the portal. `keyring`: whoever held the keyring on
    /// the registry's own machine, by the log's id.
    #[schema(example = "key")]
    kind: String,
    /// The id.
    id: String,
}

/// An older secret that still works.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SupersededSecret)]
pub(super) struct SupersededSecretBody {
    /// Its first eight characters.
    #[schema(example = "x8Jd02Lq")]
    prefix: String,
    /// The first moment at which it no longer works.
    #[schema(format = DateTime)]
    valid_until: String,
}

/// A key and its new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyWithSecret)]
pub(super) struct MintedBody {
    /// The key.
    key: KeyBody,
    /// Its new secret, here and never again; null where this request was recorded before.
    #[schema(example = "hT4kQ9xZ_kl1_8sJ0aYpWm3Vt6RzQ1bXc9NfLd2GhKe7U5n6cRC")]
    secret: Option<String>,
    /// Why there is no secret, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_note: Option<&'static str>,
    /// Present and false where this process has not applied the command yet: the secret may be refused for a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<bool>,
    /// At which validators it is in force, where `waitFor` asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    validators: Option<ReceiptBody>,
}

/// A key, and at which validators its change is in force.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyWithReceipt)]
pub(super) struct ReceivedBody {
    #[serde(flatten)]
    key: KeyBody,
    /// At which validators it is in force, where `waitFor` asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    validators: Option<ReceiptBody>,
}

impl KeyBody {
    /// The key as it is now, by the clock and by the catalogue; where that cannot be read, no scope is called lost.
    #[must_use]
    pub fn of(key: Key, now: Timestamp, catalogue: Option<&Catalogue>) -> Self {
        let defined = |scope: &Scope| catalogue.is_none_or(|catalogue| catalogue.defines(scope));
        let gone = |scope: &&Scope| !is_registry_scope(scope) && !defined(scope);
        let lost_scopes = key.scopes.iter().filter(gone).cloned().collect();
        let status = key.status(now).into();
        let superseded_secrets = still_working(&key, now);
        let (revoked_at, revoked_by, revocation_reason) = match key.revoked {
            Some(revoked) => (Some(revoked.at), Some(revoked.by), revoked.reason),
            None => (None, None, None),
        };
        Self {
            key_id: key.key_id,
            partner_id: key.partner_id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            lost_scopes,
            throttle: key.throttle,
            status,
            created_at: key.created_at,
            created_by: key.created_by,
            expires_at: key.expires_at,
            regenerated_at: key.regenerated_at,
            superseded_secrets,
            revoked_at,
            revoked_by,
            revocation_reason,
            revision: key.revision,
            position: key.position,
            unreadable: key.unreadable,
        }
    }

    /// The revision of its last event.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }
}

/// The superseded secrets that work, each until its overlap or the key itself ends.
fn still_working(key: &Key, now: Timestamp) -> Vec<SupersededSecret> {
    if key.status(now) != Status::Active {
        return Vec::new();
    }
    let capped = |secret: &SupersededSecret| {
        let valid_until = key.expires_at.map_or(secret.valid_until, |expiry| secret.valid_until.min(expiry));
        SupersededSecret { valid_until, ..*secret }
    };
    key.overlapping(now).map(capped).collect()
}

/// A key as an answer shows it now.
pub(super) async fn shown(service: &CommandService, key: Key) -> KeyBody {
    KeyBody::of(key, service.now(), service.scopes().await.ok().as_ref())
}

/// The answer to a command that changed a key.
pub(super) async fn changed(service: &CommandService, changed: Changed) -> Result<HttpResponse, Problem> {
    if !changed.applied {
        return Err(Problem::recorded_not_applied(Position::new(changed.key.position)));
    }
    let revision = changed.key.revision;
    Ok(HttpResponse::Ok().insert_header(etag(revision)).json(shown(service, changed.key).await))
}

/// The answer to a command that changed a key, with a receipt where one was asked for.
pub(super) async fn received(
    service: &CommandService,
    changed: Changed,
    wait_for: Option<WaitFor>,
) -> Result<HttpResponse, Problem> {
    let position = Position::new(changed.key.position);
    let validators = receipt(service, wait_for, position, changed.applied).await;
    if !changed.applied {
        return Err(Problem::recorded_not_applied(position).with_receipt(validators.as_ref()));
    }
    let revision = changed.key.revision;
    let body = ReceivedBody { key: shown(service, changed.key).await, validators };
    Ok(HttpResponse::Ok().insert_header(etag(revision)).json(body))
}

/// The answer to a command that minted a secret. Whatever else may be wrong by now, the only copy is not withheld.
pub(super) async fn minted(
    service: &CommandService,
    minted: Minted,
    status: StatusCode,
    wait_for: Option<WaitFor>,
) -> HttpResponse {
    let Minted { changed: Changed { key, applied }, secret, prefix } = minted;
    let note = note_on_lost_secret(&key, prefix, service.now());
    let location = format!("/v1/partners/{}/keys/{}", key.partner_id, key.key_id);
    let revision = key.revision;
    let validators = receipt(service, wait_for, Position::new(key.position), applied).await;
    // A secret that overlaps is let through until then, by those who confirmed too.
    let overlap = still_working(&key, service.now()).iter().map(|secret| secret.valid_until).max();
    let validators = validators.map(|receipt| receipt.not_before(overlap));
    let body = MintedBody {
        key: shown(service, key).await,
        secret_note: secret.is_none().then_some(note),
        secret: secret.map(|secret| secret.expose().to_owned()),
        applied: (!applied).then_some(false),
        validators,
    };
    let mut answer = HttpResponseBuilder::new(status);
    if status == StatusCode::CREATED {
        answer.insert_header(("Location", location));
    }
    answer.insert_header(etag(revision)).insert_header(("Cache-Control", "no-store")).json(body)
}

/// What somebody is told who repeats a request and so does not get its secret again. Giving up the newest secret is
/// advised only where that is the one which this request minted: another may be in use.
fn note_on_lost_secret(key: &Key, minted: Option<Prefix>, now: Timestamp) -> &'static str {
    match key.status(now) {
        Status::Revoked => {
            "this request was recorded before, and its secret was shown then; the key was revoked since, so that secret is \
             dead"
        }
        Status::Expired => {
            "this request was recorded before, and its secret was shown then; the key has expired since, so that secret is \
             dead"
        }
        Status::Active if minted == Some(key.prefix) => {
            "this request was recorded before, and its secret was shown then; it is stored nowhere. If that answer was \
             lost, regenerate the key with replace: \"newest\""
        }
        Status::Active => {
            "this request was recorded before, and its secret was shown then; the key was regenerated since, so another \
             secret has taken its place"
        }
    }
}
