use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::{openid::Attempt, people::SessionId};

/// The prefix makes browsers take a cookie over a safe connection alone, for this host and no other, and for every path.
/// (Browsers count the own machine as safe.)
const NAME: &str = "__Host-keyledger";

/// The cookie of an attempt to sign in elsewhere.
const ATTEMPT: &str = "__Host-keyledger-sign-in";

/// The session that a browser shows.
pub(crate) fn session(http: &HttpRequest) -> Option<SessionId> {
    SessionId::parse(http.cookie(NAME)?.value())
}

/// Gives a browser its session.
pub(crate) fn of(session: SessionId) -> Cookie<'static> {
    cookie(NAME, session.expose())
}

/// Takes a browser's session away.
pub(crate) fn gone() -> Cookie<'static> {
    expired(NAME)
}

/// The attempt to sign in elsewhere that a browser began last.
pub(crate) fn attempt(http: &HttpRequest) -> Option<Attempt> {
    Attempt::parse(http.cookie(ATTEMPT)?.value())
}

/// Lets a browser keep an attempt until it comes back.
pub(crate) fn of_attempt(attempt: &Attempt) -> Cookie<'static> {
    let mut cookie = cookie(ATTEMPT, attempt.expose());
    cookie.set_max_age(Duration::seconds(Attempt::SECONDS.into()));
    cookie
}

/// Takes an attempt away: each is good for one answer.
pub(crate) fn no_attempt() -> Cookie<'static> {
    expired(ATTEMPT)
}

fn expired(name: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(name, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// `Lax`: it is shown when somebody comes by a link, also from the provider, and with no form and no picture of another site.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}
