//! Room for connections among the files that a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// Raises the soft limit on open files to the hard one, for the whole process. Most systems set it to 1,024 for the sake of
/// programs that use `select`, which is less than one listener may need; without a descriptor to accept with, clients would
/// be left waiting.
pub(crate) fn allow_many() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Not being allowed to is no reason not to listen.
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        debug!(%error, "the limit on open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_system_allows() {
        let allowed = getrlimit(Resource::Nofile).maximum;
        let few = Rlimit { current: Some(64), maximum: allowed };
        setrlimit(Resource::Nofile, few).expect("a soft limit can be lowered");
        allow_many();
        assert_eq!(getrlimit(Resource::Nofile).current, allowed);
    }
}
