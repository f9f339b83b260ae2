//! The one answer that holds a secret: whatever happens to it, nobody may believe that the secret is safe when it is lost.

use anyhow::{anyhow, bail};
use serde_json::Value;

use crate::{
    cli::{Context, views},
    output::{Output, one_line},
};

/// Refuses to have a secret made that nobody would see.
pub(super) fn must_be_seen(output: Output) -> anyhow::Result<()> {
    if output.leads_nowhere() {
        bail!(
            "stdout is closed or the null device, and the secret is shown there once: let it lead to a secret store"
        );
    }
    Ok(())
}

/// Shows the answer that holds a secret: the secret alone on stdout, so that a script gets nothing else, and everything
/// about it on stderr.
pub(super) fn reveal(answer: &Value, done: &str, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let views::Minted { key, secret, secret_note, applied } = views::read(answer)?;
    let (key_id, partner, prefix) = (&key.key_id, &key.partner_id, &key.prefix);
    let Some(secret) = secret else {
        if output.json {
            output.value(answer)?;
        }
        // The request was known from before, and the answer to it got lost on its way to somebody.
        let why = secret_note.unwrap_or_else(|| "the registry gives no reason".to_owned());
        bail!("there is no secret of key {key_id} of {partner} to show: {why}");
    };
    let shown = if output.json { output.value(answer) } else { output.line(&secret) };
    // Also where nobody reads any more: this was the only copy.
    shown.map_err(|error| {
        let error = one_line(&error.to_string());
        anyhow!(
            "the new secret of key {key_id} could not be written and is lost ({error}): get another one with \
             `keyledger keys regenerate --partner {partner} --key {key_id} --replace newest`, or revoke the key with \
             `keyledger keys revoke --partner {partner} --key {key_id}`"
        )
    })?;
    if !output.json {
        output.remark(&format!("{done} key {key_id} of {partner}, prefix {prefix}."));
        output.remark(
            "This is the only time its secret is shown: it is stored nowhere. Keep it in a secret store.",
        );
    }
    if !applied {
        output.remark("It is recorded, and may take a moment until it is accepted.");
    }
    let validator = context.settings().listen.endpoints().validator;
    if output.to_terminal() && context.settings().client.url.is_loopback() && validator.address.port() != 0 {
        let scheme = if validator.tls.is_some() { "https" } else { "http" };
        output.remark(&format!(
            "Try it: curl -i -H 'x-api-key: THE SECRET' {scheme}://{}/v1/health",
            validator.address
        ));
    }
    Ok(())
}
