use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use keyledger_command_service::claims_of;
use keyledger_domain::event::Body;
use keyledger_event_log::{
    Append, AppendError, EventLog, Lane, LogIdentity, NewEvent, Position, PositionOrder, RecordedEvent,
};
use keyledger_projectors::{CheckedEvent, MacKeysSource};

use super::{Copied, digest::Digest};

/// How many events are read at once.
const BATCH: usize = 1_000;

/// A log on its way into another store. Each event is checked before it is written, and read back afterwards; what the
/// target holds already is compared with the source first. Where both stores number their events without gaps the positions
/// stay; where one of them does not, an event keeps all but its position.
pub(crate) struct Copying {
    from: Arc<dyn EventLog>,
    to: Arc<dyn EventLog>,
    /// Which log the events must be of, and the last life that they may be of.
    log: LogIdentity,
    keys: MacKeysSource,
    /// The last position of the source that the target was seen to hold too.
    reached: Position,
    /// The position of that event in the target.
    copied_to: Position,
    /// How many events both were seen to hold.
    number: u64,
    /// Up to where the target goes.
    there: Position,
    /// The life of the last event; it never falls.
    epoch: u32,
    written: u64,
    read: [Digest; 2],
}

impl Copying {
    /// Begins with nothing compared.
    ///
    /// # Errors
    /// One sentence, where the two do not go together.
    pub(crate) async fn begin(
        from: Arc<dyn EventLog>,
        to: Arc<dyn EventLog>,
        log: LogIdentity,
        keys: MacKeysSource,
    ) -> anyhow::Result<Self> {
        let there = to.head().await?;
        Ok(Self {
            from,
            to,
            log,
            keys,
            reached: Position::START,
            copied_to: Position::START,
            number: 0,
            there,
            epoch: 0,
            written: 0,
            read: [Digest::new(), Digest::new()],
        })
    }

    /// The last position of the source that the target was seen to hold too.
    pub(crate) fn reached(&self) -> Position {
        self.reached
    }

    /// The digest of what was compared so far.
    pub(crate) fn digest(&self) -> String {
        self.read[0].so_far()
    }

    /// What it came to so far.
    pub(crate) fn copied(&self) -> Copied {
        let Self { reached, number, written, .. } = *self;
        Copied { position: reached, number, events: written, digest: self.digest() }
    }

    /// Whether an event has the same position in both.
    fn keeps_positions(&self) -> bool {
        [&self.from, &self.to].iter().all(|log| log.order() == PositionOrder::Dense)
    }

    /// Compares and copies up to a position.
    ///
    /// # Errors
    /// As [`Copying::go_on`], and where the source ends before it.
    pub(crate) async fn up_to(
        &mut self,
        position: u64,
        on_progress: &mut impl FnMut(Position, Position),
    ) -> anyhow::Result<()> {
        let (goal, head) = (Position::new(position), self.from.head().await?);
        ensure!(head >= goal, "the source ends at position {head}, and was to hold positions up to {goal}");
        self.reach(goal, on_progress).await
    }

    /// Compares and copies up to the source's head.
    ///
    /// # Errors
    /// One sentence: an event that nobody may believe, two logs that differ, a store that fails.
    pub(crate) async fn go_on(
        &mut self,
        on_progress: &mut impl FnMut(Position, Position),
    ) -> anyhow::Result<()> {
        let head = self.from.head().await?;
        self.reach(head, on_progress).await
    }

    async fn reach(
        &mut self,
        head: Position,
        on_progress: &mut impl FnMut(Position, Position),
    ) -> anyhow::Result<()> {
        while self.reached < head {
            let limit = usize::try_from(head.since(self.reached)).unwrap_or(BATCH).min(BATCH);
            let mut events = self.from.read(self.reached, limit).await?;
            events.retain(|event| event.position <= head);
            ensure!(!events.is_empty(), "the source no longer holds position {}: its end was cut off", head);
            let checked = self.check(&events)?;
            if self.there == self.copied_to {
                self.write(&events, &checked).await?;
            }
            self.compare(&events, &checked).await?;
            on_progress(self.reached, head);
        }
        Ok(())
    }

    /// What it came to, once the target is seen to hold nothing more.
    ///
    /// # Errors
    /// One sentence, where it does.
    pub(crate) async fn end(self) -> anyhow::Result<Copied> {
        let Self { to, reached, copied_to, number, written, read: [source, target], .. } = self;
        let there = to.head().await?;
        ensure!(
            there == copied_to,
            "the target holds more than the source, positions up to {there} and not {copied_to}: name another target, \
             or look whether the two were exchanged"
        );
        let (digest, copy) = (source.so_far(), target.so_far());
        ensure!(digest == copy, "the digests differ, {digest} and {copy}: name another target");
        Ok(Copied { position: reached, number, events: written, digest })
    }

    /// Checks events as every reader of the log does, and that this release knows what each of them claims.
    fn check(&self, events: &[RecordedEvent]) -> anyhow::Result<Vec<CheckedEvent>> {
        let (keys, mut last, mut epoch) = ((self.keys)(), self.reached, self.epoch);
        let dense = self.from.order() == PositionOrder::Dense;
        let mut checked = Vec::with_capacity(events.len());
        for event in events {
            let due = if dense { last.next() } else { event.position };
            ensure!(
                event.position == due && due > last,
                "events are missing: behind position {last} stands {}",
                event.position
            );
            last = due;
            let opened = CheckedEvent::open(event.clone(), &keys, self.log)?;
            let found = opened.event.epoch;
            ensure!(
                found >= epoch,
                "the event at position {due} is not to be believed: it is of epoch {found}, behind one of epoch {epoch}"
            );
            if let Body::Unreadable(what) = &opened.event.body {
                bail!(
                    "the event at position {due} is a {} of schema version {}, which this release cannot read: copy \
                     with the release that wrote it, or a later one",
                    what.event_type,
                    what.schema_version
                );
            }
            epoch = found;
            checked.push(opened);
        }
        Ok(checked)
    }

    /// Appends events with what they claim. The target judges them as it judges every append: a stream that lacks a
    /// revision, an id or a claim that is there twice, is refused.
    async fn write(&mut self, events: &[RecordedEvent], checked: &[CheckedEvent]) -> anyhow::Result<()> {
        let mut appends = Vec::with_capacity(events.len());
        for (event, checked) in events.iter().zip(checked) {
            let claims = claims_of(event.id, &checked.event.body);
            let new = NewEvent {
                id: event.id,
                revision: event.revision,
                public: event.public.clone(),
                private: event.private.clone(),
                mac: event.mac.clone(),
            };
            let (stream, lane) = (event.stream.clone(), Lane::Ordinary);
            appends.push(Append { stream, events: vec![new], claims, lane });
        }
        let outcomes = self.to.append_in_order(appends).await;
        for outcome in outcomes.map_err(|error| refused(self.there, error))? {
            let (found, there) = (outcome.position, self.there);
            let follows = match self.to.order() {
                PositionOrder::Dense => found == there.next(),
                PositionOrder::Sparse => found > there,
            };
            ensure!(
                follows,
                "what was to follow position {there} was recorded at {found}: somebody else writes to the target; name \
                 another one"
            );
            self.there = found;
        }
        self.written += events.len() as u64;
        Ok(())
    }

    /// Reads the same events from the target and compares them byte for byte; at most as far as the target goes.
    async fn compare(&mut self, events: &[RecordedEvent], checked: &[CheckedEvent]) -> anyhow::Result<()> {
        let (mut events, mut checked) = (events, checked);
        while !events.is_empty() && self.copied_to < self.there {
            let copies = self.to.read(self.copied_to, events.len()).await.context("the target")?;
            ensure!(!copies.is_empty(), "the target no longer holds position {}", self.there);
            for ((event, checked), copy) in events.iter().zip(checked).zip(&copies) {
                let moved = RecordedEvent { position: event.position, ..copy.clone() };
                let stays = copy.position == event.position || !self.keeps_positions();
                ensure!(
                    *event == moved && stays,
                    "the target holds another event at position {} than the source: it is no copy of it, name another \
                     target",
                    event.position
                );
                self.number += 1;
                self.read[0].take_in(self.number, event);
                self.read[1].take_in(self.number, copy);
                (self.reached, self.copied_to) = (event.position, copy.position);
                self.epoch = checked.event.epoch;
            }
            let seen = copies.len().min(events.len());
            (events, checked) = (&events[seen..], &checked[seen..]);
        }
        Ok(())
    }
}

/// What the target says of an event that it does not take.
fn refused(after: Position, error: AppendError) -> anyhow::Error {
    anyhow::Error::from(error).context(format!("the target did not take the events after position {after}"))
}
