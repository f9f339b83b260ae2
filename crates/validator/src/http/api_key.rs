//! Which key a request shows.

use actix_web::{HttpRequest, http::header::HeaderName};

/// The only place where a key is looked for. `Authorization: Bearer` is not a key.
static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request has in `x-api-key`.
pub(crate) enum ApiKey<'a> {
    /// Nothing.
    Missing,
    /// One value, as it came: bytes that may be anything.
    One(&'a [u8]),
    /// More than one, on a line each or, as a proxy may join them, on one line with a comma, which is in no key; which was
    /// meant cannot be known, also where they are equal.
    Several,
}

impl<'a> ApiKey<'a> {
    pub(crate) fn of(request: &'a HttpRequest) -> Self {
        let mut values = request.headers().get_all(&X_API_KEY);
        match (values.next(), values.next()) {
            (None, _) => Self::Missing,
            (Some(one), None) if !one.as_bytes().contains(&b',') => Self::One(one.as_bytes()),
            (Some(_), _) => Self::Several,
        }
    }
}
