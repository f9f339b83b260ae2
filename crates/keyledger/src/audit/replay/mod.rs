//! `keyledger audit replay`: the read models, made anew from the log alone, beside those by which the registry answers.

mod anew;
mod difference;
mod found;

use anyhow::ensure;
use keyledger_command_service::ports::ReadModel;
use serde_json::json;

use super::source::Source;
use crate::{
    cli::Context,
    output::{Output, Table, clean, count, progress_bar},
};
use anew::Anew;
use difference::{Difference, Differences};
use found::Found;

/// How many differences are shown; the others are counted.
const SHOWN: usize = 1_000;

/// A read model beside what the log says.
struct Compared {
    model: ReadModel,
    /// Up to which event; none where there is no such model to compare with.
    position: Option<u64>,
    /// What the log makes of it.
    log: Option<String>,
    /// What was found.
    found: Option<String>,
    differences: Differences,
}

/// Compares, and tells what does not agree.
///
/// # Errors
/// One sentence: what kept them from being compared, or that they do not agree.
pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let source = Source::open(context).await?;
    let found = Found::of(context, &source)?;
    let mut compared = Vec::new();
    for model in ReadModel::ALL {
        compared.push(compare(context, &source, &found, model).await?);
    }
    let differences = compared.iter().map(|model| model.differences.count).sum();
    print(context.output, &compared)?;
    ensure!(
        differences == 0,
        "the read models do not say what the log says, in {}: see docs/auditing.md on what to do",
        count(differences, "place")
    );
    Ok(())
}

/// Compares one model: by digest, and where that differs, line by line.
async fn compare(
    context: &Context,
    source: &Source,
    found: &Found,
    model: ReadModel,
) -> anyhow::Result<Compared> {
    let nothing =
        Compared { model, position: None, log: None, found: None, differences: Differences::default() };
    let Some(there) = found.digest(model).await? else { return Ok(nothing) };
    let (bar, mut on_progress) = progress_bar(model.name(), context.output.json);
    let mut anew = Anew::begin(context, source, model)?;
    anew.advance(&source.history, there.position, &mut on_progress).await.inspect_err(|_| bar.abandon())?;
    let digest = anew.digest()?;
    let mut differences = Differences::default();
    if digest != there.digest {
        let told = found.tell(model).await?;
        // What runs has gone on meanwhile.
        anew.advance(&source.history, told.position, &mut on_progress)
            .await
            .inspect_err(|_| bar.abandon())?;
        differences = difference::between(model, &anew.lines()?, told.lines, SHOWN)?;
    }
    bar.finish_and_clear();
    found.look_closer(model, &anew, &mut differences)?;
    Ok(Compared {
        position: Some(there.position.get()),
        log: Some(digest),
        found: Some(there.digest),
        differences,
        ..nothing
    })
}

fn print(output: Output, compared: &[Compared]) -> anyhow::Result<()> {
    let models = compared.iter().map(|compared| {
        let Compared { model, position, log, found, differences } = compared;
        json!({
            "name": model.name(), "position": position, "log": log, "found": found,
            "same": position.map(|_| differences.count == 0),
        })
    });
    let differences: Vec<&Difference> = compared.iter().flat_map(|it| &it.differences.shown).collect();
    let all: usize = compared.iter().map(|it| it.differences.count).sum();
    if output.json {
        let models: Vec<_> = models.collect();
        output.value(&json!({ "projections": models, "differences": differences, "differing": all }))?;
        return Ok(());
    }
    for difference in &differences {
        output.line(&clean(&difference.to_string()))?;
    }
    if all > differences.len() {
        output.line(&format!("… and {} more", all - differences.len()))?;
    }
    let mut table = Table::new(&["name", "position", "of the log", "found", "same"]);
    let dash = || "-".to_owned();
    for Compared { model, position, log, found, differences } in compared {
        let short = |digest: &Option<String>| digest.as_ref().map_or_else(dash, |it| it[..16].to_owned());
        let same =
            position.map_or_else(dash, |_| if differences.count == 0 { "yes" } else { "NO" }.to_owned());
        let position = position.map_or_else(dash, |position| position.to_string());
        table.row([model.name().to_owned(), position, short(log), short(found), same]);
    }
    Ok(output.line(&table.to_string())?)
}
