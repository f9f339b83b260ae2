//! `keyledger audit prove-inclusion`, `prove-consistency` and `verifier-key`: what others check with tools of their own.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use keyledger_audit::{
    History, Witnessed, proof,
    tree::{self as transparency, Checkpoint},
};
use keyledger_event_log::{Position, PositionOrder};
use serde_json::json;

use super::tree::{self, Evidence};
use crate::cli::{
    Context,
    audit::{ConsistencyArgs, InclusionArgs},
};

/// Proves that an event is covered by the newest checkpoint.
///
/// # Errors
/// One sentence: no such event, no checkpoint that covers it.
pub(crate) async fn inclusion(context: &Context, args: &InclusionArgs) -> anyhow::Result<()> {
    let Evidence { history, tiles, .. } = Evidence::open(context).await?;
    let (index, event) = find(&history, args.position).await?;
    let (checkpoint, note) = tree::newest(&*tiles).await?;
    let leaf = transparency::leaf_hash(&event.public);
    let proved = proof::prove_inclusion(&*tiles, &checkpoint, index, leaf).await?;
    let text = proved.to_text(&note);
    if let Some(to) = &args.event {
        write(to, &event.public)?;
    }
    give(context, args.to.as_deref(), &text, || {
        json!({
            "index": index, "position": args.position.get(), "size": checkpoint.size, "root": checkpoint.root.to_string(),
            "leafHash": leaf.to_string(), "hashes": texts(&proved.hashes), "event": hex::encode(&event.public),
            "checkpoint": note, "proof": text,
        })
    })
}

/// Proves that the newest checkpoint's tree has grown out of an earlier one.
///
/// # Errors
/// One sentence: no such tree, or another one.
pub(crate) async fn consistency(context: &Context, args: &ConsistencyArgs) -> anyhow::Result<()> {
    let Evidence { tiles, .. } = Evidence::open(context).await?;
    let (checkpoint, note) = tree::newest(&*tiles).await?;
    let earlier = match (&args.checkpoint, args.from) {
        (Some(path), _) => {
            let read = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            Some(Checkpoint::read(&read).with_context(|| format!("{} is no checkpoint", path.display()))?)
        }
        (None, _) => None,
    };
    let from = earlier.map(|earlier| earlier.size).or(args.from).context("give --from or --checkpoint")?;
    let proved = proof::prove_consistency(&*tiles, &checkpoint, from).await?;
    if let Some(earlier) = earlier {
        ensure!(
            earlier.root == proved.root,
            "the tree has not grown out of that checkpoint: over its {from} events it has another root; see what \
             `keyledger audit verify --checkpoint` says"
        );
    }
    let text = proved.to_text(&note);
    give(context, args.to.as_deref(), &text, || {
        json!({
            "from": from, "fromRoot": proved.root.to_string(), "size": checkpoint.size, "root": checkpoint.root.to_string(),
            "hashes": texts(&proved.hashes), "checkpoint": note, "proof": text,
        })
    })
}

/// Prints the key by which checkpoints are recognised.
///
/// # Errors
/// One sentence, where nothing was signed yet.
pub(crate) async fn verifier_key(context: &Context) -> anyhow::Result<()> {
    let Evidence { history, tiles, .. } = Evidence::open(context).await?;
    let key = tree::verifier_key(&*tiles).await?.named(transparency::Origin(history.identity()));
    if context.output.json {
        return Ok(context.output.value(&json!({ "verifierKey": key }))?);
    }
    Ok(context.output.line(&key)?)
}

/// The event at a position, and which leaf it is. Where positions have gaps, the events before it are counted.
async fn find(history: &History, position: Position) -> anyhow::Result<(u64, Witnessed)> {
    let dense = history.log().order() == PositionOrder::Dense;
    let nothing =
        || format!("there is no event at position {position}: give the position of one that the log holds");
    ensure!(position > Position::START, nothing());
    let after = if dense { Position::new(position.get() - 1) } else { Position::START };
    let mut walk = history.walk(after).await?;
    let mut index = after.get();
    loop {
        let events = walk.next().await?;
        ensure!(!events.is_empty(), nothing());
        for event in events {
            if event.position == position {
                return Ok((index, event));
            }
            ensure!(event.position < position, nothing());
            index += 1;
        }
    }
}

fn texts(hashes: &[transparency::Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

/// A proof, where it is wanted.
fn give(
    context: &Context,
    to: Option<&Path>,
    text: &str,
    json: impl FnOnce() -> serde_json::Value,
) -> anyhow::Result<()> {
    if let Some(to) = to {
        write(to, text.as_bytes())?;
    }
    if context.output.json {
        context.output.value(&json())?;
    } else if to.is_none() {
        context.output.text(text)?;
    }
    Ok(())
}

fn write(to: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(to, content).with_context(|| format!("cannot write {}", to.display()))
}
