use std::time::Duration;

use keyledger_event_log::{Head, Position};
use sqlx::{PgPool, postgres::PgListener};
use tokio::task::AbortHandle;

use crate::read;

/// Where a commit tells who listens how far the log is now.
pub(crate) const CHANNEL: &str = "keyledger_head";

/// How often the database is asked all the same: news get lost with a connection.
const PERIOD: Duration = Duration::from_millis(100);

/// Listens for the appends of every process; dropping it ends that.
pub(crate) struct Watcher(AbortHandle);

impl Watcher {
    pub(crate) fn start(db: PgPool, head: Head) -> Self {
        let watch = async move {
            loop {
                // An error has no reader here: whoever waits asks the log itself when its patience has run out.
                if let Err(error) = listen(&db, &head).await {
                    tracing::debug!(%error, "the log's news are not heard; asking again");
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        Self(tokio::spawn(watch).abort_handle())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes news in until the connection is lost.
async fn listen(db: &PgPool, head: &Head) -> sqlx::Result<()> {
    let mut news = PgListener::connect_with(db).await?;
    news.listen(CHANNEL).await?;
    loop {
        match tokio::time::timeout(PERIOD, news.try_recv()).await {
            Ok(Ok(Some(told))) => {
                if let Ok(position) = told.payload().parse() {
                    head.advance(Position::new(position));
                }
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let known = head.known();
                head.found(known, read::head(db).await?);
            }
        }
    }
}
