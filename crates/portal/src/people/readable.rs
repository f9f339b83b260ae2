use keyledger_secret::Randomness;

/// Letters and digits that are not mistaken for one another, also when they are read out.
const DIGITS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// So many of them, at random.
pub(super) fn draw(randomness: &dyn Randomness, length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        randomness.fill(&mut byte);
        // What would make some of them likelier is drawn again.
        if let Some(digit) = DIGITS.get(usize::from(byte[0] % 32)) {
            text.push(char::from(*digit));
        }
    }
    text
}

/// In groups of five.
pub(super) fn grouped(text: &str) -> String {
    let groups: Vec<_> = text.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
    groups.join("-")
}
