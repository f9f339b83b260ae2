use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::Context as _;
use futures_util::future::join_all;
use keyledger_command_service::validators::{REPORT_MAC, Report};
use keyledger_domain::{Clock as _, envelope::uuid_v7};
use keyledger_event_log::{LogIdentity, Position};
use keyledger_secret::Randomness as _;
use keyledger_validator::KeyIndex;
use reqwest::{Response, redirect::Policy};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::FollowedIndex;
use crate::{
    environment::{OsRandomness, SystemClock},
    installation::HeldKeyring,
    settings::{HttpUrl, Settings},
};

/// How often a validator reports where nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The least time between two reports to the same command service: what comes in between is told together.
const GAP: Duration = Duration::from_millis(2);
/// How long a command service may take to answer a report.
const ANSWER: Duration = Duration::from_secs(2);
/// How long it may take to begin with a snapshot, and to be silent within one.
const SNAPSHOT: Duration = Duration::from_secs(30);

/// Tells the command services up to where this validator has read the log.
pub(crate) struct Reporter {
    http: reqwest::Client,
    command_services: Vec<HttpUrl>,
    log: LogIdentity,
    keyring: HeldKeyring,
    name: String,
    hard_bound: Duration,
    run: Uuid,
    sequence: AtomicU64,
}

impl Reporter {
    /// For the command services that the settings name.
    ///
    /// # Errors
    /// Where the system gives no HTTP client.
    pub(crate) fn new(settings: &Settings, log: LogIdentity, keyring: &HeldKeyring) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("keyledger/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(ANSWER)
            .read_timeout(SNAPSHOT)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .context("cannot start the HTTP client")?;
        let mut random = [0; 10];
        OsRandomness.fill(&mut random);
        Ok(Self {
            http,
            command_services: settings.validator.command_services(),
            log,
            keyring: keyring.clone(),
            name: settings.validator.name(),
            hard_bound: settings.validator.longest_silence(),
            run: uuid_v7(SystemClock.now(), random),
            sequence: AtomicU64::new(0),
        })
    }

    /// A snapshot of the key index, from the first command service that gives one.
    pub(crate) async fn fetch_snapshot(&self) -> Option<Vec<u8>> {
        for command_service in &self.command_services {
            let fetched = async {
                let answer = self.send(command_service, "snapshot", self.report(Position::START)).await?;
                anyhow::Ok(answer.bytes().await?)
            };
            match fetched.await {
                Ok(snapshot) => {
                    tracing::info!(%command_service, bytes = snapshot.len(), "a snapshot of the key index was fetched");
                    return Some(snapshot.into());
                }
                Err(error) => {
                    tracing::warn!(%command_service, error = format!("{error:#}"), "no snapshot of the key index could be fetched");
                }
            }
        }
        None
    }

    /// Reports to every command service, for ever: at once what was applied, and else once a second.
    pub(crate) async fn keep(&self, followed: &FollowedIndex) {
        join_all(
            self.command_services.iter().map(|command_service| self.keep_one(command_service, followed)),
        )
        .await;
        std::future::pending().await
    }

    async fn keep_one(&self, command_service: &HttpUrl, followed: &FollowedIndex) {
        let mut progress = followed.projector.watch();
        let mut known = true;
        loop {
            let position = followed.index.position();
            let told = timeout(ANSWER, self.send(command_service, "reports", self.report(position))).await;
            match told.map_err(anyhow::Error::new).flatten() {
                Ok(_) => {
                    if !known {
                        tracing::info!(%command_service, "a command service takes reports again");
                    }
                    known = true;
                }
                Err(error) => {
                    // Said once: as long as it goes on, receipts name this validator as unconfirmed.
                    if known {
                        tracing::warn!(%command_service, error = format!("{error:#}"), "a command service takes no reports");
                    }
                    known = false;
                    metrics::counter!("keyledger_validator_reports_failed_total").increment(1);
                    sleep(HEARTBEAT).await;
                    continue;
                }
            }
            sleep(GAP).await;
            let more = progress.wait_for(|progress| progress.position > position);
            if let Ok(Err(_)) = timeout(HEARTBEAT, more).await {
                // The projector is over, and that is told as long as this process stands.
                sleep(HEARTBEAT).await;
            }
        }
    }

    /// Tells every command service that this validator judges no more requests: nobody need wait for it.
    pub(crate) async fn farewell(&self, index: &Arc<KeyIndex>) {
        let farewells = self.command_services.iter().map(|command_service| {
            let report = Report { ends: true, ..self.report(index.position()) };
            timeout(ANSWER, self.send(command_service, "reports", report))
        });
        // Whom it does not reach waits until the bound is over.
        join_all(farewells).await;
    }

    fn report(&self, position: Position) -> Report {
        Report {
            log: self.log.log,
            epoch: self.log.epoch,
            run: self.run,
            sequence: self.sequence.fetch_add(1, Relaxed) + 1,
            name: self.name.clone(),
            position: position.get(),
            hard_bound_ms: u64::try_from(self.hard_bound.as_millis()).unwrap_or(u64::MAX),
            sent_at: SystemClock.now().millis(),
            ends: false,
        }
    }

    async fn send(&self, command_service: &HttpUrl, to: &str, report: Report) -> anyhow::Result<Response> {
        let url = command_service.as_url().join(&format!("/v1/validators/{to}"))?;
        let (bytes, mac) = report.seal(to, &self.keyring.mac_keys());
        let answer = self.http.post(url).header(REPORT_MAC, mac).body(bytes).send().await?;
        let status = answer.status();
        if !status.is_success() {
            let problem: serde_json::Value = answer.json().await.unwrap_or_default();
            let detail = problem["detail"].as_str().unwrap_or("it is no command service of this release");
            anyhow::bail!("it answers {status}: {detail}");
        }
        Ok(answer)
    }
}
