use actix_web::{HttpRequest, HttpResponse, web};
use keyledger_domain::{KeyName, Scopes, Throttle, Timestamp};
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    create_key::add_faults,
    doc::{CommandProblems, StaleProblem},
    entrance::Entrance,
    fields::Fields,
    key_body::{self, KeyBody, ThrottleBody},
    problem::Problem,
    read_values::{moment, scopes, text, throttle, yes_or_no},
};
use crate::{CommandService, EditKey, KeyRef, Revisions, edit_key::Values};

/// What is to change about a key; what is left out stays as it is.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EditKey, rename_all = "camelCase", example = json!({"name": "Order sync, Cologne", "expiresAt": null}))]
pub(super) struct EditKeyBody {
    /// What people call it. It stays in the history for ever.
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    name: Option<KeyName>,
    /// All it may do.
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 100)]
    scopes: Option<Scopes>,
    /// How fast it may call; null restores the default.
    #[schema(value_type = Option<ThrottleBody>)]
    throttle: Option<Throttle>,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Timestamp>>,
    /// Lets the last operator key lose its right, or get an end.
    #[schema(value_type = Option<bool>, nullable = false)]
    force: bool,
}

/// Edits a key
///
/// It takes effect at once; the secret stays as it is. One event is recorded for each field that really changes, all in one
/// append; nothing is recorded where nothing changes.
#[utoipa::path(
    patch, path = "/v1/partners/{partnerId}/keys/{keyId}", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key"),
        ("If-Match" = Option<String>, Header, description = "The revision that this is meant for, as an entity tag")
    ),
    request_body = EditKeyBody,
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String, description = "Its revision"))),
        CommandProblems,
        StaleProblem
    )
)]
pub(crate) async fn edit_key(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "edit_key")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_write(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    let Sent { fields, request, revisions } = entrance.command(payload).await?;
    let service = entrance.service().clone();
    let command = EditKeyBody::read(fields, &service, key, revisions).await?;
    let changed = to_its_end({
        let service = service.clone();
        async move { service.edit_key(&request, command).await }
    });
    key_body::changed(&service, changed.await??).await
}

impl EditKeyBody {
    async fn read(
        mut fields: Fields,
        service: &CommandService,
        key: KeyRef,
        revisions: Revisions,
    ) -> Result<EditKey, Problem> {
        let sent = Self {
            name: fields.optional("name", text(KeyName::parse)),
            scopes: fields.optional("scopes", scopes),
            throttle: fields
                .nullable("throttle", throttle)
                .map(|throttle| throttle.unwrap_or(Throttle::DEFAULT)),
            expires_at: fields.nullable("expiresAt", moment),
            force: fields.optional("force", yes_or_no).unwrap_or_default(),
        };
        fields.refuse_the_rest();
        if !fields.faults().is_empty() {
            let present = service.show_key(&key).await?;
            let (scopes, expires_at) = (sent.scopes.as_ref(), sent.expires_at.flatten());
            let values = Values { held: Some(&present.scopes), scopes, expires_at };
            add_faults(&mut fields, values, service, &key.partner_id).await?;
        }
        fields.finish()?;
        let Self { name, scopes, throttle, expires_at, force } = sent;
        Ok(EditKey { key, name, scopes, throttle, expires_at, force, revisions })
    }
}
