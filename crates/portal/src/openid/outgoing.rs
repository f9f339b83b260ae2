use std::{fmt, time::Duration};

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::{Client, redirect};

/// How long a provider may take for one answer, while somebody looks at an empty page.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an answer may be, in bytes: keys and claims are far shorter.
const LONGEST: usize = 1 << 20;

/// What asks a provider. It follows nobody elsewhere, since what it shows is for the provider alone.
#[derive(Clone)]
pub(super) struct Outgoing(Client);

/// Why a provider did not answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The connection, or what went over it.
    Broken(reqwest::Error),
    /// More than there can be.
    TooLong,
    /// It says itself that it cannot answer now.
    Failing(reqwest::StatusCode),
    /// It cannot be asked, or its answer is none.
    Malformed(openidconnect::http::Error),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => error.fmt(f),
            Self::TooLong => write!(f, "its answer is longer than {LONGEST} bytes"),
            Self::Failing(status) => write!(f, "it answers with {status}"),
            Self::Malformed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoAnswer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Broken(error) => error.source(),
            Self::TooLong | Self::Failing(_) => None,
            Self::Malformed(error) => error.source(),
        }
    }
}

impl Outgoing {
    pub(super) fn new() -> reqwest::Result<Self> {
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE);
        Ok(Self(client.build()?))
    }

    pub(super) async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let request = reqwest::Request::try_from(request).map_err(NoAnswer::Broken)?;
        // A URL can hold what is nobody else's.
        let broken = |error: reqwest::Error| NoAnswer::Broken(error.without_url());
        let mut answer = self.0.execute(request).await.map_err(broken)?;
        let status = answer.status();
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(NoAnswer::Failing(status));
        }
        let mut built = openidconnect::http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            built = built.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        built.body(body).map_err(NoAnswer::Malformed)
    }
}
