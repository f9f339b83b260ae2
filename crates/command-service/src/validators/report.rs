use keyledger_domain::{
    Timestamp,
    envelope::{MacKeys, Purpose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that proves who wrote a report: the code of its bytes under the keyring, in hexadecimal digits.
pub const REPORT_MAC: &str = "x-keyledger-mac";

/// What a validator in a process of its own tells the command services: that it is there, and up to where it has read the
/// log. Fields are only ever added, so that processes of two releases understand one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The log that it reads.
    pub log: Uuid,
    /// The life of that log.
    pub epoch: u32,
    /// Its process: another id with each start.
    pub run: Uuid,
    /// Numbers the reports of a process. Run and number together are never used twice, so that none is told twice to the
    /// same command service.
    pub sequence: u64,
    /// What people call it.
    pub name: String,
    /// Up to where it has applied the log.
    pub position: u64,
    /// For how long it lets keys through at most without hearing from the log, in milliseconds.
    pub hard_bound_ms: u64,
    /// When it said so, in milliseconds since 1970.
    pub sent_at: i64,
    /// Whether it ends, and judges no more requests.
    #[serde(default)]
    pub ends: bool,
}

impl Report {
    /// The bytes to send for a purpose, which is the last part of the path, and the value of [`REPORT_MAC`].
    ///
    /// # Panics
    /// Never: it is made of numbers and texts.
    #[must_use]
    pub fn seal(&self, purpose: &str, keys: &MacKeys) -> (Vec<u8>, String) {
        let bytes = serde_json::to_vec(self).expect("a report is made of numbers and texts");
        let mac = hex::encode(keys.sign(Purpose::ValidatorReport, &[purpose.as_bytes(), &bytes]));
        (bytes, mac)
    }

    /// The report that these bytes are, if whoever wrote them for this purpose holds the keyring.
    pub(crate) fn open(bytes: &[u8], purpose: &str, mac: &str, keys: &MacKeys) -> Option<Self> {
        let mac = hex::decode(mac).ok()?;
        keys.verify(Purpose::ValidatorReport, &[purpose.as_bytes(), bytes], &mac).ok()?;
        serde_json::from_slice(bytes).ok()
    }

    /// When it was sent.
    pub(crate) fn sent_at(&self) -> Timestamp {
        Timestamp::from_millis(self.sent_at)
    }
}
