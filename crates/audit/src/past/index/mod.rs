//! What every key was after each so many events, in files: the log's own order, cut into segments of equal length.
//!
//! A **run** of level 0 holds the last state of every key that is touched in one segment; a run of the next level is what
//! sixteen runs below it make together, the newest state of each key. So any number of segments from the beginning is
//! covered by few runs, the large ones first, and a state is read in one pass. Nothing is ever changed: a run follows from
//! the log alone, and what is missing, damaged or of another log is made again.
//!
//! Believing a run is not believing whoever can write to the disk: it is sealed under the keyring where that is at hand.
//! Without a keyring it bears a plain digest, which finds accidents and nothing else.

mod files;
mod plan;
mod times;

use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
};

use keyledger_domain::Moment;
use keyledger_event_log::{Position, ReadError};

use super::{Chunks, PastError, fold, rows::Rows};
use crate::{History, HistoryError, Watcher, Witnessed};
use files::{Files, Header};
pub(super) use plan::Plan;
use times::Times;

/// Where an index lies, and how it is cut.
#[derive(Clone, Debug)]
pub struct IndexPlace {
    /// The directory for the indices of any number of logs.
    pub directory: PathBuf,
    /// How it is cut; an index that is cut otherwise is made again.
    pub shape: Shape,
}

/// How an index is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The events of a segment.
    pub events: usize,
    /// How many runs make one of the next level.
    pub fan_out: usize,
}

impl Shape {
    /// As it was measured to be good: what is left behind the last segment is read in a moment, and few runs cover any
    /// number of segments.
    pub const DEFAULT: Self = Self { events: 1 << 14, fan_out: 16 };
}

/// Why there is no index.
pub(super) enum IndexError {
    /// It cannot be kept there.
    Place(io::Error),
    /// The log does not answer.
    Past(PastError),
}

/// The index of one log.
pub(super) struct Index {
    files: Files,
    segments: Vec<Segment>,
    shape: Shape,
    /// Held for as long as it is used: what one process removes another one must not read.
    _lock: File,
}

/// A part of the log that is in the index.
pub(super) struct Segment {
    /// The position behind which it begins.
    after: Position,
    /// The position of its last event.
    last: Position,
    /// BLAKE3 of that event's public part.
    last_event: [u8; 32],
    /// When its events happened.
    times: Times,
}

/// This segment has to be made again.
struct Lost(usize);

impl Index {
    /// Opens the index of the history's log; an empty one where there is none, or none to be believed.
    pub(super) async fn open(
        place: &IndexPlace,
        history: &History,
        watcher: &mut dyn Watcher,
    ) -> Result<Self, IndexError> {
        let directory = place.directory.join(history.identity().log.to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(IndexError::Place)?;
        let lock = File::open(&directory).map_err(IndexError::Place)?;
        if lock.try_lock().is_err() {
            watcher.remark("somebody else uses the index of the past: waiting for them");
            lock.lock().map_err(IndexError::Place)?;
        }
        let files = Files::new(directory, history.identity(), history.keys(), place.shape);
        let mut index = Self { files, segments: Vec::new(), shape: place.shape, _lock: lock };
        index.find_segments(watcher);
        if let Some(last) = index.segments.last()
            && !holds(history, last).await.map_err(|error| IndexError::Past(error.into()))?
        {
            index.forget(0, "the log is not the one that it was made from", watcher);
        }
        Ok(index)
    }

    /// The segments whose runs lie there, up to the first that is missing or not to be believed.
    fn find_segments(&mut self, watcher: &mut dyn Watcher) {
        loop {
            let number = self.segments.len();
            match self.files.header(0, number) {
                Ok(None) => return,
                Ok(Some(header)) if header.after == self.end() => self.segments.push(header.segment()),
                Ok(Some(_)) => return self.forget(number, "its parts do not fit together", watcher),
                Err(why) => return self.forget(number, &why, watcher),
            }
        }
    }

    /// Where the index ends.
    fn end(&self) -> Position {
        self.end_of(self.segments.len())
    }

    /// Where the first so many segments end.
    fn end_of(&self, segments: usize) -> Position {
        segments.checked_sub(1).map_or(Position::START, |last| self.segments[last].last)
    }

    /// Throws away what holds this segment or a later one.
    fn forget(&mut self, from: usize, why: &str, watcher: &mut dyn Watcher) {
        watcher.remark(&format!("the index of the past is made again from segment {from} on: {why}"));
        self.segments.truncate(from);
        self.files.remove_from(from);
    }

    /// Takes in the whole segments that the log holds by now, as far as a moment needs them.
    pub(super) async fn grow(
        &mut self,
        moment: Moment,
        history: &History,
        watcher: &mut dyn Watcher,
    ) -> Result<(), PastError> {
        let head = history.head().await?;
        let until = match moment {
            Moment::Position(position) => head.min(Position::new(position)),
            Moment::Time(_) => head,
        };
        match self.grow_until(until, history, watcher).await? {
            Ok(()) => Ok(()),
            // What is there goes on being of use.
            Err(error) => {
                watcher.remark(&format!("the index of the past cannot grow: {error}"));
                Ok(())
            }
        }
    }

    async fn grow_until(
        &mut self,
        until: Position,
        history: &History,
        watcher: &mut dyn Watcher,
    ) -> Result<io::Result<()>, PastError> {
        // Where positions have gaps there are fewer events than that.
        if until.since(self.end()) < self.shape.events as u64 {
            return Ok(Ok(()));
        }
        let mut rows = loop {
            match self.cover(self.segments.len(), watcher) {
                Ok(rows) => break rows,
                Err(Lost(segment)) => self.forget(segment, "a part of it was lost", watcher),
            }
        };
        let mut chunks = Chunks::between(history, self.end(), until).await?;
        loop {
            let events = chunks.next(self.shape.events, watcher).await?;
            if events.len() < self.shape.events {
                return Ok(Ok(()));
            }
            let touched = fold::touched(&rows, &events)?;
            if let Err(error) = self.take_in(&events, &touched, watcher) {
                return Ok(Err(error));
            }
            rows = touched.over(rows).compacted();
        }
    }

    /// Writes the next segment down, and the runs of higher levels that end with it.
    fn take_in(&mut self, events: &[Witnessed], touched: &Rows, watcher: &mut dyn Watcher) -> io::Result<()> {
        let Some(last) = events.last() else { return Ok(()) };
        let segment = Segment {
            after: self.end(),
            last: last.position,
            last_event: *blake3::hash(&last.public).as_bytes(),
            times: Times::of(events.iter().map(|event| event.event.occurred_at)),
        };
        let number = self.segments.len();
        self.files.write(&Header::of(0, number, &segment, &segment), touched)?;
        self.segments.push(segment);
        let mut level = 1;
        while self.segments.len().is_multiple_of(self.span(level)) {
            // A run below that was lost is found, and made again, when it is needed.
            let _ = self.merge(level, self.segments.len() / self.span(level) - 1, watcher);
            level += 1;
        }
        Ok(())
    }

    /// How many segments a run of a level holds.
    fn span(&self, level: u32) -> usize {
        self.shape.fan_out.saturating_pow(level)
    }

    /// What every key was after the first so many segments.
    pub(super) async fn load(
        &mut self,
        segments: usize,
        history: &History,
        watcher: &mut dyn Watcher,
    ) -> Result<Rows, PastError> {
        loop {
            let until = self.end_of(segments);
            match self.cover(segments, watcher) {
                Ok(rows) => return Ok(rows),
                Err(Lost(segment)) => {
                    self.forget(segment, "a part of it was lost", watcher);
                    self.grow_until(until, history, watcher)
                        .await?
                        .map_err(|error| PastError::NotKept(error.to_string()))?;
                }
            }
        }
    }

    fn cover(&self, segments: usize, watcher: &mut dyn Watcher) -> Result<Rows, Lost> {
        let mut runs = Vec::new();
        let mut at = 0;
        while at < segments {
            let fits = |level: &u32| {
                let span = self.span(*level);
                at.is_multiple_of(span) && at + span <= segments
            };
            let level = (0..).take_while(fits).last().unwrap_or_default();
            runs.push((level, at / self.span(level)));
            at += self.span(level);
        }
        // The newest first: they are small, and the large ones are then gone through once.
        runs.into_iter().rev().try_fold(Rows::default(), |newer, (level, number)| {
            Ok(newer.over(self.run(level, number, watcher)?))
        })
    }

    /// The rows of a run, made again from those below where it is not to be believed.
    fn run(&self, level: u32, number: usize, watcher: &mut dyn Watcher) -> Result<Rows, Lost> {
        match self.files.read(&self.header(level, number)) {
            Ok(Some(rows)) => return Ok(rows),
            Ok(None) => {}
            Err(why) => watcher.remark(&format!("a part of the index of the past is made again: {why}")),
        }
        if level == 0 { Err(Lost(number)) } else { self.merge(level, number, watcher) }
    }

    /// Makes a run from those below it.
    fn merge(&self, level: u32, number: usize, watcher: &mut dyn Watcher) -> Result<Rows, Lost> {
        let below = number * self.shape.fan_out..(number + 1) * self.shape.fan_out;
        let merged = below.rev().try_fold(Rows::default(), |newer, number| {
            Ok(newer.over(self.run(level - 1, number, watcher)?))
        })?;
        if let Err(error) = self.files.write(&self.header(level, number), &merged) {
            watcher.remark(&format!("a part of the index of the past cannot be written: {error}"));
        }
        Ok(merged)
    }

    fn header(&self, level: u32, number: usize) -> Header {
        let span = self.span(level);
        let (first, last) = (&self.segments[number * span], &self.segments[(number + 1) * span - 1]);
        Header::of(level, number, first, last)
    }
}

/// Whether the log still holds the last event of a segment.
async fn holds(history: &History, segment: &Segment) -> Result<bool, HistoryError> {
    match history.event_at(segment.last).await {
        Ok(Some(event)) => Ok(*blake3::hash(&event.public).as_bytes() == segment.last_event),
        // In a log with gaps a position that it never told cannot be asked for.
        Ok(None) | Err(HistoryError::Unreadable(ReadError::Damaged(_))) => Ok(false),
        Err(error) => Err(error),
    }
}
