//! What a failure comes from, in words that help, and whether it may pass.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use oci_client::errors::{OciDistributionError, OciEnvelope, OciErrorCode};

use super::super::Error;
use crate::text::visible;

/// Longest text of a server that is shown, in characters.
const SHOWN: usize = 300;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nothing listens there.
    Refused,
    /// The host has no address.
    Unresolved,
    /// The certificate is signed by somebody unknown.
    UnknownAuthority,
    /// The certificate is not good for another reason.
    Certificate(String),
    /// The server does not speak https.
    PlainHttp,
    /// Who we are is not known, or not proved.
    Unauthorized,
    /// Who we are may not do it.
    Denied(String),
    /// There is no such thing.
    NotFound,
    /// The upload that was begun is gone.
    UploadGone,
    /// The server has too much to do, or a fault of its own, by its status and its words.
    Busy(u16, String),
    /// The server has no room left, which waiting does not change.
    Full,
    /// The server does not want it, by its status and its words.
    Rejected(u16, String),
    /// The connection ended.
    Lost,
    /// No answer came in time.
    TimedOut,
    /// What came is not what was asked for.
    Strange(String),
}

impl Cause {
    /// The cause of an error of the client.
    pub(super) fn of(error: &OciDistributionError) -> Self {
        match error {
            OciDistributionError::RequestError(error) => Self::of_request(error),
            OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
                Self::Unauthorized
            }
            OciDistributionError::ImageManifestNotFoundError(_) => Self::NotFound,
            OciDistributionError::RegistryError { envelope, .. } => Self::of_envelope(400, envelope),
            OciDistributionError::ServerError { code, message, .. } => Self::of_status(*code, message),
            OciDistributionError::IoError(error) => Self::of_chain(error).unwrap_or(Self::Lost),
            other => Self::Strange(short(&other.to_string())),
        }
    }

    /// The cause of an error of the web client.
    pub(super) fn of_request(error: &reqwest::Error) -> Self {
        if let Some(status) = error.status() {
            return Self::of_status(status.as_u16(), "");
        }
        if let Some(cause) = Self::of_chain(error) {
            return cause;
        }
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_decode() || error.is_redirect() || error.is_builder() {
            Self::Strange(short(&chain(error).last().map_or_else(String::new, ToString::to_string)))
        } else {
            Self::Lost
        }
    }

    /// The cause by the status of an answer and its body.
    pub(super) fn of_status(status: u16, body: &str) -> Self {
        if status >= 500 && is_full(body) {
            return Self::Full;
        }
        let envelope = serde_json::from_str::<OciEnvelope>(body).ok();
        if let Some(envelope) = envelope.filter(|envelope| !envelope.errors.is_empty()) {
            return Self::of_envelope(status, &envelope);
        }
        match status {
            401 => Self::Unauthorized,
            403 => Self::Denied(String::new()),
            404 => Self::NotFound,
            408 | 425 | 429 | 500..=599 => Self::Busy(status, short(body)),
            _ => Self::Rejected(status, short(body)),
        }
    }

    fn of_envelope(status: u16, envelope: &OciEnvelope) -> Self {
        let Some(first) = envelope.errors.first() else { return Self::Rejected(status, String::new()) };
        let said = short(&first.message);
        match first.code {
            OciErrorCode::Unauthorized => Self::Unauthorized,
            OciErrorCode::Denied => Self::Denied(said),
            OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound => Self::NotFound,
            OciErrorCode::BlobUploadUnknown | OciErrorCode::BlobUploadInvalid => Self::UploadGone,
            OciErrorCode::Toomanyrequests => Self::Busy(429, said),
            _ if status == 401 => Self::Unauthorized,
            _ if status == 404 => Self::NotFound,
            _ if status == 429 || status >= 500 => Self::Busy(status, said),
            _ => Self::Rejected(status, said),
        }
    }

    /// What the errors below an error tell, if they tell anything.
    fn of_chain(error: &(dyn StdError + 'static)) -> Option<Self> {
        chain(error).find_map(|error| {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::of_tls(error));
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return match error.kind() {
                    io::ErrorKind::ConnectionRefused => Some(Self::Refused),
                    io::ErrorKind::TimedOut => Some(Self::TimedOut),
                    _ => None,
                };
            }
            error.to_string().starts_with("dns error").then_some(Self::Unresolved)
        })
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => Self::UnknownAuthority,
            rustls::Error::InvalidCertificate(why) => Self::Certificate(short(&why.to_string())),
            rustls::Error::InvalidMessage(_) => Self::PlainHttp,
            other => Self::Certificate(short(&other.to_string())),
        }
    }

    /// Whether it may go well the next time.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::Refused | Self::UploadGone | Self::Busy(..) | Self::Lost | Self::TimedOut)
    }

    /// The error for people.
    pub(super) fn explain(&self, what: &str, host: &str, user: Option<&str>, name: &str) -> Error {
        let hint = match self {
            Self::Refused => Some(format!("is the registry running, and is {host} its address?")),
            Self::Unresolved => Some("is the network there, and is the name spelled right?".to_owned()),
            Self::UnknownAuthority => Some(format!(
                "put the certificate of its authority in /etc/docker/certs.d/{host}/ca.crt, or name it with SSL_CERT_FILE or KPATCH_CA_FILE"
            )),
            Self::PlainHttp => Some("if it is to be reached without https, say --insecure".to_owned()),
            Self::Unauthorized => Some(format!("docker login {host}")),
            Self::Denied(_) => {
                Some(format!("is the name '{name}' yours? if another account may write there: docker login {host}"))
            }
            Self::Lost | Self::TimedOut | Self::Busy(..) | Self::UploadGone | Self::Full => {
                Some("run it again: what is there already is not sent again".to_owned())
            }
            _ => None,
        };
        let why = match (self, user) {
            (Self::Unauthorized, Some(user)) => {
                format!("{host} does not accept the credentials of {}", visible(user.as_bytes()))
            }
            (Self::Unauthorized, None) => format!("no credentials for {host}"),
            (Self::Denied(said), user) => {
                let user = user.map_or_else(|| "anybody".to_owned(), |user| visible(user.as_bytes()));
                format!("{host} does not let {user} do that{}", after(said))
            }
            _ => self.to_string(),
        };
        Error::Registry { what: what.to_owned(), why, hint }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nothing answers there (connection refused)"),
            Self::Unresolved => f.write_str("the host has no address"),
            Self::UnknownAuthority => {
                f.write_str("its certificate is signed by an authority that this machine does not know")
            }
            Self::Certificate(why) => write!(f, "its certificate is not accepted: {why}"),
            Self::PlainHttp => f.write_str("it does not speak https"),
            Self::Unauthorized => f.write_str("it wants credentials"),
            Self::Denied(said) => write!(f, "it is not allowed{}", after(said)),
            Self::NotFound => f.write_str("there is no such thing"),
            Self::UploadGone => f.write_str("the registry has forgotten the upload"),
            Self::Busy(status, said) | Self::Rejected(status, said) => {
                write!(f, "the registry says {status}{}", after(said))
            }
            Self::Full => f.write_str("the disk of the registry is full"),
            Self::Lost => f.write_str("the connection was lost"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::Strange(said) => write!(f, "the registry's answer cannot be used{}", after(said)),
        }
    }
}

/// Whether a server says that it has no room: in words, or by the number of the error (ENOSPC, EDQUOT) that the reference implementation
/// passes on.
fn is_full(body: &str) -> bool {
    let body = body.to_lowercase();
    ["no space left", "disk quota exceeded", "\"err\":28", "\"err\":122"].iter().any(|sign| body.contains(sign))
}

/// The words of a server behind a message.
fn after(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({said})") }
}

/// A text of a server as one line that is not long.
fn short(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    visible(line.as_bytes()).chars().take(SHOWN).collect()
}

/// An error and those that it comes from. An I/O error may be a coat around another one, which its `source` passes over.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let coated = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        coated.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| StdError::source(*error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let envelope = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","message":"m\u001b\nx"}}]}}"#);
        let cases = [
            (401, String::new(), Cause::Unauthorized),
            (403, envelope("DENIED"), Cause::Denied("m\\u{1b}".into())),
            (404, envelope("BLOB_UPLOAD_UNKNOWN"), Cause::UploadGone),
            (404, envelope("MANIFEST_UNKNOWN"), Cause::NotFound),
            (429, String::new(), Cause::Busy(429, String::new())),
            (429, envelope("TOOMANYREQUESTS"), Cause::Busy(429, "m\\u{1b}".into())),
            (503, "<html>\nlong".to_owned(), Cause::Busy(503, "<html>".into())),
            (400, envelope("MANIFEST_INVALID"), Cause::Rejected(400, "m\\u{1b}".into())),
            (
                500,
                r#"{"errors":[{"code":"UNKNOWN","message":"x","detail":{"Op":"write","Err":28}}]}"#.into(),
                Cause::Full,
            ),
            (413, String::new(), Cause::Rejected(413, String::new())),
        ];
        for (status, body, cause) in cases {
            assert_eq!(Cause::of_status(status, &body), cause, "{status} {body}");
        }
    }

    #[test]
    fn certificates_and_plain_servers_are_told_apart() {
        let wrapped = |error: rustls::Error| {
            Cause::of(&OciDistributionError::IoError(io::Error::new(io::ErrorKind::InvalidData, error)))
        };
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(wrapped(unknown.clone()), Cause::UnknownAuthority);
        // A connection puts one coat over another.
        let coated = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown));
        assert_eq!(Cause::of(&OciDistributionError::IoError(coated)), Cause::UnknownAuthority);
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        assert!(matches!(wrapped(expired), Cause::Certificate(_)));
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert_eq!(wrapped(plain), Cause::PlainHttp);
        assert_eq!(Cause::of(&OciDistributionError::IoError(io::ErrorKind::ConnectionReset.into())), Cause::Lost);
    }

    #[test]
    fn errors_name_the_way_out() {
        let error = Cause::Unauthorized.explain("push x", "r.example.org", None, "a/b");
        assert_eq!(error.to_string(), "cannot push x: no credentials for r.example.org");
        assert_eq!(error.hint().as_deref(), Some("docker login r.example.org"));
        let error = Cause::Unauthorized.explain("push x", "r.example.org", Some("me"), "a/b");
        assert_eq!(error.to_string(), "cannot push x: r.example.org does not accept the credentials of me");
        let error = Cause::Denied("no".into()).explain("push x", "r.example.org", Some("me"), "a/b");
        assert_eq!(error.to_string(), "cannot push x: r.example.org does not let me do that (no)");
    }
}
