use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::people::SessionId;

/// Its prefix makes browsers take it over a safe connection alone, for this host and no other, and for every path.
/// (Browsers count the own machine as safe.)
const NAME: &str = "__Host-keyledger";

/// The session that a browser shows.
pub(crate) fn session(http: &HttpRequest) -> Option<SessionId> {
    SessionId::parse(http.cookie(NAME)?.value())
}

/// Gives a browser its session.
pub(crate) fn of(session: SessionId) -> Cookie<'static> {
    cookie(session.expose())
}

/// Takes a browser's session away.
pub(crate) fn gone() -> Cookie<'static> {
    let mut cookie = cookie(String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build(NAME, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}
