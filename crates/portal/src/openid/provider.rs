use std::{fmt, time::Duration};

use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClientId, ClientSecret,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl,
    LogoutRequest, OAuth2TokenResponse as _, PkceCodeChallenge, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, SubjectIdentifier, TokenResponse as _, UserInfoClaims, UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::{sync::Semaphore, time::timeout};
use zeroize::Zeroizing;

use super::{
    Attempt, Vouched, WhatClaimsSay,
    discovered::Discovered,
    outgoing::{NoAnswer, Outgoing},
};

/// How long somebody waits who signs out, where nothing is known of the provider yet.
const BRIEFLY: Duration = Duration::from_secs(2);

/// How many sign-ins are finished at once. More would only wait for the provider together.
const AT_ONCE: usize = 32;

/// Signatures that only the provider can make. With a secret that both sides know either could have.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What has to be known of a provider. It has no `Debug`: it holds a secret.
pub struct OpenIdSettings {
    /// Its issuer, from which everything else of it is discovered.
    pub issuer: String,
    /// By what it knows us.
    pub client_id: String,
    /// What it gave us to show; none for a client without one.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where browsers reach the portal, without a path.
    pub portal: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Which claims say what.
    pub claims: WhatClaimsSay,
    /// For how long its claims are believed, in seconds: whoever is signed in for longer has to come from it again.
    pub session_seconds: u32,
}

/// The settings name no provider.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask an OpenID provider: {0}")]
pub struct UnusableSettings(String);

/// A provider that people sign in at.
pub struct OpenIdProvider {
    issuer: IssuerUrl,
    host: String,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    start: String,
    after_sign_out: PostLogoutRedirectUrl,
    scopes: Vec<Scope>,
    claims: WhatClaimsSay,
    session_seconds: u32,
    outgoing: Outgoing,
    discovered: Discovered<ProviderMetadataWithLogout>,
    at_once: Semaphore,
}

/// Why somebody was not signed in elsewhere. It is for the log: whoever is refused learns only that they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The provider does not answer, or not as one does.
    NoProvider(String),
    /// What it was asked with, or what it answered, is not what it has to be.
    NotProven(String),
    /// Too many are on their way already.
    TooMany,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProvider(why) | Self::NotProven(why) => f.write_str(why),
            Self::TooMany => f.write_str("too many sign in at once"),
        }
    }
}

/// Every claim that the standard does not know.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Client = openidconnect::Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl OpenIdProvider {
    /// Where browsers come back to.
    pub(crate) const CALLBACK: &str = "/sign-in/openid/callback";
    /// Where they begin.
    pub(crate) const START: &str = "/sign-in/openid";

    /// A provider with these settings. It is not asked yet: it may be away while the registry starts.
    ///
    /// # Errors
    /// [`UnusableSettings`].
    pub fn new(settings: OpenIdSettings) -> Result<Self, UnusableSettings> {
        let unusable = |error: &dyn fmt::Display| UnusableSettings(error.to_string());
        // Issuers are compared letter by letter, so it stays as it is written.
        let issuer = IssuerUrl::new(settings.issuer).map_err(|error| unusable(&error))?;
        let portal = settings.portal.trim_end_matches('/');
        let here = |path: &str| format!("{portal}{path}");
        Ok(Self {
            host: issuer.url().host_str().unwrap_or_default().to_owned(),
            issuer,
            client_id: ClientId::new(settings.client_id),
            client_secret: settings.client_secret.map(|secret| ClientSecret::new(secret.to_string())),
            redirect: RedirectUrl::new(here(Self::CALLBACK)).map_err(|error| unusable(&error))?,
            start: here(Self::START),
            after_sign_out: PostLogoutRedirectUrl::new(here("/sign-in")).map_err(|error| unusable(&error))?,
            scopes: settings.scopes.into_iter().map(Scope::new).collect(),
            claims: settings.claims,
            session_seconds: settings.session_seconds,
            outgoing: Outgoing::new().map_err(|error| unusable(&error))?,
            discovered: Discovered::new(),
            at_once: Semaphore::new(AT_ONCE),
        })
    }

    /// Its issuer: whose word it is.
    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// For people: where they are led.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Where signing in there begins, by the name that the provider knows: the browser has to come back to the same one.
    pub(crate) fn start(&self) -> &str {
        &self.start
    }

    pub(crate) fn session_seconds(&self) -> u32 {
        self.session_seconds
    }

    /// Where a browser goes to sign in; and is asked who is there, where it is to be somebody else than last time.
    pub(crate) async fn sign_in_url(
        &self,
        attempt: &Attempt,
        somebody_else: bool,
    ) -> Result<String, Refused> {
        let client = self.client(&*self.discovered.get(|| self.discover()).await?);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&attempt.verifier());
        let asked = *attempt;
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || asked.state(),
                move || asked.nonce(),
            )
            .set_pkce_challenge(challenge);
        for scope in &self.scopes {
            request = request.add_scope(scope.clone());
        }
        if somebody_else {
            // Without this a provider that knows somebody sends the same account again, without a word.
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        Ok(request.url().0.into())
    }

    /// Where a browser goes to sign out there too; none where the provider has no such place, or does not answer.
    pub(crate) async fn sign_out_url(&self) -> Option<String> {
        let metadata = match self.discovered.known() {
            Some(known) => known,
            None => timeout(BRIEFLY, self.discovered.get(|| self.discover())).await.ok()?.ok()?,
        };
        let end = metadata.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(end)
            .set_client_id(self.client_id.clone())
            .set_post_logout_redirect_uri(self.after_sign_out.clone());
        Some(request.http_get_url().into())
    }

    /// What it vouches for, for the code that a browser brought back from this attempt.
    pub(crate) async fn redeem(&self, attempt: &Attempt, code: String) -> Result<Vouched, Refused> {
        let _turn = self.at_once.try_acquire().map_err(|_| Refused::TooMany)?;
        let metadata = self.discovered.get(|| self.discover()).await?;
        let asking = |request| self.outgoing.ask(request);
        let client = self.client(&metadata);
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Refused::NoProvider(error.to_string()))?
            .set_pkce_verifier(attempt.verifier());
        let tokens = request.request_async(&asking).await.map_err(no_tokens)?;
        let token = tokens.id_token().ok_or_else(|| Refused::NotProven("there is no ID token".to_owned()))?;
        let claims = match token.claims(&self.verifier(&client), &attempt.nonce()) {
            Ok(claims) => claims,
            Err(openidconnect::ClaimsVerificationError::SignatureVerification(_)) => {
                // It may have begun to sign with another key since it was asked.
                let client = self.client(&*self.discovered.get_newer(|| self.discover()).await?);
                token
                    .claims(&self.verifier(&client), &attempt.nonce())
                    .map_err(|error| not_proven("the ID token", &error))?
            }
            Err(error) => return Err(not_proven("the ID token", &error)),
        };
        let subject = claims.subject();
        let mut all = object(claims);
        if !self.claims.is_all_in(&all) {
            // Some say more of a person there than in a token. What the token says is signed, and stays.
            for (name, value) in self.more_claims(&client, tokens.access_token(), subject).await? {
                all.entry(name).or_insert(value);
            }
        }
        Ok(self.claims.of(subject, &all))
    }

    async fn more_claims(
        &self,
        client: &Client,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Map<String, Value>, Refused> {
        // Without such a place what the token said is all there is. Where it does not answer, what it would have said is not
        // known, and nobody loses a role by that.
        let Ok(request) = client.user_info(token.clone(), Some(subject.clone())) else {
            return Ok(Map::new());
        };
        let asking = |request| self.outgoing.ask(request);
        match request.request_async::<OtherClaims, _, CoreGenderClaim>(&asking).await {
            Ok(info) => Ok(object::<UserInfoClaims<OtherClaims, CoreGenderClaim>>(&info)),
            Err(error @ UserInfoError::ClaimsVerification(_)) => Err(not_proven("userinfo", &error)),
            Err(UserInfoError::Request(why)) => {
                Err(Refused::NoProvider(format!("userinfo: {}", chain(&why))))
            }
            // What cannot be read could be anything, and somebody's own.
            Err(_) => Err(Refused::NoProvider("the answer of userinfo cannot be read".to_owned())),
        }
    }

    fn verifier<'a>(&self, client: &'a Client) -> openidconnect::core::CoreIdTokenVerifier<'a> {
        client.id_token_verifier().set_allowed_algs(SIGNATURES)
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        let taken = metadata.token_endpoint_auth_methods_supported();
        // The standard's default is the header; some take the form alone.
        let in_form = taken.is_some_and(|taken| {
            !taken.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && taken.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let how = if in_form { AuthType::RequestBody } else { AuthType::BasicAuth };
        Client::from_provider_metadata(metadata.clone(), self.client_id.clone(), self.client_secret.clone())
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(how)
    }

    async fn discover(&self) -> Result<ProviderMetadataWithLogout, Refused> {
        let asking = |request| self.outgoing.ask(request);
        let said = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &asking).await;
        said.map_err(|error| Refused::NoProvider(chain(&error)))
    }
}

/// Why a code got no tokens. Of what the provider answers only the error's name is told, and that only where it is one of the
/// standard's: what stands beside it could be anything.
fn no_tokens(error: RequestTokenError<NoAnswer, StandardErrorResponse<CoreErrorResponseType>>) -> Refused {
    match error {
        RequestTokenError::Request(why) => Refused::NoProvider(chain(&why)),
        RequestTokenError::ServerResponse(answer) => {
            let why = match answer.error() {
                CoreErrorResponseType::Extension(_) => "an error that is not in the standard".to_owned(),
                known => known.to_string(),
            };
            Refused::NotProven(format!("the code is refused: {why}"))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Refused::NoProvider("the answer to a code cannot be read".to_owned())
        }
    }
}

fn not_proven(what: &str, error: &dyn std::error::Error) -> Refused {
    Refused::NotProven(format!("{what} is refused: {}", chain(error)))
}

/// An error with what caused it: of a connection, of what a provider says of itself, or of a check. Those of checks quote issuers,
/// audiences and times, and no secret.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

/// All of some claims, by their names.
fn object<T: Serialize>(claims: &T) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => claims,
        Ok(_) | Err(_) => Map::new(),
    }
}
