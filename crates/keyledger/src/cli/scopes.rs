//! `keyledger scopes …`: the catalogue of the scopes there are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};
use clap::Subcommand;
use keyledger_domain::{Catalogue, catalogue::Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context,
    client::{Ask, LONG_ANSWER},
    views,
};
use crate::output::{Table, count, one_line};

/// `scopes …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  keyledger scopes show --toml > scopes.toml\n  keyledger scopes apply scopes.toml --dry-run"
)]
pub(crate) enum ScopesCommand {
    /// Show the scopes there are
    #[command(
        after_help = "Examples:\n  keyledger scopes show\n  keyledger scopes show --toml > scopes.toml"
    )]
    Show {
        /// Print the file that `scopes apply` takes
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Put the catalogue of a file in place of the present one, after showing which keys lose what
    #[command(after_help = "Example:\n  keyledger scopes apply scopes.toml")]
    Apply {
        /// The catalogue, TOML
        file: PathBuf,
        /// Only show which keys would lose what
        #[arg(long)]
        dry_run: bool,
        /// Do not ask where keys lose something
        #[arg(long)]
        yes: bool,
    },
}

const PATH: [&str; 2] = ["v1", "scopes"];

/// Shows or changes the catalogue.
pub(super) async fn run(command: ScopesCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        ScopesCommand::Show { toml } => show(toml, context).await,
        ScopesCommand::Apply { file, dry_run, yes } => apply(&file, dry_run, yes, context).await,
    }
}

/// The file of a catalogue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    resource: Vec<Resource>,
}

/// Reads the file of a catalogue.
///
/// # Errors
/// One line that names every fault.
pub(crate) fn read(path: &Path) -> anyhow::Result<Catalogue> {
    let text = fs::read_to_string(path)
        .map_err(|error| anyhow!("cannot read the catalogue {}: {error}", path.display()))?;
    let file: CatalogueFile = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        anyhow!("{}, line {line}: {}", path.display(), one_line(error.message()))
    })?;
    Catalogue::new(file.resource).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow!("{}: {}", path.display(), faults.join("; "))
    })
}

/// The file of a catalogue, as people would write it.
fn to_file(resources: &[Resource]) -> String {
    let list = |words: &[String]| toml::Value::from(words.to_vec());
    let mut text = String::new();
    for Resource { name, verbs, children, describe } in resources {
        text.push_str(&format!(
            "[[resource]]\nname = {}\nverbs = {}\n",
            toml::Value::from(name.as_str()),
            list(verbs)
        ));
        if !children.is_empty() {
            text.push_str(&format!("children = {}\n", list(children)));
        }
        if !describe.is_empty() {
            let meanings =
                describe.iter().map(|(verb, meaning)| (verb.clone(), toml::Value::from(meaning.as_str())));
            text.push_str(&format!("describe = {}\n", toml::Value::Table(meanings.collect())));
        }
        text.push('\n');
    }
    text
}

async fn show(as_toml: bool, context: &Context) -> anyhow::Result<()> {
    let answer = context.client()?.get(&PATH, Ask::default()).await?;
    let resource: Vec<Resource> = views::read(&answer["resources"])?;
    if as_toml {
        return Ok(context.output.text(&to_file(&resource))?);
    }
    Ok(context.output.either(&answer, || table(&resource))?)
}

fn table(resources: &[Resource]) -> Table {
    let mut table = Table::new(&["scope", "covers", "meaning"]);
    for Resource { name, verbs, children, describe } in resources {
        for verb in verbs {
            let covers: Vec<_> = children.iter().map(|child| format!("{child}:{verb}")).collect();
            let meaning = describe.get(verb).cloned().unwrap_or_default();
            table.row([format!("{name}:{verb}"), covers.join(" "), meaning]);
        }
    }
    table
}

/// What a change would do, or did.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    losing: Vec<Losing>,
    #[serde(default)]
    more_losing: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Losing {
    key_id: String,
    partner_id: String,
    name: String,
    scopes: Vec<String>,
}

async fn apply(file: &Path, dry_run: bool, yes: bool, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let resources = json!(read(file)?.resources());
    let client = context.client()?;
    let send = |body: Value, if_match| {
        let ask = Ask { body: Some(body), if_match, patience: Some(LONG_ANSWER), ..Ask::default() };
        client.put(&PATH, ask)
    };
    let (rehearsed, revision) = send(json!({ "resources": resources, "dryRun": true }), None).await?;
    let Changed { losing, more_losing } = views::read(&rehearsed)?;
    let number = format!("{}{}", if more_losing { "at least " } else { "" }, count(losing.len(), "key"));
    if dry_run {
        output.either(&rehearsed, || losing_table(&losing))?;
        output.remark(&format!("{number} would lose something; nothing was changed."));
        return Ok(());
    }
    if !losing.is_empty() && !yes {
        output.remark(&losing_table(&losing).to_string());
        match output.ask(&format!("{number} would lose what is listed. Apply {}?", file.display()))? {
            Some(true) => {}
            Some(false) => bail!("nothing was changed"),
            None => bail!(
                "{number} would lose scopes; nothing was changed: look with --dry-run, and say --yes to do it"
            ),
        }
    }
    // What was agreed to is a change of the catalogue that was looked at, and of no later one.
    let (done, _) = send(json!({ "resources": resources }), revision).await?;
    if output.json {
        output.value(&done)?;
    } else {
        output.remark(&format!("Applied {}; {number} lost something.", file.display()));
    }
    Ok(())
}

fn losing_table(losing: &[Losing]) -> Table {
    let mut table = Table::new(&["key", "partner", "name", "loses"]);
    for Losing { key_id, partner_id, name, scopes } in losing {
        table.row([key_id.clone(), partner_id.clone(), name.clone(), scopes.join(" ")]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(text: &str) -> anyhow::Result<Catalogue> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        read(file.path())
    }

    #[test]
    fn a_file_holds_resources_with_verbs_and_children() {
        let text = "[[resource]]\nname = 'client'\nverbs = ['read']\nchildren = ['email']\ndescribe = { read = 'GET' }\n\
                    [[resource]]\nname = 'email'\nverbs = ['read']\n";
        let found = catalogue(text).expect("a catalogue");
        assert_eq!(found.resources().len(), 2);
        let written = to_file(found.resources());
        assert!(written.contains("describe = { read = \"GET\" }\n\n[[resource]]"), "{written}");
        assert_eq!(catalogue(&written).expect("a catalogue"), found, "what is shown as TOML can be applied");
    }

    #[test]
    fn every_fault_is_named_in_one_line() {
        let text =
            "[[resource]]\nname = 'registryKeys'\nverbs = ['read']\n[[resource]]\nname = 'a b'\nverbs = []\n";
        let error = catalogue(text).expect_err("faults").to_string();
        for part in ["registryKeys is reserved", "a b is not the name", "has no verbs"] {
            assert!(error.contains(part) && !error.contains('\n'), "{error}");
        }
        let error =
            catalogue("[[resource]]\nname = 'a'\nverb = ['read']\n").expect_err("a fault").to_string();
        assert!(error.contains("line 3") && error.contains("verb"), "{error}");
    }
}
