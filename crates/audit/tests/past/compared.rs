//! Every moment of random logs, with an index, with one that grows, without one.

use keyledger_audit::past::{Past, PastError};
use keyledger_domain::{Moment, Timestamp};
use keyledger_event_log::Position;
use proptest::{prelude::*, test_runner::TestCaseError};
use tokio::runtime::{Builder, Runtime};

use crate::story::{Remarks, Step, Story, held, key_id, many, steps};

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Compares what a past says of a moment with what the log says from its beginning.
async fn same(story: &Story, past: &Past, moment: Moment) -> Result<[u8; 32], TestCaseError> {
    let mut remarks = Remarks::default();
    let state = past.state(moment, &mut remarks).await.expect("a state");
    prop_assert_eq!(held(&state), story.told(moment), "{:?}", moment);
    prop_assert!(remarks.0.is_empty(), "{:?}", remarks.0);
    Ok(state.digest())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_at_any_position_and_moment_is_what_the_log_says_whatever_the_clocks_did(
        steps in steps(), asked in prop::collection::vec(any::<prop::sample::Index>(), 30)
    ) {
        runtime().block_on(async {
            let story = Story::of(&steps).await;
            let directory = tempfile::tempdir().expect("a directory");
            let (indexed, whole) = (story.past(Some(directory.path())), story.past(None));
            let moments = story.moments();
            for moment in asked.iter().map(|at| *at.get(&moments)) {
                prop_assert_eq!(same(&story, &indexed, moment).await?, same(&story, &whole, moment).await?);
                for number in 0..6 {
                    let key = indexed.key(key_id(number), moment).await.expect("an answer");
                    let told = story.told(moment).0.into_iter().find(|key| key.key_id == key_id(number));
                    prop_assert_eq!(key, told);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_changed_between_two_moments_leads_from_the_one_state_to_the_other(
        steps in steps(), ends in any::<[prop::sample::Index; 2]>()
    ) {
        runtime().block_on(async {
            let story = Story::of(&steps).await;
            let directory = tempfile::tempdir().expect("a directory");
            let moments = story.moments();
            let [a, b] = ends.map(|at| *at.get(&moments));
            let (from, to) = match (a, b) {
                (Moment::Position(a), Moment::Position(b)) => (Moment::Position(a.min(b)), Moment::Position(a.max(b))),
                (Moment::Time(a), Moment::Time(b)) => (Moment::Time(a.min(b)), Moment::Time(a.max(b))),
                _ => {
                    let refused = story.past(None).diff(a, b, &mut ()).await.expect_err("two kinds");
                    prop_assert_eq!(refused, PastError::NotComparable);
                    return Ok(());
                }
            };
            for index in [None, Some(directory.path())] {
                let diff = story.past(index).diff(from, to, &mut ()).await.expect("a comparison");
                let (mut keys, _) = story.told(from);
                let mut events = 0;
                for change in &diff.keys {
                    let before = keys.iter().find(|key| key.key_id == change.key_id).cloned();
                    prop_assert_eq!(&before, &change.before);
                    keys.retain(|key| key.key_id != change.key_id);
                    keys.extend(change.after.clone());
                    events += change.events.len();
                    prop_assert_eq!(change.events.is_empty(), change.before.as_ref().is_some_and(|_| change.before == change.after));
                }
                keys.sort_by_key(|key| key.key_id);
                prop_assert_eq!(keys, story.told(to).0);
                events += diff.catalogue.map_or(0, |change| change.events.len());
                let happened = |(position, draft): &(u64, &keyledger_domain::envelope::Draft)| {
                    to.includes(*position, draft.occurred_at) && !from.includes(*position, draft.occurred_at)
                };
                prop_assert_eq!(events, (1..).zip(&story.drafts).filter(happened).count());
            }
            Ok(())
        })?;
    }
}

#[test]
fn an_index_that_grows_with_its_log_says_what_one_says_that_is_made_at_once() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().expect("a directory");
        for length in [2, 3, 11, 12, 13, 40, 97, 130] {
            let story = Story::of(&many(length)).await;
            let past = story.past(Some(directory.path()));
            for moment in [Moment::Position(length as u64), Moment::Time(Timestamp::from_millis(1_000_040))] {
                same(&story, &past, moment).await.expect("the same");
            }
        }
        let log = std::fs::read_dir(directory.path()).expect("a directory").next().expect("of one log");
        let runs = std::fs::read_dir(log.expect("an entry").path()).expect("a directory").count();
        assert_eq!(runs, 43 + 21 + 10 + 5 + 2 + 1, "each level has half as many as the one below it");
    });
}

#[test]
fn a_position_that_has_not_come_is_refused_and_before_the_first_event_there_is_nothing() {
    runtime().block_on(async {
        let steps = [Step { key: 0, what: 0, service: 0, clock: 0 }];
        let story = Story::of(&steps).await;
        let past = story.past(None);
        let refused = past.state(Moment::Position(2), &mut ()).await.err();
        assert_eq!(refused, Some(PastError::Ahead { asked: 2, head: Position::new(1) }));
        for moment in [Moment::Position(0), Moment::Time(Timestamp::from_millis(999_999))] {
            let state = past.state(moment, &mut ()).await.expect("a state");
            assert!(state.is_empty() && state.catalogue.revision.is_none());
        }
    });
}
