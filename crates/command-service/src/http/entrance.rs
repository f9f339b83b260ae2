use actix_web::{HttpMessage, HttpRequest, http::StatusCode, web};
use keyledger_domain::{Authority, KeyId, PartnerId};
use uuid::Uuid;

use super::{
    Api,
    finish::{Operation, RequestId},
    problem::{FieldFault, Problem},
    secrets,
};
use crate::{
    CommandService, KeyRef, Request,
    ports::{Principal, Unidentified},
};

/// Somebody who was let in, with their request. What is judged here is judged before a body is read: who asks (401),
/// whether the path is there for them (404), whether they have the right (403).
pub(crate) struct Entrance {
    pub(crate) api: web::Data<Api>,
    pub(crate) principal: Principal,
    pub(crate) http: HttpRequest,
    pub(crate) request_id: String,
}

impl Entrance {
    /// Lets somebody in who has a working key, to an operation that is named so in spans and metrics.
    pub(crate) fn enter(http: &HttpRequest, operation: &'static str) -> Result<Self, Problem> {
        http.extensions_mut().insert(Operation(operation));
        tracing::Span::current().record("operation", operation);
        let api = http.app_data::<web::Data<Api>>().cloned().expect("routes are configured with their api");
        let principal = identify(&api, http)?;
        secrets::refuse_in_address(api.service.parts().marker, http)?;
        let request_id = http.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self { api, principal, http: http.clone(), request_id })
    }

    pub(crate) fn service(&self) -> &CommandService {
        &self.api.service
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.principal.authority
    }

    /// The partner of the path. One that is not theirs is absent, not forbidden.
    pub(crate) fn partner(&self) -> Result<PartnerId, Problem> {
        self.partner_if(|authority, partner| authority.sees(partner))
    }

    /// As [`Self::partner`], for the history, which is there for auditors too.
    pub(crate) fn partner_with_history(&self) -> Result<PartnerId, Problem> {
        self.partner_if(|authority, partner| authority.sees(partner) || authority.may_read_history(partner))
    }

    fn partner_if(&self, there: impl Fn(&Authority, &PartnerId) -> bool) -> Result<PartnerId, Problem> {
        let text = self.http.match_info().get("partnerId").unwrap_or_default();
        match PartnerId::parse(text) {
            Ok(partner) if there(self.authority(), &partner) => Ok(partner),
            // Only to those for whom every partner is there does it matter what a partner's name looks like.
            Err(fault) if self.authority().may_operate() => {
                Err(Problem::invalid(vec![FieldFault::new("partnerId", fault)]))
            }
            _ => Err(Problem::not_found()),
        }
    }

    /// The key of the path, of a partner that is there for them.
    pub(crate) fn key_of(&self, partner_id: PartnerId) -> Result<KeyRef, Problem> {
        let text = self.http.match_info().get("keyId").unwrap_or_default();
        // One key has one path: other spellings of its id are not it.
        let key_id =
            Uuid::try_parse(text).ok().filter(|id| id.to_string() == text).ok_or_else(Problem::not_found)?;
        Ok(KeyRef { partner_id, key_id: KeyId(key_id) })
    }

    /// Refuses somebody without the right.
    pub(crate) fn needs(&self, right: bool) -> Result<(), Problem> {
        if right { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// The request as the use cases see it, without an idempotency key.
    pub(crate) fn request(&self) -> Request {
        Request::of(self.principal.clone(), self.request_id.clone())
    }
}

fn identify(api: &Api, http: &HttpRequest) -> Result<Principal, Problem> {
    let mut values = http.headers().get_all("x-api-key");
    let nobody = || {
        Problem::new(StatusCode::UNAUTHORIZED, "no-identity", "send a working management key in x-api-key")
    };
    let key = values.next().ok_or_else(nobody)?;
    if values.next().is_some() {
        return Err(Problem::malformed(
            "x-api-key was sent more than once, so which key was meant cannot be known",
        ));
    }
    api.gatekeeper.identify(key.as_bytes()).map_err(|unidentified| match unidentified {
        Unidentified::Unknown => nobody(),
        Unidentified::CannotKnow => Problem::unavailable(
            "cannot-know",
            "who asks cannot be known now: the key index is loading, or cut off from the log. Nothing was done. Try again",
        ),
    })
}

/// A path that is none of this API's, and so is nobody's secret.
pub(crate) async fn nothing_here(http: HttpRequest) -> Result<actix_web::HttpResponse, Problem> {
    http.extensions_mut().insert(Operation("not_found"));
    Err(Problem::not_found())
}

/// Any other path of the API.
pub(crate) async fn not_found(http: HttpRequest) -> Result<actix_web::HttpResponse, Problem> {
    Entrance::enter(&http, "not_found")?;
    Err(Problem::not_found())
}

/// Another method than a path has. A path of another partner has none.
pub(crate) async fn wrong_method(
    http: HttpRequest,
    allow: &'static str,
) -> Result<actix_web::HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "wrong_method")?;
    if http.match_info().get("partnerId").is_some() {
        if http.path().ends_with("/history") {
            entrance.partner_with_history()?;
        } else {
            entrance.partner()?;
        }
    }
    Err(Problem::method_not_allowed(allow))
}
