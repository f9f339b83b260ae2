use serde_json::{Value, json};

use super::Browser;

/// What a browser keeps beside the page.
impl Browser {
    /// The value of a cookie that is sent to the page's host, also of one that no script can read.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.done("no cookies", self.ask(async |client| client.get_all_cookies().await));
        cookies.into_iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// Plants a cookie for the page's host, as an attacker would who has found a way to.
    ///
    /// # Panics
    /// Where the browser refuses it.
    #[track_caller]
    pub fn plant_cookie(&self, name: &str, value: &str) {
        let (url, secure) = (self.url(), name.starts_with("__"));
        let cookie = json!({ "name": name, "value": value, "url": url, "path": "/", "secure": secure, "httpOnly": true });
        let planted = self.devtools("Network.setCookie", &cookie);
        if planted["success"] == false {
            self.fail(&format!("the browser refuses the cookie {name}"));
        }
    }

    /// Forgets every cookie of the page's host.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[track_caller]
    pub fn forget_cookies(&self) {
        self.done("the cookies stay", self.ask(async |client| client.delete_all_cookies().await));
    }

    /// What was copied last, by a button of a page that is allowed to.
    ///
    /// # Panics
    /// Where the page's host is neither this machine nor reached by TLS: then there is nothing to copy with.
    #[must_use]
    #[track_caller]
    pub fn clipboard(&self) -> String {
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", &permissions);
        match self.execute("return navigator.clipboard.readText()", &[]) {
            Value::String(text) => text,
            _ => String::new(),
        }
    }
}
