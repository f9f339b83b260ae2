use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_domain::envelope::uuid_v7;
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::{
    fields::{Faults, TextField},
    layout, sign_in,
};
use crate::{
    people::{Password, PersonId, SetupCode, SetupError, Username},
    web::{
        answer::{self, Turned},
        form::Form,
        safe::must_be_safe,
        visit::portal,
    },
};

/// The page on which whoever has the one-time code becomes an operator.
pub(crate) async fn show(http: HttpRequest) -> Result<HttpResponse, Turned> {
    must_be_safe(&portal(&http), &http)?;
    Ok(answer::page(form("", "", &Faults::default())))
}

/// Makes an operator, who is signed in at once.
pub(crate) async fn set_up(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let form = Form::of_visitor(&http, &mut payload.into_inner()).await?;
    let portal = portal(&http);
    must_be_safe(&portal, &http)?;
    let mut faults = Faults::default();
    let (code, name) = (form.text("code"), form.text("username").trim());
    let refused = |status, faults: &Faults| Ok(answer::html(status, self::form(code, name, faults)));
    let username = faults.read("username", Username::parse(name));
    let password = Password::choose(Zeroizing::new(form.text("password").to_owned()));
    let password = faults.read("password", password);
    let (Some(username), Some(password)) = (username, password) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &faults);
    };
    let (asked, now) = (SetupCode::typed(code), portal.clock.now());
    // First, since it costs nothing. Nobody guesses it, so nobody is made to wait.
    if !portal.people(move |people| people.is_setup_code(&asked, now)).await? {
        faults.add("code", SetupError::WrongCode);
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &faults);
    }
    let (typed, randomness) = (SetupCode::typed(code), portal.randomness.clone());
    let id = PersonId(uuid_v7(now, portal.random()));
    let made = portal.people(move |people| {
        let hash = password.hash(&*randomness);
        let person = people.set_up(&typed, id, username, hash.clone(), now)?;
        Ok((person, hash))
    });
    match made.await {
        Ok((person, hash)) => {
            let welcomed = sign_in::welcome(&http, &person, Some(hash)).await?;
            Ok(welcomed.unwrap_or_else(|| answer::to(&http, "/sign-in")))
        }
        Err(SetupError::Unavailable(error)) => Err(error.into()),
        Err(SetupError::WrongCode) => {
            faults.add("code", SetupError::WrongCode);
            refused(StatusCode::UNPROCESSABLE_ENTITY, &faults)
        }
        Err(taken @ SetupError::Taken(_)) => {
            faults.add("username", taken);
            refused(StatusCode::UNPROCESSABLE_ENTITY, &faults)
        }
    }
}

fn form(code: &str, username: &str, faults: &Faults) -> Markup {
    let text = |name, label, kind, value, hint, autocomplete, focus| TextField {
        name,
        label,
        kind,
        value,
        hint: Some(hint),
        autocomplete,
        focus,
        required: true,
    };
    layout::plain(
        "Set up",
        &html! {
            h1 { "Set up keyledger" }
            p { "The registry's machine printed a one-time code when it started. Whoever has it becomes the first operator." }
            (faults.summary())
            form method="post" action="/setup" {
                (text("code", "One-time code", "text", code, "Good for 15 minutes. `keyledger users setup-code` prints a new one.", "one-time-code", true).show(faults))
                (text("username", "User name", "text", username, "A name, or your mail address.", "username", false).show(faults))
                (text("password", "Password", "password", "", "At least 15 characters: a few words are fine.", "new-password", false).show(faults))
                button.primary type="submit" { "Become an operator" }
            }
        },
    )
}
