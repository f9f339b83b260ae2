//! The same events in a file and in a database: the same digest, the same answers, and places that are good in either.

use keyledger_domain::key::Status;
use keyledger_read_models::{Cursor, List, Page, PartnerKeys, PartnerKeysReader};

use super::place::{Place, in_a_file};
use super::story::{Story, log, partner, tell};

/// Keys of many kinds: expired, revoked, regenerated, renamed, unreadable.
fn story() -> Story {
    let mut story = Story::new();
    let mut dice = 1_u32;
    for _ in 0..900 {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        story.something((dice >> 8) as u8 % 12, u64::from(dice >> 16) % 60, (dice >> 12) % 200);
    }
    assert!(story.events.len() > 200, "too little happened to tell: {}", story.events.len());
    story
}

fn pages(reader: &PartnerKeysReader, list: List<'_>) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = reader.list(List { after, ..list }).expect("a page");
        after = page.next;
        pages.push(page);
        if after.is_none() {
            return pages;
        }
    }
}

#[test]
fn a_file_and_a_database_that_were_told_the_same_answer_the_same() {
    let (story, place) = (story(), Place::new());
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut file = PartnerKeys::open(directory.path().join("read-models.db"), log()).expect("a read model");
    let mut database = place.open();
    for model in [&mut file, &mut database] {
        tell(model, &story.events, 1..=100).expect("the first part");
        tell(model, &story.events, 101..=story.events.len()).expect("the second part");
    }
    assert_eq!(database.contents(), file.contents());
    let [file, database] = [&file, &database].map(|model| model.reader().expect("a reader"));
    let mut turned = 0;
    for owner in ["acme", "globex", "registry", "nobody"].map(partner) {
        for status in [None, Some(Status::Active), Some(Status::Revoked), Some(Status::Expired)] {
            for search in [
                None,
                Some("KEY 1"),
                Some("renamed"),
                Some("p00"),
                Some("%"),
                Some("é"),
                Some(""),
                Some("a\0b"),
            ] {
                let list = List { partner: &owner, status, search, now: story.now, limit: 3, after: None };
                let pages_of_both = [&file, &database].map(|reader| pages(reader, list));
                assert_eq!(pages_of_both[0], pages_of_both[1], "{owner} {status:?} {search:?}");
                turned += pages_of_both[0].len();
                for Page { next, .. } in &pages_of_both[0] {
                    let text = next.map(|cursor| cursor.to_string());
                    let after = text.map(|text| Cursor::parse(&text).expect("a cursor"));
                    let next_of_both = [&file, &database].map(|reader| reader.list(List { after, ..list }));
                    assert_eq!(next_of_both[0], next_of_both[1]);
                }
            }
        }
        assert_eq!(file.count_live(&owner, story.now), database.count_live(&owner, story.now));
    }
    assert!(turned > 150, "too little was turned to tell: {turned}");
    assert_eq!(file.partners(None, 10), database.partners(None, 10));
    assert_eq!(database.contents().expect("contents"), in_a_file(&story, story.events.len()));
}

#[test]
fn a_page_is_found_by_its_index_and_never_by_the_keys_of_others() {
    let place = Place::new();
    let mut model = place.open();
    let story = super::place::many(300);
    tell(&mut model, &story.events, 1..=300).expect("creations");
    for (filter, index) in [
        ("", "partner_keys_all"),
        ("AND revoked_at IS NOT NULL", "partner_keys_revoked"),
        ("AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > '2')", "partner_keys_unrevoked"),
    ] {
        let plan = place.run(&format!(
            "SET search_path = keyledger_lists; SET enable_seqscan = off; SET enable_bitmapscan = off;
             EXPLAIN SELECT key_id FROM partner_keys WHERE partner_id = 'acme' {filter} AND (created_at, key_id) < ('~', '~')
             ORDER BY created_at DESC, key_id DESC LIMIT 51"
        ));
        assert!(plan.contains(index) && !plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
    }
}
