use memchr::memmem;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What must not be found: secrets, also as they look once somebody has encoded them.
pub struct Needles(Vec<Vec<u8>>);

impl Needles {
    /// The random part of each secret, raw and in every encoding: whoever leaks a piece of that leaks the secret.
    ///
    /// # Panics
    /// Where one is no secret.
    #[must_use]
    pub fn of(secrets: &[String]) -> Self {
        Self::of_bytes(&secrets.iter().map(|secret| secret.as_bytes()[13..45].to_vec()).collect::<Vec<_>>())
    }

    /// Any bytes, raw and in every encoding.
    #[must_use]
    pub fn of_bytes(all: &[Vec<u8>]) -> Self {
        let forms = |bytes: &Vec<u8>| {
            let encoded = encodings(bytes).into_iter().map(String::into_bytes);
            std::iter::once(bytes.clone()).chain(encoded).collect::<Vec<_>>()
        };
        Self(all.iter().flat_map(forms).collect())
    }

    /// Looks for them in the bytes of a place.
    ///
    /// # Panics
    /// Where one is found, with what stands before it.
    #[track_caller]
    pub fn are_not_in(&self, place: &str, bytes: &[u8]) {
        for needle in &self.0 {
            if let Some(at) = memmem::find(bytes, needle) {
                let before = String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at]);
                let needle = String::from_utf8_lossy(needle);
                panic!("a secret, as {needle}, is in {place}, after: {before}");
            }
        }
    }
}

fn encodings(bytes: &[u8]) -> Vec<String> {
    let each = |write: fn(&u8) -> String| bytes.iter().map(write).collect::<Vec<_>>();
    let mut found = vec![
        each(|byte| format!("{byte:02x}")).concat(),
        each(|byte| format!("{byte:02X}")).concat(),
        each(|byte| format!("%{byte:02x}")).concat(),
        each(|byte| format!("%{byte:02X}")).concat(),
        // As Rust's `{:?}` writes bytes.
        each(u8::to_string).join(", "),
        each(u8::to_string).join(","),
    ];
    for alphabet in [STANDARD, FOR_URLS] {
        found.extend((0..3).map(|before| base64(alphabet, before, bytes)));
    }
    found
}

/// The characters of Base64 that follow from `bytes` alone where so many bytes stand before them.
fn base64(alphabet: &[u8; 64], before: usize, bytes: &[u8]) -> String {
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let first = (before * 8).next_multiple_of(6) - before * 8;
    let whole = (bytes.len() * 8 - first) / 6;
    (0..whole)
        .map(|digit| (0..6).fold(0, |value, at| value << 1 | usize::from(bit(first + digit * 6 + at))))
        .map(|value| char::from(alphabet[value]))
        .collect()
}

/// Base64 as it is sent, with padding.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    let rest = bytes.len() % 3;
    let whole = [bytes, &vec![0; (3 - rest) % 3]].concat();
    let mut text = base64(STANDARD, 0, &whole);
    let padding = (3 - rest) % 3;
    text.truncate(text.len() - padding);
    text + &"=".repeat(padding)
}

#[test]
fn an_encoded_secret_is_found_wherever_it_stands() {
    assert_eq!(to_base64(b"user:pass"), "dXNlcjpwYXNz");
    assert_eq!(to_base64(b"user:pas"), "dXNlcjpwYXM=");
    let secret = "hT4kQ9xZ_kl1_0123456789abcdefghijABCDEFGHIJKLxxxxxx".to_owned();
    let needles = Needles::of(std::slice::from_ref(&secret));
    let encoded = ["u:", "us:", "use:"].map(|user| to_base64(format!("{user}{secret}").as_bytes()));
    let others = [
        secret.clone(),
        hex::encode(&secret),
        hex::encode_upper(&secret),
        format!("{:?}", secret.as_bytes()),
    ];
    for text in encoded.into_iter().chain(others) {
        let found = std::panic::catch_unwind(|| needles.are_not_in("a text", text.as_bytes()));
        assert!(found.is_err(), "not found in {text}");
    }
    needles.are_not_in("a text without it", b"hT4kQ9xZ_kl1_0123456789");
}
