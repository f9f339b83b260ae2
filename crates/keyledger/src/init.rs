//! `keyledger init`: a new registry, and nothing running.

use std::path::Path;

use anyhow::bail;
use keyledger_domain::Catalogue;

use crate::{
    cli::{self, Context},
    installation::{self, Begun},
};

/// Makes a registry in the data directory, with the catalogue of a file or the built-in one. The first operator's key is
/// printed to a terminal, or in JSON; it lies in a file in any case.
///
/// # Errors
/// One sentence: a faulty catalogue, or a directory that holds a registry already.
pub(crate) async fn run(context: &Context, scopes: Option<&Path>) -> anyhow::Result<()> {
    let (settings, output) = (context.settings(), context.output);
    let catalogue = scopes.map_or_else(|| Ok(Catalogue::builtin()), cli::scopes::read)?;
    let (operator_key, file) = match installation::begin(settings, catalogue).await? {
        Begun::Found => bail!("{} is the log of a registry already", context.log_place()?),
        Begun::Made { operator_key, file } => (Some(operator_key), file),
        Begun::Finished { file } => (None, file),
    };
    if output.json {
        let key = operator_key.as_ref().map(|key| key.expose());
        return Ok(output.value(&serde_json::json!({ "operatorKey": key, "operatorKeyFile": file }))?);
    }
    let mut text = format!(
        "A registry was made in {}.\nThe first operator's key is in {} (move it to a secret store).",
        settings.server.data_dir.display(),
        file.display()
    );
    if let Some(key) = operator_key.filter(|_| output.to_terminal()) {
        text += &format!("\n\n  {}", key.expose());
    }
    Ok(output.line(&text)?)
}
