//! The description of the whole surface, generated from the operations.

use std::{collections::BTreeMap, sync::LazyLock};

use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
        schema::Type,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use super::{
    change_catalogue, create_key, edit_key, end_overlap, key_history, list_keys, list_validators,
    problem::{FieldFault, ProblemBody},
    read_events, regenerate_key, revoke, revoke_key, show_catalogue, show_key, show_log, show_openapi,
    show_projections,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "keyledger management API",
        description = "Creates, regenerates, edits and revokes API keys, and tells their history. Times are RFC 3339 in UTC \
                       with milliseconds. HEAD is answered as GET, but on /v1/events. Errors are RFC 9457 problems with a `code`. \
                       With an `Idempotency-Key` the same request by the same key again gives the same answer, but for the \
                       secret, and records nothing twice.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        create_key::create_key,
        list_keys::list_keys,
        show_key::show_key,
        edit_key::edit_key,
        regenerate_key::regenerate_key,
        end_overlap::end_overlap,
        revoke_key::revoke_key,
        key_history::key_history,
        revoke::revoke,
        read_events::read_events,
        show_log::show_log,
        list_validators::list_validators,
        show_projections::show_projections,
        show_projections::read_projection,
        show_catalogue::show_catalogue,
        change_catalogue::change_catalogue,
        show_openapi::show_openapi,
    ),
    components(schemas(ProblemBody<'_>, FieldFault)),
    security(("managementKey" = [])),
    modifiers(&Everywhere)
)]
struct Description;

/// The description as JSON.
#[must_use]
pub fn openapi() -> &'static str {
    // Whoever asks needs no key, so asking must cost nothing.
    static JSON: LazyLock<String> =
        LazyLock::new(|| Description::openapi().to_pretty_json().expect("a description is JSON"));
    &JSON
}

/// What holds for every operation, said once.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let key =
            ApiKeyValue::with_description("x-api-key", "The secret of a key with registry scopes; one value");
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("managementKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
        let problems = READ.iter().map(|told| (READ_PROBLEM, told));
        let problems = problems.chain(COMMAND.iter().chain([&STALE]).map(|told| (COMMAND_PROBLEM, told)));
        components.responses.extend(problems.map(|(kind, told)| (name(kind, told.0), problem(told))));
        let operations = openapi.paths.paths.values_mut().flat_map(|path| {
            [&mut path.get, &mut path.post, &mut path.put, &mut path.patch].into_iter().flatten()
        });
        let own = operations.flat_map(|operation| operation.responses.responses.values_mut());
        for response in own.chain(components.responses.values_mut()) {
            if let RefOr::T(response) = response {
                add_common_headers(response);
            }
        }
    }
}

/// The headers of every answer, where it does not say otherwise.
fn add_common_headers(response: &mut Response) {
    for (name, kind, description) in [
        ("X-Request-Id", Type::String, "Names the request in logs and events"),
        (
            "X-Log-Position",
            Type::Integer,
            "The head of the log that it knew. It is missing where the request did not come as far as the API: its head or \
             its body was refused, or the process is overloaded",
        ),
        ("Cache-Control", Type::String, "`no-store`"),
    ] {
        response.headers.entry(name.to_owned()).or_insert_with(|| RefOr::T(header(kind, description)));
    }
}

fn header(kind: Type, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind);
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// How an operation that only reads can fail.
pub(super) struct ReadProblems;

/// How an operation that changes something can fail.
pub(super) struct CommandProblems;

/// How an operation that looks at `If-Match` can fail besides.
pub(super) struct StaleProblem;

/// A status, and what it means.
type Told = (&'static str, &'static str);

const READ: &[Told] = &[
    ("400", "`malformed`: the request cannot be read, or x-api-key was sent twice"),
    ("401", "`no-identity`: no working management key, the same for all causes"),
    ("403", "`forbidden`: the key has no scope that allows it"),
    ("404", "`not-found`: it is not there, or not for this key"),
    ("405", "`method-not-allowed`: see Allow"),
    (
        "422",
        "`invalid`: errors names every faulty parameter; `holds-secret`: a secret was sent where none belongs",
    ),
    ("431", "`head-too-large`: at most 32 header fields and 16 KiB"),
    ("500", "`log-damaged`: the log holds something that cannot be believed or read"),
    ("503", "`cannot-know`, `log-unavailable`, `lists-unavailable`, `overloaded`"),
];

const COMMAND: &[Told] = &[
    ("403", "`forbidden`, or `may-not-grant`: it needs the right to grant every scope the key has and gets"),
    ("404", "`not-found`: it is not there, or not for this key; `no-match`: no key matches"),
    ("408", "`slow-body`: the body did not arrive in time"),
    (
        "409",
        "`key-revoked`, `key-expired`, `key-exists`, `key-unreadable`, `overlap-running`, `last-operator-key`, \
         `too-many-keys`, `ambiguous-prefix` (with `matches`), `idempotency-key-in-flight`",
    ),
    ("413", "`too-large`: a body has at most 64 KiB"),
    ("415", "`not-json`"),
    (
        "422",
        "`invalid`: errors names every faulty field; `holds-secret`: a secret was sent where none belongs; \
         `idempotency-key-reused`: it was used for another request",
    ),
    (
        "503",
        "`log-unavailable`, `lists-unavailable`, `contended`, `cannot-know`, `overloaded`: nothing was recorded; \
         `outcome-unknown`: it may have been; `recorded-not-applied`: it is, at `position`, but not applied yet; `validators` tells where it is in force, if `waitFor` asked",
    ),
];

const STALE: Told = ("412", "`stale`: it was changed since the revision that If-Match names");

/// The headers of problems by their status.
const HEADERS: &[(&str, &str, &str)] = &[
    ("401", "WWW-Authenticate", "That a key is asked for in x-api-key"),
    ("405", "Allow", "The methods that there are"),
    ("409", "Retry-After", "With `idempotency-key-in-flight`: the seconds after which to ask again"),
    ("503", "Retry-After", "The seconds after which to ask again"),
];

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        READ.iter().map(|told| refer(READ_PROBLEM, told.0)).collect()
    }
}

impl IntoResponses for CommandProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = ReadProblems::responses();
        responses.extend(COMMAND.iter().map(|told| refer(COMMAND_PROBLEM, told.0)));
        responses
    }
}

impl IntoResponses for StaleProblem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refer(COMMAND_PROBLEM, STALE.0)])
    }
}

const READ_PROBLEM: &str = "Problem";
const COMMAND_PROBLEM: &str = "CommandProblem";

/// The name under which a problem is described once, for all operations.
fn name(kind: &str, status: &str) -> String {
    format!("{kind}{status}")
}

fn refer(kind: &str, status: &str) -> (String, RefOr<Response>) {
    (status.to_owned(), RefOr::Ref(Ref::from_response_name(name(kind, status))))
}

fn problem((status, description): &Told) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response =
        ResponseBuilder::new().description(*description).content("application/problem+json", content);
    let own = HEADERS.iter().filter(|(of, ..)| of == status);
    RefOr::T(
        own.fold(response, |response, (_, name, tells)| response.header(*name, header(Type::String, tells)))
            .build(),
    )
}
