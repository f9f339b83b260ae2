//! The log on KurrentDB: the contract of the port, lost lines and changed leaders, and what others read and write there. On
//! a stand-in that speaks the vendor's protocol; on a real server too, where `KEYLEDGER_TEST_KURRENTDB_URL` names one.
#![allow(clippy::disallowed_methods, reason = "tests measure real time, and are told where a server is")]

use std::sync::{Arc, Once};

use keyledger_event_log::LogIdentity;
use keyledger_event_log_kurrentdb::{DatabaseUrl, KurrentLog};
use keyledger_tests_kurrentdb_stand_in::StandIn;

mod another_client;
mod apart;
mod contract;
mod entering;
mod leaders;
mod lost_lines;
mod moving;
mod opening;
mod order;
mod reading;
mod real_server;
mod registry;
mod writing;

/// A log, and the server that keeps it.
struct Scene {
    log: Arc<KurrentLog>,
    server: StandIn,
}

impl Scene {
    /// A new, empty log on a server of its own.
    async fn new(identity: LogIdentity) -> Self {
        let server = start().await;
        let log = Arc::new(KurrentLog::create(&url(&server), identity, &[]).await.expect("a new log"));
        Self { log, server }
    }

    /// The same log, as another process opens it.
    async fn beside(&self) -> KurrentLog {
        KurrentLog::open(&url(&self.server)).await.expect("the log")
    }
}

async fn start() -> StandIn {
    choose_cryptography();
    StandIn::start().await
}

/// The vendor's client brings two providers for TLS, and somebody has to choose.
fn choose_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

fn url(server: &StandIn) -> DatabaseUrl {
    server.url().parse().expect("a URL")
}
