use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::jars::{REMEDY, class_path};
use crate::Ran;

/// What a class of Kafka's is started with. It lives for seconds or minutes: to start quickly counts more than to run
/// quickly later, and the collector with the fewest threads disturbs the tests the least.
const OPTIONS: &[&str] = &["-Xmx320m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// The command line that runs a class of Kafka's in a home, where its log is `NAME.log`.
pub(super) fn java(home: &Path, name: &str, class: &str, arguments: &[&str]) -> Vec<String> {
    let settings = home.join("log4j2.properties");
    fs::write(&settings, include_str!("../../kafka/log4j2.properties")).expect("settings of the logger");
    let mut line = vec!["java".to_owned()];
    line.extend(OPTIONS.iter().map(|&option| option.to_owned()));
    line.push(format!("-Dlog4j2.configurationFile={}", settings.display()));
    line.push(format!("-Dkeyledger.log={}/{name}.log", home.display()));
    line.extend(["-cp".to_owned(), class_path(), class.to_owned()]);
    line.extend(arguments.iter().map(|&argument| argument.to_owned()));
    line
}

/// Runs a class of Kafka's to its end.
///
/// # Panics
/// Where there is no Java, with what to do.
pub(super) fn run(home: &Path, class: &str, arguments: &[&str]) -> Ran {
    let line = java(home, "tools", class, arguments);
    let output = Command::new(&line[0]).args(&line[1..]).current_dir(home).stdin(Stdio::null()).output();
    Ran::of(output.unwrap_or_else(|error| panic!("there is no java ({error}); {REMEDY}")))
}
