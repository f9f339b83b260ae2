use super::KeyIndex;

impl KeyIndex {
    /// BLAKE3 over everything the index holds, sorted: equal for two indices that applied the same events, however they
    /// came to it. How full the buckets are is not in it, and neither are the verifiers of secrets that events have
    /// ended: they may be purged from the log.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let saved = self.write_down(self.still(), |facts, prefix| facts.is_live(prefix));
        let bytes = postcard::to_stdvec(&saved).expect("the content is made of numbers, texts and lists");
        blake3::hash(&bytes).into()
    }
}
