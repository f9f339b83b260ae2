use std::fmt::Write as _;

use super::table::{Default, TABLE, variable};

const HEAD: &str = "\
# Settings

Made from the one table of settings in the code by `keyledger config reference`; a test keeps this file like it.

A setting comes from the last of these places that gives it:

1. its default;
2. `keyledger.toml` in the working directory, or the file that `--config` names;
3. the variable `KEYLEDGER_SECTION__FIELD` (only names with `__` are settings);
4. a flag: `--data-dir`, `--listen-command`, `--listen-validator`, `--listen-ops`, `--url`, `--key-file`.

A setting that does not exist is an error that names it, and so is one that holds a secret. `keyledger config show` tells each value and where it came from,
`keyledger config check` what is wrong or unsafe about them. Relative paths begin at the working directory.

```toml
# keyledger.toml
[server]
data_dir = \"/var/lib/keyledger\"

[keyring]
path = \"/etc/keyledger/keyring\"

[listen]
validator = \"0.0.0.0:8081\"
validator_certificate = \"/etc/keyledger/validator.pem\"
validator_key = \"/etc/keyledger/validator.key\"
```
";

/// Every setting, as the Markdown of `docs/configuration.md`.
pub(crate) fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for setting in TABLE {
        let (of, _) = setting.name.split_once('.').unwrap_or_default();
        if of != section {
            section = of;
            let _ = write!(text, "\n## {section}\n\n");
        }
        let default = match setting.default {
            Default::Unset => String::new(),
            Default::Is(value) => format!(" Default: `{value}`."),
            Default::InDataDir(file) => format!(" Default: `{file}` in `server.data_dir`."),
        };
        let (name, variable, about) = (setting.name, variable(setting.name), setting.about);
        let _ = writeln!(text, "- `{name}`, `{variable}`: {about}{default} Must be {}.", setting.expects);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_what_the_table_says() {
        let written = include_str!("../../../../docs/configuration.md");
        assert!(written == reference(), "run: keyledger config reference > docs/configuration.md");
    }
}
