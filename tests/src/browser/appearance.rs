use std::fs;
use std::path::Path;

use serde_json::json;

use super::Browser;

/// How the browser shows a page. What is set holds for the tab that is looked at, on every page there.
impl Browser {
    /// Gives the page so much room, in CSS pixels: 320 is the narrowest phone.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn size(&self, width: u32, height: u32) {
        // A window has a least width, which is wider than a phone.
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Whether the page is wider than its room, so that one has to scroll sideways.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn overflows(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.execute(script, &[]) == true
    }

    /// Shows pages as to somebody who wants them dark.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn dark(&self) {
        self.colours("dark");
    }

    /// Shows pages as to somebody who wants them light.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn light(&self) {
        self.colours("light");
    }

    #[track_caller]
    fn colours(&self, scheme: &str) {
        // All that is set at once: what is left out would be as on the machine.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Puts the reader into a zone of time, as `Asia/Kolkata`.
    ///
    /// # Panics
    /// Where there is no such zone.
    #[track_caller]
    pub fn time_zone(&self, name: &str) {
        self.devtools("Emulation.setTimezoneOverride", &json!({ "timezoneId": name }));
    }

    /// Writes what can be seen of the page into a file, as a PNG.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[track_caller]
    pub fn screenshot(&self, file: &Path) {
        let picture = self.done("no screenshot", self.ask(async |client| client.screenshot().await));
        fs::write(file, picture).expect("the screenshot is written");
    }
}
