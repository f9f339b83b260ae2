use keyledger_tests::Browser;

use super::site::Site;

const PAGES: &[(&str, &str)] = &[
    ("/style.css", ".pale { color: #ddd; background: #fff }"),
    ("/good", "<form><label>Name <input name=\"name\"></label> <button>Save</button></form>"),
    ("/nameless-button", "<button></button>"),
    ("/nameless-field", "<input name=\"hT4kQ9xZ_kl1_0123456789abcdefghijABCDEFGHIJKL012345\">"),
    ("/pale", "<p class=\"pale\">Nobody can read this.</p>"),
];

#[test]
fn the_checker_finds_nothing_on_a_good_page_and_leaves_nothing_there() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/good"));
    assert_eq!(browser.accessibility_faults(), [""; 0]);
    // The strict policy of the page has not stopped it, and the checker itself is nobody's fault.
    assert_eq!(browser.console_faults(), [""; 0]);
    assert_eq!(browser.execute("return typeof window.axe", &[]), "undefined");
}

#[test]
fn the_checker_finds_a_fault_that_was_planted() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    for (path, rule) in
        [("/nameless-button", "button-name"), ("/nameless-field", "label"), ("/pale", "color-contrast")]
    {
        browser.goto(&site.url(path));
        let faults = browser.accessibility_faults();
        let found = matches!(faults.as_slice(), [fault] if fault.contains(&format!(": {rule}: ")));
        assert!(found && !faults.concat().contains("0123456789"), "{path}: {faults:?}");
    }
}
