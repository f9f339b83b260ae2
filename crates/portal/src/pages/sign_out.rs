use actix_web::{HttpRequest, HttpResponse, http::header, web};
use maud::html;

use super::layout;
use crate::web::{
    answer::{self, Turned},
    cookie,
    form::Form,
    visit::Visit,
};

/// Signs somebody out, where they are; and at the provider, if they came from there, where anybody after them could come from
/// too.
pub(crate) async fn sign_out(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "sign_out").await?;
    Form::of(&visit, &mut payload.into_inner()).await?;
    let session = visit.session;
    visit.portal.people(move |people| people.end_session(session)).await?;
    let provider = visit.portal.provider.as_ref();
    let theirs = provider.filter(|provider| visit.person.issuer.as_deref() == Some(provider.issuer()));
    let elsewhere = match theirs {
        Some(provider) => provider.sign_out_url().await.map(|url| (url, provider.host())),
        None => None,
    };
    let mut led = match elsewhere {
        None => answer::to(&http, "/sign-in"),
        Some((url, host)) => go_on(&url, host),
    };
    led.add_cookie(&cookie::gone()).map_err(|error| Turned::Unavailable(error.to_string()))?;
    Ok(led)
}

/// A page that leads on by itself. A redirect would be the answer to a form, and forms may lead nowhere but here.
fn go_on(url: &str, host: &str) -> HttpResponse {
    let page = html! {
        h1 { "You are signed out here" }
        p { "You are still signed in at " (host) ", so that anybody at this browser could come back." }
        p { a.button.primary href=(url) { "Sign out there too" } }
    };
    let mut page = answer::page(layout::plain("Signed out", &page));
    if let Ok(refresh) = header::HeaderValue::try_from(format!("0; url={url}")) {
        page.headers_mut().insert(header::REFRESH, refresh);
    }
    page
}
