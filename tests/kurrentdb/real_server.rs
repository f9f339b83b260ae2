//! The promises of the port on a real server, where `KEYLEDGER_TEST_KURRENTDB_URL` names one (with its password in
//! `KEYLEDGER_TEST_KURRENTDB_PASSWORD`), and else, told loudly, once more on the stand-in. All of them share one log.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use keyledger_event_log::contract_suite;
use keyledger_event_log_kurrentdb::{DatabaseUrl, KurrentLog, OpenError};
use tokio::runtime::Runtime;

use crate::apart::Apart;
use crate::{start, url};

contract_suite!(|_| async { Arc::new(Apart::of(Arc::clone(&LOG.1)).await) }, without one index of ids);

/// The log, and the runtime that it lives on: each test has one of its own, which ends with it.
static LOG: LazyLock<(Runtime, Arc<KurrentLog>)> = LazyLock::new(|| {
    // A runtime cannot be waited for inside another one.
    let opened = std::thread::spawn(|| {
        let runtime = Runtime::new().expect("a runtime");
        let log = runtime.block_on(runtime.spawn(open())).expect("it does not panic");
        (runtime, log)
    });
    opened.join().expect("it does not panic")
});

async fn open() -> Arc<KurrentLog> {
    crate::choose_cryptography();
    let url = match std::env::var("KEYLEDGER_TEST_KURRENTDB_URL") {
        Ok(named) => {
            let named: DatabaseUrl = named.parse().expect("KEYLEDGER_TEST_KURRENTDB_URL is a URL");
            match std::env::var("KEYLEDGER_TEST_KURRENTDB_PASSWORD") {
                Ok(password) => named.with_password(&password),
                Err(_) => named,
            }
        }
        Err(_) => {
            // Past what keeps the output of tests that pass to itself.
            let _ = std::io::stderr().write_all(
                b"\n*** NOT RUN: nothing was tested on a real KurrentDB. Set KEYLEDGER_TEST_KURRENTDB_URL to an empty\n\
                  *** database, for example kurrentdb://admin@localhost:2113?tls=false, and run this again.\n\n",
            );
            let server = start().await;
            let url = url(&server);
            std::mem::forget(server);
            url
        }
    };
    let identity = keyledger_event_log::contract::identity();
    match KurrentLog::create(&url, identity, &[]).await {
        Err(OpenError::Exists { .. }) => {
            Arc::new(KurrentLog::open(&url).await.expect("the log of an earlier run"))
        }
        created => Arc::new(created.expect("a new log")),
    }
}
