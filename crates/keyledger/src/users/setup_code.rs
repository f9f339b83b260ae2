use super::Users;
use crate::cli::Context;

/// Draws a new code with which somebody becomes an operator.
pub(super) fn run(context: &Context, users: &Users) -> anyhow::Result<()> {
    let code = users.people.new_setup_code(context.randomness, context.clock.now())?;
    if context.output.json {
        return Ok(context.output.value(&serde_json::json!({ "setupCode": code.expose() }))?);
    }
    Ok(context.output.line(&format!(
        "Whoever types this code at /setup of the portal within 15 minutes becomes an operator:\n\n  {}",
        code.expose()
    ))?)
}
