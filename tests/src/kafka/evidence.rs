use std::fs;
use std::path::PathBuf;

use super::Broker;
use super::java::run;
use crate::random_bytes;
use crate::target::target;

impl Broker {
    /// Keeps Kafka's own account of every batch and every transaction, and the whole of its log, in a folder that outlives
    /// the test: what goes wrong once in a thousand faults may not do so again for days.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn keep_evidence(&self) -> PathBuf {
        let folder = target().join("evidence").join(hex::encode(random_bytes::<8>()));
        fs::create_dir_all(&folder).expect("a folder for evidence");
        for segment in self.segments() {
            let partition =
                segment.parent().and_then(|folder| folder.file_name()).expect("a partition's folder");
            let partition = partition.to_string_lossy().into_owned();
            let decoder = if partition.starts_with("__transaction_state") {
                "--transaction-log-decoder"
            } else if partition.starts_with("__") {
                continue;
            } else {
                "--deep-iteration"
            };
            let described = run(
                self.home(),
                "org.apache.kafka.tools.DumpLogSegments",
                &[decoder, "--files", &segment.to_string_lossy()],
            );
            fs::write(folder.join(partition), described.stdout + &described.stderr).expect("it is written");
        }
        let log = self.home().join("broker.log");
        fs::copy(log, folder.join("broker.log")).expect("it is copied");
        folder
    }
}
