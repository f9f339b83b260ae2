//! Keeps the acknowledgements of a test that kills servers: `oracle FILE` answers each line of its input with an empty one
//! as soon as the line is on the disk. A process of its own, so that whatever happens to the others, the file is right.
#![allow(clippy::disallowed_methods, reason = "it is a program of the tests, and its file is its argument")]

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let path = std::env::args_os().nth(1).expect("usage: oracle FILE");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(file, "{}", line?)?;
        file.sync_data()?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}
