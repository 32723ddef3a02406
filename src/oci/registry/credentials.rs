//! Who we are to a registry: what `docker login` and `podman login` have kept, in their files or with their helpers.

use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::super::Error;
use super::HUB;
use super::failure::Cause;
use super::scheme::Server;

/// What is known of us for one registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nothing.
    Anonymous,
    /// A name and a password.
    Password(String, String),
    /// A token that others are had for (`identitytoken`).
    Identity(String),
}

impl Credential {
    /// The name for messages.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Password(user, _) => Some(user),
            Self::Identity(_) => Some("the token that docker keeps"),
        }
    }
}

/// What docker's `config.json` says of `host`, else podman's `auth.json`.
pub(super) fn find(host: &str) -> Result<Credential, Error> {
    let keys = match host {
        HUB => vec!["https://index.docker.io/v1/".to_owned(), "index.docker.io".to_owned(), HUB.to_owned()],
        _ => vec![host.to_owned(), format!("https://{host}")],
    };
    for look in [docker_credential::get_credential, docker_credential::get_podman_credential] {
        for key in &keys {
            match look(key) {
                Ok(DockerCredential::UsernamePassword(user, password)) if user == "<token>" => {
                    return Ok(Credential::Identity(password));
                }
                Ok(DockerCredential::UsernamePassword(user, password)) => {
                    return Ok(Credential::Password(user, password));
                }
                Ok(DockerCredential::IdentityToken(token)) => return Ok(Credential::Identity(token)),
                Err(error) => refuse(host, &error)?,
            }
        }
    }
    Ok(Credential::Anonymous)
}

/// An error for what is there and cannot be used; what is not there is none.
fn refuse(host: &str, error: &CredentialRetrievalError) -> Result<(), Error> {
    let why = match error {
        CredentialRetrievalError::ConfigReadError => match docker_config().filter(|path| path.is_file()) {
            Some(path) => format!("'{}' cannot be understood", path.display()),
            None => return Ok(()),
        },
        CredentialRetrievalError::CredentialDecodingError | CredentialRetrievalError::CredentialMismatchError => {
            format!("what is kept for {host} cannot be understood")
        }
        CredentialRetrievalError::HelperCommunicationError => "the helper that keeps them cannot be run".to_owned(),
        CredentialRetrievalError::MalformedHelperResponse => "the helper's answer cannot be understood".to_owned(),
        // A helper that fails has nothing for this registry, which it says in words of its own.
        _ => return Ok(()),
    };
    let hint = Some(format!("docker login {host}"));
    Err(Error::Registry { what: format!("read the credentials for {host}"), why, hint })
}

/// Docker's `config.json`.
fn docker_config() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker"));
    Some(std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home)?.join("config.json"))
}

/// The form in which the registry client takes it.
pub(super) async fn auth(
    credential: &Credential,
    server: &Server,
    web: &reqwest::Client,
    name: &str,
) -> Result<RegistryAuth, Cause> {
    match credential {
        Credential::Anonymous => Ok(RegistryAuth::Anonymous),
        Credential::Password(user, password) => Ok(RegistryAuth::Basic(user.clone(), password.clone())),
        Credential::Identity(token) => match server.challenge.as_deref().and_then(Challenge::read) {
            Some(challenge) => exchange(&challenge, token, web, name).await.map(RegistryAuth::Bearer),
            None => Ok(RegistryAuth::Bearer(token.clone())),
        },
    }
}

/// Where tokens are had, by the `Bearer` challenge of RFC 6750.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    realm: String,
    service: String,
}

impl Challenge {
    fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let value = |name: &str| {
            let start = rest.find(&format!("{name}=\""))? + name.len() + 2;
            Some(rest[start..start + rest[start..].find('"')?].to_owned())
        };
        let service = value("service").unwrap_or_default();
        scheme.eq_ignore_ascii_case("Bearer").then(|| Some(Self { realm: value("realm")?, service }))?
    }
}

/// Gets a token for one repository with the token that docker keeps (OAuth 2, RFC 6749 section 6).
async fn exchange(challenge: &Challenge, token: &str, web: &reqwest::Client, name: &str) -> Result<String, Cause> {
    let scope = format!("repository:{name}:pull,push");
    let fields = [
        ("grant_type", "refresh_token"),
        ("service", &challenge.service),
        ("client_id", "kpatch"),
        ("scope", &scope),
        ("refresh_token", token),
    ];
    let strange = |why: &str| Cause::Strange(why.to_owned());
    let encoded = reqwest::Url::parse_with_params("http://localhost/", fields).map_err(|_| strange("no form"))?;
    let request = web
        .post(&challenge.realm)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(encoded.query().unwrap_or_default().to_owned());
    let answer = request.send().await.map_err(|error| Cause::of_request(&error))?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|error| Cause::of_request(&error))?;
    if !(200..300).contains(&status) {
        return Err(if matches!(status, 400 | 401 | 403) {
            Cause::Unauthorized
        } else {
            Cause::of_status(status, &text)
        });
    }
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| strange("no token came"))?;
    let token = ["access_token", "token"].iter().find_map(|name| value.get(name)?.as_str());
    token.map(str::to_owned).ok_or_else(|| strange("no token came"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_says_where_tokens_are() {
        let read =
            Challenge::read(r#"Bearer realm="https://auth.example.org/token",service="r.example.org",error="x""#);
        let expected = Challenge { realm: "https://auth.example.org/token".into(), service: "r.example.org".into() };
        assert_eq!(read, Some(expected));
        assert_eq!(Challenge::read(r#"Basic realm="x""#), None);
        assert_eq!(Challenge::read("Bearer"), None);
    }
}
