//! A cluster whose leader changes, and whose nodes go away: writers and readers find the one that leads.

use std::time::Duration;

use keyledger_event_log::contract::{append, identity, stream};
use keyledger_event_log::{AppendError, EventLog, Revision};
use keyledger_event_log_kurrentdb::KurrentLog;
use keyledger_tests_kurrentdb_stand_in::StandIn;

use crate::{choose_cryptography, url};

/// Appends one event, again until it is acknowledged.
async fn come_through(log: &KurrentLog, revision: u64) {
    let through = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match log.append(append(1, revision, 1)).await {
                Ok(_) => return,
                Err(AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
    through.await.expect("an append comes through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_leader_is_found_while_the_old_one_still_answers() {
    choose_cryptography();
    let servers = StandIn::start_nodes(3).await;
    let log = KurrentLog::create(&url(&servers), identity(), &[]).await.expect("a new log");
    let beside = KurrentLog::open_read_only(&url(&servers)).await.expect("the log");
    for revision in 0..6 {
        servers.lead(usize::try_from(revision).expect("a small number") % 3);
        let appended =
            log.append(append(1, revision, 1)).await.expect("the node that follows says who leads");
        assert_eq!(beside.head().await, Ok(appended.position));
    }
    assert_eq!(servers.ids("key-1").len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_gone_is_left_for_the_one_that_leads_now() {
    choose_cryptography();
    let servers = StandIn::start_nodes(3).await;
    let log = KurrentLog::create(&url(&servers), identity(), &[]).await.expect("a new log");
    come_through(&log, 0).await;
    for (gone, leader) in [(0, 1), (1, 2)] {
        servers.lead(leader);
        servers.take_down(gone);
        come_through(&log, leader as u64).await;
        servers.bring_back(gone);
    }
    assert_eq!(log.read_stream(&stream(1), Revision::FIRST).await.expect("a read").len(), 3);
}
