use super::Browser;
use super::redacted::redacted;

/// What the page says, for whoever looks at it.
pub(super) const PAGE_TEXT: &str = "return document.body?.innerText ?? ''";

impl Browser {
    /// Fails the test with what was wanted and everything that helps to see why it did not come, but for secrets.
    #[track_caller]
    pub(super) fn fail(&self, what: &str) -> ! {
        panic!("{}", self.described(what))
    }

    fn described(&self, what: &str) -> String {
        // The browser may be gone: then this is told instead.
        let url = self.ask(async |client| client.current_url().await);
        let url = url.map_or_else(|error| error.to_string(), String::from);
        let text = self.ask(async |client| client.execute(PAGE_TEXT, Vec::new()).await);
        let text = match &text {
            Ok(text) => text.as_str().unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        };
        let _ = self.try_listen();
        let console = self.heard().join("\n");
        redacted(&format!(
            "{what}\n--- the address: {url}\n--- the console:\n{console}\n--- the page:\n{text}\n---"
        ))
    }
}
