use super::table::TABLE;

/// The setting that was probably meant by a name that is none: not more than a third of its characters differ.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let distance = |setting: &'static str| (strsim::damerau_levenshtein(setting, name), setting);
    let (distance, setting) = TABLE.iter().map(|setting| distance(setting.name)).min()?;
    (distance * 3 <= setting.len()).then_some(setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_setting_and_nonsense_finds_none() {
        assert_eq!(nearest("server.datadir"), Some("server.data_dir"));
        assert_eq!(nearest("validator.sofft_bound"), Some("validator.soft_bound"));
        assert_eq!(nearest("colour"), None);
    }
}
