//! What librdkafka can do: its own performance tool, from the source that our client of Kafka was built from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// The packages whose libraries it is linked with. Each comes before those that it needs.
const LINKED: &[&str] = &["rdkafka-sys", "zstd-sys", "openssl-sys", "libz-sys"];

/// `rdkafka_performance`, compiled.
pub(crate) struct PerformanceTool(PathBuf);

/// What it is to send.
pub(crate) struct Sending<'a> {
    pub(crate) brokers: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) records: usize,
    /// How many bytes a value has: a short text, again and again.
    pub(crate) size: usize,
    /// The same for every record.
    pub(crate) key: Option<&'a str>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) properties: &'a [(&'a str, &'a str)],
}

/// What Cargo tells about a build script: where it made what.
#[derive(Deserialize)]
struct BuildScript {
    package_id: String,
    out_dir: PathBuf,
    linked_paths: Vec<String>,
    linked_libs: Vec<String>,
}

impl PerformanceTool {
    /// Compiles it beside this binary, with the libraries that Cargo built for ours.
    pub(crate) fn build() -> anyhow::Result<Self> {
        let scripts = build_scripts()?;
        let of = |package: &&str| scripts.iter().find(|script| script.is_of(package));
        let librdkafka = &of(&LINKED[0]).context("Cargo tells nothing of librdkafka")?.out_dir;
        let tool = std::env::current_exe()?.with_file_name("rdkafka_performance");
        let mut cc = Command::new("cc");
        cc.arg("-O2").arg("-o").arg(&tool).arg(librdkafka.join("examples").join("rdkafka_performance.c"));
        cc.arg("-I").arg(librdkafka.join("src"));
        cc.args(LINKED.iter().filter_map(of).flat_map(BuildScript::libraries));
        let output = cc.args(["-lpthread", "-lm", "-ldl", "-lrt"]).output().context("there is no cc")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(Self(tool))
    }

    /// Sends, and tells how many records a second were taken, from the first to the last.
    pub(crate) fn send(&self, sending: &Sending<'_>) -> anyhow::Result<f64> {
        let mut tool = Command::new(&self.0);
        tool.args(["-P", "-b", sending.brokers, "-t", sending.topic]);
        tool.args(["-c", &sending.records.to_string(), "-s", &sending.size.to_string()]);
        tool.args(sending.key.iter().flat_map(|key| ["-k", key]));
        for (name, value) in sending.headers {
            tool.args(["-H", &format!("{name}={value}")]);
        }
        for (name, value) in sending.properties {
            tool.args(["-X", &format!("{name}={value}")]);
        }
        let output = tool.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {said}", String::from_utf8_lossy(&output.stderr));
        rate(&said).with_context(|| format!("its last words: {said}"))
    }
}

/// From `% 100 messages produced (… bytes), 100 delivered (offset 99, 0 failed) in 12ms: 8333 msgs/s and …`.
#[expect(clippy::cast_precision_loss, reason = "figures are told to three digits")]
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().rfind(|line| line.contains("messages produced"))?;
    let (counts, rest) = line.split_once(" delivered ")?;
    let delivered: u64 = counts.rsplit_once(' ')?.1.parse().ok()?;
    let millis: u64 = rest.split_once("ms: ")?.0.rsplit_once(' ')?.1.parse().ok()?;
    Some(delivered as f64 * 1e3 / millis as f64)
}

/// Those of the binary that is measured; what is up to date is not built again.
fn build_scripts() -> anyhow::Result<Vec<BuildScript>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--quiet", "-p", "keyledger", "--message-format", "json"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the binary was not built");
    // Other messages tell of other things.
    Ok(output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

impl BuildScript {
    /// The id of a package from a registry ends with `#name@version`.
    fn is_of(&self, package: &str) -> bool {
        self.package_id.contains(&format!("#{package}@"))
    }

    /// Its libraries, as the linker takes them.
    fn libraries(&self) -> Vec<String> {
        let library = |library: &String| match library.strip_prefix("static=") {
            Some(name) => self.archive(name).unwrap_or_else(|| format!("-l{name}")),
            None => format!("-l{}", library.rsplit('=').next().unwrap_or_default()),
        };
        self.linked_libs.iter().map(library).collect()
    }

    /// The file of a library that is linked as a whole. A shared one may lie beside it, which nobody would find later.
    fn archive(&self, name: &str) -> Option<String> {
        let folders = self.linked_paths.iter().map(|path| path.rsplit('=').next().unwrap_or_default());
        let files = folders.map(|folder| Path::new(folder).join(format!("lib{name}.a")));
        files.into_iter().find(|file| file.is_file()).map(|file| file.display().to_string())
    }
}
