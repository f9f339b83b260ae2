use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program under a keeper that ends it when this process ends, in whatever way: a broker or a browser that nobody needs
/// any more must not keep its memory.
pub(crate) struct Kept {
    keeper: Child,
    pid: u32,
}

impl Kept {
    /// Starts a command line in a home; both its outputs go to `said.log` in there. The keeper removes the home where
    /// this process ends without having done so.
    pub(crate) fn start(home: &Path, line: &[String]) -> Self {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", include_str!("../kept/keeper.sh"), "keeper"]).arg(home).args(line);
        keeper.current_dir(home).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(said(home));
        let mut keeper = keeper.spawn().expect("there is a shell");
        let mut pid = String::new();
        let stdout = keeper.stdout.take().expect("its output is ours");
        BufReader::new(stdout).read_line(&mut pid).expect("the keeper can be read");
        let pid = pid.trim().parse().expect("its first line is a process id");
        Self { keeper, pid }
    }

    /// Whether the program has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.keeper.try_wait().expect("a child can be asked").is_some()
    }

    /// Lets every other program go first, with all of its threads.
    pub(crate) fn give_way(&self) {
        let line = format!("renice -n 19 -p $(ls /proc/{}/task) >/dev/null", self.pid);
        let done = Command::new("sh").arg("-c").arg(line).status();
        assert!(done.expect("there is a shell").success(), "the process is gone");
    }

    /// Sends the program a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.pid)).status();
        assert!(sent.expect("there is a shell").success(), "the process is gone");
    }
}

/// Ends the program at once, as `kill -9` does, and waits until it is gone.
impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(mut input) = self.keeper.stdin.take() {
            // Where the program has ended by itself, nobody reads this.
            let _ = input.write_all(b"kill\n");
            let _ = self.keeper.wait();
        }
    }
}

fn said(home: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(home.join("said.log")).expect("a file for what it says")
}
