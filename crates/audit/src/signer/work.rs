use std::{io, sync::Arc, time::Duration};

use keyledger_event_log::EventLog;
use keyledger_projectors::{Intake, MacKeysSource, MonotonicClock};

use super::{
    SignerParts, StopReason, growing::Growing, memory::Memory, progress::Teller, stop_reason::Trouble,
};
use crate::tree::{Checkpoint, Directory, Origin, SigningKey};

/// How long is waited before what went wrong is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What works on the signer's thread.
pub(super) struct Worker {
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
    key: SigningKey,
    origin: Origin,
    memory: Memory,
    directory: Directory,
    every: Duration,
    clock: MonotonicClock,
    teller: Teller,
    /// The tree as far as it was grown; none before it was compared with what was signed.
    growing: Option<Growing>,
    /// What was signed by earlier processes, which the tree must come by.
    signed: Option<Checkpoint>,
    /// The size of the checkpoint that was published last, and of the one before it.
    published: [u64; 2],
}

impl Worker {
    pub(super) fn new(parts: SignerParts, teller: Teller) -> Self {
        let SignerParts { log, keys, key, memory, directory, every, clock } = parts;
        let origin = Origin(log.identity());
        let directory = Directory::of(&directory, origin);
        Self {
            log: Arc::new(log),
            keys,
            key,
            origin,
            memory: Memory(memory),
            directory,
            every,
            clock,
            teller,
            growing: None,
            signed: None,
            published: [0; 2],
        }
    }

    /// Signs until trying again does not help.
    pub(super) async fn work(&mut self) -> StopReason {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt(&mut pause).await {
                Trouble::Stop(reason) => return reason,
                Trouble::Passing(why) => {
                    tracing::warn!(why, "the signer is cut off; trying again");
                    self.teller.cut_off(&why);
                    if let Ok(head) = self.log.head().await {
                        let at = self.growing.as_ref().map(|growing| growing.at.position);
                        self.teller.lag(head.since(at.unwrap_or_default()), (self.clock)());
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    pub(super) fn over(&self, outcome: Result<(), StopReason>) {
        self.teller.over(outcome);
    }

    /// One attempt; its end. What was grown stays for the next.
    async fn attempt(&mut self, pause: &mut Duration) -> Trouble {
        let growing = match self.growing.take() {
            Some(growing) => Ok(growing),
            None => self.read_again().await,
        };
        match growing {
            Ok(growing) => self.growing = Some(growing),
            Err(trouble) => return trouble,
        }
        match self.follow(pause).await {
            Err(trouble) => trouble,
            Ok(never) => match never {},
        }
    }

    /// Follows the log: events become leaves as they come, and a checkpoint is signed once the first of them has waited for
    /// as long as it may, or at once where the last checkpoint is older than that.
    async fn follow(&mut self, pause: &mut Duration) -> Result<std::convert::Infallible, Trouble> {
        let at = self.growing.as_ref().map(|growing| growing.at.clone()).unwrap_or_default();
        let mut intake = Intake::after(&at, self.log.clone(), self.keys.clone()).await?;
        loop {
            let asked = (self.clock)();
            let lag = intake.lag().await?;
            self.teller.lag(lag, asked);
            let head = intake.head();
            while self.grown_to().is_none_or(|position| position < head) {
                self.grow(&mut intake).await?;
            }
            let signed = tokio::time::Instant::now();
            self.sign()?;
            *pause = FIRST_PAUSE;
            self.teller.heard(asked);
            // A quiet log is asked now and then, and answers at once when something comes.
            while !self.grow(&mut intake).await? {
                let asked = (self.clock)();
                if intake.lag().await? == 0 {
                    self.teller.lag(0, asked);
                    self.teller.heard(asked);
                }
            }
            tokio::time::sleep_until(signed + self.every).await;
        }
    }

    fn grown_to(&self) -> Option<keyledger_event_log::Position> {
        self.growing.as_ref().map(|growing| growing.at.position)
    }

    /// Takes in what comes next; whether anything came.
    async fn grow(&mut self, intake: &mut Intake) -> Result<bool, Trouble> {
        let events = intake.next().await?;
        let Some(growing) = &mut self.growing else { return Ok(false) };
        let any = !events.is_empty();
        for event in events {
            growing.add(event);
            growing.must_come_by(self.signed.as_ref())?;
        }
        growing.keep_full(&self.directory)?;
        Ok(any)
    }

    /// Signs the tree as it is. In this order: the files it rests on, the memory, the checkpoint.
    fn sign(&mut self) -> Result<(), Trouble> {
        let Some(growing) = self.growing.as_mut().filter(|growing| growing.size() > 0) else { return Ok(()) };
        if let Err(error) = growing.keep_all(&self.directory) {
            if error.kind() == io::ErrorKind::NotFound {
                // Somebody takes files away that were just written: everything is looked at again, from the log on.
                self.growing = None;
            }
            return Err(error.into());
        }
        let checkpoint = Checkpoint { origin: self.origin, size: growing.size(), root: growing.root() };
        if self.memory.recall()? != Some(checkpoint) {
            self.memory.keep(&checkpoint)?;
        }
        self.directory.publish(&checkpoint.sign(&self.key))?;
        self.teller.signed(growing.size(), growing.at.position);
        let [last, before] = self.published;
        if last != checkpoint.size {
            // Whoever has just read the last checkpoint finds its tiles still.
            self.directory.forget_partial(before, [last, checkpoint.size])?;
            self.published = [checkpoint.size, last];
        }
        Ok(())
    }

    /// Reads the log again up to what was signed, and compares. Tiles that were lost are made anew, once it is sure that the
    /// log is what was signed.
    async fn read_again(&mut self) -> Result<Growing, Trouble> {
        let signed = self.signed_before()?;
        self.directory.keep_verifier_key(&self.key.verifier_key().named(self.origin))?;
        self.signed = signed;
        let Some(signed) = signed else { return Ok(Growing::new()) };
        let (growing, unlike) = self.compare(&signed).await?;
        self.published = [signed.size, signed.size];
        if !unlike {
            return Ok(growing);
        }
        tracing::warn!(
            directory = %self.directory.path().display(),
            "tiles are not those of the tree that was signed, and are made anew from the log"
        );
        Ok(Growing::new())
    }

    /// Reads the log up to what was signed; whether a tile on the disk is another.
    async fn compare(&self, signed: &Checkpoint) -> Result<(Growing, bool), Trouble> {
        let mut intake = Intake::after(&Default::default(), self.log.clone(), self.keys.clone()).await?;
        let (mut growing, mut unlike) = (Growing::new(), false);
        let mut left = Vec::new().into_iter();
        while growing.size() < signed.size {
            let Some(event) = left.next() else {
                let head = intake.head();
                left = intake.next().await?.into_iter();
                if left.len() == 0 && growing.at.position >= head {
                    let found = growing.size();
                    return Err(StopReason::Smaller { signed: signed.size, found }.into());
                }
                continue;
            };
            growing.add(event);
            growing.must_come_by(Some(signed))?;
            unlike |= growing.are_full_ones_unlike(&self.directory)?;
        }
        Ok((growing, unlike))
    }

    /// The largest tree that was signed, by the memory and by what is published; none where nothing was.
    fn signed_before(&self) -> Result<Option<Checkpoint>, Trouble> {
        let path = || self.directory.path().to_owned();
        let remembered = self.memory.recall()?;
        if let Some(Checkpoint { origin: remembered, .. }) = remembered
            && (remembered.0.log != self.origin.0.log || remembered.0.epoch > self.origin.0.epoch)
        {
            let (path, found) = (self.memory.0.clone(), self.origin);
            return Err(StopReason::OtherLog { path, remembered, found }.into());
        }
        // A tree of an earlier life says nothing about this one's: a restore may have left events out.
        let remembered = remembered.filter(|remembered| remembered.origin == self.origin);
        let published = match self.directory.read_checkpoint()? {
            Some(note) => Some(
                Checkpoint::open(&note, &self.key.verifier_key())
                    .map_err(|source| StopReason::OtherKey { path: path(), source })?,
            ),
            None => None,
        };
        if let Some(Checkpoint { origin: remembered, .. }) = published
            && remembered != self.origin
        {
            return Err(StopReason::OtherLog { path: path(), remembered, found: self.origin }.into());
        }
        match (remembered, published) {
            (Some(one), Some(other)) if one.size == other.size && one != other => {
                Err(StopReason::Contradiction { path: path(), size: one.size }.into())
            }
            (Some(one), Some(other)) if other.size > one.size => Ok(Some(other)),
            (None, Some(other)) => Ok(Some(other)),
            (remembered, _) => Ok(remembered),
        }
    }
}
