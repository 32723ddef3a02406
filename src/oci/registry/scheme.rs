//! Whether a registry speaks https or plain http, and how it wants to be asked.

use reqwest::Client;

use super::failure::Cause;
use super::trust::Root;
use super::{Access, CONNECT, HUB, READ};

/// How we name ourselves.
pub(super) const USER_AGENT: &str = concat!("kpatch/", env!("CARGO_PKG_VERSION"));

/// How a registry is reached.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// Without https.
    pub(super) plain: bool,
    /// What it says to somebody without credentials (`WWW-Authenticate`).
    pub(super) challenge: Option<String>,
    /// It has said, in plain http, that it wants https.
    is_for_https: bool,
}

/// A client for what `oci-client` does not do.
pub(super) fn web_client(host: &str, roots: &[Root], access: Access) -> Result<Client, reqwest::Error> {
    let roots = roots.iter().map(Root::for_web).collect::<Result<Vec<_>, _>>()?;
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .tls_certs_merge(roots)
        .danger_accept_invalid_certs(access.insecure);
    if is_loopback(host) {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// Asks the registry for its version: https first, and plain http where that is allowed and https is not spoken.
pub(super) async fn find(web: &Client, host: &str, access: Access) -> Result<Server, Cause> {
    let may_be_plain = access.insecure || is_loopback(host);
    let secure = ask(web, host, false).await;
    match secure {
        // A server without https answers to it in its own way, or not at all.
        Err(why @ (Cause::PlainHttp | Cause::Lost)) if may_be_plain => {
            let plain = ask(web, host, true).await?;
            if plain.is_for_https { Err(why) } else { Ok(plain) }
        }
        other => other,
    }
}

async fn ask(web: &Client, host: &str, plain: bool) -> Result<Server, Cause> {
    let scheme = if plain { "http" } else { "https" };
    let address = if host == HUB { "index.docker.io" } else { host };
    let answer = web.get(format!("{scheme}://{address}/v2/")).send().await;
    let answer = answer.map_err(|error| Cause::of_request(&error))?;
    let header = answer.headers().get("www-authenticate").and_then(|header| header.to_str().ok());
    let challenge = header.map(str::to_owned);
    // What servers answer to plain http where they speak https; nothing else makes them refuse this request.
    let is_for_https = plain && answer.status() == reqwest::StatusCode::BAD_REQUEST;
    Ok(Server { plain, challenge, is_for_https })
}

/// True for names of this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "registry.localhost:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["docker.io", "127.0.0.1.example.org", "mylocalhost", "10.0.0.1:5000"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
