/// How long a run of characters is that looks like a secret: keys, codes, tokens and ids of sessions are longer than words.
const LONG: usize = 15;

/// How much of it is shown, so that one can tell it apart.
const SHOWN: usize = 4;

/// The text, of whose secrets only the beginning is left. What looks like one is a long run of the characters of Base64
/// for URLs that holds a digit and a letter, or capitals alone; but for ids in the form of a UUID, which are public.
pub(super) fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(belongs) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|character| !belongs(character)).unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        shown.push_str(before);
        if looks_secret(run) {
            shown.push_str(&run[..SHOWN]);
            shown.push('…');
        } else {
            shown.push_str(run);
        }
        rest = after;
    }
    shown + rest
}

fn belongs(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-~".contains(character)
}

fn looks_secret(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.bytes().any(|byte| kind(&byte));
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let drawn = mixed || run.bytes().all(|byte| byte.is_ascii_uppercase());
    // Without its hyphens it could be anything.
    let is_id = run.contains('-') && uuid::Uuid::parse_str(run).is_ok();
    run.len() >= LONG && drawn && !is_id
}

#[test]
fn a_secret_is_not_shown_whole_and_what_is_none_is() {
    let key = crate::unknown_secret();
    let shown = redacted(&format!("Copy it now: {key}."));
    assert_eq!(shown, format!("Copy it now: {}….", &key[..4]));
    for secret in
        ["K7MQ2RXW9TBHD4P", "KVMQSRXWETBHDYP", "eyJhbGciOiJSUzI1NiJ9", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"]
    {
        let url = redacted(&format!("http://127.0.0.1:8080/back?code={secret}&state=1"));
        assert!(!url.contains(secret) && url.ends_with("&state=1"), "{url}");
    }
    let plain = "Keys 1 to 50 at http://127.0.0.1:8080/keys/018f5a3c-8000-7000-8000-000000000002; ERR_CONNECTION_REFUSED, unbelievably-long-words";
    assert_eq!(redacted(plain), plain);
}
