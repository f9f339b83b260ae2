use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use keyledger_event_log::Head;
use tokio::{sync::Notify, task::AbortHandle};

use crate::{connection::Connection, read};

/// How often the database is asked for its end while somebody waits for news.
const PERIOD: Duration = Duration::from_millis(20);

/// Asks for the appends of every process while somebody waits; dropping it ends that.
///
/// By asking, and not by a subscription: the vendor's `Subscription` turns in a circle for ever where a server ends it in
/// good order (`next_subscription_event` waits for nothing once the stream is over), and cannot be stopped then.
pub(crate) struct Watcher {
    task: AbortHandle,
    waiting: Arc<Waiters>,
}

#[derive(Default)]
struct Waiters {
    count: AtomicUsize,
    come: Notify,
}

/// Somebody who waits for news, until this is dropped.
pub(crate) struct Waiter<'a>(&'a Waiters);

impl Watcher {
    pub(crate) fn start(db: Arc<Connection>, head: Head) -> Self {
        let waiting = Arc::new(Waiters::default());
        let waiters = Arc::clone(&waiting);
        let watch = async move {
            loop {
                while waiters.count.load(Ordering::Acquire) == 0 {
                    waiters.come.notified().await;
                }
                let known = head.known();
                // An error has no reader here: whoever waits asks the log itself when its patience has run out.
                match read::end(&db).await {
                    Ok(end) => head.found(known, end.position),
                    Err(error) => tracing::debug!(%error, "the log's end is not told; asking again"),
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        Self { task: tokio::spawn(watch).abort_handle(), waiting }
    }

    pub(crate) fn waiter(&self) -> Waiter<'_> {
        self.waiting.count.fetch_add(1, Ordering::AcqRel);
        self.waiting.come.notify_one();
        Waiter(&self.waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
