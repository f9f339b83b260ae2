use actix_web::{HttpMessage as _, HttpRequest, web};
use keyledger_command_service::{IdempotencyKey, KeyRef, Request};
use keyledger_domain::{KeyId, PartnerId, Timestamp};
use uuid::Uuid;

use super::{
    answer::{Turned, is_partial},
    cookie,
    finish::RequestId,
};
use crate::{
    Portal,
    people::{Person, SessionId, Standing},
};

/// Somebody who is signed in, with their request.
pub(crate) struct Visit {
    pub(crate) portal: web::Data<Portal>,
    pub(crate) person: Person,
    pub(crate) session: SessionId,
    pub(crate) http: HttpRequest,
    request_id: String,
}

/// The portal that a request reached.
pub(crate) fn portal(http: &HttpRequest) -> web::Data<Portal> {
    http.app_data().cloned().expect("routes are configured with their portal")
}

impl Visit {
    /// Lets somebody in who is signed in, to a page that is named so in spans. Who they are and what they may do is looked
    /// up with each request, so that what was taken away is gone with the next one.
    pub(crate) async fn enter(http: &HttpRequest, page: &'static str) -> Result<Self, Turned> {
        tracing::Span::current().record("page", page);
        let portal = portal(http);
        let first = Turned::SignInFirst { partial: is_partial(http) };
        let session = cookie::session(http).ok_or_else(|| first.clone())?;
        let (lifetimes, now) = (portal.lifetimes, portal.clock.now());
        let found = portal.people(move |people| people.signed_in(session, lifetimes, now)).await?;
        let person = found.filter(|person| portal.knows_where(person)).ok_or(first)?;
        let request_id = http.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self { portal, person, session, http: http.clone(), request_id })
    }

    /// Turns somebody away who is not signed in any more, or as somebody else than when they came.
    pub(crate) async fn must_still_be(&self) -> Result<(), Turned> {
        let (session, lifetimes, now) = (self.session, self.portal.lifetimes, self.now());
        let person = self.portal.people(move |people| people.signed_in(session, lifetimes, now)).await?;
        if person.as_ref() == Some(&self.person) {
            Ok(())
        } else {
            Err(Turned::SignInFirst { partial: self.is_partial() })
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.portal.clock.now()
    }

    pub(crate) fn is_partial(&self) -> bool {
        is_partial(&self.http)
    }

    /// The partner of the path. One that is not theirs is not there.
    pub(crate) fn partner(&self) -> Result<PartnerId, Turned> {
        let text = self.http.match_info().get("partnerId").unwrap_or_default();
        let partner = PartnerId::parse(text).map_err(|_| Turned::NotFound)?;
        if self.person.standing.authority().sees(&partner) { Ok(partner) } else { Err(Turned::NotFound) }
    }

    /// As [`Self::partner`], for whoever may manage the partner's keys.
    pub(crate) fn managed_partner(&self) -> Result<PartnerId, Turned> {
        let partner = self.partner()?;
        if self.person.standing.authority().may_write(&partner) { Ok(partner) } else { Err(Turned::NotFound) }
    }

    /// The key of the path, of a partner whose keys they may manage.
    pub(crate) fn key(&self) -> Result<KeyRef, Turned> {
        let partner_id = self.managed_partner()?;
        let text = self.http.match_info().get("keyId").unwrap_or_default();
        let key_id =
            Uuid::try_parse(text).ok().filter(|id| id.to_string() == text).ok_or(Turned::NotFound)?;
        Ok(KeyRef { partner_id, key_id: KeyId(key_id) })
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.person.standing == Standing::Operator
    }

    /// The request as the use cases see it.
    pub(crate) fn request(&self, idempotency: Option<IdempotencyKey>) -> Request {
        Request {
            actor: self.person.actor(),
            authority: self.person.standing.authority(),
            request_id: self.request_id.clone(),
            idempotency,
        }
    }
}
