use std::fs;

use keyledger_tests::Browser;

use super::site::Site;

const PAGES: &[(&str, &str)] = &[
    (
        "/style.css",
        "body { background: white; color: black }
         @media (prefers-color-scheme: dark) { body { background: black; color: white } }
         .wide { width: 600px }",
    ),
    (
        "/",
        "<p class=\"wide\">Wide</p><p id=\"time\"></p><button>Copy</button><script src=\"/script.js\"></script>",
    ),
    (
        "/script.js",
        "time.textContent = new Date(0).getHours();
         document.querySelector('button').onclick = () => navigator.clipboard.writeText('copied');",
    ),
];

#[test]
fn a_dark_page_is_seen_as_such_and_a_screenshot_is_a_picture() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let is_dark =
        || browser.execute("return matchMedia('(prefers-color-scheme: dark)').matches", &[]) == true;
    let picture = |name: &str| {
        let file = folder.path().join(name);
        browser.screenshot(&file);
        fs::read(file).expect("it is written")
    };
    browser.goto(&site.url("/"));
    browser.light();
    assert!(!is_dark());
    let light = picture("light.png");
    browser.dark();
    assert!(is_dark());
    // It holds for the next page too.
    browser.reload();
    assert!(is_dark());
    let dark = picture("dark.png");
    for picture in [&light, &dark] {
        assert_eq!(picture[..8], *b"\x89PNG\r\n\x1a\n", "no PNG");
        // Its width, as the first chunk tells it.
        assert_eq!(picture[16..20], 1280_u32.to_be_bytes());
    }
    assert_ne!(light, dark);
}

#[test]
fn a_page_gets_as_little_room_as_on_a_narrow_phone() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/"));
    assert!(!browser.overflows());
    browser.size(320, 640);
    assert_eq!(browser.execute("return [innerWidth, innerHeight].join()", &[]), "320,640");
    assert!(browser.overflows());
    browser.size(1600, 1000);
    browser.reload();
    assert_eq!(browser.execute("return innerWidth", &[]), 1600);
    assert!(!browser.overflows());
}

#[test]
fn a_reader_has_a_zone_of_time_and_a_clipboard() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.time_zone("Asia/Tokyo");
    browser.goto(&site.url("/"));
    assert_eq!(browser.text("#time"), "9");
    browser.click("Copy");
    browser.wait("nothing was copied", || browser.clipboard() == "copied");
    assert_eq!(browser.console_faults(), [""; 0]);
}
