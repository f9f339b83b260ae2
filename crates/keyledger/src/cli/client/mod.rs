//! The management API, as the commands ask it.

mod broken;
mod key_file;
mod problem;
mod stream;

use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use keyledger_domain::Prefix;
use keyledger_secret::Randomness;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode, Url,
    header::{ETAG, HeaderValue, IF_MATCH},
    redirect::Policy,
};
use serde_json::Value;

pub(crate) use stream::{Reading, StreamError};

use crate::settings;

/// What one request asks for, apart from where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask<'a> {
    /// Parameters of the query.
    pub query: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Option<Value>,
    /// The idempotency key; none: one of its own.
    pub idempotency_key: Option<&'a str>,
    /// For which revision of the key it is meant.
    pub if_match: Option<u64>,
    /// How long an answer may take; none: half a minute.
    pub patience: Option<Duration>,
}

/// How long the way to the registry may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long an answer may take that ends every key of a partner.
pub(crate) const LONG_ANSWER: Duration = Duration::from_secs(600);
/// The most that a file may hold: a tile has at most 256 entries of 16 KiB.
const LARGEST_FILE: usize = 8 * 1024 * 1024;
/// An answer that is not a refusal.
struct Answer {
    body: Value,
    revision: Option<u64>,
}

/// Asks the registry, with a management key.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: HeaderValue,
    randomness: &'static dyn Randomness,
}

impl Client {
    /// A client with the key of `client.key_file`.
    ///
    /// # Errors
    /// Where there is no usable key.
    pub(crate) fn new(
        settings: &settings::Client,
        randomness: &'static dyn Randomness,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("keyledger/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // The key goes to the registry alone: to nowhere it points at, and through nothing that the environment names.
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .context("cannot start the HTTP client")?;
        let key = key_file::read(&settings.key_file)?;
        Ok(Self { http, base: settings.url.as_url().clone(), key, randomness })
    }

    /// The first eight characters of the management key.
    pub(crate) fn prefix(&self) -> Option<Prefix> {
        self.key.as_bytes().get(..8).and_then(|first| Prefix::parse(first).ok())
    }

    /// `GET`
    pub(crate) async fn get(&self, path: &[impl AsRef<str>], ask: Ask<'_>) -> anyhow::Result<Value> {
        self.answer(Method::GET, path, ask).await
    }

    /// `POST`, which the registry does once, however often it arrives.
    pub(crate) async fn post(&self, path: &[impl AsRef<str>], ask: Ask<'_>) -> anyhow::Result<Value> {
        self.answer(Method::POST, path, ask).await
    }

    /// `PATCH`
    pub(crate) async fn patch(&self, path: &[impl AsRef<str>], ask: Ask<'_>) -> anyhow::Result<Value> {
        self.answer(Method::PATCH, path, ask).await
    }

    /// `PUT`, with the revision that the answer is of.
    pub(crate) async fn put(
        &self,
        path: &[impl AsRef<str>],
        ask: Ask<'_>,
    ) -> anyhow::Result<(Value, Option<u64>)> {
        let Answer { body, revision } = self.exchange(Method::PUT, path, ask).await?;
        Ok((body, revision))
    }

    /// `GET` of something that is no JSON; none where it is not there.
    pub(crate) async fn file(&self, path: &[impl AsRef<str>]) -> anyhow::Result<Option<Vec<u8>>> {
        let once = async || {
            let mut response =
                self.request(&Method::GET, path, &Ask::default())?.timeout(ANSWER).send().await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                body.extend_from_slice(&chunk);
                ensure!(
                    body.len() <= LARGEST_FILE,
                    "{} sends more than any file of a registry holds",
                    self.base
                );
            }
            anyhow::Ok((response.status(), body))
        };
        let outcome = match once().await {
            Err(error) if broken::is_break(&error) => once().await,
            outcome => outcome,
        };
        let (status, body) = outcome.map_err(|error| broken::explain_any(error, &Method::GET, &self.base))?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if !status.is_success() => Err(problem::explain(status, &body, &self.base)),
            _ => Ok(Some(body)),
        }
    }

    async fn answer(&self, method: Method, path: &[impl AsRef<str>], ask: Ask<'_>) -> anyhow::Result<Value> {
        Ok(self.exchange(method, path, ask).await?.body)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &[impl AsRef<str>],
        ask: Ask<'_>,
    ) -> anyhow::Result<Answer> {
        // What is meant for one revision of a key is refused the second time, as if it had not been done the first. An edit
        // has no idempotency key by which the registry would know it again.
        let repeatable = ask.if_match.is_none() && method != Method::PATCH;
        let mut own_key = [0; 16];
        self.randomness.fill(&mut own_key);
        let own_key = hex::encode(own_key);
        let once = async || {
            let mut request = self.request(&method, path, &ask)?.timeout(ask.patience.unwrap_or(ANSWER));
            if method == Method::POST {
                request = request.header("idempotency-key", ask.idempotency_key.unwrap_or(&own_key));
            }
            let response = request.send().await?;
            let (status, revision) = (response.status(), revision_of(&response));
            anyhow::Ok((status, revision, response.bytes().await?))
        };
        let outcome = match once().await {
            Err(error) if repeatable && broken::is_break(&error) => once().await,
            outcome => outcome,
        };
        let (status, revision, body) =
            outcome.map_err(|error| broken::explain_any(error, &method, &self.base))?;
        if !status.is_success() {
            return Err(problem::explain(status, &body, &self.base));
        }
        let body = serde_json::from_slice(&body).map_err(|_| not_a_registry(&self.base))?;
        Ok(Answer { body, revision })
    }

    fn request(
        &self,
        method: &Method,
        path: &[impl AsRef<str>],
        ask: &Ask<'_>,
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("client.url has no path"))?
            .clear()
            .extend(path.iter().map(AsRef::as_ref));
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let mut request = self.http.request(method.clone(), url).header("x-api-key", self.key.clone());
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        if let Some(revision) = ask.if_match {
            request = request.header(IF_MATCH, format!("\"{revision}\""));
        }
        Ok(request)
    }
}

/// The revision in an entity tag.
fn revision_of(response: &Response) -> Option<u64> {
    response.headers().get(ETAG)?.to_str().ok()?.trim_matches('"').parse().ok()
}

/// Somebody else listens there.
fn not_a_registry(base: &Url) -> anyhow::Error {
    anyhow!("what answers at {base} is not a registry: correct client.url")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;
    use crate::{environment::OsRandomness, settings::HttpUrl};

    /// Asks somebody who reads requests and breaks every connection; tells how often it was asked.
    async fn asked(method: Method, ask: Ask<'_>) -> usize {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let breaking = thread::spawn(move || {
            let mut requests = 0;
            for connection in listener.incoming() {
                let mut first = [0; 3];
                connection.and_then(|mut stream| stream.read_exact(&mut first)).expect("a request");
                match &first {
                    b"END" => break,
                    _ => requests += 1,
                }
            }
            requests
        });
        let key_file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(key_file.path(), "key").expect("written");
        let url: HttpUrl = format!("http://{address}").parse().expect("a URL");
        let settings = settings::Client { url, key_file: key_file.path().to_owned() };
        let client = Client::new(&settings, &OsRandomness).expect("a client");
        let broken = client.exchange(method, &["v1"], ask).await.err().expect("no answer").to_string();
        assert!(broken.contains("broke the connection"), "{broken}");
        TcpStream::connect(address).and_then(|mut stream| stream.write_all(b"END")).expect("sent");
        breaking.join().expect("a number")
    }

    #[tokio::test]
    async fn after_a_broken_connection_only_what_the_registry_knows_again_is_repeated() {
        let meant = Ask { if_match: Some(3), ..Ask::default() };
        assert_eq!(asked(Method::POST, Ask::default()).await, 2);
        assert_eq!(asked(Method::POST, meant.clone()).await, 1);
        assert_eq!(asked(Method::PUT, Ask::default()).await, 2);
        assert_eq!(asked(Method::PUT, meant).await, 1);
        assert_eq!(asked(Method::PATCH, Ask::default()).await, 1);
    }
}
