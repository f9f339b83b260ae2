//! Indices that somebody damaged, planted, or made of something else.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyledger_audit::{
    History,
    past::{IndexPlace, Past, Shape},
};
use keyledger_domain::Moment;

use crate::{
    compared::runtime,
    story::{Remarks, Story, held, mac_keys, many},
};

const LENGTH: usize = 60;

fn files(directory: &Path) -> Vec<PathBuf> {
    let log = fs::read_dir(directory).expect("a directory").next().expect("of one log").expect("an entry");
    let mut files: Vec<_> =
        fs::read_dir(log.path()).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// What the past says of the end of a log and of its middle, and what was remarked about it.
async fn asked(story: &Story, past: &Past) -> Vec<String> {
    let mut remarks = Remarks::default();
    for moment in [LENGTH as u64, LENGTH as u64 / 2].map(Moment::Position) {
        let state = past.state(moment, &mut remarks).await.expect("a state");
        assert_eq!(held(&state), story.told(moment));
    }
    remarks.0
}

#[test]
fn a_file_that_is_damaged_anywhere_is_noticed_and_made_again() {
    runtime().block_on(async {
        let story = Story::of(&many(LENGTH)).await;
        let directory = tempfile::tempdir().expect("a directory");
        let past = story.past(Some(directory.path()));
        assert!(asked(&story, &past).await.is_empty(), "a new index is no news");
        let mut noticed = 0;
        for file in files(directory.path()) {
            let whole = fs::read(&file).expect("a file");
            for at in [3, 9, 12, 40, whole.len() / 2, whole.len() - 1] {
                let mut damaged = whole.clone();
                damaged[at] ^= 0x10;
                fs::write(&file, &damaged).expect("written");
                noticed += usize::from(!asked(&story, &past).await.is_empty());
            }
            for length in [0, 11, whole.len() - 1] {
                fs::write(&file, &whole[..length]).expect("written");
                noticed += usize::from(!asked(&story, &past).await.is_empty());
            }
            fs::remove_file(&file).expect("it is there");
            asked(&story, &past).await;
        }
        // Of each of twenty segments at least what its header lost; of the rows what is read is checked.
        assert!(noticed >= 20 * 6, "it went unnoticed: {noticed}");
    });
}

#[test]
fn a_file_that_bears_no_code_of_the_keyring_is_not_believed() {
    runtime().block_on(async {
        let story = Story::of(&many(LENGTH)).await;
        let directory = tempfile::tempdir().expect("a directory");
        let open = story.past_without_keyring(directory.path());
        assert!(asked(&story, &open).await.is_empty());
        assert!(asked(&story, &open).await.is_empty(), "what one without the keyring made they may read");
        let remarks = asked(&story, &story.past(Some(directory.path()))).await;
        assert!(remarks[0].contains("without the keyring"), "{remarks:?}");
        // Nor is one that lies in another one's place.
        let files = files(directory.path());
        let [first, second] = ["0-0.run", "0-1.run"]
            .map(|name| files.iter().find(|file| file.ends_with(name)).expect("a segment"));
        fs::copy(first, second).expect("copied");
        let remarks = asked(&story, &story.past(Some(directory.path()))).await;
        assert!(!remarks.is_empty(), "it was moved");
    });
}

#[test]
fn the_index_of_another_log_is_thrown_away() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().expect("a directory");
        let before = Story::of(&many(LENGTH)).await;
        asked(&before, &before.past(Some(directory.path()))).await;
        // The same log, as its id says, with another past; and one that was cut off.
        let mut other = many(LENGTH);
        other[1].what = 6;
        other.iter_mut().for_each(|step| step.clock += 1);
        let other = Story::of(&other).await;
        let remarks = asked(&other, &other.past(Some(directory.path()))).await;
        assert!(remarks[0].contains("not the one"), "{remarks:?}");
        let cut = Story::of(&many(LENGTH / 2)).await;
        let mut remarks = Remarks::default();
        let end = Moment::Position(LENGTH as u64 / 2);
        let state = cut.past(Some(directory.path())).state(end, &mut remarks).await.expect("a state");
        assert_eq!(held(&state), cut.told(end));
        assert!(remarks.0[0].contains("not the one"), "{:?}", remarks.0);
    });
}

#[test]
fn an_index_that_is_cut_otherwise_is_made_again_and_one_that_cannot_be_kept_is_done_without() {
    runtime().block_on(async {
        let story = Story::of(&many(LENGTH)).await;
        let directory = tempfile::tempdir().expect("a directory");
        let shaped = |shape| {
            let history = History::new(story.log.clone(), Some(Arc::new(|| mac_keys(7))));
            Past::new(history, Some(IndexPlace { directory: directory.path().to_owned(), shape }))
        };
        assert!(asked(&story, &shaped(Shape { events: 3, fan_out: 2 })).await.is_empty());
        for shape in [Shape { events: 4, fan_out: 2 }, Shape { events: 4, fan_out: 3 }] {
            assert!(!asked(&story, &shaped(shape)).await.is_empty());
            assert!(asked(&story, &shaped(shape)).await.is_empty());
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        let remarks = asked(&story, &story.past(Some(file.path()))).await;
        assert!(remarks[0].contains("--index"), "{remarks:?}");
    });
}
