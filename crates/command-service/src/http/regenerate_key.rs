use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_domain::key::{Overlap, Replace};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    doc::{CommandProblems, StaleProblem},
    entrance::Entrance,
    key_body::{self, MintedBody},
    problem::Problem,
    read_values::{number, replace},
    receipt::WaitFor,
};
use crate::RegenerateKey;

/// How a key gets its new secret.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegenerateKey, rename_all = "camelCase", example = json!({"overlapSeconds": 3600}))]
pub(super) struct RegenerateKeyBody {
    /// How long the present secret goes on working, never past the key's expiry; by default a day. Not beside `newest`:
    /// the deployed secret keeps the end it has.
    #[schema(value_type = Option<u32>, nullable = false, maximum = 604_800)]
    overlap_seconds: Option<Overlap>,
    /// Which live secret to give up while an overlap runs: `oldest`, or `newest` where the answer that showed it got lost.
    #[schema(value_type = Option<ReplaceBody>, nullable = false)]
    replace: Option<Replace>,
    /// Answers when every validator has applied it, or after 10 seconds, with a receipt: with `overlapSeconds: 0` all of them
    /// then refuse the old secret.
    #[schema(value_type = Option<WaitFor>, nullable = false)]
    wait_for: Option<WaitFor>,
}

/// Which live secret a regenerate gives up.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Replace)]
pub(super) enum ReplaceBody {
    Oldest,
    Newest,
}

impl From<ReplaceBody> for Replace {
    fn from(replace: ReplaceBody) -> Self {
        match replace {
            ReplaceBody::Oldest => Self::Oldest,
            ReplaceBody::Newest => Self::Newest,
        }
    }
}

/// Regenerates a key's secret
///
/// A new secret, with a new prefix, under the same key; the old one goes on working for an overlap, so that the new one can
/// be deployed first. The answer holds the secret, once.
#[utoipa::path(
    post, path = "/v1/partners/{partnerId}/keys/{keyId}/regenerate", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The revision that this is meant for, as an entity tag")
    ),
    request_body(content = Option<RegenerateKeyBody>),
    responses(
        (status = 200, description = "The key, and its new secret", body = MintedBody, headers(
            ("ETag" = String, description = "Its revision")
        )),
        CommandProblems,
        StaleProblem
    )
)]
pub(crate) async fn regenerate_key(
    http: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "regenerate_key")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_write(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    let Sent { mut fields, request, revisions } = entrance.command(payload).await?;
    let sent = RegenerateKeyBody {
        overlap_seconds: fields.optional("overlapSeconds", number(Overlap::seconds)),
        replace: fields.optional("replace", replace),
        wait_for: fields.optional("waitFor", WaitFor::read),
    };
    if sent.replace == Some(Replace::Newest) && sent.overlap_seconds.is_some() {
        let message =
            "must be left out where the newest is replaced: the deployed secret keeps the end it has";
        fields.faults().push("overlapSeconds", message);
    }
    fields.finish()?;
    let command = RegenerateKey { key, overlap: sent.overlap_seconds, replace: sent.replace, revisions };
    let service = entrance.service().clone();
    let minted = to_its_end({
        let service = service.clone();
        async move { service.regenerate_key(&request, command).await }
    });
    Ok(key_body::minted(&service, minted.await??, StatusCode::OK, sent.wait_for).await)
}
