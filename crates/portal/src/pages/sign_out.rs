use actix_web::{HttpRequest, HttpResponse, web};

use crate::web::{
    answer::{self, Turned},
    cookie,
    form::Form,
    visit::Visit,
};

/// Signs somebody out, where they are.
pub(crate) async fn sign_out(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "sign_out").await?;
    Form::of(&visit, &mut payload.into_inner()).await?;
    let session = visit.session;
    visit.portal.people(move |people| people.end_session(session)).await?;
    let mut led = answer::to(&http, "/sign-in");
    led.add_cookie(&cookie::gone()).map_err(|error| Turned::Unavailable(error.to_string()))?;
    Ok(led)
}
