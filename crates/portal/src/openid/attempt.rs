use keyledger_secret::Randomness;
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use subtle::ConstantTimeEq as _;

/// One attempt to sign in elsewhere: a secret of the browser that began it. Everything that binds the provider's answer to
/// that browser is made from it, so that nothing has to be kept here. It has neither `Debug` nor `Display`.
#[derive(Clone, Copy)]
pub(crate) struct Attempt([u8; 32]);

impl Attempt {
    /// For how long a browser keeps it, in seconds: somebody may have to find their second factor.
    pub(crate) const SECONDS: u32 = 15 * 60;

    pub(crate) fn draw(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        Self(bytes)
    }

    /// As a cookie has it. None where the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// For the cookie, and nothing else.
    pub(crate) fn expose(&self) -> String {
        hex::encode(self.0)
    }

    /// What comes back with the provider's answer, and says that it is one to this attempt.
    pub(crate) fn state(&self) -> CsrfToken {
        CsrfToken::new(self.derive("keyledger portal openid state v1"))
    }

    /// What stands in the ID token, and says that it was made for this attempt.
    pub(crate) fn nonce(&self) -> Nonce {
        Nonce::new(self.derive("keyledger portal openid nonce v1"))
    }

    /// What only whoever began this attempt can show for its code (PKCE, RFC 7636).
    pub(crate) fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.derive("keyledger portal openid verifier v1"))
    }

    /// Whether an answer with this state is one to this attempt.
    pub(crate) fn is_meant_by(&self, state: &str) -> bool {
        self.state().secret().as_bytes().ct_eq(state.as_bytes()).into()
    }

    fn derive(&self, context: &'static str) -> String {
        hex::encode(blake3::derive_key(context, &self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    #[test]
    fn what_travels_tells_nothing_of_the_rest_and_belongs_to_one_attempt() {
        let randomness = Counting::default();
        let (one, other) = (Attempt::draw(&randomness), Attempt::draw(&randomness));
        let made = |it: &Attempt| {
            [
                it.expose(),
                it.state().secret().clone(),
                it.nonce().secret().clone(),
                it.verifier().secret().clone(),
            ]
        };
        let all: std::collections::BTreeSet<_> = made(&one).into_iter().chain(made(&other)).collect();
        assert_eq!(all.len(), 8, "each is another one");
        assert!(one.is_meant_by(one.state().secret()) && !one.is_meant_by(other.state().secret()));
        assert!(!one.is_meant_by("") && !one.is_meant_by(&one.expose()));
        let kept = Attempt::parse(&one.expose()).expect("a cookie's text");
        assert_eq!(made(&kept), made(&one));
        assert!(Attempt::parse("").is_none() && Attempt::parse("zz").is_none());
        // RFC 7636: 43 to 128 characters.
        assert!((43..=128).contains(&one.verifier().secret().len()));
    }
}
