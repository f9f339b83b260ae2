//! The authentication API over HTTP, one operation a file.
//!
//! Every answer is `application/json`. A refusal is `{"message": "…"}` with the words of its status, except the second 403
//! (`{"error":{"code":"FORBIDDEN","message":"Operation not allowed"}}`); a faulty `/v1/verify` request (422) adds
//! `"errors":[{"field":"…","message":"…"}]`, one for each faulty field. Nothing of a request but the names of its fields is
//! ever repeated. A route that does not exist is 404, another method 405 with `Allow`.

pub(crate) mod answers;
mod api_key;
pub(crate) mod authorize;
pub(crate) mod health;
mod query;
pub(crate) mod verify;
mod verify_request;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse};
use keyledger_domain::verdict::Code;
use keyledger_event_log::Position;
use tokio::sync::Semaphore;

use crate::{Bearer, Demand, KeyIndex, Level, Verdict, index::CannotKnow, meters::Meters};
use api_key::ApiKey;

/// What may be chosen about the API.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether `/v1/verify` is offered. It gives reasons, so it is for the API's own network only.
    pub verify: bool,
    /// How many requests may wait for their `minPosition` at a time. Each holds one of the listener's places for requests
    /// in flight while it waits, so let it be far fewer than there are of those: the others are for judging.
    pub waiters: usize,
    /// How long one waits.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { verify: true, waiters: 64, patience: Duration::from_secs(1) }
    }
}

/// The key index as HTTP serves it.
pub struct Validator {
    index: Arc<KeyIndex>,
    settings: Settings,
    waiters: Semaphore,
    meters: Meters,
}

impl Validator {
    /// Serves `index`. Make it after a metrics recorder was installed: its numbers go there.
    #[must_use]
    pub fn new(index: Arc<KeyIndex>, settings: Settings) -> Self {
        let waiters = settings.waiters.min(Semaphore::MAX_PERMITS);
        Self {
            index,
            settings: Settings { waiters, ..settings },
            waiters: Semaphore::new(waiters),
            meters: Meters::new(),
        }
    }

    /// The index it serves.
    #[must_use]
    pub fn index(&self) -> &Arc<KeyIndex> {
        &self.index
    }

    pub(crate) fn offers_verify(&self) -> bool {
        self.settings.verify
    }

    /// Brings those numbers up to date that are states and not counts. Call it before metrics are read.
    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floating-point numbers; positions stay below 2^53"
    )]
    pub fn report(&self) {
        self.meters.position.set(self.index.position().get() as f64);
        // Not heard yet is for ever, which is what alerts compare with.
        self.meters
            .staleness
            .set(self.index.silence().map_or(f64::INFINITY, |silence| silence.as_secs_f64()));
        self.meters.keys.set(self.index.keys() as f64);
        self.meters.secrets.set(self.index.secrets() as f64);
        self.meters.waiters.set((self.settings.waiters - self.waiters.available_permits()) as f64);
    }

    /// Judges a request by its `x-api-key` alone and takes a token. `allowed` answers it where the verdict is VALID.
    fn admit(
        &self,
        request: &HttpRequest,
        demand: &impl Demand,
        allowed: impl FnOnce(&Bearer, Level) -> HttpResponse,
    ) -> HttpResponse {
        let key = match ApiKey::of(request) {
            ApiKey::One(key) => key,
            ApiKey::Missing => {
                self.meters.missing();
                return answers::forbidden();
            }
            ApiKey::Several => {
                self.meters.doubled();
                return answers::bad_request();
            }
        };
        match self.judge(key, demand, 1) {
            Ok(Verdict { code: Code::Valid, bearer: Some(bearer), level: Some(level), .. }) => {
                allowed(&bearer, level)
            }
            Ok(verdict) => answers::refusal(&verdict),
            Err(CannotKnow) => answers::unavailable(),
        }
    }

    /// Judges, and counts what came of it.
    fn judge(&self, key: &[u8], demand: &impl Demand, cost: u32) -> Result<Verdict, CannotKnow> {
        let judged = self.index.authenticate(key, demand, cost);
        match &judged {
            Ok(verdict) => self.meters.verdict(verdict.code),
            Err(CannotKnow) => self.meters.cannot_know(),
        }
        judged
    }

    /// Waits for a position, unless too many do already. Tells whether the index holds it.
    async fn reached(&self, position: Position) -> bool {
        if self.index.position() >= position {
            return true;
        }
        let Ok(_place) = self.waiters.try_acquire() else { return false };
        self.index.applied(position, self.settings.patience).await
    }
}
