use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use keyledger_tests::Browser;

use super::site::Site;

const PAGES: &[(&str, &str)] = &[
    (
        "/style.css",
        ".hidden { display: none } .long { height: 3000px } .sticky { position: sticky; bottom: 0; height: 200px; background: white }",
    ),
    (
        "/long",
        "<div class=\"long\"></div><label><input type=\"checkbox\"> I have read it</label><div class=\"long\"></div>
         <div class=\"sticky\">A footer that stays.</div>",
    ),
    (
        "/keys",
        "<table><tr><td>Billing</td><td><button class=\"revoke\">Revoke key</button></td></tr>
         <tr><td>Reports</td><td><button class=\"revoke\">Revoke key</button></td></tr></table>
         <label>Scope <select name=\"scope\"><option>client:read</option><option>client:write</option></select></label>
         <label for=\"code\">One-time code</label> <input id=\"code\" value=\"old\">
         <p class=\"hidden\">Nobody sees this.</p><p id=\"told\"></p> <a href=\"/late\">Later</a>
         <script src=\"/keys.js\"></script>",
    ),
    (
        "/keys.js",
        "for (const button of document.querySelectorAll('.revoke')) {
           button.onclick = () => { told.textContent = `revoked ${button.closest('tr').innerText}`; };
         }",
    ),
    (
        "/late",
        "<button id=\"ask\">Ask</button><p id=\"late\"></p><p id=\"early\">early</p><script src=\"/late.js\"></script>",
    ),
    (
        "/late.js",
        "ask.onclick = () => setTimeout(() => { late.textContent = 'It came.'; early.remove(); }, 400);",
    ),
    ("/told", "<p>hT4kQ9xZ_kl1_0123456789abcdefghijABCDEFGHIJKL012345 is told once.</p>"),
];

/// What a harness says that fails.
pub(super) fn failure(act: impl FnOnce()) -> String {
    let failed = catch_unwind(AssertUnwindSafe(act)).expect_err("it should fail");
    failed.downcast_ref::<String>().expect("it says why").clone()
}

#[test]
fn things_are_found_by_what_is_written_on_them() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/keys"));
    assert_eq!(browser.status(), 200);
    browser.click_at("Reports", "Revoke key");
    browser.wait_until_says("revoked Reports");
    browser.click_in("tr:first-child", "Revoke key");
    browser.wait_until_says("revoked Billing");
    browser.choose("Scope", "client:write");
    assert_eq!(browser.value("Scope"), "client:write");
    browser.fill("One-time code", "K7MQ2RXW9TBHD4P");
    assert_eq!(browser.value("One-time code"), "K7MQ2RXW9TBHD4P");
    assert_eq!(browser.texts("td:first-child"), ["Billing", "Reports"]);
    assert_eq!(browser.attribute("a", "href").as_deref(), Some("/late"));
    assert!(browser.source().contains("Nobody sees this.") && !browser.says("Nobody sees this."));
    assert!(!browser.shows(".hidden"));
    assert_eq!(browser.cookie("visitor").as_deref(), Some("known"));
}

#[test]
fn what_is_far_down_and_under_something_that_sticks_is_scrolled_to() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/long"));
    browser.check("I have read it");
    assert!(browser.is_checked("I have read it"));
    browser.check("I have read it");
    assert!(browser.is_checked("I have read it"));
    browser.uncheck("I have read it");
    assert!(!browser.is_checked("I have read it"));
}

#[test]
fn what_comes_and_goes_is_waited_for_also_after_back_and_reload() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/keys"));
    browser.click("Later");
    browser.wait_until_at("/late");
    browser.click("Ask");
    browser.wait_until_says("It came.");
    browser.wait_until_gone("#early");
    browser.reload();
    assert!(!browser.says("It came."));
    assert_eq!(browser.text("#early"), "early");
    browser.click("Ask");
    browser.wait_until_silent_about("early");
    browser.back();
    assert!(browser.url().ends_with("/keys"), "{}", browser.url());
}

#[test]
fn a_failure_tells_the_page_the_address_and_the_console_but_no_secret() {
    let (site, mut browser) = (Site::of(PAGES), Browser::open());
    browser.be_patient_for(Duration::from_millis(500));
    browser.goto(&site.url("/told?code=0f1e2d3c4b5a69788796a5b4c3d2e1f0"));
    browser.execute("console.error('something is wrong')", &[]);
    let told = failure(|| browser.click("Continue"));
    for words in
        ["\"Continue\": there is none", "/told?code=0f1e…", "hT4k… is told once.", "something is wrong"]
    {
        assert!(told.contains(words), "no {words:?} in: {told}");
    }
    assert!(!told.contains("0123456789") && !told.contains("3c4b5a"), "{told}");

    browser.goto(&site.url("/keys"));
    let told = failure(|| browser.click("Revoke key"));
    assert!(told.contains("there are 2"), "{told}");
}

#[test]
fn a_second_tab_is_apart_and_shares_the_cookies_and_a_second_browser_shares_nothing() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/keys"));
    browser.fill("One-time code", "mine");
    let first = browser.tab();
    let second = browser.open_tab();
    assert_eq!(browser.tabs().len(), 2);
    browser.goto(&site.url("/late"));
    assert_eq!(browser.cookie("visitor").as_deref(), Some("known"));
    browser.go_to_tab(&first);
    assert_eq!(browser.value("One-time code"), "mine");
    browser.go_to_tab(&second);
    assert!(browser.url().ends_with("/late"), "{}", browser.url());

    browser.plant_cookie("planted", "by an attacker");
    assert_eq!(browser.cookie("planted").as_deref(), Some("by an attacker"));
    let other = Browser::open();
    other.goto(&site.url("/late"));
    assert_eq!(other.cookie("planted"), None);
    browser.forget_cookies();
    assert_eq!(browser.cookie("planted"), None);
}
