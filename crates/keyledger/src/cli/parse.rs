//! From arguments to a command, and from what is wrong with them to one line.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use keyledger_domain::KeyId;
use keyledger_secret::holds_any_secret;
use uuid::Uuid;

use super::Cli;
use crate::{output::one_line, settings::WrongFlag};

/// Why there is nothing to run.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Help or the version was asked for: print this and be done.
    Nothing(String),
    /// The command line cannot be understood.
    Usage(String),
}

/// Reads a command line, the program's name first.
///
/// # Errors
/// [`Wrong`], where there is nothing to run.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, Wrong> {
    // The settings, which name the marker of this installation, are not read yet.
    if arguments.iter().any(|argument| holds_any_secret(&argument.to_string_lossy())) {
        // Not echoed, and not hidden either: other users of the machine could read it.
        return Err(Wrong::Usage(
            "an argument holds a secret, which others can read there: revoke that key, and give secrets in files".to_owned(),
        ));
    }
    Cli::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Wrong::Nothing(error.render().to_string()),
        _ => Wrong::Usage(in_one_line(&error, arguments)),
    })
}

/// What clap says in a paragraph, with the help that would have helped.
fn in_one_line(error: &clap::Error, arguments: &[OsString]) -> String {
    let said = error.render().to_string();
    let said = match error.kind() {
        // It prints the whole help instead of a reason.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "a command is missing"
        }
        _ => said.split("\nUsage:").next().unwrap_or_default().trim_start_matches("error:"),
    };
    let said = one_line(&said.replace("\n\nFor more information, try '--help'.", "").replace("\n\n", "; "));
    with_help(said.trim_end_matches(['.', ';', ' ']), arguments)
}

/// What is said of a flag whose value cannot be used, with the help that would have helped.
pub(crate) fn wrong_flag(error: &WrongFlag, arguments: &[OsString]) -> String {
    with_help(&error.to_string(), arguments)
}

fn with_help(said: &str, arguments: &[OsString]) -> String {
    format!("{said}; see `{} --help`", path_of(arguments))
}

/// The command that was asked for, as far as there is such a one.
fn path_of(arguments: &[OsString]) -> String {
    let mut command = Cli::command();
    let mut path = command.get_name().to_owned();
    for argument in arguments.iter().skip(1) {
        let Some(next) = argument.to_str().and_then(|name| command.find_subcommand(name)) else { continue };
        path = format!("{path} {}", next.get_name());
        command = next.clone();
    }
    path
}

/// Reads the id of a key.
pub(super) fn key_id(text: &str) -> Result<KeyId, String> {
    let id = Uuid::try_parse(text).map(KeyId);
    id.map_err(|_| {
        "is not a keyId: see `keyledger keys list`; by a prefix, use `keyledger revoke --prefix`".to_owned()
    })
}

/// Reads an idempotency key.
pub(super) fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if printable && (1..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 255 printable ASCII characters")
    }
}

#[cfg(test)]
mod tests {
    use keyledger_secret::Marker;

    use super::*;

    fn parsed(line: &str) -> Result<Cli, Wrong> {
        let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
        parse(&arguments)
    }

    fn usage(line: &str) -> String {
        match parsed(line) {
            Err(Wrong::Usage(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_every_group_has_help_with_an_example_that_can_be_pasted() {
        fn look(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} says what it does");
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with("Example") && after.contains(path), "{path} has an example: {after}");
            let help = command.clone().term_width(80).render_long_help().to_string();
            for line in after.lines() {
                assert!(help.lines().any(|shown| shown == line), "{path}: {line:?} is broken in {help}");
            }
            command.get_subcommands().for_each(|next| look(next, &format!("{path} {}", next.get_name())));
        }
        let mut command = Cli::command();
        command.build();
        look(&command, "keyledger");
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line_with_the_help_that_helps() {
        let key = "--partner acme --key 0198c7a0-0000-7000-8000-000000000001";
        let wrong = [
            ("keyledger", "a command is missing; see `keyledger --help`".to_owned()),
            ("keyledger keys", "a command is missing; see `keyledger keys --help`".to_owned()),
            ("keyledger keys creat", "see `keyledger keys --help`".to_owned()),
            ("keyledger keys create --partner acme", "--name <NAME>".to_owned()),
            ("keyledger keys list --partner a/b", "is not a partner".to_owned()),
            ("keyledger keys show --partner acme --key 7", "is not a keyId".to_owned()),
            ("keyledger revoke --prefix hT4kQ9x --reason r", "is not a prefix".to_owned()),
            ("keyledger revoke --reason r", "--prefix <PREFIX>".to_owned()),
            ("keyledger revoke --partner acme --reason r", "--all".to_owned()),
            ("keyledger revoke --prefix hT4kQ9xZ", "--reason <TEXT>".to_owned()),
            (&format!("keyledger keys regenerate {key} --overlap 8d"), "at most 7d".to_owned()),
            (&format!("keyledger keys edit {key}"), "see `keyledger keys edit --help`".to_owned()),
            (&format!("keyledger keys edit {key} --rate 5"), "--burst".to_owned()),
            ("keyledger completions tcsh", "bash".to_owned()),
            ("keyledger events --type KeyRevokd", "KeyRevoked, KeyOverlapEnded".to_owned()),
            ("keyledger operator-key new --name=", "must not be empty".to_owned()),
            ("keyledger config show --data-dir=", "--data-dir".to_owned()),
            (&format!("keyledger keys end-overlap {key} --idempotency-key="), "1 to 255".to_owned()),
        ];
        for (line, part) in wrong {
            let said = usage(line);
            assert!(said.contains(&part), "{line}: {said}");
            assert!(!said.contains('\n') && said.contains("--help`"), "{line}: {said}");
        }
    }

    #[test]
    fn a_secret_on_the_command_line_is_refused_without_an_echo() {
        struct Fixed;
        impl keyledger_secret::Randomness for Fixed {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(42);
            }
        }
        for marker in [Marker::DEFAULT, Marker::parse("zz9").expect("a marker")] {
            let secret = keyledger_secret::PlaintextSecret::mint(marker, &Fixed);
            let secret = secret.expose();
            for line in
                [format!("keyledger revoke --prefix {secret} --reason r"), format!("keyledger x={secret}")]
            {
                let said = usage(&line);
                assert!(said.contains("revoke that key") && !said.contains(secret), "{said}");
            }
        }
    }

    #[test]
    fn help_and_version_are_no_faults() {
        for line in ["keyledger --help", "keyledger keys create --help", "keyledger --version"] {
            assert!(matches!(parsed(line), Err(Wrong::Nothing(_))), "{line}");
        }
    }

    #[test]
    fn flags_of_every_command_may_stand_anywhere_and_become_settings() {
        let cli = parsed("keyledger serve --json --listen-ops 127.0.0.1:0 --data-dir d").expect("a command");
        assert!(cli.everywhere.json);
        let flags: Vec<_> = cli.flags().into_iter().map(|flag| (flag.setting, flag.value)).collect();
        assert_eq!(flags, [("server.data_dir", "d".to_owned()), ("listen.ops", "127.0.0.1:0".to_owned())]);
    }
}
