//! The throttle of a key: a token bucket in one atomic number.
//!
//! It is the generic cell rate algorithm (ITU-T I.371): the number is the moment at which the bucket will be full. To be
//! exact at every rate, that moment is counted in parts of a token and not in parts of a second. Time comes in ticks of
//! a tenth of a millisecond, a token has [`TOKEN`] parts, and each tick brings as many parts as the rate has tokens a
//! second; so every quantity is a whole number, and the number lasts for 58 years of uptime at the highest rate.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use keyledger_domain::Throttle;

use crate::index::Pace;

/// Nanoseconds of a tick.
const TICK: u64 = 100_000;

/// Parts of a token, and also ticks of a second.
const TOKEN: u64 = 10_000;

/// The bucket of one key, shared by its secrets.
pub(crate) struct Bucket {
    /// When it will be full, in parts of a token since the stopwatch's beginning.
    full_at: AtomicU64,
    pace: Arc<Pace>,
}

/// What is in a bucket after it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Whole tokens left.
    pub remaining: u32,
    /// Whole seconds, rounded up, until it is full again if nobody takes any.
    pub seconds_until_full: u32,
}

/// The bucket holds less than was asked for; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Empty {
    /// What it holds.
    pub(crate) level: Level,
    /// Whole seconds, rounded up and at least 1, until it holds enough; none where it never will.
    pub(crate) retry_after: Option<u32>,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(pace: Arc<Pace>) -> Self {
        Self { full_at: AtomicU64::new(0), pace }
    }

    /// A bucket of another size and rate, as full as this one: a full one stays full, an empty one empty.
    pub(crate) fn repaced(&self, pace: Arc<Pace>, nanos: u64) -> Self {
        let owed = self.full_at.load(Relaxed).saturating_sub(parts_by(nanos, self.pace.throttle));
        let owed = u128::from(owed) * u128::from(capacity(pace.throttle));
        // Rounded up: an edit never makes tokens.
        let owed = owed.div_ceil(u128::from(capacity(self.pace.throttle)));
        let owed = u64::try_from(owed).unwrap_or(u64::MAX).min(capacity(pace.throttle));
        let full_at = parts_by(nanos, pace.throttle).saturating_add(owed);
        Self { full_at: AtomicU64::new(full_at), pace }
    }

    pub(crate) fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// Takes `cost` tokens, or none where there are fewer.
    pub(crate) fn spend(&self, nanos: u64, cost: u32) -> Result<Level, Empty> {
        let now = parts_by(nanos, self.pace.throttle);
        let price = u64::from(cost) * TOKEN;
        let mut full_at = self.full_at.load(Relaxed);
        loop {
            let owed = full_at.saturating_sub(now);
            let after = owed + price;
            if after > capacity(self.pace.throttle) {
                return Err(self.empty(owed, price));
            }
            if price == 0 {
                return Ok(self.level(owed));
            }
            match self.full_at.compare_exchange_weak(full_at, now.saturating_add(after), Relaxed, Relaxed) {
                Ok(_) => return Ok(self.level(after)),
                Err(present) => full_at = present,
            }
        }
    }

    /// What it holds.
    pub(crate) fn look(&self, nanos: u64) -> Level {
        self.level(self.full_at.load(Relaxed).saturating_sub(parts_by(nanos, self.pace.throttle)))
    }

    fn level(&self, owed: u64) -> Level {
        let left = capacity(self.pace.throttle).saturating_sub(owed) / TOKEN;
        Level { remaining: narrow(left), seconds_until_full: self.seconds(owed) }
    }

    fn empty(&self, owed: u64, price: u64) -> Empty {
        let capacity = capacity(self.pace.throttle);
        let missing = (owed + price).saturating_sub(capacity);
        Empty {
            level: self.level(owed),
            retry_after: (price <= capacity).then(|| self.seconds(missing).max(1)),
        }
    }

    /// How long `parts` of a token take to come.
    fn seconds(&self, parts: u64) -> u32 {
        narrow(parts.div_ceil(u64::from(self.pace.throttle.rate_per_second()) * TOKEN))
    }
}

fn capacity(throttle: Throttle) -> u64 {
    u64::from(throttle.burst()) * TOKEN
}

/// The parts of a token that have come by a moment.
fn parts_by(nanos: u64, throttle: Throttle) -> u64 {
    (nanos / TICK).saturating_mul(u64::from(throttle.rate_per_second()))
}

/// Quotients of bounded quantities: at most a million seconds or tokens.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn bucket(rate: u32, burst: u32) -> Bucket {
        Bucket::full(Arc::new(Pace::new(Throttle::new(rate, burst).expect("a throttle"))))
    }

    /// A bucket as one would write it on paper: tokens as a fraction with the denominator [`TOKEN`].
    struct Model {
        rate: u128,
        burst: u128,
        tokens: u128,
        ticks: u128,
    }

    impl Model {
        fn full(rate: u32, burst: u32) -> Self {
            let burst = u128::from(burst) * 10_000;
            Self { rate: rate.into(), burst, tokens: burst, ticks: 0 }
        }

        fn spend(&mut self, nanos: u64, cost: u32) -> Result<Level, Empty> {
            let ticks = u128::from(nanos / 100_000);
            self.tokens = self.burst.min(self.tokens + (ticks - self.ticks) * self.rate);
            self.ticks = ticks;
            let price = u128::from(cost) * 10_000;
            if price > self.tokens {
                let wait = (price - self.tokens).div_ceil(self.rate * 10_000).max(1);
                let retry_after = (price <= self.burst).then(|| wait.try_into().expect("a short wait"));
                return Err(Empty { level: self.level(), retry_after });
            }
            self.tokens -= price;
            Ok(self.level())
        }

        fn level(&self) -> Level {
            Level {
                remaining: (self.tokens / 10_000).try_into().expect("at most a burst"),
                seconds_until_full: (self.burst - self.tokens)
                    .div_ceil(self.rate * 10_000)
                    .try_into()
                    .expect("at most a million"),
            }
        }
    }

    proptest! {
        #[test]
        fn a_bucket_does_what_the_one_on_paper_does(
            rate in prop_oneof![1..20_u32, 1..=Throttle::MAX],
            burst in prop_oneof![1..20_u32, 1..=Throttle::MAX],
            steps in prop::collection::vec((0..3 * SECOND, prop_oneof![0..4_u32, 0..=Throttle::MAX]), 1..60),
        ) {
            let bucket = bucket(rate, burst);
            let mut model = Model::full(rate, burst);
            let mut nanos = 0;
            for (pause, cost) in steps {
                nanos += pause;
                prop_assert_eq!(bucket.spend(nanos, cost), model.spend(nanos, cost));
                prop_assert_eq!(bucket.look(nanos), model.level());
            }
        }

        #[test]
        fn an_edit_keeps_how_full_a_bucket_is(
            old in (1..=Throttle::MAX, 1..=Throttle::MAX),
            new in (1..=Throttle::MAX, 1..=Throttle::MAX),
            nanos in 0..1_000 * SECOND,
            spent in 0.0..=1.0_f64,
        ) {
            let before = bucket(old.0, old.1);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a burst")]
            let cost = (f64::from(old.1) * spent) as u32;
            let left = before.spend(nanos, cost).expect("a full bucket holds its burst").remaining;
            let throttle = Throttle::new(new.0, new.1).expect("a throttle");
            let after = before.repaced(Arc::new(Pace::new(throttle)), nanos).look(nanos).remaining;
            let exact = u64::from(left) * u64::from(new.1) / u64::from(old.1);
            prop_assert_eq!(u64::from(after), exact);
        }
    }

    #[test]
    fn the_default_throttle_gives_twenty_at_once_and_then_ten_a_second() {
        let bucket = bucket(10, 20);
        let admitted = |nanos| (0..100).filter(|_| bucket.spend(nanos, 1).is_ok()).count();
        assert_eq!(admitted(0), 20);
        let refused = bucket.spend(0, 1).expect_err("an empty bucket");
        assert_eq!(refused.retry_after, Some(1), "a tenth of a second is told as one");
        assert_eq!(refused.level, Level { remaining: 0, seconds_until_full: 2 });
        assert_eq!(admitted(SECOND), 10);
        assert_eq!(admitted(SECOND + SECOND / 10 - 1), 0);
        assert_eq!(admitted(SECOND + SECOND / 10), 1);
    }

    #[test]
    fn a_rate_of_three_is_exactly_three_a_second_for_ever() {
        let bucket = bucket(3, 3);
        let mut admitted = 0;
        for milli in 0..1_000_000 {
            admitted += u32::from(bucket.spend(milli * 1_000_000, 1).is_ok());
        }
        assert_eq!(
            admitted,
            3 + 2_999,
            "three at once, and then one each third of 1,000 seconds, the last at its end"
        );
    }

    #[test]
    fn many_threads_together_get_no_more_than_the_burst() {
        let bucket = bucket(1, 1_000);
        let admitted: usize = std::thread::scope(|scope| {
            let spend = || (0..1_000).filter(|_| bucket.spend(0, 1).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(spend)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread fails")).sum()
        });
        assert_eq!(admitted, 1_000);
    }
}
