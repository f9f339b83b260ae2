//! The contract suite: what every event log promises, as tests that an adapter runs on itself.
//!
//! ```ignore
//! keyledger_event_log::contract_suite!(|identity| async move { Arc::new(MyLog::open(identity).await) });
//! ```

#![expect(
    clippy::disallowed_methods,
    reason = "promises about waiting are measured with the machine's clock"
)]

pub mod appending;
pub mod claiming;
pub mod following;
pub mod reading;
mod samples;

pub use samples::{append, event, identity, stream};

/// Makes one test of each promise. `$open` is an async closure from a [`LogIdentity`](crate::LogIdentity) to
/// `Arc<dyn EventLog>`-able: a new, empty log each time. A store that has no one index of ids says so, and is not asked
/// for the one promise that needs it.
#[macro_export]
macro_rules! contract_suite {
    ($open:expr) => {
        $crate::contract_suite!($open, without one index of ids);
        $crate::contract_suite!(@tests $open, appending:
            an_id_in_another_stream_is_refused_though_nobody_claimed_it
        );
    };
    ($open:expr, without one index of ids) => {
        $crate::contract_suite!(@tests $open, appending:
            an_append_is_read_back_byte_for_byte,
            several_events_of_one_append_stand_together_or_not_at_all,
            the_first_event_of_a_stream_has_revision_zero,
            a_writer_that_decided_on_an_old_revision_is_refused,
            a_writer_that_runs_ahead_of_its_stream_is_refused,
            the_same_append_again_is_acknowledged_with_its_first_position,
            the_same_append_again_is_acknowledged_after_the_stream_has_moved_on,
            another_event_under_a_recorded_id_is_refused,
            an_id_recorded_in_one_stream_is_refused_in_another,
            an_append_that_is_none_is_refused,
            of_many_writers_on_one_revision_exactly_one_wins,
            many_concurrent_writers_leave_every_stream_dense,
            appends_in_order_are_recorded_in_that_order
        );
        $crate::contract_suite!(@tests $open, claiming:
            a_claim_is_held_by_one_stream,
            a_stream_may_take_its_own_claim_again,
            a_refused_append_takes_no_claim,
            of_many_streams_that_claim_one_value_exactly_one_wins
        );
        $crate::contract_suite!(@tests $open, reading:
            an_empty_log_has_no_head_and_no_events,
            positions_increase_and_are_dense_where_the_store_says_so,
            reading_goes_on_after_any_position_and_keeps_to_the_limit,
            a_stream_is_read_from_any_revision,
            a_claimed_event_is_found_by_its_id,
            a_checkpoint_is_confirmed_by_the_log_it_came_from_and_by_no_other
        );
        $crate::contract_suite!(@tests $open, following:
            a_subscription_reads_what_is_there_and_then_what_comes,
            a_waiter_is_woken_at_once,
            a_quiet_log_answers_after_the_patience_of_the_waiter,
            followers_see_every_event_once_and_in_order_while_many_write
        );
    };
    (@tests $open:expr, $module:ident: $($promise:ident),+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let log = ($open)($crate::contract::identity()).await;
                $crate::contract::$module::$promise(log).await;
            }
        )+
    };
}
