use std::thread;
use std::time::{Duration, Instant};

/// How often something is looked at that cannot be waited for.
const STEP: Duration = Duration::from_millis(5);

/// Looks until there is something to see; none where `patience` ran out first.
pub fn within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if begun.elapsed() >= patience {
            return None;
        }
        thread::sleep(STEP);
    }
}

/// Waits until something holds.
///
/// # Panics
/// Where it does not hold within `patience`, saying `what` was waited for.
#[track_caller]
pub fn eventually(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    assert!(within(patience, || holds().then_some(())).is_some(), "not within {patience:?}: {what}");
}
