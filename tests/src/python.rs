use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of an environment that holds `requirements`, which name it too, so that a change makes another one. The first
/// test that asks makes it, in the folder that Cargo has for what tests make.
///
/// # Panics
/// Where it cannot be made, with what to do.
#[must_use]
pub fn python(folder: &Path, requirements: &str) -> PathBuf {
    let environment = folder.join(format!("python-{}", &blake3::hash(requirements.as_bytes()).to_hex()[..8]));
    let (python, complete) = (environment.join("bin/python"), environment.join("complete"));
    fs::create_dir_all(folder).expect("a folder for Python");
    // Others that want it too, in this process or another, wait here.
    let lock = File::create(folder.join("python.lock")).expect("a file to lock");
    lock.lock().expect("a lock on it");
    if !complete.exists() {
        let _ = fs::remove_dir_all(&environment);
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        let file = environment.join("requirements.txt");
        fs::write(&file, requirements).expect("a file for pip");
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        run(pip.arg("-r").arg(&file));
        File::create(&complete).expect("a mark that all of it is there");
    }
    python
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let why = match &output {
        Ok(output) if output.status.success() => return,
        Ok(output) => [output.stdout.as_slice(), &output.stderr].concat(),
        Err(error) => error.to_string().into_bytes(),
    };
    panic!(
        "the Python program cannot be set up (it needs python3, python3-venv and PyPI in reach: `make test` installs the first \
         two): {}",
        String::from_utf8_lossy(&why).trim().lines().last().unwrap_or_default()
    );
}
