//! What a running process tells of itself to the commands beside it: which keys of the keyring it has loaded.

use std::{fs, io, path::PathBuf};

use super::{
    DataDir,
    lock::{Holder, Role, RoleLock},
};

impl DataDir {
    pub(super) fn report_file(&self, role: Role) -> PathBuf {
        self.run().join(format!("{}.keyring", role.name()))
    }

    /// What each running process last reported, with who it is; nothing where it has not yet.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn reports(&self) -> io::Result<Vec<(Holder, String)>> {
        let mut found = Vec::new();
        for role in Role::ALL {
            let Some(holder) = self.holder(role)? else { continue };
            let report = match fs::read_to_string(self.report_file(role)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                report => report?,
            };
            // `serve` holds every lock and is one process.
            if !found.contains(&(holder.clone(), report.clone())) {
                found.push((holder, report));
            }
        }
        Ok(found)
    }
}

impl RoleLock {
    /// Replaces what this process reports.
    ///
    /// # Errors
    /// Whatever the file system says; the earlier report may then stand.
    pub(crate) fn report(&self, text: &str) -> io::Result<()> {
        for role in &self.roles {
            let path = self.directory.report_file(*role);
            let whole = path.with_extension("unfinished");
            fs::write(&whole, text)?;
            fs::rename(whole, path)?;
        }
        Ok(())
    }

    /// Takes back what was reported. A report that stays does no harm: it is not believed without the lock, and the next
    /// holder takes it back.
    pub(super) fn forget_reports(&self) {
        for role in &self.roles {
            let _ = fs::remove_file(self.directory.report_file(*role));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_there_while_its_process_runs() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::new(parent.path());
        data.create().expect("a directory");
        assert_eq!(data.reports().expect("an answer"), []);
        let serve = data.lock(Role::Serve).expect("a lock");
        let texts =
            || data.reports().expect("an answer").into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(), [""], "one process, which has told nothing yet");
        serve.report("a").expect("a report");
        serve.report("b").expect("a report");
        assert_eq!(texts(), ["b"]);
        drop(serve);
        assert_eq!(texts(), [""; 0]);
        fs::write(data.report_file(Role::CommandService), "of one that was killed").expect("a file");
        let _next = data.lock(Role::CommandService).expect("a lock");
        assert_eq!(texts(), [""], "the report of a process that is gone is not the next one's");
    }
}
