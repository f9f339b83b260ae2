use actix_web::{HttpRequest, HttpResponse, http::header, web};
use maud::html;

use super::layout;
use crate::web::{
    answer::{self, Turned},
    cookie,
    form::Form,
    visit::{Visit, portal},
};

/// Signs somebody out, where they are; and at the provider, if they came from there, where anybody after them could come from
/// too.
pub(crate) async fn sign_out(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let mut led = match Visit::enter(&http, "sign_out").await {
        Ok(visit) => end(&visit, payload).await?,
        Err(Turned::SignInFirst { .. }) => offer(&http, payload).await?,
        Err(turned) => return Err(turned),
    };
    led.add_cookie(&cookie::gone()).map_err(|error| Turned::Unavailable(error.to_string()))?;
    Ok(led)
}

async fn end(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Turned> {
    Form::of(visit, &mut payload.into_inner()).await?;
    let session = visit.session;
    visit.portal.people(move |people| people.end_session(session)).await?;
    let provider = visit.portal.provider.as_ref();
    let theirs = provider.filter(|provider| visit.person.issuer.as_deref() == Some(provider.issuer()));
    let Some(provider) = theirs else { return Ok(answer::to(&visit.http, "/sign-in")) };
    Ok(match provider.sign_out_url().await {
        None => answer::to(&visit.http, "/sign-in"),
        Some(url) => {
            let host = provider.host();
            let text = format!(
                "You are still signed in at {host}, so that anybody at this browser could come back."
            );
            let mut page = go_on(&url, &text);
            if let Ok(refresh) = header::HeaderValue::try_from(format!("0; url={url}")) {
                page.headers_mut().insert(header::REFRESH, refresh);
            }
            page
        }
    })
}

/// For whoever presses "Sign out" after their session has ended by itself: who they were is not known any more, and the
/// provider may know them still.
async fn offer(http: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    Form::of_visitor(http, &mut payload.into_inner()).await?;
    let portal = portal(http);
    let Some(provider) = portal.provider.as_ref() else { return Ok(answer::to(http, "/sign-in")) };
    Ok(match provider.sign_out_url().await {
        None => answer::to(http, "/sign-in"),
        Some(url) => {
            let host = provider.host();
            let text = format!(
                "Whoever came from {host} may still be signed in there, so that anybody at this browser could come back."
            );
            go_on(&url, &text)
        }
    })
}

/// A page that leads on. A redirect would be the answer to a form, and forms may lead nowhere but here.
fn go_on(url: &str, text: &str) -> HttpResponse {
    let page = html! {
        h1 { "You are signed out here" }
        p { (text) }
        div.buttons {
            a.button href="/sign-in" { "Back to sign-in" }
            a.button.primary href=(url) { "Sign out there too" }
        }
    };
    answer::page(layout::plain("Signed out", &page))
}
