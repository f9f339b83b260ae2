use serde_json::{Value, json};

use super::Browser;
use super::failure::PAGE_TEXT;
use super::finding::Sought;
use crate::within;

impl Browser {
    /// All the text that is visible.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn page_text(&self) -> String {
        self.execute(PAGE_TEXT, &[]).as_str().unwrap_or_default().to_owned()
    }

    /// The visible text of the only thing that a CSS selector finds, which is waited for.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.with("cannot read", &Sought::Css(css), async |element| element.text().await)
    }

    /// The visible texts of everything that a CSS selector finds at this moment.
    ///
    /// # Panics
    /// Where the selector is none.
    #[must_use]
    #[track_caller]
    pub fn texts(&self, css: &str) -> Vec<String> {
        let texts = self.of_each(&Sought::Css(css), "words(element.innerText)");
        texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// An attribute of the only thing that a CSS selector finds, which is waited for.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        // The page's own word: the driver would make absolute addresses of relative ones.
        let script = "return arguments[0].getAttribute(arguments[1])";
        let value = self.with("cannot look at", &Sought::Css(css), async |element| {
            let arguments = vec![serde_json::to_value(element)?, json!(name)];
            element.clone().client().execute(script, arguments).await
        });
        value.as_str().map(str::to_owned)
    }

    /// Whether the page says this at this moment, where it can be seen. How it is spaced is no matter.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.look(&format!("says({})", json!(text))).is_ok_and(|says| says == true)
    }

    /// Whether something that a CSS selector finds is visible at this moment.
    #[must_use]
    pub fn shows(&self, css: &str) -> bool {
        self.count(&Sought::Css(css)) > 0
    }

    /// Whether a button or link of that name is visible at this moment.
    #[must_use]
    pub fn offers(&self, name: &str) -> bool {
        self.count(&Sought::Control(name)) > 0
    }

    /// Waits until the page says this.
    ///
    /// # Panics
    /// Where it does not within 15 s.
    #[track_caller]
    pub fn wait_until_says(&self, text: &str) {
        self.wait(&format!("it does not say {text:?}"), || self.says(text));
    }

    /// Waits until the page no longer says this.
    ///
    /// # Panics
    /// Where it still does after 15 s.
    #[track_caller]
    pub fn wait_until_silent_about(&self, text: &str) {
        let is_silent = || self.look(&format!("says({})", json!(text))).is_ok_and(|says| says == false);
        self.wait(&format!("it still says {text:?}"), is_silent);
    }

    /// Waits until something that a CSS selector finds is visible.
    ///
    /// # Panics
    /// Where it is not within 15 s.
    #[track_caller]
    pub fn wait_until_shows(&self, css: &str) {
        self.wait(&format!("it does not show `{css}`"), || self.shows(css));
    }

    /// Waits until nothing that a CSS selector finds is visible, on a page that is there.
    ///
    /// # Panics
    /// Where it still is after 15 s.
    #[track_caller]
    pub fn wait_until_gone(&self, css: &str) {
        let is_gone = || self.look(&format!("all({}).length", json!(css))).is_ok_and(|count| count == 0);
        self.wait(&format!("it still shows `{css}`"), is_gone);
    }

    /// Waits until the browser is at this path, whatever stands before and behind it in the address.
    ///
    /// # Panics
    /// Where it is not within 15 s.
    #[track_caller]
    pub fn wait_until_at(&self, path: &str) {
        self.wait(&format!("it is not at {path}"), || {
            self.look("location.pathname").is_ok_and(|at| at == path)
        });
    }

    /// Waits for anything else.
    ///
    /// # Panics
    /// Where it does not hold within 15 s, with what is wrong then.
    #[track_caller]
    pub fn wait(&self, wrong: &str, mut holds: impl FnMut() -> bool) {
        if within(self.patience, || holds().then_some(())).is_none() {
            self.fail(wrong);
        }
    }
}
