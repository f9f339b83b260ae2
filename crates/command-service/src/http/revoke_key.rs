use actix_web::{HttpRequest, HttpResponse, web};
use keyledger_domain::Reason;
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    doc::{CommandProblems, StaleProblem},
    entrance::Entrance,
    key_body::{self, ReceivedBody},
    problem::Problem,
    read_values::{text, yes_or_no},
    receipt::WaitFor,
};
use crate::RevokeKey;

/// Why a key is revoked.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevokeKey, rename_all = "camelCase", example = json!({"reason": "leaked in a support ticket"}))]
pub(super) struct RevokeKeyBody {
    /// In somebody's words. It stays in the history for ever.
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 500)]
    reason: Option<Reason>,
    /// Lets the last operator key go.
    #[schema(value_type = Option<bool>, nullable = false)]
    force: bool,
    /// Answers when every validator refuses the key, or after 10 seconds, with a receipt.
    #[schema(value_type = Option<WaitFor>, nullable = false)]
    wait_for: Option<WaitFor>,
}

/// Revokes a key
///
/// Immediate and final for every secret of the key. Once this is answered with 200 the validator of this process refuses
/// them. Again: the same answer, and no new event.
#[utoipa::path(
    post, path = "/v1/partners/{partnerId}/keys/{keyId}/revoke", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The revision that this is meant for, as an entity tag")
    ),
    request_body(content = Option<RevokeKeyBody>),
    responses(
        (status = 200, description = "The key", body = ReceivedBody, headers(("ETag" = String, description = "Its revision"))),
        CommandProblems,
        StaleProblem
    )
)]
pub(crate) async fn revoke_key(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "revoke_key")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_write(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    let Sent { mut fields, request, revisions } = entrance.command(payload).await?;
    let sent = RevokeKeyBody {
        reason: fields.optional("reason", text(Reason::parse)),
        force: fields.optional("force", yes_or_no).unwrap_or_default(),
        wait_for: fields.optional("waitFor", WaitFor::read),
    };
    fields.finish()?;
    let command = RevokeKey { key, reason: sent.reason, force: sent.force, revisions };
    let service = entrance.service().clone();
    let changed = to_its_end({
        let service = service.clone();
        async move { service.revoke_key(&request, command).await }
    });
    key_body::received(&service, changed.await??, sent.wait_for).await
}
