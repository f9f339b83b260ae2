/// Random choices that a seed repeats: the one in `KEYLEDGER_SEED`, or one that nobody chose.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a test, which prints the seed beside the test's name: a failed run can be repeated with it.
    ///
    /// # Panics
    /// Where `KEYLEDGER_SEED` is no number.
    #[must_use]
    #[expect(
        clippy::print_stdout,
        reason = "whoever wants to repeat a run reads it in the output of the test"
    )]
    pub fn thrown_for(test: &str) -> Self {
        let seed = match std::env::var("KEYLEDGER_SEED") {
            Ok(seed) => seed.parse().expect("KEYLEDGER_SEED is a number"),
            Err(_) => u64::from_le_bytes(crate::random_bytes()),
        };
        println!("{test}: KEYLEDGER_SEED={seed}");
        Self(seed)
    }

    /// Other dice, for another thread.
    pub fn another(&mut self) -> Self {
        Self(self.roll())
    }

    /// Any number: SplitMix64, by Steele, Lea and Flood.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    ///
    /// # Panics
    /// Where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// Whether something happens that does so in `percent` of all cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    ///
    /// # Panics
    /// Where there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

/// Whether this is a long run (`make soak`).
#[must_use]
pub fn soak() -> bool {
    std::env::var_os("KEYLEDGER_SOAK").is_some()
}
