//! How a registry gets into a database: over TLS that is checked, and with a password that stands in no URL.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use keyledger_event_log::contract::identity;
use keyledger_event_log_postgres::PostgresLog;
use keyledger_tests::{Postgres, Registry, random_bytes};

use crate::{SERVER, parsed};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_only_believed_with_a_certificate_for_its_name_from_whom_the_url_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let [right, wrong] = ["right.pem", "wrong.pem"].map(|file| directory.path().join(file));
    fs::write(&right, made.cert.pem()).expect("a file");
    fs::write(&wrong, other.cert.pem()).expect("a file");
    let server = Postgres::start_over_tls(&made.cert.pem(), &made.signing_key.serialize_pem());
    let url = |host: &str, ca: &std::path::Path| {
        let port = server.port();
        format!("postgres://tester@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={}", ca.display())
    };
    let log = PostgresLog::create(&parsed(&url("localhost", &right)), identity(), &[]).await;
    let log = log.expect("the certificate is the right one");
    let encrypted = server.run("postgres", "SELECT count(*) FROM pg_stat_ssl WHERE ssl");
    assert_ne!(encrypted, "0", "nobody speaks TLS");
    drop(log);
    for (host, ca, what) in [("localhost", &wrong, "another's"), ("127.0.0.1", &right, "for another name")] {
        let refused = PostgresLog::open(&parsed(&url(host, ca))).await;
        assert!(refused.is_err(), "a certificate that is {what} was believed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_entered_where_tls_was_asked_for() {
    let server = SERVER.get();
    let url = format!("{}?sslmode=verify-full", server.url(&server.new_database()));
    let refused = PostgresLog::found(&parsed(&url)).await.expect_err("it speaks no TLS").to_string();
    assert!(refused.contains("TLS") && refused.contains("mend the cause"), "{refused}");
}

#[test]
fn a_password_is_taken_from_the_file_that_pgpassfile_names_and_is_told_to_nobody() {
    let server = SERVER.get();
    let (database, password) = (server.new_database(), hex::encode(random_bytes::<16>()));
    let owner = format!("owner_of_{database}");
    server.run(
        "postgres",
        &format!(
            "CREATE ROLE {owner} LOGIN PASSWORD '{password}' IN ROLE {}; ALTER DATABASE {database} OWNER TO {owner}",
            Postgres::ASKED
        ),
    );
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("pgpass");
    let url = server.url(&database).replace("tester@", &format!("{owner}@"));
    let settings = [
        ("KEYLEDGER_LOG__STORE", "postgres"),
        ("KEYLEDGER_LOG__URL", &url),
        ("PGPASSFILE", file.to_str().expect("a path")),
        ("KEYLEDGER_TELEMETRY__LOG_LEVEL", "trace"),
    ];
    fs::write(&file, format!("127.0.0.1:{}:{database}:{owner}:wrong\n", server.port())).expect("a file");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("permissions");
    let refused = Registry::try_in_home(home, &settings).err().expect("the password is wrong");
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);

    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("pgpass");
    fs::write(&file, format!("127.0.0.1:{}:{database}:{owner}:{password}\n", server.port())).expect("a file");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("permissions");
    let settings = settings.map(|(name, value)| {
        (name, if name == "PGPASSFILE" { file.to_str().expect("a path") } else { value })
    });
    let registry = Registry::in_home(home, &settings);
    registry.create("acme", "let in", &["client:read"]);
    let shown = registry.terminal().run(&["config", "show"]);
    for said in [registry.stderr(), shown.stdout, shown.stderr] {
        assert!(!said.contains(&password), "the password is told: {said}");
    }
}
