//! Beginning and opening a log: once, by its owner, durable, and by readers who may change nothing.

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{AppendError, EventLog, LogIdentity, Position};
use keyledger_event_log_postgres::{OpenError, PostgresLog};
use keyledger_tests::Postgres;
use uuid::Uuid;

use crate::{SERVER, new_url, parsed};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_log_is_told_and_left_alone_by_a_reader() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = parsed(&server.url(&database));
    assert!(matches!(PostgresLog::open_read_only(&url).await, Err(OpenError::Missing { .. })));
    assert_eq!(server.run(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    assert!(matches!(PostgresLog::open(&url).await, Err(OpenError::Missing { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_begun_once_also_where_several_begin_it_at_the_same_time() {
    let url = new_url();
    let begin = |number: u128| {
        let url = url.clone();
        tokio::spawn(async move {
            let identity = LogIdentity { log: Uuid::from_u128(number), epoch: 1 };
            PostgresLog::create(&url, identity, &[]).await.map(|log| log.identity())
        })
    };
    let mut begun = Vec::new();
    for beginner in (1..=6).map(begin).collect::<Vec<_>>() {
        begun.push(beginner.await.expect("it does not panic"));
    }
    let winners: Vec<_> = begun.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{begun:?}");
    for loser in begun.iter().filter_map(|begun| begun.as_ref().err()) {
        assert!(matches!(loser, OpenError::Exists { found, .. } if found == winners[0]), "{loser}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_flush_is_refused_with_the_setting_that_is_wrong() {
    for (setting, value) in [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")] {
        let server = Postgres::start_with(&[(setting, value)]);
        let refused = PostgresLog::create(&parsed(&server.url("postgres")), identity(), &[]).await;
        let Err(error @ OpenError::NotDurable { .. }) = refused else { panic!("{setting} = {value} passed") };
        assert!(error.to_string().contains(&format!("{setting} is {value:?} and not \"on\"")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_needs_no_right_but_to_read() {
    let server = SERVER.get();
    let database = server.new_database();
    let log = PostgresLog::create(&parsed(&server.url(&database)), identity(), &[]).await.expect("a new log");
    let appended = log.append(append(1, 0, 2)).await.expect("an append");
    let reader = format!("reader_of_{database}");
    server.run(
        &database,
        &format!("CREATE ROLE {reader} LOGIN; GRANT SELECT ON events, identity, log_migrations TO {reader}"),
    );
    let url = server.url(&database).replace("tester@", &format!("{reader}@"));
    let beside = PostgresLog::open_read_only(&parsed(&url)).await.expect("the log");
    assert_eq!(beside.identity(), identity());
    assert_eq!(beside.read(Position::START, 10).await.expect("a read").len(), 2);
    assert_eq!(beside.head().await, Ok(appended.position));
    assert!(matches!(beside.append(append(2, 0, 1)).await, Err(AppendError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_needs_the_rights_that_the_migration_names_and_no_more() {
    let server = SERVER.get();
    let database = server.new_database();
    drop(PostgresLog::create(&parsed(&server.url(&database)), identity(), &[]).await.expect("a new log"));
    let writer = format!("writer_of_{database}");
    server.run(
        &database,
        &format!(
            "CREATE ROLE {writer} LOGIN;
             GRANT SELECT ON events, claims, head, identity, log_migrations TO {writer};
             GRANT INSERT ON events, claims TO {writer};
             GRANT UPDATE ON head TO {writer}"
        ),
    );
    let url = server.url(&database).replace("tester@", &format!("{writer}@"));
    let log = PostgresLog::open(&parsed(&url)).await.expect("the log");
    log.append(append(1, 0, 1)).await.expect("an append");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_later_build_are_refused_by_writers_and_readers() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = parsed(&server.url(&database));
    drop(PostgresLog::create(&url, identity(), &[]).await.expect("a new log"));
    server.run(
        &database,
        "INSERT INTO log_migrations (version, description, success, checksum, execution_time)
         VALUES (1000, 'of a later build', true, '', 0)",
    );
    for opened in [PostgresLog::open(&url).await, PostgresLog::open_read_only(&url).await] {
        assert!(matches!(opened, Err(OpenError::Newer { found: 1_000, .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_opened_by_nobody_as_a_log_before_it_is_finished_and_by_nobody_as_a_copy_afterwards() {
    let url = new_url();
    let copy = PostgresLog::open_unfinished(&url, identity()).await.expect("an empty copy");
    copy.append(append(1, 0, 2)).await.expect("an append");
    drop(copy);
    assert!(matches!(PostgresLog::open(&url).await, Err(OpenError::Unfinished { .. })));
    assert!(matches!(PostgresLog::open_read_only(&url).await, Err(OpenError::Unfinished { .. })));
    assert!(matches!(PostgresLog::found(&url).await, Err(OpenError::Unfinished { .. })));
    let begun = PostgresLog::create(&url, identity(), &[append(2, 0, 1)]).await;
    assert!(matches!(begun, Err(OpenError::Unfinished { .. })), "no other log is begun in its place");
    let copy = PostgresLog::open_unfinished(&url, identity()).await.expect("it is gone on with");
    assert_eq!(copy.head().await, Ok(Position::new(2)));
    drop(copy);
    PostgresLog::finish(&url, identity()).await.expect("it is finished");
    let log = PostgresLog::open(&url).await.expect("a log");
    assert_eq!((log.identity(), log.head().await), (identity(), Ok(Position::new(2))));
    assert!(matches!(PostgresLog::open_unfinished(&url, identity()).await, Err(OpenError::Exists { .. })));
    assert!(matches!(PostgresLog::finish(&url, identity()).await, Err(OpenError::Exists { .. })));
}
