use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use keyledger_domain::key::Rejection;
use keyledger_event_log::Position;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{receipt::ReceiptBody, revoke::MatchBody};
use crate::{CommandError, Failure, Refusal, ports::ListError};

/// An answer that says why not (RFC 9457). It quotes names of fields and scopes, and no other value of the request.
#[derive(Debug)]
pub(crate) struct Problem(Box<Told>);

/// What a problem tells; boxed, since every step of an operation may answer with one.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldFault>,
    /// Further members of the answer.
    members: Map<String, Value>,
    retry_after: bool,
    allow: Option<&'static str>,
}

/// A field of the request that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// Which field, as a path: `throttle.burst`, `scopes[2]`.
    #[schema(example = "scopes[2]")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[schema(
        example = "is not a scope: give <resource>:<verb> in at most 80 characters, for example client:read"
    )]
    pub(crate) message: String,
}

impl FieldFault {
    pub(crate) fn new(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }
}

/// How a problem is written: RFC 9457, with members of ours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// The phrase of the status.
    #[schema(example = "Unprocessable Entity")]
    title: &'a str,
    /// The status.
    #[schema(example = 422)]
    status: u16,
    /// What happened, for programs; it never changes its meaning.
    #[schema(example = "invalid")]
    code: &'a str,
    /// What happened, and what can be done, for people.
    detail: &'a str,
    /// Names this request in logs.
    #[schema(format = "uuid")]
    request_id: &'a str,
    /// Every faulty field, where fields are what is wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
    /// `position` of what was recorded; `matches` of an ambiguous prefix.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    members: &'a Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let (errors, members) = (Vec::new(), Map::new());
        Self(Box::new(Told { status, code, detail, errors, members, retry_after: false, allow: None }))
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here")
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "this key has no scope that allows it")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("this is answered to {allow} only");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
        problem.0.allow = Some(allow);
        problem
    }

    pub(crate) fn invalid(errors: Vec<FieldFault>) -> Self {
        let detail = "some fields cannot be so; errors names each of them";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).naming(errors)
    }

    /// A secret stands where a text was meant. It was read by this process and by whatever lies on the way to it.
    pub(crate) fn holds_secret(fields: Vec<String>) -> Self {
        let detail = "a secret was sent where none belongs; it was not kept, but take it for leaked: revoke its key now, \
                      with POST /v1/revocations and its first eight characters";
        let errors = fields.into_iter().map(|field| FieldFault::new(field, "holds a secret")).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "holds-secret", detail).naming(errors)
    }

    pub(crate) fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).for_a_moment()
    }

    /// The command is durable, but the readers of this process have not applied it in time.
    pub(crate) fn recorded_not_applied(position: Position) -> Self {
        let detail = "it is recorded and stays so, but this process has not applied it yet: until it has, the validator may \
                      judge by the state before. Ask again to learn when it has";
        Self::unavailable("recorded-not-applied", detail).with("position", position.get())
    }

    /// At which validators it is in force all the same, where somebody asked.
    pub(super) fn with_receipt(self, receipt: Option<&ReceiptBody>) -> Self {
        match receipt.map(serde_json::to_value) {
            Some(Ok(receipt)) => self.with("validators", receipt),
            _ => self,
        }
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    fn naming(mut self, errors: Vec<FieldFault>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Says that the same request may do better in a second.
    fn for_a_moment(mut self) -> Self {
        self.0.retry_after = true;
        self
    }

    /// The answer.
    pub(crate) fn respond(&self, request_id: &str) -> HttpResponse {
        let Told { status, code, detail, errors, members, retry_after, allow } = &*self.0;
        let title = status.canonical_reason().unwrap_or_default();
        let body = ProblemBody { title, status: status.as_u16(), code, detail, request_id, errors, members };
        let mut answer = HttpResponse::build(*status);
        if *retry_after {
            answer.insert_header(("Retry-After", "1"));
        }
        if let Some(allow) = allow {
            answer.insert_header(("Allow", *allow));
        }
        if *status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 11.6.1, asks for a challenge with every 401.
            answer.insert_header(("WWW-Authenticate", "ApiKey header=\"x-api-key\""));
        }
        answer.content_type("application/problem+json").body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Failed(failure) => failure.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, refusal.to_string());
        match &refusal {
            Refusal::Rejected(rejections) => rejected(rejections),
            Refusal::Stale => Self::new(StatusCode::PRECONDITION_FAILED, "stale", refusal.to_string()),
            Refusal::LastOperatorKey => conflict("last-operator-key"),
            Refusal::TooManyKeys(_) => conflict("too-many-keys"),
            Refusal::NoMatch => Self::new(StatusCode::NOT_FOUND, "no-match", refusal.to_string()),
            Refusal::Ambiguous(matches) => {
                let matches: Vec<_> = matches.iter().map(MatchBody::from).collect();
                conflict("ambiguous-prefix")
                    .with("matches", serde_json::to_value(matches).unwrap_or_default())
            }
            Refusal::IdempotencyKeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", refusal.to_string())
            }
            Refusal::IdempotencyKeyInFlight => conflict("idempotency-key-in-flight").for_a_moment(),
        }
    }
}

fn rejected(rejections: &[Rejection]) -> Problem {
    let faults: Vec<_> = rejections.iter().filter_map(fault).collect();
    if !faults.is_empty() {
        return Problem::invalid(faults);
    }
    let Some(rejection) = rejections.first() else { return Problem::invalid(faults) };
    let (status, code) = match rejection {
        Rejection::NoSuchKey => return Problem::not_found(),
        Rejection::MayNotGrant => (StatusCode::FORBIDDEN, "may-not-grant"),
        Rejection::AlreadyCreated => (StatusCode::CONFLICT, "key-exists"),
        Rejection::KeyRevoked => (StatusCode::CONFLICT, "key-revoked"),
        Rejection::KeyExpired => (StatusCode::CONFLICT, "key-expired"),
        Rejection::OverlapRunning => (StatusCode::CONFLICT, "overlap-running"),
        Rejection::KeyUnreadable => (StatusCode::CONFLICT, "key-unreadable"),
        Rejection::UnknownScopes(_) | Rejection::ScopesNotForPartner(_) | Rejection::ExpiryNotInFuture => {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        }
    };
    Problem::new(status, code, rejection.to_string())
}

/// A rejection as the fault of a field, where it is one.
pub(crate) fn fault(rejection: &Rejection) -> Option<FieldFault> {
    let field = match rejection {
        Rejection::UnknownScopes(_) | Rejection::ScopesNotForPartner(_) => "scopes",
        Rejection::ExpiryNotInFuture => "expiresAt",
        _ => return None,
    };
    Some(FieldFault::new(field, rejection))
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        // What the store said stays in the logs: it may name hosts and files.
        match failure {
            Failure::Unavailable(_) => Self::unavailable(
                "log-unavailable",
                "the log does not answer; nothing was recorded. Try again",
            ),
            Failure::ListsUnavailable(_) => Self::unavailable(
                "lists-unavailable",
                "the lists, which this needs, do not answer or are behind the log; nothing was recorded. Try again; a key can \
                 always be revoked by its id",
            ),
            Failure::OutcomeUnknown(_) => Self::unavailable(
                "outcome-unknown",
                "the log did not say whether it was recorded, in whole or in part: the outcome is unknown. Send the same \
                 request again, with the same Idempotency-Key if it had one, or look at the key",
            ),
            Failure::Contended => Self::unavailable(
                "contended",
                "other writers were faster every time; nothing was recorded. Try again",
            ),
            Failure::Damaged(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "log-damaged",
                "the log holds something that this release cannot believe or read; nothing was recorded. See the logs of \
                 this process",
            ),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => {
                Self::invalid(vec![FieldFault::new("cursor", "is not one that a page ended with")])
            }
            ListError::Unavailable(why) => {
                tracing::error!(why, "the lists cannot be read");
                Self::unavailable("lists-unavailable", "the lists do not answer. Try again")
            }
        }
    }
}
