//! The form of a secret never changes: keys in the field must work for ever.

use keyledger_secret::{Digest, Marker, Pepper, PlaintextSecret, Randomness, holds_any_secret, holds_secret};
use proptest::prelude::*;

/// Bytes that count up from a start.
struct Counting(u8);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (offset, byte) in (0_u8..=255).cycle().zip(bytes) {
            *byte = self.0.wrapping_add(offset);
        }
    }
}

/// Bytes that proptest chose, over and over.
struct Chosen(Vec<u8>);

impl Randomness for Chosen {
    fn fill(&self, bytes: &mut [u8]) {
        for (chosen, byte) in self.0.iter().cycle().zip(bytes) {
            *byte = *chosen;
        }
    }
}

// Made independently with Python (zlib.crc32, the blake3 package) under the pepper 07 07 … 07.
const GOLDEN: [(u8, &str, &str); 3] = [
    (
        0,
        "A0123456_kl1_0123456789ABCDEFGHIJKLMNOPQRSTUV2Z36ee",
        "94266ae145f1bfa71624d6c9617a626d4ccf2365c0fbe6e1d8acda2d8041ab71",
    ),
    (
        100,
        "wcdefghi_kl1_cdefghijklmnopqrstuvwxyz012345671H7iiM",
        "c42c959dee7dc35536c2c160be4602a76b110d5630f17ed22f26f06e5fe113e0",
    ),
    (
        240,
        "Astuvwxy_kl1_stuvwxyz0123456789ABCDEFGHIJKLMN1moFZm",
        "35b3d9e0540edc8c05095ca59ebb194d7e3fbc9ec50d0217ddabc2605d2349b9",
    ),
];

#[test]
fn minted_secrets_and_their_digests_are_what_they_were() {
    let pepper = Pepper::new([7; 32]);
    for (start, secret, digest) in GOLDEN {
        let minted = PlaintextSecret::mint(Marker::DEFAULT, &Counting(start));
        assert_eq!(minted.expose(), secret);
        let hex: String =
            pepper.digest(&minted).to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, digest);
    }
}

#[test]
fn a_secret_with_a_wrong_character_anywhere_is_malformed() {
    let (_, secret, _) = GOLDEN[1];
    assert!(PlaintextSecret::parse(Marker::DEFAULT, secret.as_bytes()).is_some());
    for place in 0..secret.len() {
        for other in (0..=255_u8).filter(|other| *other != secret.as_bytes()[place]) {
            let mut bytes = secret.as_bytes().to_vec();
            bytes[place] = other;
            assert!(PlaintextSecret::parse(Marker::DEFAULT, &bytes).is_none(), "{place} {other}");
        }
    }
}

#[test]
fn nothing_is_trimmed_and_no_case_is_folded() {
    let (_, secret, _) = GOLDEN[1];
    let variants = [
        format!(" {secret}"),
        format!("{secret} "),
        format!("{secret}\n"),
        secret.to_lowercase(),
        secret.to_uppercase(),
        secret[1..].to_owned(),
        String::new(),
    ];
    for variant in variants {
        assert!(PlaintextSecret::parse(Marker::DEFAULT, variant.as_bytes()).is_none(), "{variant:?}");
    }
}

#[test]
fn another_installations_marker_is_malformed_here() {
    let other = Marker::parse("zz9").expect("a marker");
    let minted = PlaintextSecret::mint(other, &Counting(3));
    assert!(PlaintextSecret::parse(other, minted.expose().as_bytes()).is_some());
    assert!(PlaintextSecret::parse(Marker::DEFAULT, minted.expose().as_bytes()).is_none());
}

#[test]
fn a_secret_of_any_installation_is_spotted_by_its_form_and_checksum() {
    for marker in ["kl1", "zz9", "a00"] {
        let marker = Marker::parse(marker).expect("a marker");
        let minted = PlaintextSecret::mint(marker, &Counting(3));
        let text = format!("--reason=leaked: {}\n", minted.expose());
        assert!(holds_any_secret(&text), "{marker}");
        let slip = text.replace("leaked: ", "leaked:").replacen("456", "465", 1);
        assert!(!holds_any_secret(&slip), "a wrong checksum: {slip}");
    }
    assert!(!holds_any_secret(""));
}

#[test]
fn a_digest_matches_its_secret_under_its_pepper_only() {
    let [one, other] = [Counting(1), Counting(2)].map(|r| PlaintextSecret::mint(Marker::DEFAULT, &r));
    let pepper = Pepper::new([1; 32]);
    let kept = Digest::new(pepper.digest(&one).to_bytes());
    assert!(kept.matches(&pepper.digest(&one)));
    assert!(!kept.matches(&pepper.digest(&other)));
    assert!(!kept.matches(&Pepper::new([2; 32]).digest(&one)));
}

proptest! {
    #[test]
    fn every_minted_secret_is_well_formed_and_spotted_in_any_text(
        bytes in proptest::collection::vec(0_u8..248, 1..200).prop_filter("a fair letter", |b| b.iter().any(|b| *b < 208)),
        before in ".{0,20}",
        after in ".{0,20}",
    ) {
        let minted = PlaintextSecret::mint(Marker::DEFAULT, &Chosen(bytes));
        let text = minted.expose();
        prop_assert!(text.len() == 51 && text.as_bytes()[0].is_ascii_alphabetic() && &text[8..13] == "_kl1_");
        prop_assert_eq!(minted.prefix(), &text.as_bytes()[..8]);
        let parsed = PlaintextSecret::parse(Marker::DEFAULT, text.as_bytes());
        prop_assert!(parsed.is_some_and(|parsed| parsed.expose() == text));
        let pasted = format!("{before}{text}{after}");
        prop_assert!(holds_secret(Marker::DEFAULT, &pasted));
    }

    #[test]
    fn random_text_is_no_secret(text in ".{0,120}", shaped in "[A-Za-z][0-9A-Za-z]{7}_kl1_[0-9A-Za-z]{37}!") {
        prop_assert!(!holds_secret(Marker::DEFAULT, &text));
        prop_assert!(PlaintextSecret::parse(Marker::DEFAULT, shaped.as_bytes()).is_none());
    }
}

#[test]
fn every_digit_is_as_likely_as_any_other() {
    // All byte values once: the 248 fair ones hold each of the 62 digits four times.
    let mut counts = std::collections::BTreeMap::<u8, u32>::new();
    for start in (0..=255).step_by(32) {
        let minted = PlaintextSecret::mint(Marker::DEFAULT, &Counting(start));
        for byte in &minted.expose().as_bytes()[13..45] {
            *counts.entry(*byte).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 62);
    assert!(counts.values().all(|count| (3..=5).contains(count)), "{counts:?}");
}
