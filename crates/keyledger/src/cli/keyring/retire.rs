use anyhow::{Context as _, bail};
use serde_json::json;

use super::{running, say, status};
use crate::{
    cli::{Context, client::Ask},
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
        let needing = needing(&keyring, id, context).await?;
        if !needing.is_empty() && !force {
            context.output.remark(&status::table(&needing).to_string());
            bail!(
                "pepper {id:08x} is needed by {}: regenerate their keys, or revoke them with --force",
                count(needing.len(), "live secret")
            );
        }
        // They are the way in: without them nothing of the rest could be done, nor undone.
        if let Some(secret) = needing.iter().find(|secret| secret.key.partner_id.is_registry()) {
            let key = secret.key.key_id;
            bail!(
                "pepper {id:08x} is needed by the registry's own key {key}: regenerate it with --overlap 0 first; nothing was revoked"
            );
        }
        give_up(&needing, id, context).await?;
        let left = self::needing(&keyring, id, context).await?.len();
        if left > 0 {
            bail!("pepper {id:08x} is still needed by {}: run this again", count(left, "live secret"));
        }
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

async fn needing(keyring: &Keyring, id: u32, context: &Context) -> anyhow::Result<Vec<LiveSecret>> {
    let path = context.data_dir().log();
    let live = status::live(keyring, context).await?;
    let live = live.with_context(|| {
        format!("there is no log at {}, so nobody knows which secrets are live", path.display())
    })?;
    Ok(status::needing(id, &live).into_iter().cloned().collect())
}

/// Ends the secrets through the running registry, so that it is an event like any other: a key whose newest secret needs the
/// pepper is revoked; one that only needs it for an overlap loses the overlap.
async fn give_up(secrets: &[LiveSecret], id: u32, context: &Context) -> anyhow::Result<()> {
    if secrets.is_empty() {
        return Ok(());
    }
    let client = context.client()?;
    for secret in secrets {
        let (partner, key) = (secret.key.partner_id.as_str(), secret.key.key_id.to_string());
        let (end, body) = if secret.is_current() {
            ("revoke", json!({ "reason": format!("pepper {id:08x} was retired") }))
        } else {
            ("end-overlap", json!({}))
        };
        let ask = Ask { body: Some(body), ..Ask::default() };
        let path = ["v1", "partners", partner, "keys", &key, end];
        client.post(&path, ask).await.with_context(|| format!("key {key} of {partner} was not given up"))?;
    }
    context.output.remark(&format!("Ended {} that needed pepper {id:08x}.", count(secrets.len(), "secret")));
    Ok(())
}
