use anyhow::{Context as _, bail};
use keyledger_domain::KeyId;
use serde_json::json;

use super::{
    give_up::{End, Step, last_way_in, steps},
    running, say, status,
};
use crate::{
    cli::{
        Context,
        client::{Ask, Client},
    },
    keyring::{Keyring, Kind, LiveSecret, State},
    output::count,
};

pub(super) async fn run(kind: Kind, id: u32, force: bool, context: &Context) -> anyhow::Result<()> {
    let path = &context.settings().keyring.path;
    let keyring = Keyring::load(path)?;
    // What the keyring itself refuses is refused before anything is revoked for it.
    keyring.clone().retire(kind, id)?;
    let old = keyring.entries(kind).iter().any(|key| key.id == id && key.state == State::Old);
    if kind == Kind::Pepper && old {
        no_new_secret_gets(&keyring, context).await?;
        free(&keyring, id, force, context).await?;
    }
    Keyring::change(path, |keyring| anyhow::Ok(keyring.retire(kind, id)?))?;
    say(kind, id, "retired", context)
}

/// Refuses while anything that runs may still keep new secrets under an older pepper.
async fn no_new_secret_gets(keyring: &Keyring, context: &Context) -> anyhow::Result<()> {
    let Some((active, _)) = keyring.active_pepper() else { return Ok(()) };
    match running::without(&running::holds_as(Kind::Pepper, active.0, State::Active), context).await? {
        Some(holder) => {
            bail!("{holder} does not use the active pepper {active} yet: its logs say why")
        }
        None => Ok(()),
    }
}

/// Sees to it that no live secret needs a pepper: refuses where one does, or ends it where that was asked for.
async fn free(keyring: &Keyring, id: u32, force: bool, context: &Context) -> anyhow::Result<()> {
    let live = live(keyring, context).await?;
    let needing = status::needing(id, &live);
    if needing.is_empty() {
        return Ok(());
    }
    let needed = format!("pepper {id:08x} is needed by {}", count(needing.len(), "live secret"));
    if !force {
        context.output.remark(&status::table(needing.iter().copied()).to_string());
    }
    if let Some(operator) = last_way_in(id, &live) {
        bail!(
            "{needed}, also by that of every operator key: {}; nothing was revoked",
            renew(operator, context)
        );
    }
    if !force {
        bail!(
            "{needed}: regenerate their keys and let the overlaps end, or say --force, which revokes the keys whose newest \
             secret needs it and ends the overlaps of the others"
        );
    }
    let client = context.client()?;
    for step in steps(id, &live, client.prefix()) {
        take(&step, id, &client).await?;
    }
    context.output.remark(&format!("Ended {} that needed pepper {id:08x}.", count(needing.len(), "secret")));
    let left = status::needing(id, &self::live(keyring, context).await?).len();
    if left > 0 {
        bail!("pepper {id:08x} is still needed by {}: run this again", count(left, "live secret"));
    }
    Ok(())
}

/// How the way in is kept open.
fn renew(operator: KeyId, context: &Context) -> String {
    format!(
        "first `keyledger keys regenerate --partner registry --key {operator}`, and put the new secret into {}",
        context.settings().client.key_file.display()
    )
}

async fn live(keyring: &Keyring, context: &Context) -> anyhow::Result<Vec<LiveSecret>> {
    let live = status::live(keyring, context).await?;
    let place = context.log_place()?;
    live.with_context(|| format!("there is no log at {place}, so nobody knows which secrets are live"))
}

/// Does one step through the running registry, so that it is an event like any other.
async fn take(step: &Step, id: u32, client: &Client) -> anyhow::Result<()> {
    let Step { partner, key, end } = step;
    let (end, body) = match end {
        End::Revoke => ("revoke", json!({ "reason": format!("pepper {id:08x} was retired") })),
        End::Overlap => ("end-overlap", json!({})),
    };
    let ask = Ask { body: Some(body), ..Ask::default() };
    let path = ["v1", "partners", partner.as_str(), "keys", &key.to_string(), end];
    client.post(&path, ask).await.with_context(|| format!("key {key} of {partner} was not given up"))?;
    Ok(())
}
