//! The file that holds the key which signs checkpoints, for its owner alone; whole or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use keyledger_audit::tree::SigningKey;
use keyledger_secret::Randomness;
use zeroize::Zeroizing;

const HEAD: &str = "\
# The key with which `keyledger signer` signs checkpoints of the log (Ed25519, 64 hexadecimal digits). Whoever has it can sign
# another past, so keep it where neither the log nor its backups are. Beside it stands what was signed last.
";

/// Far more than such a file needs.
const LARGEST: u64 = 4 * 1024;

/// Where the signer remembers what it signed last: beside its key.
pub(super) fn memory(key: &Path) -> PathBuf {
    let mut name = key.file_name().unwrap_or_default().to_owned();
    name.push(".signed");
    key.with_file_name(name)
}

/// The key in a file, which is made where there is none.
///
/// # Errors
/// One sentence, also where others than the owner could read it.
pub(super) fn load_or_make(path: &Path, randomness: &dyn Randomness) -> anyhow::Result<SigningKey> {
    match File::open(path) {
        Ok(file) => load(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A key that is gone is not made anew in silence: what it signed would look forged.
            ensure!(
                !memory(path).exists(),
                "there is no signer key at {}, and there was one, as what it signed last stands beside it: put the key back; \
                 where it is lost, remove {} too, and tell auditors of the new key",
                path.display(),
                memory(path).display()
            );
            make(path, randomness)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the signer key {}", path.display())),
    }
}

fn load(path: &Path, file: File) -> anyhow::Result<SigningKey> {
    let cannot = || format!("cannot read the signer key {}", path.display());
    let mode = file.metadata().with_context(cannot)?.permissions().mode();
    ensure!(
        mode & 0o077 == 0,
        "{}, the signer key, is open to others than its owner: chmod 600 it",
        path.display()
    );
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST).read_to_string(&mut text).with_context(cannot)?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut seed = Zeroizing::new([0; 32]);
    let read = lines.next().is_some_and(|line| hex::decode_to_slice(line, &mut *seed).is_ok());
    ensure!(
        read && lines.next().is_none(),
        "{} is no signer key: put it back from its safe copy, or correct transparency.signer_key",
        path.display()
    );
    Ok(SigningKey::from_seed(*seed))
}

fn make(path: &Path, randomness: &dyn Randomness) -> anyhow::Result<SigningKey> {
    let mut seed = Zeroizing::new([0; 32]);
    randomness.fill(&mut *seed);
    let digits = Zeroizing::new(hex::encode(*seed));
    let mut unfinished = path.file_name().unwrap_or_default().to_owned();
    unfinished.push(".unfinished");
    let unfinished = path.with_file_name(unfinished);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(HEAD.as_bytes())?;
        file.write_all(digits.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // A link is made only where nothing is, and shows the whole file at once.
        fs::hard_link(&unfinished, path)?;
        fs::remove_file(&unfinished)?;
        File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("cannot make the signer key {}", path.display()))?;
    tracing::info!(path = %path.display(), "a key that signs checkpoints was made");
    Ok(SigningKey::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::OsRandomness;

    #[test]
    fn a_key_is_made_once_and_the_same_one_is_found_afterwards() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("signer-key");
        let key = load_or_make(&path, &OsRandomness).expect("a new key").verifier_key();
        assert_eq!(load_or_make(&path, &OsRandomness).expect("the key").verifier_key(), key);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_or_that_was_lost_is_refused() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("signer-key");
        let refusal = || load_or_make(&path, &OsRandomness).err().expect("a refusal").to_string();
        fs::write(memory(&path), "x").expect("written");
        assert!(refusal().contains("put the key back"), "{}", refusal());
        fs::write(&path, format!("{HEAD}00\n")).expect("written");
        assert!(refusal().contains("chmod 600"), "{}", refusal());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
        assert!(refusal().contains("is no signer key"), "{}", refusal());
    }
}
