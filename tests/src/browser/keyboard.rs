use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::Value;

use super::Browser;

/// How many stops of the Tab key are made before it is said that something is not among them.
const STOPS: usize = 200;

impl Browser {
    /// Presses a key, wherever the focus is.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn press(&self, key: Key) {
        self.press_together(&[key]);
    }

    /// Presses keys together: each is held until the last one is down, as in Shift and Tab.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn press_together(&self, keys: &[Key]) {
        let values = || keys.iter().map(|&key| char::from(key));
        let down = values().map(|value| KeyAction::Down { value });
        let up = values().rev().map(|value| KeyAction::Up { value });
        self.strike("a key", down.chain(up));
    }

    /// Types at the focus, key by key.
    ///
    /// # Panics
    /// Where the browser is gone. The text is not told: it may be a secret.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        let keys = text.chars().flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }]);
        self.strike("typing", keys);
    }

    #[track_caller]
    fn strike(&self, what: &str, keys: impl Iterator<Item = KeyAction>) {
        let keys = keys.fold(KeyActions::new("keyboard".to_owned()), |all, key| all.then(key));
        self.done(what, self.ask(async |client| client.perform_actions(keys).await));
    }

    /// What has the focus, by its name; nothing where only the page has it.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn focused(&self) -> String {
        let outcome = self.look("focused()");
        match self.done("the focus is unknown", outcome) {
            Value::String(name) => name,
            _ => String::new(),
        }
    }

    /// Presses Tab until something of that name, or whose name begins so, has the focus.
    ///
    /// # Panics
    /// Where the key does not stop there, with where it did.
    #[track_caller]
    pub fn tab_to(&self, name: &str) {
        let mut stops = Vec::new();
        for _ in 0..STOPS {
            let focused = self.focused();
            if focused == name || focused.starts_with(&format!("{name} ")) {
                return;
            }
            // Between the last stop and the first only the page has the focus: twice round, and nothing new is to come.
            if focused.is_empty() && stops.iter().filter(|stop: &&String| stop.is_empty()).count() > 1 {
                break;
            }
            stops.push(focused);
            self.press(Key::Tab);
        }
        self.fail(&format!("the Tab key does not stop at {name:?}, but at {stops:?}"));
    }
}
