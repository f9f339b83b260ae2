//! The OpenID provider where people sign in to the portal, as the settings name it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use keyledger_portal::openid::{OpenIdProvider, OpenIdSettings, WhatClaimsSay};
use zeroize::Zeroizing;

use crate::settings::{HttpUrl, OpenId};

/// How long claims may be believed: less would send people away while they type, and a longer session there is not.
const SESSIONS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(12 * 60 * 60)];

/// The provider; none where people sign in here alone.
///
/// # Errors
/// One sentence: settings that do not go together, or a secret that cannot be read.
pub(crate) fn provider(settings: &OpenId) -> anyhow::Result<Option<OpenIdProvider>> {
    let Some(issuer) = &settings.issuer else {
        ensure!(
            settings.client_id.is_none()
                && settings.client_secret_file.is_none()
                && settings.portal_url.is_none(),
            "openid.client_id, openid.client_secret_file and openid.portal_url are for an OpenID provider: set openid.issuer too"
        );
        return Ok(None);
    };
    let client_id = settings.client_id.as_ref().context(
        "openid.issuer is set and openid.client_id is not: register the portal at the provider, and say by what it knows it",
    )?;
    let portal = settings
        .portal_url
        .as_ref()
        .context("openid.issuer is set and openid.portal_url is not: say where browsers find the portal")?;
    must_be_encrypted("openid.issuer", issuer)?;
    must_be_encrypted("openid.portal_url", portal)?;
    let session = settings.session.0;
    ensure!(
        (SESSIONS[0]..=SESSIONS[1]).contains(&session),
        "openid.session must be from 1m to 12h: whoever loses a role at the provider keeps it here for that long"
    );
    let claims = WhatClaimsSay {
        partner: settings.partner_claim.0.clone(),
        role: settings.role_claim.0.clone(),
        name: settings.name_claim.0.clone(),
        operator: settings.operator_role.0.clone(),
        admin: settings.admin_role.0.clone(),
    };
    ensure!(
        claims.operator != claims.admin,
        "openid.operator_role and openid.admin_role are the same: every admin would be an operator"
    );
    let provider = OpenIdProvider::new(OpenIdSettings {
        issuer: issuer.as_given().to_owned(),
        client_id: client_id.0.clone(),
        client_secret: settings.client_secret_file.as_deref().map(secret).transpose()?,
        portal: portal.as_given().to_owned(),
        scopes: settings.scopes.split_whitespace().map(str::to_owned).collect(),
        claims,
        session_seconds: u32::try_from(session.as_secs()).unwrap_or(u32::MAX),
    })?;
    Ok(Some(provider))
}

/// Codes, and what is paid with them, would be read on the way.
fn must_be_encrypted(name: &str, url: &HttpUrl) -> anyhow::Result<()> {
    ensure!(
        url.as_url().scheme() == "https" || url.is_loopback(),
        "{name} is {url}, and others could read what goes there: give its https address"
    );
    Ok(())
}

/// The client's secret, without the line's end that editors put behind it.
fn secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let found = fs::metadata(path)
        .with_context(|| format!("cannot read {}: correct openid.client_secret_file", path.display()))?;
    ensure!(
        found.permissions().mode() & 0o077 == 0,
        "{}, which holds the secret of the OpenID client, can be read by others: chmod 600 it",
        path.display()
    );
    let text = Zeroizing::new(
        fs::read_to_string(path)
            .with_context(|| format!("cannot read {}: correct openid.client_secret_file", path.display()))?,
    );
    let secret = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    ensure!(!secret.is_empty(), "{} is empty: put the secret of the OpenID client into it", path.display());
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Sources, load};

    fn found(variables: &[(&str, &str)]) -> Result<bool, String> {
        let variables =
            variables.iter().map(|(name, value)| (format!("KEYLEDGER_OPENID__{name}"), (*value).to_owned()));
        let sources = Sources { variables: variables.collect(), ..Sources::default() };
        let settings = load(&sources).expect("settings").settings;
        provider(&settings.openid).map(|provider| provider.is_some()).map_err(|error| error.to_string())
    }

    const SOUND: [(&str, &str); 3] = [
        ("ISSUER", "https://idp.example.com/realms/company"),
        ("CLIENT_ID", "keyledger"),
        ("PORTAL_URL", "https://keys.example.com"),
    ];

    fn with(name: &'static str, value: &'static str) -> Result<bool, String> {
        let others = SOUND.into_iter().filter(|(other, _)| *other != name);
        found(&others.chain([(name, value)]).collect::<Vec<_>>())
    }

    #[test]
    fn without_an_issuer_there_is_none_and_with_one_it_needs_a_client_and_a_way_back() {
        assert_eq!(found(&[]), Ok(false));
        assert_eq!(found(&SOUND), Ok(true));
        let refusal = |variables: &[(&str, &str)]| found(variables).expect_err("a refusal");
        assert!(refusal(&SOUND[..1]).contains("openid.client_id is not"));
        assert!(refusal(&SOUND[..2]).contains("openid.portal_url is not"));
        assert!(refusal(&SOUND[1..]).contains("set openid.issuer too"));
    }

    #[test]
    fn what_others_could_read_or_would_make_everybody_an_operator_is_refused() {
        let refused = |name, value, why: &str| {
            let refusal = with(name, value).expect_err("a refusal");
            assert!(refusal.contains(why), "{refusal}");
        };
        refused("ISSUER", "http://idp.example.com", "give its https address");
        refused("PORTAL_URL", "http://keys.example.com", "give its https address");
        refused("ADMIN_ROLE", "operator", "every admin would be an operator");
        refused("SESSION", "59s", "from 1m to 12h");
        refused("SESSION", "13h", "from 1m to 12h");
        assert_eq!(with("ISSUER", "http://127.0.0.1:9090"), Ok(true), "nobody else reads there");
    }

    #[test]
    fn a_secret_is_for_its_owner_alone_and_not_empty() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("secret");
        let told = || secret(&path).map(|secret| secret.to_string()).map_err(|error| error.to_string());
        assert!(told().is_err_and(|error| error.contains("correct openid.client_secret_file")));
        fs::write(&path, "hunter2\r\n").expect("a file");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        mode(0o640);
        assert!(told().is_err_and(|error| error.contains("chmod 600") && !error.contains("hunter2")));
        mode(0o600);
        assert_eq!(told().as_deref(), Ok("hunter2"));
        fs::write(&path, "\n").expect("a file");
        assert!(told().is_err_and(|error| error.contains("is empty")));
    }
}
