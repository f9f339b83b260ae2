//! A run in a file.
//!
//! ```text
//! magic │ format │ length of the header │ header │ kind of seal │ seal over all before it │ rows
//! ```
//!
//! The header holds the digest of the rows: so it can be believed by itself, and a plan be made without reading more.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::Arc,
    thread,
};

use keyledger_domain::envelope::{MacKeys, Purpose};
use keyledger_event_log::{LogIdentity, Position};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Segment, Shape, times::Times};
use crate::past::rows::Rows;

/// What every run begins with.
const MAGIC: &[u8; 8] = b"klpast\0\0";

/// The form of everything after the magic, the rows among it; one more whenever it changes.
const FORMAT: u16 = 1;

/// Where the header begins.
const BODY: usize = MAGIC.len() + size_of::<u16>() + size_of::<u32>();

/// The most bytes of a header.
const MAX_HEADER: usize = 4 << 10;

/// Kinds of seal.
const BY_KEYRING: u8 = 1;
const BY_NOBODY: u8 = 0;

/// Where runs lie, and by what they are believed.
pub(super) struct Files {
    directory: PathBuf,
    log: LogIdentity,
    keys: Option<Arc<MacKeys>>,
    shape: Shape,
}

/// What a run is.
pub(super) struct Header {
    level: u32,
    number: usize,
    pub(super) after: Position,
    last: Position,
    last_event: [u8; 32],
    times: Times,
}

/// How a header is written.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    log: Uuid,
    epoch: u32,
    events: u64,
    fan_out: u64,
    level: u32,
    number: u64,
    after: u64,
    last: u64,
    last_event: [u8; 32],
    times: Times,
    /// BLAKE3 of the rows.
    rows: [u8; 32],
}

impl Header {
    /// The header of a run from one segment to another.
    pub(super) fn of(level: u32, number: usize, first: &Segment, last: &Segment) -> Self {
        // What is planned is planned by segments.
        let times = if level == 0 { last.times.clone() } else { Times::default() };
        let Segment { last, last_event, .. } = *last;
        Self { level, number, after: first.after, last, last_event, times }
    }

    /// The segment that a run of level 0 is.
    pub(super) fn segment(self) -> Segment {
        let Self { after, last, last_event, times, .. } = self;
        Segment { after, last, last_event, times }
    }
}

impl Files {
    pub(super) fn new(
        directory: PathBuf,
        log: LogIdentity,
        keys: Option<Arc<MacKeys>>,
        shape: Shape,
    ) -> Self {
        Self { directory, log, keys, shape }
    }

    fn path(&self, level: u32, number: usize) -> PathBuf {
        self.directory.join(format!("{level}-{number}.run"))
    }

    /// Writes a run. Killed at any moment it leaves the old file or the new one; one that the disk did not get as a whole is
    /// found out when it is read.
    pub(super) fn write(&self, header: &Header, rows: &Rows) -> io::Result<()> {
        let head = self.sealed(&self.written(header, *rows.digest().as_bytes()));
        let unfinished = self.directory.join("unfinished");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&head)?;
        rows.pieces(|piece| file.write_all(piece))?;
        fs::rename(unfinished, self.path(header.level, header.number))
    }

    /// What a run says it is; none where there is no such run.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub(super) fn header(&self, level: u32, number: usize) -> Result<Option<Header>, String> {
        let Some(file) = self.open(level, number)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let most = BODY + MAX_HEADER + 1 + MacKeys::MAC_LENGTH;
        file.take(most as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let (found, _) = self.unsealed(&bytes)?;
        let header = Header {
            level,
            number,
            after: Position::new(found.after),
            last: Position::new(found.last),
            last_event: found.last_event,
            times: found.times.clone(),
        };
        if self.written(&header, found.rows) == found { Ok(Some(header)) } else { Err(self.foreign(&found)) }
    }

    /// The rows of a run that is to be exactly this; none where it is not there.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub(super) fn read(&self, header: &Header) -> Result<Option<Rows>, String> {
        let Some(mut file) = self.open(header.level, header.number)? else { return Ok(None) };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let (found, rows_at) = self.unsealed(&bytes)?;
        if self.written(header, found.rows) != found {
            return Err(self.foreign(&found));
        }
        // Two ways through many bytes, side by side: nothing is made of what was found before the digest is known.
        let (digest, rows) = thread::scope(|scope| {
            let digest = scope.spawn(|| blake3::hash(&bytes[rows_at..]));
            let places = Rows::places(&bytes, rows_at);
            (digest.join(), places)
        });
        if digest.map_or(true, |digest| *digest.as_bytes() != found.rows) {
            return Err("it was damaged".to_owned());
        }
        rows.map(|places| Some(Rows::in_place(places, bytes))).ok_or_else(|| "it makes no sense".to_owned())
    }

    fn open(&self, level: u32, number: usize) -> Result<Option<File>, String> {
        match File::open(self.path(level, number)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn written(&self, header: &Header, rows: [u8; 32]) -> Written {
        Written {
            log: self.log.log,
            epoch: self.log.epoch,
            events: self.shape.events as u64,
            fan_out: self.shape.fan_out as u64,
            level: header.level,
            number: header.number as u64,
            after: header.after.get(),
            last: header.last.get(),
            last_event: header.last_event,
            times: header.times.clone(),
            rows,
        }
    }

    fn foreign(&self, found: &Written) -> String {
        if (found.log, found.epoch) == (self.log.log, self.log.epoch) {
            "it was cut otherwise, or is not of this place".to_owned()
        } else {
            format!("it is of life {} of the log {}", found.epoch, found.log)
        }
    }

    /// Everything of a run but its rows.
    fn sealed(&self, written: &Written) -> Vec<u8> {
        let header = postcard::to_stdvec(written).expect("a header is made of numbers and lists");
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(header.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&header);
        let (kind, seal) = match &self.keys {
            Some(keys) => (BY_KEYRING, keys.sign(Purpose::AuditIndex, &[&bytes])),
            None => (BY_NOBODY, blake3::hash(&bytes).as_bytes().to_vec()),
        };
        bytes.push(kind);
        bytes.extend_from_slice(&seal);
        bytes
    }

    /// The header of a run, once its seal has proved right, and where its rows begin.
    fn unsealed(&self, bytes: &[u8]) -> Result<(Written, usize), String> {
        let torn = || "it is no run of an index, or a part of it is missing".to_owned();
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(torn)?;
        let (format, rest) = rest.split_first_chunk().ok_or_else(torn)?;
        if u16::from_be_bytes(*format) != FORMAT {
            return Err("another release wrote it".to_owned());
        }
        let (length, rest) = rest.split_first_chunk().ok_or_else(torn)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (header, rest) = rest.split_at_checked(length.min(MAX_HEADER)).ok_or_else(torn)?;
        let (kind, rest) = rest.split_first().ok_or_else(torn)?;
        let signed = &bytes[..BODY + header.len()];
        let seal_length = match (&self.keys, *kind) {
            (Some(keys), BY_KEYRING) => {
                let (mac, _) = rest.split_at_checked(MacKeys::MAC_LENGTH).ok_or_else(torn)?;
                keys.verify(Purpose::AuditIndex, &[signed], mac).map_err(|error| error.to_string())?;
                mac.len()
            }
            (None, BY_NOBODY) => {
                let digest = rest.first_chunk::<32>().ok_or_else(torn)?;
                if blake3::hash(signed).as_bytes() != digest {
                    return Err("it was damaged".to_owned());
                }
                digest.len()
            }
            (Some(_), _) => return Err("it was made without the keyring".to_owned()),
            (None, _) => return Err("it was made with a keyring, which is not at hand".to_owned()),
        };
        let written = postcard::from_bytes(header).map_err(|_| torn())?;
        Ok((written, signed.len() + 1 + seal_length))
    }

    /// Removes every run that holds this segment or a later one.
    pub(super) fn remove_from(&self, segment: usize) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let place = name.to_str().and_then(|name| name.strip_suffix(".run")?.split_once('-'));
            let Some((Ok(level), Ok(number))) =
                place.map(|(level, number)| (level.parse::<u32>(), number.parse::<usize>()))
            else {
                continue;
            };
            let end = self.shape.fan_out.saturating_pow(level).saturating_mul(number.saturating_add(1));
            if end > segment {
                // One that stays is not believed either, and written over.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
