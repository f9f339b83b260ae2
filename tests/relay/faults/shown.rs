use std::collections::BTreeMap;

use keyledger_tests::Record;

/// What is wrong with the records of the topic of every event, beside a dense log of `head` events; nothing where each
/// position is there once, and in order within its partition.
pub(super) fn faults(records: &[Record], head: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut times, mut last) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        let position: u64 =
            record.header("ce_position").and_then(|text| text.parse().ok()).expect("a position");
        *times.entry(position).or_insert(0) += 1;
        let before = last.insert(record.partition, position).unwrap_or(0);
        if position <= before {
            faults.push(format!("{position} stands behind {before} in partition {}", record.partition));
        }
    }
    for position in 1..=head {
        match times.remove(&position) {
            Some(1) => {}
            Some(times) => faults.push(format!("{position} is there {times} times")),
            None => faults.push(format!("{position} is not there")),
        }
    }
    faults.extend(times.into_keys().map(|position| format!("{position} is not in the log")));
    faults
}

#[test]
fn a_gap_a_duplicate_a_stranger_and_a_wrong_order_are_told() {
    let record = |partition, position: u64| Record {
        partition,
        offset: 0,
        key: String::new(),
        headers: vec![("ce_position".to_owned(), position.to_string())],
        value: Vec::new(),
    };
    assert_eq!(faults(&[record(0, 1), record(0, 3), record(1, 2)], 3), [""; 0]);
    assert_eq!(faults(&[record(0, 1)], 2), ["2 is not there"]);
    assert_eq!(faults(&[record(0, 1), record(1, 1)], 1), ["1 is there 2 times"]);
    assert_eq!(faults(&[record(0, 1), record(0, 2)], 1), ["2 is not in the log"]);
    assert_eq!(faults(&[record(0, 2), record(0, 1)], 2), ["1 stands behind 2 in partition 0"]);
}
