//! `keyledger audit state`: the registry, a partner's keys or a key, as they were.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write as _},
    thread,
};

use keyledger_audit::past::{KeyThen, State};
use keyledger_command_service::KeyBody;
use keyledger_domain::{KeyId, Moment, PartnerId, Timestamp, key::Status};
use keyledger_event_log::LogIdentity;
use serde::Serialize;
use serde_json::{Value, json};

use super::past::{Asked, Watching};
use crate::{
    cli::{Context, audit::StateArgs, keys},
    output::{Table, count},
};

/// Shows what was.
///
/// # Errors
/// One sentence that says what to do.
pub(super) async fn run(context: &Context, args: &StateArgs) -> anyhow::Result<()> {
    let asked = Asked::open(context, Some(&args.index), args.at).await?;
    if let Some(key_id) = args.key {
        return one_key(context, &asked, key_id).await;
    }
    let mut watching = Watching::begin(context.output);
    let mut state = asked.past.state(asked.moment, &mut watching).await?;
    drop(watching);
    state.time = asked.now.unwrap_or(state.time);
    if args.keys || args.partner.is_some() {
        list(context, &state, args.partner.as_ref())
    } else {
        summary(context, &state, asked.log)
    }
}

async fn one_key(context: &Context, asked: &Asked, key_id: KeyId) -> anyhow::Result<()> {
    let time = match asked.now {
        Some(now) => now,
        None => asked.past.time(asked.moment).await?,
    };
    let Some(key) = asked.past.key(key_id, asked.moment).await? else {
        anyhow::bail!(
            "there was no key {key_id} at {}: see what happened with `keyledger events --key`",
            asked.moment
        );
    };
    let catalogue = asked.past.catalogue(asked.moment).await?.catalogue;
    keys::show_key(&serde_json::to_value(KeyBody::of(key, time, catalogue.as_ref()))?, context)
}

/// The keys themselves: a table for people, one object a line for programs.
fn list(context: &Context, state: &State, partner: Option<&PartnerId>) -> anyhow::Result<()> {
    let catalogue = state.catalogue.catalogue.as_ref();
    let wanted = |key: &KeyThen<'_>| partner.is_none_or(|partner| key.partner() == partner.as_str());
    let mut lines = io::BufWriter::new(io::stdout().lock());
    let mut shown = Vec::new();
    for key in state.keys() {
        let key = key?;
        if !wanted(&key) {
            continue;
        }
        let body = KeyBody::of(key.key()?, state.time, catalogue);
        if context.output.json {
            serde_json::to_writer(&mut lines, &body)?;
            lines.write_all(b"\n")?;
        } else {
            shown.push(serde_json::to_value(body)?);
        }
    }
    lines.flush()?;
    drop(lines);
    if !context.output.json {
        keys::show_keys(&Value::Array(shown), context)?;
    }
    Ok(())
}

/// How many keys were what.
#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    active: usize,
    revoked: usize,
    expired: usize,
}

impl Counts {
    fn take(&mut self, status: Status) {
        match status {
            Status::Active => self.active += 1,
            Status::Revoked => self.revoked += 1,
            Status::Expired => self.expired += 1,
        }
    }

    fn cells(self) -> [String; 3] {
        [self.active, self.revoked, self.expired].map(|number| number.to_string())
    }
}

/// What there was, counted.
struct Counted {
    all: Counts,
    partners: BTreeMap<String, Counts>,
    /// The position of the last event that is in it.
    last: u64,
}

impl Counted {
    fn of(state: &State) -> anyhow::Result<Self> {
        let (mut all, mut last) = (Counts::default(), state.catalogue.position);
        let mut partners = HashMap::<&str, Counts>::new();
        for key in state.keys() {
            let key = key?;
            let status = key.status();
            all.take(status);
            partners.entry(key.partner()).or_default().take(status);
            last = last.max(key.position());
        }
        let partners = partners.into_iter().map(|(partner, counts)| (partner.to_owned(), counts)).collect();
        Ok(Self { all, partners, last })
    }
}

/// The moment as it was asked for: a number, or a text.
pub(super) fn shown(moment: Moment) -> Value {
    match moment {
        Moment::Position(position) => json!(position),
        Moment::Time(time) => json!(time),
    }
}

fn summary(context: &Context, state: &State, log: LogIdentity) -> anyhow::Result<()> {
    // Both go through everything there is.
    let (digest, counted) = thread::scope(|scope| {
        let digest = scope.spawn(|| hex::encode(state.digest()));
        (digest.join(), Counted::of(state))
    });
    let (Ok(digest), Counted { all, partners, last }) = (digest, counted?) else {
        anyhow::bail!("the digest of the state could not be made: ask again");
    };
    let (scopes, catalogue) = (scopes(state), &state.catalogue);
    if context.output.json {
        let partners: Vec<_> = partners
            .iter()
            .map(|(partner, Counts { active, revoked, expired })| {
                json!({ "partnerId": partner, "active": active, "revoked": revoked, "expired": expired })
            })
            .collect();
        return Ok(context.output.value(&json!({
            "at": shown(state.moment), "time": state.time, "log": log.log, "epoch": log.epoch, "lastPosition": last,
            "keys": { "total": state.len(), "active": all.active, "revoked": all.revoked, "expired": all.expired },
            "catalogue": { "revision": catalogue.revision, "position": catalogue.position, "scopes": scopes },
            "partners": partners, "digest": digest,
        }))?);
    }
    let mut table = Table::new(&["partner", "active", "revoked", "expired"]);
    for (partner, counts) in &partners {
        table.row(std::iter::once(partner.clone()).chain(counts.cells()));
    }
    context.output.line(&table.to_string())?;
    let fields = [
        ("at", at(state.moment, state.time)),
        ("log", format!("{}, epoch {}", log.log, log.epoch)),
        ("last event", last.to_string()),
        (
            "keys",
            format!(
                "{}: {} active, {} revoked, {} expired",
                state.len(),
                all.active,
                all.revoked,
                all.expired
            ),
        ),
        ("catalogue", format!("{}, since position {}", count(scopes.len(), "scope"), catalogue.position)),
        ("digest", digest),
    ];
    context.output.line("")?;
    Ok(context.output.line(&Table::of_fields(fields).to_string())?)
}

fn scopes(state: &State) -> Vec<String> {
    let scopes = state.catalogue.catalogue.iter().flat_map(|catalogue| catalogue.scopes());
    scopes.map(|scope| scope.to_string()).collect()
}

/// A moment for people, with the time at which it was judged.
pub(super) fn at(moment: Moment, time: Timestamp) -> String {
    match moment {
        Moment::Position(_) => format!("{moment}, judged by the clock at {time}"),
        Moment::Time(_) => moment.to_string(),
    }
}
