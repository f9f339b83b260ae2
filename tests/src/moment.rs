use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyledger_domain::Timestamp;

/// The moment this much later than now, as the API writes it.
#[must_use]
pub fn from_now(later: Duration) -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970") + later;
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).expect("a moment of this age")).to_string()
}

/// A moment of an answer, in milliseconds since 1970.
///
/// # Panics
/// Where the text is no moment.
#[must_use]
#[track_caller]
pub fn millis(text: &serde_json::Value) -> i64 {
    let moment = text.as_str().and_then(|text| Timestamp::parse(text).ok());
    moment.unwrap_or_else(|| panic!("no moment: {text}")).millis()
}
