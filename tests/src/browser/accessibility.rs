use std::fs;
use std::sync::LazyLock;

use serde_json::Value;

use super::Browser;
use super::redacted::redacted;
use crate::node_modules::node_modules;

/// The checker as one script, without what builds it.
static AXE: LazyLock<String> = LazyLock::new(|| {
    fs::read_to_string(node_modules().join("axe-core/axe.min.js")).expect("the package has its script")
});

/// Runs it and takes it away again. It must not load the page's style sheets itself, which a CSP may forbid.
const CHECK: &str = "
const { axe } = window;
delete window.axe;
return axe.run(document, { resultTypes: ['violations'], preload: false }).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .flatMap(({ id, impact, help, nodes }) => nodes
    .map(({ target, html }) => `${impact}: ${id}: ${help}: ${target.join(' ')}: ${html}`)));";

impl Browser {
    /// What axe-core finds wrong with the page as it is now, where that is serious or critical: a line for each element.
    ///
    /// # Panics
    /// Where axe-core cannot be had, with what to do, or fails.
    #[must_use]
    #[track_caller]
    pub fn accessibility_faults(&self) -> Vec<String> {
        let faults = self.execute(&format!("{}\n{CHECK}", *AXE), &[]);
        match faults {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).map(redacted).collect(),
            other => self.fail(&format!("axe-core says nothing that is understood: {other}")),
        }
    }
}
