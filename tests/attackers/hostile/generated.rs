//! Requests that were good until dice changed them, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use keyledger_tests::{Dice, soak};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::target::{MARK, Target, statuses};

/// What parsers stumble over.
const PIECES: [&[u8]; 20] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"\xff",
    b"\xc0\xaf",
    b"%00",
    b"%",
    b"{",
    b"[[[[",
    b"\"",
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"x-api-key: a\r\n",
    b"HTTP/1.1",
    b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
];

#[derive(Clone, Debug)]
enum Change {
    Insert(prop::sample::Index, prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Delete(prop::sample::Index, u8),
    Repeat(prop::sample::Index, u8),
    CutOff(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), place()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => (place(), 1..=255_u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        2 => (place(), 1..=40_u8).prop_map(|(at, length)| Change::Delete(at, length)),
        1 => (place(), 1..=40_u8).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => place().prop_map(Change::CutOff),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Insert(at, piece) => {
                let at = at.index(length);
                bytes.splice(at..at, PIECES[piece.index(PIECES.len())].iter().copied());
            }
            Change::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Change::Delete(at, many) => {
                let at = at.index(length);
                bytes.drain(at..length.min(at + usize::from(*many)));
            }
            Change::Repeat(at, many) => {
                let at = at.index(length);
                let piece = bytes[at..length.min(at + usize::from(*many))].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::CutOff(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

/// Good requests to every listener, by its address; the mark stands where nobody may quote it.
fn seeds(target: &Target) -> Vec<(String, Vec<u8>)> {
    let all = target.registry.addresses();
    let request = |address: &String, line: &str, body: &str| {
        let key = &target.key.secret;
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nhost: test\r\nx-api-key: {key}\r\nx-mark: {MARK}\r\n");
        let kind = "content-type: application/json\r\n";
        (address.clone(), format!("{head}{kind}content-length: {length}\r\n\r\n{body}").into_bytes())
    };
    let verify = format!(r#"{{"key":"{}","scopes":["client:read"],"cost":0}}"#, target.key.secret);
    vec![
        request(&all.command, &format!("GET /v1/partners/acme/keys?cursor={MARK}"), ""),
        request(
            &all.command,
            "POST /v1/partners/acme/keys",
            r#"{"name":"billing","scopes":["client:read"]}"#,
        ),
        request(&all.command, &format!("GET /v1/events?after={MARK}"), ""),
        request(&all.validator, &format!("GET /v1/authorize?scope=client:read&other={MARK}"), ""),
        request(&all.validator, "POST /v1/verify", &verify),
        request(&all.ops, &format!("GET /readyz?{MARK}"), ""),
    ]
}

/// Sends bytes, says that no more will come, and reads to the end.
fn speak(address: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect(address.trim_start_matches("http://"))?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    // It may have closed already, which the reading tells.
    let _ = socket.write_all(bytes);
    let _ = socket.shutdown(Shutdown::Write);
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Ok(answer),
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(answer),
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn requests_changed_by_dice_break_nothing_and_do_not_come_back() {
    let mut dice = Dice::thrown_for("changed requests");
    let target = Target::new();
    let seeds = seeds(&target);
    let seed: Vec<u8> = (0..4).flat_map(|_| dice.roll().to_le_bytes()).collect();
    let cases = if soak() { 20_000 } else { 600 };
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let strategy = (0..seeds.len(), prop::collection::vec(change(), 1..6));
    let outcome = runner.run(&strategy, |(seed, changes)| {
        let (address, good) = &seeds[seed];
        let bytes = changed(good.clone(), &changes);
        let sent = String::from_utf8_lossy(&bytes).into_owned();
        let answer =
            speak(address, &bytes).map_err(|error| TestCaseError::fail(format!("{error}: {sent}")))?;
        let answer = String::from_utf8_lossy(&answer);
        let quiet = !answer.contains(MARK) && !answer.contains(&target.key.secret);
        prop_assert!(quiet, "it comes back: {sent} is answered {answer}");
        for status in statuses(&answer) {
            prop_assert!(status < 500, "{sent} is answered {answer}");
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    target.is_unharmed();
}
