//! Which machine this is, and what is to be known of this process.

use std::fs;
use std::thread::available_parallelism;

use keyledger_domain::Clock as _;

use crate::clock::Machine;

/// The machine and the day, in a line; how busy it was belongs to it.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let memory = kilobytes("/proc/meminfo", "MemTotal:") / 1_048_576;
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or_default();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let model = field("/proc/cpuinfo", "model name").unwrap_or_default();
    let day = Machine::start().now().to_string();
    format!(
        "{} · {cores} cores of {} · {memory} GiB · Linux {} · load average {load} before it began",
        &day[..10],
        model.trim_start_matches([':', '\t', ' ']),
        kernel.trim_end(),
    )
}

/// Bytes of memory that this process holds.
pub(crate) fn resident() -> usize {
    kilobytes("/proc/self/status", "VmRSS:") * 1_024
}

fn kilobytes(file: &str, name: &str) -> usize {
    let number = field(file, name).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{file} tells {name}"))
}

fn field(file: &str, name: &str) -> Option<String> {
    read(file).lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
