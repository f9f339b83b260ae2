use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Locator;
use serde_json::json;

use super::Browser;
use super::finding::Sought;

impl Browser {
    /// Clicks a button or link by what it is called: its text, or its label for screen readers; where nothing is called
    /// just so, what begins so. Nothing outside of an open modal dialog is reached.
    ///
    /// # Panics
    /// Where there is none, more than one, or something lies over it.
    #[track_caller]
    pub fn click(&self, name: &str) {
        self.press_mouse(&Sought::Control(name));
    }

    /// Clicks what a CSS selector finds.
    ///
    /// # Panics
    /// As [`click`](Self::click).
    #[track_caller]
    pub fn click_css(&self, css: &str) {
        self.press_mouse(&Sought::Css(css));
    }

    /// Clicks a button or link in what a CSS selector finds.
    ///
    /// # Panics
    /// As [`click`](Self::click).
    #[track_caller]
    pub fn click_in(&self, css: &str, name: &str) {
        self.press_mouse(&Sought::ControlIn(css, name));
    }

    /// Clicks a button or link in the row of a table, or the item of a list, that says `text`.
    ///
    /// # Panics
    /// As [`click`](Self::click).
    #[track_caller]
    pub fn click_at(&self, text: &str, name: &str) {
        self.press_mouse(&Sought::ControlAt(text, name));
    }

    #[track_caller]
    fn press_mouse(&self, sought: &Sought<'_>) {
        self.with("cannot click", sought, click);
    }

    /// Types into the field with that label, in place of what is there.
    ///
    /// # Panics
    /// Where there is none, more than one, or it takes no text. The text is not told: it may be a secret.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) {
        self.with("cannot fill", &Sought::Field(label), async |element| {
            element.clear().await?;
            element.send_keys(text).await
        });
    }

    /// Ticks the box, or picks the radio button, with that label; nothing where it is so already.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[track_caller]
    pub fn check(&self, label: &str) {
        self.tick(label, true);
    }

    /// Takes the tick from the box with that label; nothing where it has none.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[track_caller]
    pub fn uncheck(&self, label: &str) {
        self.tick(label, false);
    }

    #[track_caller]
    fn tick(&self, label: &str, wanted: bool) {
        self.with("cannot tick", &Sought::Field(label), async |element| {
            if element.is_selected().await? == wanted {
                return Ok(());
            }
            click(element).await
        });
    }

    /// Whether the box or radio button with that label is ticked.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn is_checked(&self, label: &str) -> bool {
        self.with("cannot look at", &Sought::Field(label), async |element| element.is_selected().await)
    }

    /// Chooses from the list with that label what has this text.
    ///
    /// # Panics
    /// Where there is no such list, or it does not offer that.
    #[track_caller]
    pub fn choose(&self, label: &str, option: &str) {
        let quoted = json!(option).to_string();
        let option = format!(".//option[normalize-space(.)={quoted}]");
        self.with("cannot choose in", &Sought::Field(label), async |element| {
            element.find(Locator::XPath(&option)).await?.click().await
        });
    }

    /// What stands in the field with that label.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        self.with("cannot read", &Sought::Field(label), async |element| {
            let value: Result<_, CmdError> = element.prop("value").await;
            Ok(value?.unwrap_or_default())
        })
    }
}

/// Clicks as a person does, who scrolls until nothing that sticks to an edge of the page lies over it.
async fn click(element: &Element) -> Result<(), CmdError> {
    let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
    let client = element.clone().client();
    client.execute(script, vec![serde_json::to_value(element)?]).await?;
    element.click().await
}
