//! One process a role: whoever works on the data directory holds a lock for as long as it lives, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    thread,
    time::Duration,
};

use super::DataDir;

/// What a process does with the data directory that no second one may do at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything: it holds every lock there is.
    Serve,
    /// Writes to the log.
    CommandService,
    /// Writes read models and snapshots.
    Projector,
    /// Judges requests.
    Validator,
    /// Publishes to Kafka. `Serve` holds its lock where it publishes.
    Relay,
    /// Signs the log. `Serve` holds its lock where it signs.
    Signer,
}

impl Role {
    /// The roles that have a lock, `Serve` first, so that it is the one that is named.
    pub(crate) const ALL: [Self; 6] =
        [Self::Serve, Self::CommandService, Self::Projector, Self::Validator, Self::Relay, Self::Signer];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::CommandService => "command-service",
            Self::Projector => "projector",
            Self::Validator => "validator",
            Self::Relay => "relay",
            Self::Signer => "signer",
        }
    }

    /// The locks it needs.
    fn locks(self) -> Vec<Self> {
        if self == Self::Serve {
            vec![Self::Serve, Self::CommandService, Self::Projector, Self::Validator]
        } else {
            vec![self]
        }
    }
}

/// A role in a data directory; given up when this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct RoleLock {
    /// For which roles.
    pub(super) roles: Vec<Role>,
    pub(super) directory: DataDir,
    /// Dropping them gives the locks up.
    files: Vec<File>,
}

/// Why a role was not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process has it.
    #[error("{holder} already works on {}: stop it first, or name another --data-dir", directory.display())]
    Held {
        /// Which directory.
        directory: PathBuf,
        /// Which process, by its role and pid.
        holder: Holder,
    },
    /// The file system said no.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder(String);

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.split_once(' ') {
            Some((role, pid)) => write!(f, "keyledger {role} (pid {pid})"),
            // It has the lock and has not written its name yet.
            None => f.write_str("another process of keyledger"),
        }
    }
}

/// Whoever only asks whether a lock is held has it for a moment: not long enough to be refused for.
const MOMENTS: u32 = 5;
const MOMENT: Duration = Duration::from_millis(20);

impl DataDir {
    fn lock_file(&self, role: Role) -> PathBuf {
        self.run().join(format!("{}.lock", role.name()))
    }

    /// Takes a role. The directory must be there.
    ///
    /// # Errors
    /// [`LockError::Held`] by the name and pid of the holder.
    pub(crate) fn lock(&self, role: Role) -> Result<RoleLock, LockError> {
        let roles = role.locks();
        let files = roles.iter().map(|lock| self.lock_one(*lock, role)).collect::<Result<_, _>>()?;
        let lock = RoleLock { roles, directory: self.clone(), files };
        // One that was killed left its report behind, and it is not ours.
        lock.forget_reports();
        Ok(lock)
    }

    /// Takes another role for a process that has one already.
    ///
    /// # Errors
    /// As [`DataDir::lock`].
    pub(crate) fn lock_also(&self, lock: &mut RoleLock, also: Role) -> Result<(), LockError> {
        let role = lock.roles.first().copied().unwrap_or(also);
        lock.files.push(self.lock_one(also, role)?);
        lock.roles.push(also);
        lock.forget_reports();
        Ok(())
    }

    fn lock_one(&self, lock: Role, role: Role) -> Result<File, LockError> {
        let path = self.lock_file(lock);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let mut left = MOMENTS;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if left > 0 => {
                    left -= 1;
                    thread::sleep(MOMENT);
                }
                Err(TryLockError::WouldBlock) => {
                    let directory = self.path().to_owned();
                    return Err(LockError::Held { directory, holder: named_in(&mut file).map_err(failed)? });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let name = format!("{} {}", role.name(), std::process::id());
        file.set_len(0).and_then(|()| file.write_all(name.as_bytes())).map_err(failed)?;
        Ok(file)
    }

    /// Who holds a role; none where nobody does.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn holder(&self, role: Role) -> io::Result<Option<Holder>> {
        let mut file = match File::open(self.lock_file(role)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => named_in(&mut file).map(Some),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The holder that wrote its name into its lock.
fn named_in(file: &mut File) -> io::Result<Holder> {
    let mut name = String::new();
    file.rewind()?;
    file.take(64).read_to_string(&mut name)?;
    Ok(Holder(name))
}

impl Drop for RoleLock {
    fn drop(&mut self) {
        self.forget_reports();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_dir() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::new(parent.path());
        data.create().expect("a directory");
        (parent, data)
    }

    #[test]
    fn a_second_process_of_a_role_is_refused_by_the_pid_of_the_first() {
        let (_parent, data) = data_dir();
        let held = data.lock(Role::CommandService).expect("a lock");
        let refusal = data.lock(Role::CommandService).expect_err("a refusal").to_string();
        let holder = format!("keyledger command-service (pid {})", std::process::id());
        assert!(refusal.starts_with(&holder), "{refusal}");
        assert_eq!(
            data.holder(Role::CommandService).expect("an answer").map(|it| it.to_string()),
            Some(holder)
        );
        drop(held);
        assert_eq!(data.holder(Role::CommandService).expect("an answer"), None);
        data.lock(Role::CommandService).expect("it was given up");
    }

    #[test]
    fn serve_is_every_role_and_other_roles_share_the_directory() {
        let (_parent, data) = data_dir();
        let one = data.lock(Role::CommandService).expect("a lock");
        let other = data.lock(Role::Projector).expect("another role");
        let refusal = data.lock(Role::Serve).expect_err("a refusal").to_string();
        assert!(refusal.contains("keyledger command-service (pid"), "{refusal}");
        drop((one, other));
        let mut all = data.lock(Role::Serve).expect("all locks");
        drop(data.lock(Role::Relay).expect("a registry that publishes nothing leaves it to others"));
        data.lock_also(&mut all, Role::Relay).expect("another lock");
        data.lock_also(&mut all, Role::Signer).expect("another lock");
        for role in Role::ALL {
            let refusal = data.lock(role).expect_err("a refusal").to_string();
            assert!(refusal.starts_with("keyledger serve (pid"), "{refusal}");
        }
    }

    #[test]
    fn whoever_only_asks_keeps_nobody_out() {
        let (_parent, data) = data_dir();
        drop(data.lock(Role::Projector).expect("a lock"));
        let asking = File::open(data.lock_file(Role::Projector)).expect("a file");
        asking.try_lock_shared().expect("a moment's lock");
        thread::scope(|scope| {
            let locking = scope.spawn(|| data.lock(Role::Projector));
            thread::sleep(MOMENT);
            asking.unlock().expect("the moment is over");
            locking.join().expect("no panic").expect("a lock");
        });
    }
}
