use fantoccini::elements::{Element, ElementRef};
use fantoccini::error::{CmdError, ErrorStatus};
use serde_json::{Value, json};

use super::Browser;
use super::session::Asked;
use crate::within;

/// How a page is looked at.
const PAGE: &str = include_str!("../../browser/page.js");

/// How the driver writes an element in JSON, by the WebDriver standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What of a page is meant. All of it must be visible, and inside the modal dialog where one is open.
pub(super) enum Sought<'a> {
    /// What a CSS selector finds.
    Css(&'a str),
    /// A button or link by its text or label.
    Control(&'a str),
    /// A button or link in what a CSS selector finds.
    ControlIn(&'a str, &'a str),
    /// A button or link in the row or list item that says something.
    ControlAt(&'a str, &'a str),
    /// A field by the text of its label.
    Field(&'a str),
}

impl Sought<'_> {
    fn expression(&self) -> String {
        let call = |kind: &str, arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|argument| json!(argument).to_string()).collect();
            format!("find.{kind}({})", arguments.join(", "))
        };
        match *self {
            Self::Css(css) => call("css", &[css]),
            Self::Control(name) => call("control", &[name]),
            Self::ControlIn(css, name) => call("controlIn", &[css, name]),
            Self::ControlAt(text, name) => call("controlAt", &[text, name]),
            Self::Field(name) => call("field", &[name]),
        }
    }
}

impl std::fmt::Display for Sought<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Css(css) => write!(f, "`{css}`"),
            Self::Control(name) => write!(f, "the button or link {name:?}"),
            Self::ControlIn(css, name) => write!(f, "the button or link {name:?} in `{css}`"),
            Self::ControlAt(text, name) => write!(f, "the button or link {name:?} beside {text:?}"),
            Self::Field(name) => write!(f, "the field {name:?}"),
        }
    }
}

impl Browser {
    /// What an expression over `page.js` is on the page at this moment.
    pub(super) fn look(&self, expression: &str) -> Asked<Value> {
        let script = format!("{PAGE}\nreturn {expression};");
        self.ask(async |client| client.execute(&script, Vec::new()).await)
    }

    /// How many there are of it at this moment. While a page comes or goes there is nothing.
    pub(super) fn count(&self, sought: &Sought<'_>) -> usize {
        let counted = self.look(&format!("{}.length", sought.expression()));
        counted
            .ok()
            .and_then(|count| count.as_u64())
            .map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// What an expression over `element` is for each of them at this moment.
    #[track_caller]
    pub(super) fn of_each(&self, sought: &Sought<'_>, expression: &str) -> Vec<Value> {
        let outcome = self.look(&format!("{}.map((element) => {expression})", sought.expression()));
        match self.done(&format!("{sought} cannot be looked at"), outcome) {
            Value::Array(each) => each,
            _ => Vec::new(),
        }
    }

    /// Waits for the only one and does something to it; where the page takes it away meanwhile, to the next one.
    #[track_caller]
    pub(super) fn with<T>(
        &self,
        what: &str,
        sought: &Sought<'_>,
        act: impl AsyncFn(&Element) -> Result<T, CmdError>,
    ) -> T {
        let mut why = String::new();
        let done = within(self.patience, || match self.only(sought) {
            Ok(element) => match self.ask(async |_| act(&element).await) {
                Ok(done) => Some(Ok(done)),
                Err(error) if nothing_has_happened(&error) => {
                    why = error.to_string();
                    None
                }
                Err(error) => Some(Err(error)),
            },
            Err(reason) => {
                why = reason;
                None
            }
        });
        match done {
            Some(Ok(done)) => done,
            Some(Err(error)) => self.fail(&format!("{what} {sought}: {error}")),
            None => self.fail(&format!("{what} {sought}: {why}")),
        }
    }

    fn only(&self, sought: &Sought<'_>) -> Result<Element, String> {
        let found = self.look(&sought.expression()).map_err(|error| error.to_string())?;
        match found.as_array().map(Vec::as_slice) {
            Some([element]) => {
                let id = element[ELEMENT].as_str().ok_or("no element")?.to_owned();
                self.ask(async |client| Ok(Element::from_element_id(client.clone(), ElementRef::from(id))))
                    .map_err(|error| error.to_string())
            }
            Some([]) | None => Err("there is none to be seen".to_owned()),
            Some(several) => Err(format!("there are {}", several.len())),
        }
    }
}

/// Whether it was not done, because the page was not ready for it.
fn nothing_has_happened(error: &CmdError) -> bool {
    let CmdError::Standard(error) = error else { return false };
    matches!(
        error.error,
        ErrorStatus::NoSuchElement
            | ErrorStatus::StaleElementReference
            | ErrorStatus::ElementClickIntercepted
            | ErrorStatus::ElementNotInteractable
            | ErrorStatus::MoveTargetOutOfBounds
    )
}
