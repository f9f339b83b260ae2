use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use keyledger_domain::{
    Catalogue, KeyId, KeyName, PartnerId, Scope,
    catalogue::{CatalogueFault, Resource},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    command::{Sent, to_its_end},
    doc::{CommandProblems, StaleProblem},
    entrance::Entrance,
    fields::{Faults, Fields},
    headers::etag,
    problem::Problem,
    read_values::{object, text, yes_or_no},
    secrets::speakable,
    show_catalogue::{CatalogueBody, ResourceBody},
};
use crate::{CatalogueChanged, ChangeCatalogue, Losing};

/// A whole catalogue, to take the place of the present one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeCatalogue, rename_all = "camelCase")]
pub(super) struct ChangeCatalogueBody {
    /// All resources.
    #[schema(value_type = Vec<ResourceBody>, min_items = 1)]
    resources: Option<Vec<Resource>>,
    /// Only tells which keys would lose what.
    #[schema(value_type = Option<bool>, nullable = false)]
    dry_run: bool,
}

/// A catalogue that took the place of another, or on a dry run would.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueChanged)]
pub(super) struct CatalogueChangedBody {
    /// The new catalogue.
    catalogue: CatalogueBody,
    /// Keys that can do less under it, at most 1,000.
    losing: Vec<LosingBody>,
    /// Whether there are more of them.
    more_losing: bool,
}

/// A key that can do less.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Losing)]
pub(super) struct LosingBody {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// Its owner.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// What people call it.
    #[schema(value_type = String)]
    name: KeyName,
    /// What it loses, children spelled out.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
}

/// Changes the scope catalogue
///
/// The whole catalogue at once. A key that holds a scope which is gone keeps working for what remains. Nothing is recorded
/// where the catalogue is already so. For operators.
#[utoipa::path(
    put, path = "/v1/scopes", tag = "scopes",
    params(("If-Match" = Option<String>, Header, description = "The revision that this is meant for, as an entity tag")),
    request_body = ChangeCatalogueBody,
    responses(
        (status = 200, description = "The catalogue, and which keys lose what", body = CatalogueChangedBody, headers(
            ("ETag" = String, description = "Its revision")
        )),
        CommandProblems,
        StaleProblem
    )
)]
pub(crate) async fn change_catalogue(
    http: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "change_catalogue")?;
    entrance.needs(entrance.authority().may_operate())?;
    let Sent { fields, request, revisions } = entrance.command(payload).await?;
    let (catalogue, dry_run) = ChangeCatalogueBody::read(fields)?;
    let command = ChangeCatalogue { catalogue, dry_run, revisions };
    let service = entrance.service().clone();
    let changed = to_its_end(async move { service.change_catalogue(&request, command).await }).await??;
    if !changed.applied {
        return Err(Problem::recorded_not_applied(changed.position));
    }
    let CatalogueChanged { catalogue, revision, losing, more_losing, .. } = changed;
    let mut answer = HttpResponse::Ok();
    if let Some(revision) = revision {
        answer.insert_header(etag(revision));
    }
    let (catalogue, losing) = (catalogue.into(), losing.into_iter().map(LosingBody::from).collect());
    Ok(answer.json(CatalogueChangedBody { catalogue, losing, more_losing }))
}

impl From<Losing> for LosingBody {
    fn from(losing: Losing) -> Self {
        let Losing { key_id, partner_id, name, scopes } = losing;
        Self { key_id, partner_id, name, scopes }
    }
}

impl ChangeCatalogueBody {
    fn read(mut fields: Fields) -> Result<(Catalogue, bool), Problem> {
        let sent = Self {
            resources: fields.required("resources", resources),
            dry_run: fields.optional("dryRun", yes_or_no).unwrap_or_default(),
        };
        let catalogue = sent.resources.map(Catalogue::new);
        if let Some(Err(faults)) = &catalogue {
            faults.iter().for_each(|fault: &CatalogueFault| fields.faults().push("resources", fault));
        }
        fields.finish()?;
        let catalogue = catalogue.and_then(Result::ok).ok_or_else(|| Problem::invalid(Vec::new()))?;
        Ok((catalogue, sent.dry_run))
    }
}

/// Reads resources. Whatever is no word is refused by its place, so that the catalogue's own faults quote words only.
fn resources(value: &Value, field: &str, faults: &mut Faults) -> Option<Vec<Resource>> {
    let Some(values) = value.as_array() else {
        faults.push(field, "must be a list of resources");
        return None;
    };
    let read: Vec<_> = (0..)
        .zip(values)
        .map(|(at, value): (usize, _)| resource(value, &format!("{field}[{at}]"), faults))
        .collect();
    read.into_iter().collect()
}

fn resource(value: &Value, field: &str, faults: &mut Faults) -> Option<Resource> {
    let object = object(value, field, &["name", "verbs", "children", "describe"], faults)?;
    let at = |part: &str| format!("{field}.{part}");
    let missing = Value::Null;
    let name = text(word)(object.get("name").unwrap_or(&missing), &at("name"), faults);
    let verbs = words(object.get("verbs").unwrap_or(&missing), &at("verbs"), faults);
    let children = match object.get("children") {
        Some(children) => words(children, &at("children"), faults),
        None => Some(Vec::new()),
    };
    let describe = match object.get("describe") {
        Some(texts) => descriptions(texts, &at("describe"), faults),
        None => Some(BTreeMap::new()),
    };
    Some(Resource { name: name?, verbs: verbs?, children: children?, describe: describe? })
}

fn words(value: &Value, field: &str, faults: &mut Faults) -> Option<Vec<String>> {
    let Some(values) = value.as_array() else {
        faults.push(field, "must be a list of names");
        return None;
    };
    let read: Vec<_> = (0..)
        .zip(values)
        .map(|(at, value): (usize, _)| text(word)(value, &format!("{field}[{at}]"), faults))
        .collect();
    read.into_iter().collect()
}

fn descriptions(value: &Value, field: &str, faults: &mut Faults) -> Option<BTreeMap<String, String>> {
    let Some(texts) = value.as_object() else {
        faults.push(field, "must be an object");
        return None;
    };
    let read: Vec<_> = texts
        .iter()
        .map(|(verb, value)| {
            let field = format!("{field}.{}", speakable(verb));
            let known = word(verb).map_err(|fault| faults.push(&field, fault)).ok();
            let meaning = text(|meaning| Ok::<_, &str>(meaning.to_owned()))(value, &field, faults);
            Some((known?, meaning?))
        })
        .collect();
    read.into_iter().collect()
}

/// The name of a resource or a verb: either part of a scope.
fn word(text: &str) -> Result<String, &'static str> {
    let fits = Scope::parse(&format!("{text}:x")).is_ok();
    if fits { Ok(text.to_owned()) } else { Err("must be a letter and then letters, digits, _ or -") }
}
