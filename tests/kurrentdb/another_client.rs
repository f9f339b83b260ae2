//! A client that is not the adapter's, written by others in another language, against the same stand-in: what it gets shows
//! that the stand-in is no copy of the adapter's own beliefs, and what it reads is what a stranger sees of the log.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use keyledger_event_log::contract::{append, event, identity};
use keyledger_event_log::{EventLog, Position};
use keyledger_tests::python;
use keyledger_tests_kurrentdb_stand_in::StandIn;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use crate::Scene;

/// How long a line may take; the first one waits for an environment to be made.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, until this is dropped.
struct Client {
    process: Child,
    lines: UnboundedReceiver<Value>,
}

impl Client {
    fn start(server: &StandIn, task: &[&str]) -> Self {
        let python = python(Path::new(env!("CARGO_TARGET_TMPDIR")), include_str!("requirements.txt"));
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("kurrentdb/another_client.py");
        let mut command = Command::new(python);
        command.arg(program).arg(format!("kurrentdb://127.0.0.1:{}?Tls=false", server.port(0))).args(task);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("Python starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let (told, lines) = unbounded_channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = told.send(serde_json::from_str(&line).expect("a line is JSON"));
            }
        });
        Self { process, lines }
    }

    /// The next line; none: it has ended.
    async fn next(&mut self) -> Option<Value> {
        tokio::time::timeout(PATIENCE, self.lines.recv()).await.expect("it says something")
    }

    /// The event that it sees next, and how often it lost its line before.
    async fn event(&mut self) -> (Value, usize) {
        for lost in 0.. {
            let line = self.next().await.expect("it goes on");
            if line["lost"].is_null() {
                return (line, lost);
            }
        }
        unreachable!("it loses its line for ever");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_right_and_wrong_revisions_and_its_own_events_again_and_reads_them() {
    let Scene { server, .. } = Scene::new(identity()).await;
    let mut client = tokio::task::block_in_place(|| Client::start(&server, &["write"]));
    let mut told = Vec::new();
    while let Some(line) = client.next().await {
        told.push(line);
    }
    let commit = |at: usize| told[at]["commit"].as_u64().unwrap_or_else(|| panic!("{}", told[at]));
    assert_eq!(told[0], json!({ "what": "too early", "wrong": true, "actual": null }));
    assert!(commit(1) < commit(2));
    assert_eq!([commit(3), commit(4)], [commit(1), commit(2)], "the same again has its first position");
    for late in [5, 6] {
        assert_eq!(
            (&told[late]["wrong"], &told[late]["actual"]),
            (&json!(true), &json!(2)),
            "{}",
            told[late]
        );
    }
    let ids: Vec<_> = told[7..].iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, [1, 2, 3].map(|id| json!(Uuid::from_u128(id))));
    assert_eq!([&told[7]["commit"], &told[9]["commit"]], [&json!(commit(1)), &json!(commit(2))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_the_log_over_lines_that_are_lost_and_sees_what_the_log_holds() {
    let Scene { log, server } = Scene::new(identity()).await;
    log.append(append(1, 0, 3)).await.expect("an append");
    server.meddle("orders-1", "OrderPlaced", b"{}");
    let mut client = tokio::task::block_in_place(|| Client::start(&server, &["follow", "9"]));
    let mut seen = Vec::new();
    for round in 1..=3 {
        let mut lost = 0;
        for _ in 0..3 {
            let (event, times) = client.event().await;
            lost += times;
            seen.push(event);
        }
        assert_eq!(lost > 0, round > 1, "its line was cut before each round but the first");
        if round < 3 {
            server.cut();
            log.append(append(1, round * 3, 3)).await.expect("an append");
        }
    }
    assert_eq!(client.next().await, None);
    let whole = log.read(Position::START, 100).await.expect("a read");
    assert_eq!(seen.len(), whole.len());
    for (seen, held) in seen.iter().zip(&whole) {
        let commit = (held.position.get() - 2) / 2;
        assert_eq!((&seen["id"], &seen["commit"]), (&json!(held.id), &json!(commit)));
        assert_eq!((&seen["stream"], &seen["revision"]), (&json!("key-1"), &json!(held.revision.get())));
        assert_eq!(
            (&seen["type"], &seen["data"]),
            (&json!("keyledger-event"), &json!(String::from_utf8(held.public.clone()).expect("JSON")))
        );
        // The layout that is written down: 1, the length of the code, the code, the private part.
        let sent = event(1, held.revision.get());
        let metadata = [[1, 0, 0, 0, 36].as_slice(), &sent.mac, &sent.private].concat();
        assert_eq!(seen["metadata"], json!(hex::encode(metadata)));
    }
}
