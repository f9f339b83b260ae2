//! `keyledger operator-key new`: for when the last operator's key was lost. Whoever holds the keyring may; it is recorded.

use std::sync::Arc;

use anyhow::bail;
use keyledger_domain::KeyName;
use keyledger_event_log::EventLog;

use crate::{
    cli::Context,
    data_dir::Role,
    installation::{Installation, OPERATOR_KEY, create_operator_key, offline_service, write_operator_key},
};

/// Records a new operator's key and leaves it in the data directory. The server must be stopped.
///
/// # Errors
/// One sentence: a running server, no registry, or a key file that was not moved yet.
pub(crate) async fn new(context: &Context, name: KeyName) -> anyhow::Result<()> {
    let (settings, output) = (context.settings(), context.output);
    let installation = Installation::open(settings, Role::Serve).await?;
    let file = installation.directory.path().join(OPERATOR_KEY);
    // Before anything is recorded: a key that cannot be kept is of no use.
    if file.exists() {
        bail!("{} exists already: move it to a secret store first", file.display());
    }
    let log: Arc<dyn EventLog> = installation.log.clone();
    let service = offline_service(log.clone(), installation.keyring.clone(), settings.secret.marker.0);
    let key = create_operator_key(&service, &*log, name).await?;
    let file = write_operator_key(installation.directory.path(), &key)?;
    if output.json {
        return Ok(
            output.value(&serde_json::json!({ "operatorKey": key.expose(), "operatorKeyFile": file }))?
        );
    }
    let shown = if output.to_terminal() { format!("\n\n  {}", key.expose()) } else { String::new() };
    let file = file.display();
    Ok(output.line(&format!(
        "A new operator's key was recorded and is in {file} (move it to a secret store).{shown}"
    ))?)
}
