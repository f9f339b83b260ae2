//! How SQLite goes about each query: by an index that leads straight to the page, never sorting, never visiting the keys
//! of others.

use keyledger_domain::key::Status;
use rusqlite::Connection;

use super::schema;
use crate::{list, lookup, question::Question};

fn plan(question: Question) -> String {
    let mut db = Connection::open_in_memory().expect("a database");
    schema::migrate(&mut db).expect("the schema");
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", question.sqlite)).expect("a plan");
    // The plan is the same whatever the parameters are.
    let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
    steps.collect::<rusqlite::Result<Vec<_>>>().expect("steps").join("\n")
}

#[test]
fn a_page_is_found_by_its_index_and_comes_in_order() {
    let statuses = [None, Some(Status::Active), Some(Status::Revoked), Some(Status::Expired)];
    for question in statuses.map(list::question).into_iter().chain([lookup::OF_PARTNER]) {
        let plan = plan(question);
        assert!(plan.starts_with("SEARCH partner_keys USING INDEX"), "{plan}");
        assert!(plan.contains("(partner_id=? AND (created_at,key_id)<(?,?))"), "{plan}");
        assert!(!plan.contains("B-TREE"), "{plan}");
    }
}

#[test]
fn a_look_up_visits_only_what_it_answers_with() {
    let questions =
        [lookup::BY_PREFIX, lookup::COUNT_LIVE, lookup::LIVE_HOLDING, list::FEW_EXPIRED, list::COUNT_EXPIRED];
    for question in questions {
        let plan = plan(question);
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN partner"), "{plan}");
    }
}
