use std::sync::Arc;

use keyledger_domain::envelope::{MacKey, MacKeyId, MacKeys};
use tokio::{task, time};

use super::*;

const LOG: LogIdentity = LogIdentity { log: Uuid::from_u128(1), epoch: 1 };
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const BOUND: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(10);

fn report(run: u128, sequence: u64, position: u64) -> Report {
    Report {
        log: LOG.log,
        epoch: LOG.epoch,
        run: Uuid::from_u128(run),
        sequence,
        name: format!("edge-{run}"),
        position,
        hard_bound_ms: BOUND.as_millis() as u64,
        sent_at: NOW.millis(),
        ends: false,
    }
}

/// A command service that has been there for longer than any bound, so that no validator is unheard of.
async fn long_running() -> Validators {
    let validators = Validators::new(None, true, BOUND);
    time::advance(BOUND).await;
    validators
}

fn take_in(validators: &Validators, report: Report) {
    validators.take_in(report, LOG, NOW).expect("it is taken in");
}

async fn receipt(validators: &Validators, position: u64) -> Receipt {
    validators.receipt(Position::new(position), true, PATIENCE, || NOW).await
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_confirmed_at_once_by_those_who_have_it_and_safe_from_then_on() {
    let validators = long_running().await;
    take_in(&validators, report(1, 1, 7));
    take_in(&validators, report(2, 1, 9));
    let began = Instant::now();
    let told = receipt(&validators, 7).await;
    assert_eq!((told.confirmed, told.unconfirmed, told.safe_at), (texts(&["edge-1", "edge-2"]), vec![], NOW));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_validator_in_this_process_that_has_not_applied_it_confirms_nothing_and_is_not_waited_for_again() {
    let validators = Validators::new(Some("serve"), false, BOUND);
    time::advance(BOUND).await;
    let began = Instant::now();
    let told = validators.receipt(Position::new(7), false, PATIENCE, || NOW).await;
    assert_eq!((told.confirmed, told.unconfirmed), (vec![], texts(&["serve"])));
    assert_eq!(told.safe_at.millis() - NOW.millis(), BOUND.as_millis() as i64);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_behind_is_waited_for_until_it_reports() {
    let validators = Arc::new(long_running().await);
    take_in(&validators, report(1, 1, 6));
    let waiting = task::spawn({
        let validators = validators.clone();
        async move { receipt(&validators, 7).await }
    });
    time::sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished());
    take_in(&validators, report(1, 2, 7));
    let told = waiting.await.expect("an answer");
    assert_eq!((told.confirmed, told.unconfirmed), (texts(&["edge-1"]), vec![]));
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_behind_is_named_after_ten_seconds_and_refuses_by_its_bound() {
    let validators = long_running().await;
    take_in(&validators, report(1, 1, 6));
    take_in(&validators, report(2, 1, 7));
    let began = Instant::now();
    let told = receipt(&validators, 7).await;
    assert_eq!(began.elapsed(), PATIENCE);
    assert_eq!((told.confirmed, told.unconfirmed), (texts(&["edge-2"]), texts(&["edge-1"])));
    assert_eq!(told.safe_at.millis(), NOW.millis() + BOUND.as_millis() as i64);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_silent_for_longer_than_its_bound_or_has_ended_counts_no_more() {
    let validators = long_running().await;
    take_in(&validators, report(1, 1, 6));
    take_in(&validators, report(2, 1, 6));
    take_in(&validators, Report { ends: true, ..report(2, 2, 6) });
    take_in(&validators, report(3, 1, 7));
    time::advance(BOUND - Duration::from_secs(1)).await;
    take_in(&validators, report(3, 2, 7));
    let began = Instant::now();
    let told = receipt(&validators, 7).await;
    assert!(began.elapsed() < Duration::from_secs(3), "its bound ends meanwhile");
    assert_eq!((told.confirmed, told.unconfirmed), (texts(&["edge-3"]), vec![]));
    let safe_in = told.safe_at.millis() - NOW.millis();
    assert_eq!(
        safe_in,
        BOUND.as_millis() as i64,
        "it may have heard from the log since, and only not have told"
    );
    let counting: Vec<_> = validators.known().into_iter().map(|known| (known.name, known.counts)).collect();
    assert_eq!(counting.len(), 3);
    assert!(counting.contains(&("edge-1".into(), false)) && counting.contains(&("edge-2".into(), false)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_called_safe_for_the_bound_after_a_start_or_where_nobody_reports() {
    let validators = Validators::new(None, true, BOUND);
    take_in(&validators, report(1, 1, 7));
    let later = |told: Receipt| told.safe_at.millis() - NOW.millis();
    let bound = BOUND.as_millis() as i64;
    assert_eq!(later(receipt(&validators, 7).await), bound, "another one may not have reported yet");
    time::advance(BOUND).await;
    assert_eq!(later(receipt(&validators, 7).await), 0, "now it would have");
    time::advance(BOUND * 2).await;
    assert_eq!(later(receipt(&validators, 7).await), bound, "nobody reports");
    let serve = Validators::new(Some("serve"), false, BOUND);
    time::advance(BOUND).await;
    let told = receipt(&serve, 7).await;
    assert_eq!((told.confirmed.clone(), later(told)), (texts(&["serve"]), 0));
    let one_of_many = Validators::new(Some("serve"), true, BOUND);
    time::advance(BOUND).await;
    assert_eq!(
        later(receipt(&one_of_many, 7).await),
        bound,
        "another machine judges too, and has not reported"
    );
}

#[tokio::test(start_paused = true)]
async fn a_report_is_taken_in_once_of_this_log_and_at_its_time() {
    let validators = long_running().await;
    take_in(&validators, report(1, 2, 9));
    let again = |report| validators.take_in(report, LOG, NOW);
    assert_eq!(again(report(1, 2, 9)), Err(ReportRefused::ToldBefore));
    assert_eq!(again(report(1, 1, 99)), Err(ReportRefused::ToldBefore));
    assert_eq!(again(Report { epoch: 2, ..report(1, 3, 9) }), Err(ReportRefused::AnotherLog));
    for (sequence, apart) in [(3, -60_001), (4, 60_001)] {
        let sent_at = NOW.millis() + apart;
        assert_eq!(again(Report { sent_at, ..report(1, sequence, 9) }), Err(ReportRefused::AnotherTime));
        let known = validators.known().remove(0);
        assert_eq!(
            (known.counts, known.position),
            (true, Position::START),
            "it is there, and confirms nothing"
        );
    }
    time::advance(BOUND * 2).await;
    let again_later = again(report(1, 4, 9));
    assert_eq!(again_later, Err(ReportRefused::ToldBefore), "not for as long as its time would do");
    assert_eq!(again(report(1, 5, 8)), Ok(()), "what it says last stands, also where that is less");
    assert_eq!(validators.known()[0].position, Position::new(8));
}

#[tokio::test(start_paused = true)]
async fn validators_of_one_name_are_told_apart() {
    let validators = long_running().await;
    for (run, position) in [(1, 6), (2, 7)] {
        take_in(&validators, Report { name: "edge".to_owned(), ..report(run, 1, position) });
    }
    let told = receipt(&validators, 7).await;
    let name = |run: u128| vec![format!("edge ({})", Uuid::from_u128(run))];
    assert_eq!((told.confirmed, told.unconfirmed), (name(2), name(1)));
}

#[test]
fn only_who_holds_the_keyring_can_report() {
    let keys = |byte| MacKeys::new((MacKeyId(1), MacKey::new([byte; 32])), Vec::new());
    let (bytes, mac) = report(1, 1, 7).seal("reports", &keys(1));
    assert_eq!(Report::open(&bytes, "reports", &mac, &keys(1)), Some(report(1, 1, 7)));
    assert_eq!(Report::open(&bytes, "reports", &mac, &keys(2)), None);
    assert_eq!(Report::open(&bytes, "snapshot", &mac, &keys(1)), None, "a report is worth no snapshot");
    let changed = String::from_utf8(bytes.clone()).expect("JSON").replace("\"position\":7", "\"position\":8");
    assert_eq!(Report::open(changed.as_bytes(), "reports", &mac, &keys(1)), None);
    assert_eq!(Report::open(&bytes, "reports", "", &keys(1)), None);
    assert_eq!(Report::open(&bytes, "reports", "not hexadecimal", &keys(1)), None);
}
