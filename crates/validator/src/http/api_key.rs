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
    /// More than one line; which was meant cannot be known, also where they are equal.
    Several,
}

impl<'a> ApiKey<'a> {
    pub(crate) fn of(request: &'a HttpRequest) -> Self {
        let mut values = request.headers().get_all(&X_API_KEY);
        match (values.next(), values.next()) {
            (None, _) => Self::Missing,
            (Some(one), None) => Self::One(one.as_bytes()),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}
