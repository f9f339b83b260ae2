//! A partner with ten thousand keys.

use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::Registry;
use reqwest::blocking::Client;
use serde_json::json;

use crate::scene::{COOKIE, admin_of_acme};

const KEYS: usize = 10_000;

/// Of how many keys a page shows.
const PAGE: usize = 50;

/// How many create keys at once: the log writes what waits together in one go.
const AT_ONCE: usize = 32;

/// How often a page is asked for, with few keys and with many.
const LOOKS: usize = 40;

#[test]
fn a_partner_with_ten_thousand_keys_pages_and_searches_as_one_with_fifty() {
    let registry = Registry::start();
    let browser = admin_of_acme(&registry);
    let create = |numbers: std::ops::Range<usize>| {
        thread::scope(|scope| {
            for part in 0..AT_ONCE {
                let (operator, numbers) = (registry.operator(), numbers.clone());
                scope.spawn(move || {
                    for number in numbers.skip(part).step_by(AT_ONCE) {
                        let body = json!({ "name": format!("Key {number:05}"), "scopes": ["client:read"] });
                        operator.post("/v1/partners/acme/keys", &body).send().expecting(201);
                    }
                });
            }
        });
    };
    let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).expect("a session"));
    let client = Client::new();
    let page = |path: &str| {
        let url = format!("{}/partners/acme/developer/{path}", registry.addresses().command);
        let answer = client.get(url).header("Cookie", &cookie).send().expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().expect("a page")
    };
    let median = |path: &str| {
        let mut times: Vec<Duration> = (0..LOOKS)
            .map(|_| {
                let begun = Instant::now();
                page(path);
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[LOOKS / 2]
    };
    create(0..PAGE);
    let few = median("rows");
    create(PAGE..KEYS);
    let (many, found) = (median("rows"), median("rows?search=Key+00007"));
    println!(
        "a page of {PAGE} keys: {few:?} of {PAGE}, {many:?} of {KEYS}; a search among {KEYS}: {found:?}"
    );
    // It is one page of an index, not a walk over all: ten times as long would be one.
    assert!(many < few * 10, "{many:?} instead of {few:?}");

    let rows = "#keys tr.active";
    browser.reload();
    browser.wait_until_says("Show more");
    assert_eq!(browser.texts(rows).len(), PAGE);
    for pages in 2..=10 {
        browser.click("Show more");
        browser.wait("there are more", || browser.texts(rows).len() == pages * PAGE);
    }
    let names: std::collections::BTreeSet<_> = browser.texts("#keys th .name").into_iter().collect();
    assert_eq!(names.len(), 10 * PAGE, "a page showed again what another one had shown");
    browser.fill("Search", "Key 00007");
    browser.wait("one of the oldest keys alone", || browser.texts("#keys th .name") == ["Key 00007"]);
    browser.click("Actions for Key 00007");
    browser.click("Revoke key");
    browser.fill("Which key?", "Key 00007");
    browser.click("Revoke key");
    browser.wait_until_says("REVOKED");
    assert_eq!(browser.console_faults(), [""; 0]);
}
