use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_domain::envelope::uuid_v7;
use maud::html;
use serde::Deserialize;

use super::{layout, sign_in};
use crate::{
    openid::{Attempt, OpenIdProvider, Refused},
    people::PersonId,
    web::{
        answer::{self, Turned},
        cookie,
        safe::must_be_safe,
        visit::portal,
    },
};

/// What a provider sends a browser back with.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// What is asked for with [`OpenIdProvider::START`] where the account that the provider knows already is the wrong one.
const SOMEBODY_ELSE: &str = "as=somebody-else";

/// Leads somebody to the provider.
pub(crate) async fn begin(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let portal = portal(&http);
    let provider = portal.provider.as_ref().ok_or(Turned::NotFound)?;
    must_be_safe(&portal, &http)?;
    let attempt = Attempt::draw(&*portal.randomness);
    match provider.sign_in_url(&attempt, http.query_string() == SOMEBODY_ELSE).await {
        Ok(url) => with(answer::away(&url), cookie::of_attempt(&attempt)),
        Err(refused) => Ok(not_signed_in(provider, &refused)),
    }
}

/// Signs somebody in who comes back from the provider.
pub(crate) async fn come_back(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let portal = portal(&http);
    let provider = portal.provider.as_ref().ok_or(Turned::NotFound)?;
    must_be_safe(&portal, &http)?;
    let answer = web::Query::<Answer>::from_query(http.query_string());
    let vouched = match (cookie::attempt(&http), answer) {
        (Some(attempt), Ok(web::Query(answer))) => redeem(provider, &attempt, answer).await,
        _ => Err(Refused::NotProven("a browser came back that did not go, or went long ago".to_owned())),
    };
    let vouched = match vouched {
        Ok(vouched) => vouched,
        // Another answer to the same attempt is none.
        Err(refused) => return with(not_signed_in(provider, &refused), cookie::no_attempt()),
    };
    let (now, issuer) = (portal.clock.now(), provider.issuer().to_owned());
    let id = PersonId(uuid_v7(now, portal.random()));
    let admitted = portal.people(move |people| people.admit(&issuer, &vouched, id, now)).await?;
    let welcomed = match &admitted {
        Some(person) => sign_in::welcome(&http, person, None).await?,
        None => None,
    };
    with(welcomed.unwrap_or_else(|| not_admitted(provider)), cookie::no_attempt())
}

async fn redeem(
    provider: &OpenIdProvider,
    attempt: &Attempt,
    answer: Answer,
) -> Result<crate::openid::Vouched, Refused> {
    let not_proven = |why: &str| Err(Refused::NotProven(why.to_owned()));
    if !attempt.is_meant_by(&answer.state) {
        return not_proven("the answer is not to this browser's attempt (state)");
    }
    // RFC 9207: an answer that says whose it is says so truly.
    if answer.iss.is_some_and(|issuer| issuer != provider.issuer()) {
        return not_proven("the answer is another provider's (iss)");
    }
    match (answer.code, answer.error) {
        (Some(code), None) => provider.redeem(attempt, code).await,
        // What it says beside is for its own people; it could be anything.
        (None, Some(error)) if error == "access_denied" => not_proven("somebody chose not to sign in"),
        _ => not_proven("the provider answered with an error"),
    }
}

/// The same words for every cause: what is wrong with an answer is nobody's business but the registry's.
fn not_signed_in(provider: &OpenIdProvider, refused: &Refused) -> HttpResponse {
    let (status, text) = match refused {
        Refused::NoProvider(why) => {
            tracing::error!(why, "the OpenID provider does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "does not answer at this moment. Try again in a little while.")
        }
        Refused::TooMany => {
            (StatusCode::TOO_MANY_REQUESTS, "is asked by too many at once. Try again in a little while.")
        }
        Refused::NotProven(why) => {
            tracing::warn!(why, "a sign-in by OpenID Connect was refused");
            (StatusCode::FORBIDDEN, "did not sign you in, or took too long. Start again from here.")
        }
    };
    notice(status, &format!("{} {text}", provider.host()), ("Back to sign-in", "/sign-in"))
}

fn not_admitted(provider: &OpenIdProvider) -> HttpResponse {
    tracing::info!("somebody signed in by OpenID Connect who may not come in");
    let host = provider.host();
    notice(
        StatusCode::FORBIDDEN,
        &format!(
            "You signed in at {host}, but your account there has no access here. Ask whoever runs this registry."
        ),
        ("Sign in as somebody else", &format!("{}?{SOMEBODY_ELSE}", provider.start())),
    )
}

fn notice(status: StatusCode, text: &str, (label, path): (&str, &str)) -> HttpResponse {
    let page = html! {
        h1 { "You are not signed in" }
        p role="alert" { (text) }
        p { a.button href=(path) { (label) } }
    };
    answer::html(status, layout::plain("Not signed in", &page))
}

fn with(mut answer: HttpResponse, cookie: actix_web::cookie::Cookie<'_>) -> Result<HttpResponse, Turned> {
    answer.add_cookie(&cookie).map_err(|error| Turned::Unavailable(error.to_string()))?;
    Ok(answer)
}
