//! What a person or a script sees when the registry has started.

use std::path::{self, Path};

use keyledger_domain::Clock as _;
use keyledger_portal::people::{FirstCode, People};
use serde::Serialize;

use super::Readers;
use crate::{
    cli::Context,
    environment::{self, OsRandomness, SystemClock},
    installation::{Begun, LogPlace, OPERATOR_KEY},
    running::{settled, told},
};

/// Where everything is to be found.
#[derive(Clone, Serialize)]
pub(super) struct Addresses {
    pub(super) command: String,
    pub(super) validator: String,
    pub(super) ops: String,
}

/// The line of `serve --json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started<'a> {
    #[serde(flatten)]
    addresses: &'a Addresses,
    data_dir: &'a Path,
    /// The database of the log; nothing where that is in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    /// Where the first operator key was left; nothing once it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_key_file: Option<&'a Path>,
    /// The code that makes the portal's first operator, where nobody has an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_code: Option<String>,
    /// Whether everything is ready; why not is told by `/readyz`.
    ready: bool,
}

/// Prints where everything is, as soon as the read models have caught up, or it is clear that one will not.
pub(super) fn print_when_ready(
    context: &Context,
    addresses: &Addresses,
    begun: &Begun,
    portal: Option<People>,
    readers: &Readers,
) {
    let output = context.output;
    let data_dir = context.settings().server.data_dir.clone();
    let key_file = Some(data_dir.join(OPERATOR_KEY)).filter(|file| file.exists());
    let log = match context.log_place() {
        Ok(LogPlace::File(_)) | Err(_) => None,
        Ok(database) => Some(database.to_string()),
    };
    let addresses = addresses.clone();
    let next = (!output.json).then(|| first_steps(context, &addresses, begun));
    let projectors = readers.projectors.clone();
    tokio::spawn(async move {
        let ready = settled(&projectors).await;
        // Only now, since its time runs.
        let first = match portal {
            Some(people) => tokio::task::spawn_blocking(move || first_code(&people)).await,
            None => Ok(FirstCode::NotNeeded),
        };
        let first = first.unwrap_or(FirstCode::NotNeeded);
        let operator_key_file = key_file.as_deref();
        let printed = match next {
            None => output.value(&Started {
                addresses: &addresses,
                data_dir: &data_dir,
                log: log.as_deref(),
                operator_key_file,
                setup_code: if let FirstCode::Drawn(code) = &first { Some(code.expose()) } else { None },
                ready,
            }),
            Some(next) => {
                let about = people(&addresses, &data_dir, log.as_deref(), operator_key_file, ready);
                output.text(&(about + &first_operator(&addresses, &first) + &next))
            }
        };
        told(printed);
    });
}

fn people(
    addresses: &Addresses,
    data_dir: &Path,
    log: Option<&str>,
    key_file: Option<&Path>,
    ready: bool,
) -> String {
    let Addresses { command, validator, ops } = addresses;
    let state = if ready { "is ready" } else { "runs and is NOT ready" };
    let mut text = format!(
        "keyledger {} {state}.\n\n  portal, API     {command}\n  validator       {validator}\n  operations      {ops}\n  data            {}\n",
        env!("CARGO_PKG_VERSION"),
        data_dir.display(),
    );
    if let Some(log) = log {
        text += &format!("  log             {log}\n");
    }
    if let Some(file) = key_file {
        text += &format!("  operator key    {}  (move it to a secret store)\n", file.display());
    }
    if !ready {
        text += &format!("\nWhy not: curl {ops}/readyz\n");
    }
    text
}

/// The code with which the first operator is made, where nobody has an account.
fn first_code(people: &People) -> FirstCode {
    people.first_setup_code(&OsRandomness, SystemClock.now()).unwrap_or_else(|error| {
        tracing::error!(%error, "the portal is not ready");
        FirstCode::NotNeeded
    })
}

/// How the portal gets its first operator.
fn first_operator(addresses: &Addresses, code: &FirstCode) -> String {
    let code = match code {
        FirstCode::NotNeeded => return String::new(),
        FirstCode::Drawn(code) => format!("with the one-time code {}", code.expose()),
        FirstCode::DrawnBefore => {
            "with the one-time code that an earlier start printed, or a new one of `keyledger users setup-code`".to_owned()
        }
    };
    format!(
        "\nNobody has an account at the portal yet. Become its first operator within 15 minutes:\n\n  {}/setup\n  {code}\n",
        addresses.command
    )
}

/// What a new installation says once: the operator's key, to a terminal only, and what to try, ready to be pasted.
fn first_steps(context: &Context, addresses: &Addresses, begun: &Begun) -> String {
    let Begun::Made { operator_key, .. } = begun else { return String::new() };
    let mut text = String::new();
    if context.output.to_terminal() {
        text += &format!("\nThe first operator's key, shown once:\n\n  {}\n", operator_key.expose());
    }
    let program = environment::program();
    let data_dir = &context.settings().server.data_dir;
    let data_dir = path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone());
    let data_dir = shell_quoted(&data_dir.to_string_lossy());
    let keyledger = format!(
        "{} --data-dir {data_dir} --url {}",
        shell_quoted(&program.to_string_lossy()),
        addresses.command
    );
    text += &format!(
        "
Try next, in another terminal:

  KEY=$({keyledger} keys create --partner acme --name 'My first key' --scope client:read)
  curl -i {validator}/v1/health -H \"x-api-key: $KEY\"
  curl -i '{validator}/v1/authorize?scope=clientEmail:read' -H \"x-api-key: $KEY\"
  {keyledger} keys list --partner acme
  {keyledger} revoke --prefix \"${{KEY%%_*}}\" --reason 'Just trying'
",
        validator = addresses.validator,
    );
    text
}

/// A word for a shell, quoted where it needs to be.
fn shell_quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_shell_is_quoted_where_it_needs_to_be() {
        assert_eq!(shell_quoted("target/release/keyledger"), "target/release/keyledger");
        assert_eq!(shell_quoted("my data"), "'my data'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }
}
