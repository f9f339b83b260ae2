use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use keyledger_domain::{Authority, Catalogue, catalogue::Resource};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    at::{AT, moment},
    doc::ReadProblems,
    entrance::Entrance,
    headers::etag,
    problem::Problem,
    query,
};

/// The scopes there are.
#[derive(Serialize, ToSchema)]
#[schema(as = Catalogue)]
pub(super) struct CatalogueBody {
    /// What an API offers, in the order in which it was written.
    #[schema(min_items = 1)]
    resources: Vec<ResourceBody>,
}

/// Something an API offers, with what may be done to it.
#[derive(Serialize, ToSchema)]
#[schema(as = Resource, example = json!({
    "name": "client", "verbs": ["read", "write"], "children": ["clientEmail"],
    "describe": {"read": "All GET endpoints under /v1/client"}
}))]
pub(super) struct ResourceBody {
    /// The part of a scope before the colon.
    name: String,
    /// The parts of its scopes after the colon.
    #[schema(min_items = 1)]
    verbs: Vec<String>,
    /// The resources that a scope on this one covers too, with the same verb.
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    children: Vec<String>,
    /// What each verb means, for people.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    describe: BTreeMap<String, String>,
}

impl From<Catalogue> for CatalogueBody {
    fn from(catalogue: Catalogue) -> Self {
        let resources = catalogue.resources().iter().cloned().map(ResourceBody::from).collect();
        Self { resources }
    }
}

impl From<Resource> for ResourceBody {
    fn from(resource: Resource) -> Self {
        let Resource { name, verbs, children, describe } = resource;
        Self { name, verbs, children, describe }
    }
}

/// Shows the scope catalogue
///
/// To everybody who holds a registry scope.
#[utoipa::path(
    get, path = "/v1/scopes", tag = "scopes",
    params(("at" = Option<String>, Query, description = AT, example = "2026-03-01T12:00:00Z")),
    responses(
        (status = 200, description = "The catalogue", body = CatalogueBody, headers(
            ("ETag" = String, description = "Its revision")
        )),
        ReadProblems
    )
)]
pub(crate) async fn show_catalogue(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "show_catalogue")?;
    entrance.needs(manages_anything(entrance.authority()))?;
    let mut parameters = query::read(&http)?;
    let moment = parameters.optional("at", moment);
    parameters.finish()?;
    let service = entrance.service();
    let found = match moment {
        None => service.show_catalogue().await?.map(|(catalogue, revision, _)| (catalogue, revision)),
        Some(moment) => service.catalogue_then(service.then(moment).await?).await?,
    };
    let (catalogue, revision) =
        found.map_or((Catalogue::default(), None), |(c, revision)| (c, Some(revision)));
    let mut answer = HttpResponse::Ok();
    if let Some(revision) = revision {
        answer.insert_header(etag(revision));
    }
    Ok(answer.json(CatalogueBody::from(catalogue)))
}

/// Whether this is a management key at all, and not one for the API that the registry guards.
fn manages_anything(authority: &Authority) -> bool {
    let own = authority.partner();
    authority.may_read(own) || authority.may_write(own) || authority.may_read_events()
}
