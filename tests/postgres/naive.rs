//! The appender that everybody writes first: a sequence gives the positions. It is here to show that the test of order
//! can fail.

use std::time::Duration;

use keyledger_tests::Dice;
use sqlx::PgPool;

/// The table of a log whose positions are a sequence's.
pub(crate) async fn create(db: &PgPool) {
    sqlx::query("CREATE TABLE naive (position bigserial PRIMARY KEY, body text NOT NULL)")
        .execute(db)
        .await
        .expect("a table");
}

/// Appends one event, in a transaction that may be slow, and may be rolled back.
pub(crate) async fn append(db: &PgPool, dice: &mut Dice) -> bool {
    let mut transaction = db.begin().await.expect("a transaction");
    sqlx::query("INSERT INTO naive (body) VALUES ('{}')").execute(&mut *transaction).await.expect("a row");
    if dice.chance(10) {
        tokio::time::sleep(Duration::from_millis(dice.below(20))).await;
    }
    if dice.chance(10) {
        transaction.rollback().await.expect("it is undone");
        return false;
    }
    transaction.commit().await.expect("it is done");
    true
}
