/// An error and what caused it, each said once: many an error quotes its cause and has it as its source too.
pub(crate) fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.contains(&cause) {
            said
        } else if said.is_empty() {
            cause
        } else {
            format!("{said}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the log ({source})")]
    struct Quoting {
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::Error::from(Quoting { source: std::io::Error::other("disk on fire") });
        assert_eq!(causes(&error.context("not started")), "not started: cannot open the log (disk on fire)");
        assert_eq!(causes(&anyhow::anyhow!("a").context("b").context("c")), "c: b: a");
    }
}
