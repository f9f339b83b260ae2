//! A reader as every projector is one: it asks for what comes after the last position that it holds.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

/// Reads positions of a table as they become visible, until it holds `until` of them or none came for `patience`.
pub(crate) async fn follow(db: &PgPool, table: &str, until: usize, patience: Duration) -> Vec<i64> {
    let next = format!("SELECT position FROM {table} WHERE position > $1 ORDER BY position LIMIT 100");
    let (mut seen, mut last_news) = (Vec::new(), Instant::now());
    while seen.len() < until && last_news.elapsed() < patience {
        let after = seen.last().copied().unwrap_or(0);
        let more: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(next.clone()))
            .bind(after)
            .fetch_all(db)
            .await
            .expect("the table can be read");
        if more.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        } else {
            last_news = Instant::now();
            seen.extend(more);
        }
    }
    seen
}

/// What a reader missed of a table, and what it was shown out of order.
pub(crate) async fn faults(db: &PgPool, table: &str, seen: &[i64]) -> Vec<String> {
    let all = format!("SELECT position FROM {table} ORDER BY position");
    let all: Vec<i64> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(all)).fetch_all(db).await.expect("the table can be read");
    let missed = all.iter().filter(|position| !seen.contains(position)).map(|it| format!("{it} was skipped"));
    let disorder =
        seen.windows(2).filter(|two| two[0] >= two[1]).map(|two| format!("{} after {}", two[1], two[0]));
    missed.chain(disorder).collect()
}
