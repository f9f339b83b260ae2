//! The keyring's file: TOML, for its owner alone, whole or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Entry, KeyBytes, Keyring, Kind, State};

const HEAD: &str = "\
# The keyring of a keyledger registry. Whoever has it can recognise its secrets and write events that it believes, so keep
# it where neither the log nor its backups are, with a copy in a safe place: without it no key of the registry works.
#
# log       the id of the log it is for
# epoch     the life of that log: one more with each restore
# [[pepper]]  secrets are recognised under these; a role that recognises none needs none
# [[mac]]     events and snapshots are authenticated by these
#   id     8 hexadecimal digits, which follow from the key
#   key    64 hexadecimal digits
#   state  active (one of each kind), standby (added, waits to be activated) or old (kept for what it made)
#
# Change it with `keyledger keyring add`, `activate` and `retire`: a running registry loads it again within a second.
";

/// Far more than a keyring ever needs.
const LARGEST: u64 = 1024 * 1024;

/// Why a keyring was not read or written. No text quotes the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// There is none.
    #[error("there is no keyring at {}: set keyring.path, or put it back from its safe copy", .0.display())]
    Missing(PathBuf),
    /// Others than its owner may read or change it.
    #[error("{}, the keyring, is open to others than its owner: chmod 600 it", .0.display())]
    Permissions(PathBuf),
    /// It is there, and was to be made.
    #[error("{} exists, and a keyring is never written over: move it away, or set keyring.path", .0.display())]
    Exists(PathBuf),
    /// It is something else.
    #[error("{} is not a keyring: {what}; put it back from its safe copy", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file system said no.
    #[error("cannot use the keyring {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What the file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    log: Uuid,
    epoch: u32,
    #[serde(default)]
    pepper: Vec<WrittenKey>,
    mac: Vec<WrittenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    key: KeyBytes,
    state: State,
}

impl Keyring {
    /// Reads a keyring.
    ///
    /// # Errors
    /// [`KeyringError`], also where others than the owner could read it.
    pub(crate) fn load(path: &Path) -> Result<Self, KeyringError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyringError::Missing(path.to_owned()),
            _ => KeyringError::Io { path: path.to_owned(), source },
        };
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(KeyringError::Permissions(path.to_owned()));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text).map_err(|what| KeyringError::Malformed { path: path.to_owned(), what })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| {
            // Its own words may quote a key.
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            format!("line {line} is not what it should be")
        })?;
        let peppers = entries(Kind::Pepper, written.pepper)?;
        let macs = entries(Kind::Mac, written.mac)?;
        if macs.is_empty() {
            return Err("it holds no MAC key".to_owned());
        }
        Ok(Self { log: written.log, epoch: written.epoch, peppers, macs })
    }

    fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!("{HEAD}log = \"{}\"\nepoch = {}\n", self.log, self.epoch));
        for kind in [Kind::Pepper, Kind::Mac] {
            for Entry { id, state, key } in self.entries(kind) {
                let (kind, state, key) = (kind.name(), state.name(), key.to_hex());
                text.push_str(&format!("\n[[{kind}]]\nid = \"{id:08x}\"\nkey = \""));
                text.push_str(&key);
                text.push_str(&format!("\"\nstate = \"{state}\"\n"));
            }
        }
        text
    }

    /// Removes what a killed writer left beside a keyring: it holds keys, and nobody would look for them there.
    ///
    /// # Errors
    /// [`KeyringError::Io`].
    pub(crate) fn remove_unfinished(path: &Path) -> Result<(), KeyringError> {
        match fs::remove_file(unfinished(path)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(KeyringError::Io { path: unfinished(path), source })
            }
            _ => Ok(()),
        }
    }

    /// Writes a keyring where none is.
    ///
    /// # Errors
    /// [`KeyringError::Exists`] where anything is there: it may be all that some log has.
    pub(crate) fn save_new(&self, path: &Path) -> Result<(), KeyringError> {
        // A link is made only where nothing is, and shows the whole file at once.
        self.write(path, |whole, path| fs::hard_link(whole, path).and_then(|()| fs::remove_file(whole)))
    }

    /// Loads a keyring, changes it and writes it over the one that is there, while nobody else does.
    ///
    /// # Errors
    /// [`KeyringError`], or the change's own; the earlier keyring then stands.
    pub(crate) fn change<T, E: From<KeyringError>>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let failed = |source| KeyringError::Io { path: path.to_owned(), source };
        // The file itself is replaced, so the lock is on what stays.
        let directory = File::open(directory_of(path)).map_err(failed)?;
        directory.lock().map_err(failed)?;
        let mut keyring = Self::load(path)?;
        let changed = change(&mut keyring)?;
        keyring.save(path)?;
        Ok(changed)
    }

    /// Writes a keyring over the one that is there.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; the earlier one then stands.
    pub(super) fn save(&self, path: &Path) -> Result<(), KeyringError> {
        self.write(path, |whole, path| fs::rename(whole, path))
    }

    fn write(&self, path: &Path, place: fn(&Path, &Path) -> io::Result<()>) -> Result<(), KeyringError> {
        let whole = unfinished(path);
        let written = write_durably(&whole, self.to_text().as_bytes())
            .and_then(|()| place(&whole, path))
            .and_then(|()| File::open(directory_of(path))?.sync_all());
        written.map_err(|source| {
            // It holds keys, and nobody would look for them there.
            let _ = fs::remove_file(&whole);
            match source.kind() {
                io::ErrorKind::AlreadyExists => KeyringError::Exists(path.to_owned()),
                _ => KeyringError::Io { path: path.to_owned(), source },
            }
        })
    }
}

fn entries(kind: Kind, written: Vec<WrittenKey>) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::with_capacity(written.len());
    for WrittenKey { id, key, state } in written {
        let digits = id.len() == 8 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u32::from_str_radix(&id, 16).ok().filter(|_| digits);
        let id = number.ok_or_else(|| format!("the id of a {} is not 8 hexadecimal digits", kind.name()))?;
        if entries.iter().any(|entry| entry.id == id) {
            return Err(format!("{} {id:08x} stands twice", kind.name()));
        }
        // Otherwise every secret would be unknown, or every event forged, and nobody could tell why.
        if key.id(kind) != id {
            return Err(format!("the key of {} {id:08x} was altered", kind.name()));
        }
        entries.push(Entry { id, state, key });
    }
    let count = |state| entries.iter().filter(|entry| entry.state == state).count();
    if !entries.is_empty() && count(State::Active) != 1 {
        return Err(format!("one {} must be active, and {} are", kind.name(), count(State::Active)));
    }
    if count(State::Standby) > 1 {
        return Err(format!("more than one {} stands by", kind.name()));
    }
    Ok(entries)
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What an interrupted attempt left behind may be open to others, and its permissions would stay.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a keyring is written before it is put into its place.
fn unfinished(path: &Path) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(".unfinished");
    PathBuf::from(whole)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::keyring, *};

    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keyring");
        (directory, path)
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let (_directory, path) = place();
        let (mut keyring, randomness) = keyring();
        keyring.save_new(&path).expect("saved");
        assert!(Keyring::load(&path).expect("loaded") == keyring);
        keyring.add(Kind::Pepper, &randomness).expect("added");
        keyring.activate(Kind::Pepper, None).expect("activated");
        keyring.add(Kind::Pepper, &randomness).expect("added");
        keyring.save(&path).expect("saved over");
        assert!(Keyring::load(&path).expect("loaded") == keyring);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(directory_of(&path)).expect("a directory").count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_keyring_is_never_written_over_by_a_new_one() {
        let (_directory, path) = place();
        fs::write(&path, "anything").expect("a file");
        let (keyring, _) = keyring();
        assert!(matches!(keyring.save_new(&path), Err(KeyringError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).expect("there"), "anything");
        assert_eq!(
            fs::read_dir(directory_of(&path)).expect("a directory").count(),
            1,
            "no key is left beside it"
        );
    }

    #[test]
    fn a_keyring_that_others_can_read_is_refused() {
        let (_directory, path) = place();
        keyring().0.save_new(&path).expect("saved");
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
            assert!(matches!(Keyring::load(&path), Err(KeyringError::Permissions(_))), "{mode:o}");
        }
    }

    #[test]
    fn a_keyring_of_a_role_that_recognises_no_secret_holds_mac_keys_alone() {
        let (mut keyring, _) = keyring();
        keyring.peppers.clear();
        let parsed = Keyring::parse(&keyring.to_text()).expect("a keyring");
        assert!(parsed.active_pepper().is_none() && parsed.peppers().is_empty());
    }

    #[test]
    fn what_is_not_a_keyring_is_refused_without_being_quoted() {
        let good = keyring().0.to_text();
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert!(good.contains(key), "the golden key");
        let bad = [
            (good.replace("active", "old"), "one pepper must be active, and 0 are"),
            (good.replace("f49b72a2", "f49b72a"), "the id of a pepper is not 8 hexadecimal digits"),
            (good.replace(key, &key[1..]), "line 18 is not what it should be"),
            (good.replace("[[mac]]", "[[pepper]]"), "line 1 is not what it should be"),
            (
                format!("{}\n[[mac]]\nid = \"7236e99c\"\nkey = \"{key}\"\nstate = \"old\"\n", *good),
                "mac 7236e99c stands twice",
            ),
            (good.replace("log = ", "colour = \"blue\"\nlog = "), "line 13 is not what it should be"),
            (good.replace(key, &key.replace("1f", "1e")), "the key of pepper f49b72a2 was altered"),
            (String::new(), "line 1 is not what it should be"),
        ];
        for (text, what) in bad {
            assert_eq!(Keyring::parse(&text).err().as_deref(), Some(what));
        }
    }
}
