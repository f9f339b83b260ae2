use keyledger_tests::{Browser, Key};

use super::site::Site;

const PAGES: &[(&str, &str)] = &[
    ("/style.css", ""),
    (
        "/form",
        "<form action=\"/done\"><label>Name <input name=\"name\"></label>
         <label><input type=\"checkbox\" name=\"sure\"> I am sure</label>
         <a href=\"/elsewhere\">Elsewhere</a> <button>Save <span>it</span></button></form>
         <button id=\"ask\">Ask</button><dialog aria-label=\"Question\"><p>Really?</p><button>Yes</button></dialog>
         <script src=\"/ask.js\"></script>",
    ),
    (
        "/ask.js",
        "document.getElementById('ask').onclick = () => document.querySelector('dialog').showModal();",
    ),
    ("/done", "<p>It is saved.</p>"),
];

#[test]
fn a_form_is_filled_and_sent_with_the_keyboard_alone() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/form"));
    assert_eq!(browser.focused(), "");
    browser.tab_to("Name");
    browser.type_text("Ada & 2 others");
    assert_eq!(browser.value("Name"), "Ada & 2 others");
    browser.press(Key::Tab);
    assert_eq!(browser.focused(), "I am sure");
    browser.press(Key::Space);
    assert!(browser.is_checked("I am sure"));
    browser.tab_to("Save");
    browser.press_together(&[Key::Shift, Key::Tab]);
    assert_eq!(browser.focused(), "Elsewhere");
    browser.tab_to("Save");
    browser.press(Key::Enter);
    browser.wait_until_says("It is saved.");
    assert!(browser.url().ends_with("/done?name=Ada+%26+2+others&sure=on"), "{}", browser.url());
}

#[test]
fn a_dialog_is_opened_and_left_with_the_keyboard_and_holds_it_meanwhile() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/form"));
    browser.tab_to("Ask");
    browser.press(Key::Enter);
    browser.wait_until_says("Really?");
    assert_eq!(browser.focused(), "Yes");
    assert!(browser.offers("Yes") && !browser.offers("Ask"), "what is outside of it can be reached");
    browser.press(Key::Escape);
    browser.wait_until_gone("dialog");
    assert_eq!(browser.focused(), "Ask");
}

#[test]
fn what_the_tab_key_does_not_reach_is_told_with_what_it_does() {
    let (site, browser) = (Site::of(PAGES), Browser::open());
    browser.goto(&site.url("/form"));
    let failed = super::looking::failure(|| browser.tab_to("Cancel"));
    assert!(failed.contains("does not stop at \"Cancel\"") && failed.contains("Elsewhere"), "{failed}");
}
