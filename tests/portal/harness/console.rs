use keyledger_tests::Browser;

use super::site::Site;

const PAGES: &[(&str, &str)] = &[
    ("/style.css", ""),
    ("/good", "<p>Nothing is wrong.</p><script src=\"/good.js\"></script>"),
    ("/good.js", "console.log('I am well');"),
    ("/error", "<script src=\"/error.js\"></script>"),
    ("/error.js", "console.error('I am not well');"),
    ("/throws", "<script src=\"/throws.js\"></script>"),
    ("/throws.js", "nobody.knows();"),
    ("/inline-script", "<script>document.title = 'changed';</script>"),
    ("/inline-style", "<p style=\"color: red\">Red</p>"),
    ("/elsewhere", "<script src=\"http://localhost:9/other.js\"></script>"),
    ("/missing", "<script src=\"/missing.js\"></script>"),
    ("/secret", "<script src=\"/secret.js\"></script>"),
    ("/secret.js", "console.error('the key is hT4kQ9xZ_kl1_0123456789abcdefghijABCDEFGHIJKL012345');"),
];

#[test]
fn a_good_page_has_no_faults_and_its_console_is_heard_all_the_same() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/good"));
    assert_eq!(browser.console_faults(), [""; 0]);
    assert!(browser.console().iter().any(|line| line.contains("I am well")), "{:?}", browser.console());
}

#[test]
fn an_error_and_a_page_that_violates_its_policy_are_noticed() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    for (path, words) in [
        ("/error", "I am not well"),
        ("/throws", "nobody is not defined"),
        ("/inline-script", "Content Security Policy"),
        ("/inline-style", "Content Security Policy"),
        ("/elsewhere", "Content Security Policy"),
        ("/missing", "404"),
        ("/nowhere", "404"),
    ] {
        browser.goto(&site.url(path));
        let faults = browser.console_faults();
        assert!(faults.iter().any(|fault| fault.contains(words)), "{path}: {faults:?}");
        // Each is told once.
        assert_eq!(browser.console_faults(), [""; 0], "{path}");
    }
    assert_eq!(browser.status(), 404);
}

#[test]
fn an_answer_that_a_test_is_after_is_no_fault_and_others_are() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/nowhere"));
    assert_eq!(browser.console_faults_besides(404), [""; 0]);
    browser.goto(&site.url("/nowhere"));
    browser.goto(&site.url("/throws"));
    assert_eq!(browser.console_faults_besides(404).len(), 1, "{:?}", browser.console());
    browser.goto(&site.url("/nowhere"));
    assert_eq!(browser.console_faults_besides(422).len(), 1, "{:?}", browser.console());
}

#[test]
fn a_fault_in_another_tab_is_noticed() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.open_tab();
    browser.goto(&site.url("/throws"));
    let faults = browser.console_faults();
    assert!(faults.iter().any(|fault| fault.contains("nobody is not defined")), "{faults:?}");
}

#[test]
fn what_looks_like_a_secret_is_not_told() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/secret"));
    let faults = browser.console_faults().concat();
    assert!(faults.contains("the key is hT4k…") && !faults.contains("0123456789"), "{faults}");
}
