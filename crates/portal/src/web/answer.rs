use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use keyledger_command_service::{CommandError, Failure, ports::ListError};
use maud::Markup;

use crate::{pages, people::Unavailable};

/// Whether the page that is open asks, and puts the answer into itself.
pub(crate) fn is_partial(http: &HttpRequest) -> bool {
    http.headers().contains_key("HX-Request")
}

/// A page.
pub(crate) fn page(markup: Markup) -> HttpResponse {
    html(StatusCode::OK, markup)
}

/// A page with another status.
pub(crate) fn html(status: StatusCode, markup: Markup) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(markup.into_string())
}

/// Leads to another page, which is then asked for with GET.
pub(crate) fn to(http: &HttpRequest, path: &str) -> HttpResponse {
    if is_partial(http) {
        // The whole page is to change, not a part of the one that is open.
        return HttpResponse::NoContent().insert_header(("HX-Redirect", path)).finish();
    }
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// Leads a whole page to another site.
pub(crate) fn away(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish()
}

/// Why somebody does not get what they asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// They have to sign in.
    SignInFirst {
        /// Whether a part of a page asked.
        partial: bool,
    },
    /// There is nothing, for them.
    NotFound,
    /// A form that was not sent from a page of ours, or from one of another session.
    Foreign,
    /// A form that cannot be read.
    Malformed,
    /// Something was typed that holds a whole key.
    HoldsSecret,
    /// A password would go over a connection that others can read.
    Unsafe,
    /// It cannot be told, or done, now.
    Unavailable(String),
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignInFirst { .. } => "not signed in",
            Self::NotFound => "not found",
            Self::Foreign => "a foreign form",
            Self::Malformed => "a malformed form",
            Self::HoldsSecret => "a secret in a form",
            Self::Unsafe => "an unsafe connection",
            Self::Unavailable(why) => why,
        })
    }
}

impl ResponseError for Turned {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignInFirst { .. } => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Foreign | Self::Unsafe => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::HoldsSecret => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (title, text) = match self {
            Self::SignInFirst { partial: true } => {
                return HttpResponse::NoContent().insert_header(("HX-Redirect", "/sign-in")).finish();
            }
            Self::SignInFirst { partial: false } => {
                return HttpResponse::SeeOther().insert_header((header::LOCATION, "/sign-in")).finish();
            }
            Self::NotFound => ("Nothing here", "This page does not exist, or is not yours to see."),
            Self::Foreign => (
                "Please try again",
                "This form is from an earlier sign-in, or was not sent from this site. Nothing was changed. Go back, reload the page, and \
                 try again.",
            ),
            Self::HoldsSecret => (
                "That was a whole key",
                "What you typed holds a key's secret, so nothing was recorded: names and reasons stay in the history for ever. Revoke that key by \
                 its first eight characters; whoever saw this could use it.",
            ),
            Self::Unsafe => (
                "Sign-in needs https",
                "On this connection others could read your password. Open this page by its https address. Whoever runs the registry gives its \
                 listener a certificate (listen.command_certificate), or lets the proxy before it send X-Forwarded-Proto.",
            ),
            Self::Malformed => ("That did not arrive whole", "Nothing was changed. Go back and try again."),
            Self::Unavailable(why) => {
                tracing::error!(why, "a page cannot be shown");
                (
                    "Not now",
                    "The registry cannot answer at this moment. Where you were changing something, look whether it happened before you try again.",
                )
            }
        };
        html(self.status_code(), pages::notice(title, text))
    }
}

impl From<Unavailable> for Turned {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ListError> for Turned {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::NotFound,
            ListError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<Failure> for Turned {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.to_string())
    }
}

impl From<CommandError> for Turned {
    fn from(error: CommandError) -> Self {
        match error {
            // What a form is refused for, it says itself; elsewhere only the key can be missing.
            CommandError::Refused(_) => Self::NotFound,
            CommandError::Failed(failure) => failure.into(),
        }
    }
}
