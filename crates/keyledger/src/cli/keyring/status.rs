use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;

use crate::{
    cli::Context,
    keyring::{Keyring, Kind, LiveSecret, live_secrets},
    output::Table,
};

/// Every live secret of the log; none where there is no log.
pub(super) async fn live(keyring: &Keyring, context: &Context) -> anyhow::Result<Option<Vec<LiveSecret>>> {
    let place = context.log_place()?;
    if place.found().await?.is_none() {
        return Ok(None);
    }
    let log = place.open_read_only().await?;
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target).with_message("reading the log");
    let keys = keyring.mac_keys();
    let live = live_secrets(log, &keys, context.clock.now(), |position, head| {
        bar.set_length(head.get());
        bar.set_position(position.get());
    });
    let live = live.await;
    bar.finish_and_clear();
    Ok(Some(live?))
}

/// The live secrets that need a pepper.
pub(super) fn needing(pepper: u32, live: &[LiveSecret]) -> Vec<&LiveSecret> {
    live.iter().filter(|secret| secret.pepper == pepper).collect()
}

/// The API keys behind secrets, for people.
pub(super) fn table<'a>(secrets: impl IntoIterator<Item = &'a LiveSecret>) -> Table {
    let mut table = Table::new(&["pepper", "key", "partner", "name", "prefix"]);
    for LiveSecret { key, prefix, pepper } in secrets {
        let (id, partner, name) = (key.key_id.to_string(), key.partner_id.to_string(), key.name.to_string());
        table.row([format!("{pepper:08x}"), id, partner, name, prefix.to_string()]);
    }
    table
}

pub(super) async fn run(context: &Context) -> anyhow::Result<()> {
    let keyring = Keyring::load(&context.settings().keyring.path)?;
    let live = live(&keyring, context).await?;
    let count = |kind: Kind, id: u32| match (&live, kind) {
        (Some(live), Kind::Pepper) => Some(needing(id, live).len()),
        _ => None,
    };
    let newest = keyring.active_pepper().map(|(id, _)| id.0);
    let in_the_way: Vec<_> = live.iter().flatten().filter(|secret| Some(secret.pepper) != newest).collect();
    let kinds = [Kind::Pepper, Kind::Mac];
    let keys: Vec<_> =
        kinds.into_iter().flat_map(|kind| keyring.entries(kind).iter().map(move |key| (kind, key))).collect();
    if context.output.json {
        let keys: Vec<_> = keys
            .iter()
            .map(|(kind, key)| {
                let (id, live) = (format!("{:08x}", key.id), count(*kind, key.id));
                json!({ "kind": kind.name(), "id": id, "state": key.state, "liveSecrets": live })
            })
            .collect();
        let in_the_way: Vec<_> = in_the_way
            .iter()
            .map(|secret| {
                let (pepper, key) = (format!("{:08x}", secret.pepper), &secret.key);
                json!({ "pepper": pepper, "keyId": key.key_id, "partnerId": key.partner_id, "name": key.name, "prefix": secret.prefix })
            })
            .collect();
        let log = keyring.log().log.to_string();
        return Ok(context
            .output
            .value(&json!({ "log": log, "keys": keys, "usingOldPeppers": in_the_way }))?);
    }
    let mut states = Table::new(&["kind", "id", "state", "live secrets"]);
    for (kind, key) in keys {
        let live = count(kind, key.id).map_or_else(|| "-".to_owned(), |live| live.to_string());
        states.row([kind.name().to_owned(), format!("{:08x}", key.id), key.state.name().to_owned(), live]);
    }
    context.output.line(&states.to_string())?;
    if !in_the_way.is_empty() {
        context
            .output
            .line("\nThese use an old pepper; regenerate or revoke them before it can be retired:")?;
        context.output.line(&table(in_the_way).to_string())?;
    }
    Ok(())
}
