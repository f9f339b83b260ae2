use keyledger_domain::{Timestamp, envelope::Purpose};
use keyledger_secret::Randomness;

use super::{
    Keys, PasswordHash, People, Person, PersonId, Unavailable,
    account::{self, Account, WIDTH, select_accounts},
    rows::{Failure, Row, Rows},
    sealed::{must_be_sealed, seal},
};

/// How long somebody stays signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Seconds without a request.
    pub idle_seconds: u32,
    /// Seconds since they signed in.
    pub absolute_seconds: u32,
    /// Seconds since they signed in at an OpenID provider: its claims are not looked at meanwhile.
    pub vouched_seconds: u32,
}

impl Default for Lifetimes {
    /// Half an hour and half a day, as OWASP's ASVS 5 suggests for what is worth protecting.
    fn default() -> Self {
        Self { idle_seconds: 30 * 60, absolute_seconds: 12 * 60 * 60, vouched_seconds: 60 * 60 }
    }
}

impl Lifetimes {
    fn absolute_seconds_of(&self, person: &Person) -> u32 {
        if person.issuer.is_some() { self.vouched_seconds } else { self.absolute_seconds }
    }
}

/// What a browser shows to be known again. It has neither `Debug` nor `Display`; only its digest is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId([u8; 32]);

/// How much of idling goes by before it is written down that somebody is still there.
const NOTED_EVERY: i64 = 60_000;

impl SessionId {
    /// A new one.
    #[must_use]
    pub fn draw(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        Self(bytes)
    }

    /// As a cookie has it.
    ///
    /// None where the text is no session's id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// For the cookie, and nothing else.
    #[must_use]
    pub fn expose(&self) -> String {
        hex::encode(self.0)
    }

    /// What the forms of this session carry: whoever cannot read its pages cannot know it.
    #[must_use]
    pub fn form_token(&self) -> String {
        hex::encode(blake3::derive_key("keyledger portal form token v1", &self.0))
    }

    fn digest(&self) -> [u8; 32] {
        blake3::derive_key("keyledger portal session v1", &self.0)
    }

    fn end(&self, rows: &mut dyn Rows) -> Result<(), Failure> {
        rows.run("DELETE FROM sessions WHERE digest = $1", &[self.digest().into()]).map(|_| ())
    }
}

impl People {
    /// Signs somebody in who was found to have this password, under an id that nobody had before; none where they have
    /// another one by now, or may not any more. `replaces` is what their browser showed until now: it is
    /// known no more, so that an id which somebody planted leads nowhere.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn begin_session(
        &self,
        person: PersonId,
        password: Option<&PasswordHash>,
        replaces: Option<SessionId>,
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<Option<SessionId>, Unavailable> {
        let id = SessionId::draw(randomness);
        let begun = self.store.change(|rows| {
            let account = Account::of(rows, &self.keys, person)?;
            if account.is_none_or(|account| account.person.disabled || account.password.as_ref() != password)
            {
                return Ok(None);
            }
            if let Some(old) = replaces {
                old.end(rows)?;
            }
            let (digest, person, now) = (id.digest(), person.to_string(), now.to_string());
            let mac = seal(&self.keys, Purpose::Session, &fields(&digest, &person, &now));
            rows.run(BEGIN, &[digest.into(), person.into(), now.into(), mac.into()])?;
            Ok::<_, Failure>(Some(id))
        });
        Ok(begun?)
    }

    /// Who is signed in under this id now; none where nobody is any more.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn signed_in(
        &self,
        id: SessionId,
        lifetimes: Lifetimes,
        now: Timestamp,
    ) -> Result<Option<Person>, Unavailable> {
        let found = self.store.each(|rows| {
            let found = rows.ask(SIGNED_IN, &[id.digest().into()])?;
            let Some(row) = found.first() else { return Ok(None) };
            let Session { person, signed_in_at, seen_at } = Session::read(row, id, &self.keys)?;
            let over = |since: Timestamp, seconds| now >= since.plus_seconds(seconds);
            if person.disabled
                || over(signed_in_at, lifetimes.absolute_seconds_of(&person))
                || over(seen_at, lifetimes.idle_seconds)
            {
                id.end(rows)?;
                return Ok(None);
            }
            if now.millis() - seen_at.millis() >= NOTED_EVERY {
                // On a full disk somebody must still get at the page of emergencies; the session ends earlier, that is all.
                if let Err(error) = rows.run(SEEN, &[id.digest().into(), now.to_string().into()]) {
                    tracing::warn!(%error, "a session could not be noted as in use");
                }
            }
            Ok(Some(person))
        });
        Ok(found?)
    }

    /// Signs somebody out where they show this id.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn end_session(&self, id: SessionId) -> Result<(), Unavailable> {
        Ok(self.store.each(|rows| id.end(rows))?)
    }

    /// Forgets sessions that nobody can use any more; says how many.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_sessions(&self, lifetimes: Lifetimes, now: Timestamp) -> Result<u64, Unavailable> {
        let before =
            |seconds: u32| Timestamp::from_millis(now.millis() - i64::from(seconds) * 1_000).to_string();
        let over = [
            before(lifetimes.absolute_seconds.max(lifetimes.vouched_seconds)).into(),
            before(lifetimes.idle_seconds).into(),
        ];
        let sql = "DELETE FROM sessions WHERE signed_in_at <= $1 OR seen_at <= $2";
        // A transaction, since it is about many rows, and others that are must not wait for one another in two orders.
        Ok(self.store.change(|rows| rows.run(sql, &over))?)
    }
}

/// Keeps that somebody is signed in.
const BEGIN: &str =
    "INSERT INTO sessions (digest, person_id, signed_in_at, seen_at, mac) VALUES ($1, $2, $3, $3, $4)";

/// Asks who is signed in, and since when.
const SIGNED_IN: &str = select_accounts!(
    ", sessions.signed_in_at, sessions.seen_at, sessions.mac
     FROM sessions JOIN people ON people.id = sessions.person_id WHERE sessions.digest = $1"
);

/// Notes that somebody is still there.
const SEEN: &str = "UPDATE sessions SET seen_at = $2 WHERE digest = $1";

/// A session as it is kept.
struct Session {
    person: Person,
    signed_in_at: Timestamp,
    seen_at: Timestamp,
}

impl Session {
    fn read(row: &Row, id: SessionId, keys: &Keys) -> Result<Self, Failure> {
        let Account { person, .. } = Account::read(row, keys)?;
        let signed_in_at = account::moment(row, WIDTH)?;
        let (whose, since) = (person.id.to_string(), signed_in_at.to_string());
        must_be_sealed(keys, Purpose::Session, &fields(&id.digest(), &whose, &since), row.bytes(WIDTH + 2)?)?;
        Ok(Self { person, signed_in_at, seen_at: account::moment(row, WIDTH + 1)? })
    }
}

/// What the code of a session is over.
fn fields<'a>(digest: &'a [u8; 32], person: &'a str, signed_in_at: &'a str) -> [Option<&'a [u8]>; 3] {
    [Some(digest), Some(person.as_bytes()), Some(signed_in_at.as_bytes())]
}

/// Signs somebody out everywhere, within a transaction.
pub(super) fn end_all(rows: &mut dyn Rows, person: PersonId) -> Result<(), Failure> {
    rows.run("DELETE FROM sessions WHERE person_id = $1", &[person.to_string().into()]).map(|_| ())
}
