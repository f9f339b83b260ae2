//! Durations of what is too short to be measured each time.

use std::{cell::Cell, thread::LocalKey, time::Duration};

use metrics::Histogram;

/// One piece of work in so many is measured: two readings of the clock cost half as much as the digest that a request is
/// judged by, and adding to a histogram as much again.
const EVERY: u32 = 64;

/// A histogram of every 64th piece of work of each thread, its first one among them. The counter is the thread's own, so
/// that workers do not fight for it.
pub(crate) struct Sampled {
    histogram: Histogram,
    done: &'static LocalKey<Cell<u32>>,
}

impl Sampled {
    pub(crate) fn new(histogram: Histogram, done: &'static LocalKey<Cell<u32>>) -> Self {
        Self { histogram, done }
    }

    /// Does the work, and records how long it took by `nanos` where it is one of those to be measured.
    pub(crate) fn measure<T>(&self, nanos: impl Fn() -> u64, work: impl FnOnce() -> T) -> T {
        let done = self.done.get();
        self.done.set(done.wrapping_add(1));
        if !done.is_multiple_of(EVERY) {
            return work();
        }
        let begun = nanos();
        let made = work();
        self.histogram.record(Duration::from_nanos(nanos().saturating_sub(begun)));
        made
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::HistogramFn;

    use super::*;

    thread_local! {
        static DONE: Cell<u32> = const { Cell::new(0) };
    }

    #[derive(Default)]
    struct Recorded(Mutex<Vec<f64>>);

    impl HistogramFn for Recorded {
        fn record(&self, seconds: f64) {
            self.0.lock().expect("nobody panicked with it").push(seconds);
        }
    }

    #[test]
    fn the_first_of_each_sixty_four_is_measured_and_all_are_done() {
        let recorded = Arc::new(Recorded::default());
        let sampled = Sampled::new(Histogram::from_arc(recorded.clone()), &DONE);
        let clock = Cell::new(0);
        for piece in 1..=129 {
            sampled.measure(|| clock.get(), || clock.set(clock.get() + 1_000 * piece));
        }
        assert_eq!(clock.get(), 1_000 * (1..=129).sum::<u64>(), "all of it was done");
        assert_eq!(*recorded.0.lock().expect("nobody panicked with it"), [1e-6, 65e-6, 129e-6]);
    }
}
