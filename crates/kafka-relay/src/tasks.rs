use std::panic;

use keyledger_event_log::ReadError;
use keyledger_projectors::StopReason;
use tokio::task::JoinSet;

/// What the task that ends first comes to; none where there are no more. A panic goes on here, as if there were no task.
///
/// # Errors
/// [`StopReason`], the task's own, or that the runtime has ended under it.
pub(crate) async fn next<T: 'static>(
    tasks: &mut JoinSet<Result<T, StopReason>>,
) -> Option<Result<T, StopReason>> {
    let outcome = tasks.join_next().await?;
    Some(outcome.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(ended) => Err(ReadError::Unavailable(ended.to_string()).into()),
    }))
}
