//! `keyledger audit explain`: whether a request would have been allowed, and by which events.

use keyledger_audit::past::{Explanation, Question};
use keyledger_domain::verdict::Code;
use serde_json::json;

use super::{
    past::Asked,
    state::{at, shown},
};
use crate::{
    cli::{Context, audit::ExplainArgs},
    output::Table,
};

/// Explains.
///
/// # Errors
/// One sentence that says what to do.
pub(super) async fn run(context: &Context, args: &ExplainArgs) -> anyhow::Result<()> {
    let asked = Asked::open(context, None, Some(args.at)).await?;
    let question = Question {
        key_id: args.key,
        prefix: args.prefix,
        scopes: args.scopes.clone(),
        partner: args.partner.clone(),
        moment: args.at,
    };
    let explanation = asked.past.explain(&question).await?;
    let allowed = explanation.code == Code::Valid;
    if context.output.json {
        let because: Vec<_> = explanation.because.iter().map(|reason| reason.position).collect();
        return Ok(context.output.value(&json!({
            "allowed": allowed, "code": explanation.code, "because": because,
            "at": shown(args.at), "time": explanation.time, "createdLater": explanation.created_later,
            "reasons": explanation.because,
        }))?);
    }
    context.output.line(&sentence(&explanation, args))?;
    let mut table = Table::new(&["position", "at", "by", "because"]);
    for reason in &explanation.because {
        let (position, says) = (reason.position.to_string(), reason.says.clone());
        table.row([position, reason.at.to_string(), reason.by.to_string(), says]);
    }
    if !explanation.because.is_empty() {
        context.output.line(&table.to_string())?;
    }
    if allowed {
        context.output.remark("Whether its throttle was used up at that moment no event tells.");
    }
    Ok(())
}

fn sentence(explanation: &Explanation, args: &ExplainArgs) -> String {
    let (code, when) = (explanation.code, at(args.at, explanation.time));
    let what = match code {
        Code::Valid => "it would have been allowed",
        Code::Revoked => "it would have been refused: the key was revoked, or cannot be read",
        Code::Superseded => "it would have been refused: a newer secret had taken the place of this one",
        Code::Expired => "it would have been refused: the key had expired",
        Code::WrongPartner => "it would have been refused: the key was another partner's",
        Code::InsufficientScope => "it would have been refused: the key did not cover every scope",
        Code::Unknown | Code::Malformed | Code::Throttled => match explanation.created_later {
            Some(position) => {
                return format!(
                    "{code:?} at {when}: there was no such key yet; it was created at position {position}"
                );
            }
            None if explanation.because.is_empty() => "it would have been refused: the log has no such key",
            None => "it would have been refused: the key had no such secret, or cannot be read",
        },
    };
    format!("{} at {when}: {what}", code.as_str())
}
