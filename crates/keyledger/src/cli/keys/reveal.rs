use serde_json::Value;

use crate::cli::{Context, views};

/// Shows the one answer that holds a secret: the secret alone on stdout, so that a script gets nothing else, and
/// everything about it on stderr.
pub(super) fn reveal(answer: &Value, done: &str, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let minted: views::Minted = views::read(answer)?;
    let views::Minted { key, secret, applied } = minted;
    if output.json {
        output.value(answer)?;
    }
    let (key_id, partner, prefix) = (&key.key_id, &key.partner_id, &key.prefix);
    let Some(secret) = secret else {
        // The request was known from before, and the answer to it got lost on its way to somebody.
        anyhow::bail!(
            "key {key_id} was made by an earlier request of the same idempotency key, whose answer alone held the secret: \
             get a new one with `keyledger keys regenerate --partner {partner} --key {key_id} --replace newest`"
        );
    };
    if !output.json {
        output.line(&secret)?;
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
