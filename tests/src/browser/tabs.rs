use fantoccini::wd::WindowHandle;
use serde_json::json;

use super::Browser;

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(WindowHandle);

impl Browser {
    /// The tab that is looked at.
    ///
    /// # Panics
    /// Where it is closed.
    #[must_use]
    #[track_caller]
    pub fn tab(&self) -> Tab {
        Tab(self.done("no tab", self.ask(async |client| client.window().await)))
    }

    /// Opens another tab, empty and with the same cookies, and looks at that one from now on.
    ///
    /// # Panics
    /// Where it does not open.
    #[track_caller]
    pub fn open_tab(&self) -> Tab {
        let opened = self.done("no new tab", self.ask(async |client| client.new_window(true).await));
        let tab = Tab(opened.handle);
        self.go_to_tab(&tab);
        tab
    }

    /// Looks at another tab from now on.
    ///
    /// # Panics
    /// Where it is closed.
    #[track_caller]
    pub fn go_to_tab(&self, tab: &Tab) {
        let handle = tab.0.clone();
        self.done("no such tab", self.ask(async |client| client.switch_to_window(handle).await));
        // Only the tab in front has the keyboard.
        self.devtools("Page.bringToFront", &json!({}));
    }

    /// Every tab, also those that a page has opened.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn tabs(&self) -> Vec<Tab> {
        let handles = self.done("no tabs", self.ask(async |client| client.windows().await));
        handles.into_iter().map(Tab).collect()
    }
}
