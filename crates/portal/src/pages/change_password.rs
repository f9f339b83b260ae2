use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::{
    fields::{Faults, TextField},
    layout::{self, Place},
    sign_in::{self, TOO_MANY, TOO_OFTEN},
};
use crate::{
    people::{ChangeError, Password},
    web::{
        answer::{self, Turned},
        form::Form,
        safe::must_be_safe,
        visit::Visit,
    },
};

/// Where somebody changes their own password.
pub(crate) const PATH: &str = "/account/password";

/// Asks for both passwords.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = enter(&http).await?;
    Ok(answer::page(page(&visit, &Faults::default())))
}

/// Changes it. Whoever is signed in as them elsewhere is signed out, and they go on under a new session.
pub(crate) async fn change(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = enter(&http).await?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let portal = &visit.portal;
    let refused = |status, faults: &Faults| Ok(answer::html(status, page(&visit, faults)));
    let mut faults = Faults::default();
    let new = Password::choose(Zeroizing::new(form.text("new").to_owned()));
    let Some(new) = faults.read("new", new) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &faults);
    };
    let name = visit.person.username.clone();
    // Who found a browser open guesses no faster here than at the door.
    if !portal.attempts.may_try(name.as_str()) {
        faults.add("", TOO_OFTEN);
        return refused(StatusCode::TOO_MANY_REQUESTS, &faults);
    }
    let Some(turn) = portal.attempts.turn().await else {
        faults.add("", TOO_MANY);
        return refused(StatusCode::TOO_MANY_REQUESTS, &faults);
    };
    let (current, randomness) =
        (Password::typed(Zeroizing::new(form.text("current").to_owned())), portal.randomness.clone());
    let changed = portal.people(move |people| {
        let Some((person, Some(hash))) = people.named(&name)? else { return Ok(None) };
        if !hash.fits(&current) {
            return Ok(None);
        }
        let new = new.hash(&*randomness);
        match people.reset_password(person.id, Some(&hash), &new) {
            Ok(()) => Ok(Some((person, new))),
            Err(ChangeError::AnotherPassword) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let changed = changed.await.map_err(|error| Turned::Unavailable(error.to_string()))?;
    drop(turn);
    let Some((person, hash)) = changed else {
        faults.add("current", "This is not your password.");
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &faults);
    };
    tracing::info!(person = %person.id, "changed their password");
    let welcomed = sign_in::welcome(&http, &person, Some(hash)).await?;
    Ok(welcomed.unwrap_or_else(|| answer::to(&http, "/sign-in")))
}

/// For whoever has a password here.
async fn enter(http: &HttpRequest) -> Result<Visit, Turned> {
    let visit = Visit::enter(http, "change_password").await?;
    must_be_safe(&visit.portal, http)?;
    if visit.person.issuer.is_some() { Err(Turned::NotFound) } else { Ok(visit) }
}

fn page(visit: &Visit, faults: &Faults) -> Markup {
    let field = |name, label, hint, autocomplete, focus| TextField {
        name,
        label,
        kind: "password",
        value: "",
        hint,
        autocomplete,
        focus,
        required: true,
    };
    let content = html! {
        div.card {
            h1 { "Change password" }
            p { "Wherever else you are signed in, you are signed out." }
            (faults.summary())
            form method="post" action=(PATH) {
                (layout::token(visit))
                // For programs that keep passwords: whose this is.
                input type="hidden" name="username" value=(visit.person.username) autocomplete="username";
                (field("current", "Password now", None, "current-password", true).show(faults))
                (field("new", "New password", Some("At least 15 characters: a few words are fine."), "new-password", false).show(faults))
                div.buttons {
                    a.button href="/" { "Cancel" }
                    button.primary type="submit" { "Change password" }
                }
            }
        }
    };
    layout::page(visit, Some(Place::Account), visit.person.standing.partner(), "Change password", &content)
}
