use regex::Regex;
use tonic::Status;

use crate::{
    database::Record,
    protocol::streams::read_req::options::{FilterOption, FilterOptions, filter_options::Filter as Wire},
};

/// Which records of all a reader wants.
pub(crate) enum Filter {
    All,
    Stream(Pattern),
    Type(Pattern),
}

pub(crate) enum Pattern {
    Regex(Regex),
    Prefixes(Vec<String>),
}

impl Filter {
    pub(crate) fn of(option: Option<FilterOption>) -> Result<Self, Status> {
        let Some(FilterOption::Filter(FilterOptions { filter, window, .. })) = option else {
            return Ok(Self::All);
        };
        let refused = || Status::invalid_argument("not a filter");
        window.ok_or_else(refused)?;
        let pattern = |regex: String, prefixes: Vec<String>| -> Result<Pattern, Status> {
            Ok(if regex.is_empty() {
                Pattern::Prefixes(prefixes)
            } else {
                Pattern::Regex(
                    Regex::new(&regex).map_err(|error| Status::invalid_argument(error.to_string()))?,
                )
            })
        };
        match filter.ok_or_else(refused)? {
            Wire::StreamIdentifier(wanted) => Ok(Self::Stream(pattern(wanted.regex, wanted.prefix)?)),
            Wire::EventType(wanted) => Ok(Self::Type(pattern(wanted.regex, wanted.prefix)?)),
        }
    }

    pub(crate) fn wants(&self, record: &Record) -> bool {
        match self {
            Self::All => true,
            Self::Stream(pattern) => pattern.matches(&record.stream),
            Self::Type(pattern) => {
                record.event.properties.get("type").is_some_and(|event_type| pattern.matches(event_type))
            }
        }
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(text),
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix)),
        }
    }
}
