use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_domain::{KeyName, PartnerId, Scopes, Throttle, Timestamp};
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    doc::CommandProblems,
    entrance::Entrance,
    fields::Fields,
    key_body::{self, MintedBody, ThrottleBody},
    problem::{Problem, fault},
    read_values::{moment, scopes, text, throttle},
};
use crate::{CommandService, CreateKey, Failure, edit_key::Values};

/// What a new key is to be.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateKey, rename_all = "camelCase", example = json!({"name": "Order sync", "scopes": ["client:read"]}))]
pub(super) struct CreateKeyBody {
    /// What people call it. It stays in the history for ever.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: Option<KeyName>,
    /// What it may do: the fewest scopes that are needed, all of the catalogue.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    scopes: Option<Scopes>,
    /// How fast it may call; by default 10 requests a second and 20 at once.
    #[schema(value_type = Option<ThrottleBody>)]
    throttle: Option<Throttle>,
    /// When it ends; by default never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Creates a key
///
/// The answer holds the secret, once; it is stored nowhere.
#[utoipa::path(
    post, path = "/v1/partners/{partnerId}/keys", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it will be"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = CreateKeyBody,
    responses(
        (status = 201, description = "The key, and its secret", body = MintedBody, headers(
            ("Location" = String, description = "The path of the key"), ("ETag" = String, description = "Its revision")
        )),
        CommandProblems
    )
)]
pub(crate) async fn create_key(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "create_key")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_write(&partner_id))?;
    let Sent { fields, request, revisions: _ } = entrance.command(payload).await?;
    let service = entrance.service().clone();
    let command = CreateKeyBody::read(fields, &service, partner_id).await?;
    let minted = to_its_end({
        let service = service.clone();
        async move { service.create_key(&request, command).await }
    });
    Ok(key_body::minted(&service, minted.await??, StatusCode::CREATED, None).await)
}

impl CreateKeyBody {
    async fn read(
        mut fields: Fields,
        service: &CommandService,
        partner_id: PartnerId,
    ) -> Result<CreateKey, Problem> {
        let sent = Self {
            name: fields.required("name", text(KeyName::parse)),
            scopes: fields.required("scopes", scopes),
            throttle: fields.nullable("throttle", throttle).flatten(),
            expires_at: fields.nullable("expiresAt", moment).flatten(),
        };
        fields.refuse_the_rest();
        if !fields.faults().is_empty() {
            // The use case judges these values too, but it is not reached, and all faults are told at once.
            let values = Values { held: None, scopes: sent.scopes.as_ref(), expires_at: sent.expires_at };
            add_faults(&mut fields, values, service, &partner_id).await?;
        }
        fields.finish()?;
        let Self { name: Some(name), scopes: Some(scopes), throttle, expires_at } = sent else {
            return Err(Problem::invalid(Vec::new()));
        };
        Ok(CreateKey { partner_id, name, scopes, throttle, expires_at })
    }
}

/// Adds to the faults of form those that only the catalogue and the clock show.
pub(super) async fn add_faults(
    fields: &mut Fields,
    values: Values<'_>,
    service: &CommandService,
    partner: &PartnerId,
) -> Result<(), Failure> {
    let catalogue = service.scopes().await?;
    for fault in values.faults(&catalogue, partner, service.now()).iter().filter_map(fault) {
        fields.faults().push(fault.field, fault.message);
    }
    Ok(())
}
