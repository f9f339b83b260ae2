use actix_web::{HttpRequest, HttpResponse, web};
use keyledger_domain::{KeyId, KeyName, PartnerId, Prefix, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    doc::CommandProblems,
    entrance::Entrance,
    fields::Fields,
    key_body::StatusBody,
    problem::Problem,
    read_values::{prefix, text, yes_or_no},
    receipt::{ReceiptBody, WaitFor, receipt},
};
use crate::{Match, Revocation, RevokePartner, RevokePrefix};

/// An emergency revocation: of the key that `prefix` names, or of `all` keys of `partnerId`.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = Revoke, example = json!({"prefix": "hT4kQ9xZ", "reason": "found in a public repository"}))]
pub(super) enum RevokeBody {
    One(RevokePrefixBody),
    All(RevokePartnerBody),
}

/// The emergency revocation of one key.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevokePrefix, rename_all = "camelCase")]
pub(super) struct RevokePrefixBody {
    /// The first eight characters of a secret, also of a superseded one.
    #[schema(value_type = String, min_length = 8, max_length = 8)]
    prefix: Prefix,
    /// Why, in somebody's words. It stays in the history for ever.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
    /// Only tells what would be revoked.
    #[schema(value_type = Option<bool>, nullable = false)]
    dry_run: bool,
    /// Lets the last operator key go.
    #[schema(value_type = Option<bool>, nullable = false)]
    force: bool,
    /// Answers when every validator refuses them, or after 10 seconds, with a receipt. A dry run has nothing to wait for.
    #[schema(value_type = Option<WaitFor>, nullable = false)]
    wait_for: Option<WaitFor>,
}

/// The emergency revocation of every key of a partner.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevokePartner, rename_all = "camelCase")]
pub(super) struct RevokePartnerBody {
    /// The partner of whom every key is meant.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// True: that really every key is meant.
    #[expect(dead_code, reason = "it is true by now; it stands here to be described")]
    all: bool,
    /// Why, in somebody's words. It stays in the history for ever.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
    /// Only tells what would be revoked.
    #[schema(value_type = Option<bool>, nullable = false)]
    dry_run: bool,
    /// Lets the last operator key go, where the partner is the registry itself.
    #[schema(value_type = Option<bool>, nullable = false)]
    force: bool,
    /// Answers when every validator refuses them, or after 10 seconds, with a receipt. A dry run has nothing to wait for.
    #[schema(value_type = Option<WaitFor>, nullable = false)]
    wait_for: Option<WaitFor>,
}

/// What an emergency revocation did.
#[derive(Serialize, ToSchema)]
#[schema(as = Revocation)]
pub(super) struct RevocationBody {
    /// How many keys it revoked; 0 on a dry run.
    #[schema(example = 1)]
    revoked: u64,
    /// Every key that was meant, also those that were revoked before.
    matches: Vec<MatchBody>,
    /// At which validators it is in force, where `waitFor` asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    validators: Option<ReceiptBody>,
}

/// A key that an emergency revocation matched.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Match)]
pub(super) struct MatchBody {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// Its owner.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// What people call it.
    #[schema(value_type = String)]
    name: KeyName,
    /// The prefix of its newest secret.
    #[schema(value_type = String)]
    prefix: Prefix,
    /// What it is now.
    status: StatusBody,
    /// Whether it had been revoked before.
    already_revoked: bool,
}

impl From<&Match> for MatchBody {
    fn from(matching: &Match) -> Self {
        let Match { key_id, partner_id, name, prefix, status, already_revoked } = matching.clone();
        Self { key_id, partner_id, name, prefix, status: status.into(), already_revoked }
    }
}

/// Revokes in an emergency
///
/// By the first eight characters of a secret alone, whoever's key it is, or every key of one partner: one event for each. For
/// operators.
#[utoipa::path(
    post, path = "/v1/revocations", tag = "emergency",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")),
    request_body = RevokeBody,
    responses(
        (status = 200, description = "What was revoked, or on a dry run would be", body = RevocationBody),
        CommandProblems
    )
)]
pub(crate) async fn revoke(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "revoke")?;
    entrance.needs(entrance.authority().may_operate())?;
    let Sent { fields, request, revisions: _ } = entrance.command(payload).await?;
    let body = RevokeBody::read(fields)?;
    let wait_for = body.wait_for();
    let service = entrance.service().clone();
    let revocation = to_its_end(async move {
        match body {
            RevokeBody::One(RevokePrefixBody { prefix, reason, dry_run, force, wait_for: _ }) => {
                service.revoke_prefix(&request, RevokePrefix { prefix, reason, dry_run, force }).await
            }
            RevokeBody::All(RevokePartnerBody { partner_id, reason, dry_run, force, .. }) => {
                service.revoke_partner(&request, RevokePartner { partner_id, reason, dry_run, force }).await
            }
        }
    });
    let Revocation { revoked, matches, applied, position } = revocation.await??;
    let validators = receipt(entrance.service(), wait_for, position, applied).await;
    if !applied {
        return Err(Problem::recorded_not_applied(position).with_receipt(validators.as_ref()));
    }
    let matches = matches.iter().map(MatchBody::from).collect();
    Ok(HttpResponse::Ok().json(RevocationBody { revoked, matches, validators }))
}

impl RevokeBody {
    /// For whom the answer waits; a dry run ends nothing.
    fn wait_for(&self) -> Option<WaitFor> {
        let (wait_for, dry_run) = match self {
            Self::One(body) => (body.wait_for, body.dry_run),
            Self::All(body) => (body.wait_for, body.dry_run),
        };
        wait_for.filter(|_| !dry_run)
    }

    fn read(mut fields: Fields) -> Result<Self, Problem> {
        let prefix = fields.optional("prefix", prefix);
        let partner_id = fields.optional("partnerId", text(PartnerId::parse));
        let all = fields.optional("all", yes_or_no);
        let reason = fields.required("reason", text(Reason::parse));
        let dry_run = fields.optional("dryRun", yes_or_no).unwrap_or_default();
        let force = fields.optional("force", yes_or_no).unwrap_or_default();
        let wait_for = fields.optional("waitFor", WaitFor::read);
        let form_is_good = fields.faults().is_empty();
        let meant = match (prefix, partner_id, all, reason) {
            (Some(prefix), None, None, Some(reason)) => {
                Some(Self::One(RevokePrefixBody { prefix, reason, dry_run, force, wait_for }))
            }
            (None, Some(partner_id), Some(true), Some(reason)) => {
                Some(Self::All(RevokePartnerBody { partner_id, all: true, reason, dry_run, force, wait_for }))
            }
            (None, Some(_), None | Some(false), _) => {
                fields
                    .faults()
                    .push("all", "must be true beside partnerId: every key of the partner is meant");
                None
            }
            _ if form_is_good => {
                fields.faults().push("prefix", "give either prefix, or partnerId with all: true");
                None
            }
            _ => None,
        };
        fields.finish()?;
        meant.ok_or_else(|| Problem::invalid(Vec::new()))
    }
}
