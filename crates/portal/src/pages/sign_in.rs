use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::{
    fields::{Faults, TextField},
    layout,
};
use crate::{
    Portal,
    people::{Password, PasswordHash, Person, Unavailable, Username},
    web::{
        answer::{self, Turned},
        cookie,
        form::Form,
        safe::must_be_safe,
        visit::portal,
    },
};

/// One sentence for every cause, so that nobody learns who has an account.
const WRONG: &str = "That user name and password do not belong together.";
pub(super) const TOO_MANY: &str = "Too many people sign in at this moment. Try again in a little while.";
pub(super) const TOO_OFTEN: &str = "Too many attempts under this name. Wait a minute, then try again.";

/// The page for who is not signed in.
pub(crate) async fn show(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let portal = portal(&http);
    must_be_safe(&portal, &http)?;
    if portal.provider.is_none() && !portal.people(|people| people.are_there_any()).await? {
        return Ok(answer::to(&http, "/setup"));
    }
    Ok(answer::page(form(&portal, "", &Faults::default())))
}

/// Signs somebody in.
pub(crate) async fn sign_in(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let form = Form::of_visitor(&http, &mut payload.into_inner()).await?;
    let name = form.text("username").trim().to_owned();
    let portal = portal(&http);
    must_be_safe(&portal, &http)?;
    let refused = |status, why: &str| {
        let mut faults = Faults::default();
        faults.add("", why);
        answer::html(status, self::form(&portal, &name, &faults))
    };
    if !portal.attempts.may_try(&name) {
        return Ok(refused(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN));
    }
    let password = Password::typed(Zeroizing::new(form.text("password").to_owned()));
    let Some(turn) = portal.attempts.turn().await else {
        return Ok(refused(StatusCode::TOO_MANY_REQUESTS, TOO_MANY));
    };
    let known = known(&portal, &name, password).await?;
    drop(turn);
    let welcomed = match known {
        Some((person, hash)) => welcome(&http, &person, Some(hash)).await?,
        None => None,
    };
    Ok(welcomed.unwrap_or_else(|| {
        tracing::info!("a sign-in was refused");
        refused(StatusCode::UNPROCESSABLE_ENTITY, WRONG)
    }))
}

/// Gives somebody a session under a new id, and leads them in; none where they may not any more.
pub(super) async fn welcome(
    http: &HttpRequest,
    person: &Person,
    password: Option<PasswordHash>,
) -> Result<Option<HttpResponse>, Turned> {
    let portal = portal(http);
    let (id, before, now) = (person.id, cookie::session(http), portal.clock.now());
    let randomness = portal.randomness.clone();
    let lifetimes = portal.lifetimes;
    let session = portal.people(move |people| {
        people.forget_sessions(lifetimes, now)?;
        people.begin_session(id, password.as_ref(), before, &*randomness, now)
    });
    let Some(session) = session.await? else { return Ok(None) };
    tracing::info!(person = %id, "signed in");
    let mut led = answer::to(http, "/");
    led.add_cookie(&cookie::of(session)).map_err(|error| Turned::Unavailable(error.to_string()))?;
    Ok(Some(led))
}

/// Who has this name and this password, and may sign in. It takes as long where nobody has.
async fn known(
    portal: &Portal,
    name: &str,
    password: Password,
) -> Result<Option<(Person, PasswordHash)>, Unavailable> {
    let username = Username::parse(name).ok();
    let nobody = portal.nobody.clone();
    portal
        .people(move |people| {
            let found = username.map(|username| people.named(&username)).transpose()?.flatten();
            let found = found.and_then(|(person, hash)| Some((person, hash?)));
            let fits = found.as_ref().map_or(&nobody, |(_, hash)| hash).fits(&password);
            Ok(found.filter(|(person, _)| fits && !person.disabled))
        })
        .await
}

fn form(portal: &Portal, username: &str, faults: &Faults) -> Markup {
    let field = |name, label, kind, value, autocomplete, focus| TextField {
        name,
        label,
        kind,
        value,
        hint: None,
        autocomplete,
        focus,
        required: true,
    };
    let known = !username.is_empty();
    let provider = portal.provider.as_ref();
    let alone = provider.is_none();
    let form = html! {
        form method="post" action="/sign-in" {
            (field("username", "User name", "text", username, "username", alone && !known).show(faults))
            (field("password", "Password", "password", "", "current-password", known).show(faults))
            button.primary[alone] type="submit" { "Sign in" }
        }
    };
    layout::plain(
        "Sign in",
        &html! {
            h1 { "Sign in" }
            (faults.summary())
            @match provider {
                None => (form),
                Some(provider) => {
                    p { a.button.primary href=(provider.start()) autofocus[!known] { "Continue with " (provider.host()) } }
                    details open[known || faults.are_there_any()] { summary { "With a password instead" } (form) }
                },
            }
            p.hint { "No account, or a lost password? Ask whoever runs this registry." }
        },
    )
}
