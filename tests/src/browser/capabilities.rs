use std::path::Path;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

/// How the browser is started.
const FLAGS: &[&str] = &[
    "--headless=new",
    // The tests may run as root, where the sandbox refuses to start; no page is anybody else's.
    "--no-sandbox",
    "--disable-gpu",
    // It ends when its driver ends, in whatever way: the pipe between them breaks.
    "--remote-debugging-pipe",
    // Nothing moves, so that nothing has to be waited for.
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--window-size=1280,900",
    "--lang=en-GB",
    // It asks nobody for anything, and no name leads anywhere but to this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-proxy-server",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,Translate,NetworkTimeServiceQuerying,CertificateTransparencyComponentUpdater",
    "--metrics-recording-only",
    "--no-pings",
];

/// What a session is asked for: a browser with an empty profile that tells everything its console says.
pub(super) fn capabilities(chromium: &Path, profile: &Path) -> Capabilities {
    let mut flags: Vec<_> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
    flags.push(format!("--user-data-dir={}", profile.display()));
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "binary": chromium,
            "args": flags,
            // No offer to keep a password, and no look at whether it is known elsewhere.
            "prefs": {
                "credentials_enable_service": false,
                "profile.password_manager_enabled": false,
                "profile.password_manager_leak_detection": false,
            },
        },
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "pageLoad": 60_000, "script": 60_000, "implicit": 0 },
    });
    let Value::Object(wanted) = wanted else { unreachable!("it is written as an object") };
    wanted
}
