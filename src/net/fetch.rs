//! One request: the bytes behind a URL, or why there are none.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Url};

use super::Error;
use crate::event::Interrupt;
use crate::text::visible;

/// How often the flag of the user is looked at.
pub(super) const POLL: Duration = Duration::from_millis(20);
/// How many times a server may lead elsewhere.
const REDIRECTS: usize = 5;
/// The file with more authorities to trust, in PEM, beside the system's.
const CA_FILE: &str = "KPATCH_CA_FILE";

/// What a fetch may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of an answer.
    pub bytes: u64,
    /// The longest time until the connection stands.
    pub connect: Duration,
    /// The longest time of all.
    pub time: Duration,
    /// Whether the proxies that the environment names are used (`HTTPS_PROXY`, `NO_PROXY` and their like).
    pub proxies: bool,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { bytes: 64 << 20, connect: seconds(20), time: seconds(120), proxies: true }
    }
}

/// Fetches what `url` holds; nothing is decoded or unpacked. Redirects are followed, at most five and never from https
/// to http. A web page is an error, as it is no patch.
///
/// The authorities that the system trusts are trusted, and those in the file that `KPATCH_CA_FILE` names.
pub fn fetch(url: &str, limits: Limits, interrupt: &Interrupt) -> Result<Vec<u8>, Error> {
    let address = Url::parse(url).map_err(|_| Error::Address { url: visible(url.as_bytes()) })?;
    let shown = shown(&address);
    let (sender, receiver) = mpsc::channel();
    let abandoned = Arc::new(AtomicBool::new(false));
    // A read cannot be interrupted, so it is left alone with its thread, which ends by itself.
    let request = Request { url: address, shown: shown.clone(), limits, abandoned: Arc::clone(&abandoned) };
    std::thread::spawn(move || sender.send(request.run()));
    let deadline = Instant::now() + limits.time;
    let result = loop {
        if interrupt.is_raised() {
            break Err(Error::Interrupted { url: shown });
        }
        match receiver.recv_timeout(POLL) {
            Ok(result) => break result,
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
            Err(RecvTimeoutError::Timeout) => {
                break Err(Error::TimedOut { url: shown, seconds: limits.time.as_secs() });
            }
            Err(RecvTimeoutError::Disconnected) => {
                break Err(Error::Unreachable { url: shown, source: "the connection ended in an unknown way".into() });
            }
        }
    };
    abandoned.store(true, Ordering::Relaxed);
    result
}

/// A request on a thread of its own.
struct Request {
    url: Url,
    shown: String,
    limits: Limits,
    abandoned: Arc<AtomicBool>,
}

impl Request {
    fn run(&self) -> Result<Vec<u8>, Error> {
        let client = client(&self.shown, self.limits, Policy::custom(redirect), Some(self.limits.time))?;
        let failed = |error| failed(error, &self.shown, self.limits);
        let mut response = client.get(self.url.clone()).send().map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(Error::Status { url: self.shown.clone(), status: status.as_u16() });
        }
        let too_large = || Error::TooLarge { url: self.shown.clone(), limit: self.limits.bytes };
        if response.content_length().is_some_and(|length| length > self.limits.bytes) {
            return Err(too_large());
        }
        let is_page = is_html_type(&response);
        let body = self.body(&mut response)?.ok_or_else(too_large)?;
        if is_page || is_html(&body) {
            return Err(Error::Page { url: self.shown.clone() });
        }
        Ok(body)
    }

    /// All bytes of the answer; `None` if they are too many.
    fn body(&self, response: &mut Response) -> Result<Option<Vec<u8>>, Error> {
        let mut body = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            if self.abandoned.load(Ordering::Relaxed) {
                return Err(Error::Interrupted { url: self.shown.clone() });
            }
            let read = response.read(&mut buffer).map_err(|error| cut_off(error, &self.shown, self.limits))?;
            if read == 0 {
                return Ok(Some(body));
            }
            if body.len() as u64 + read as u64 > self.limits.bytes {
                return Ok(None);
            }
            body.extend_from_slice(&buffer[..read]);
        }
    }
}

/// What asks servers. Without a `time` a request may take as long as it likes.
pub(super) fn client(shown: &str, limits: Limits, redirect: Policy, time: Option<Duration>) -> Result<Client, Error> {
    // Another part of the process may have chosen a provider before; then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("kpatch/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(time)
        .referer(false)
        .redirect(redirect);
    if !limits.proxies {
        builder = builder.no_proxy();
    }
    if let Some(file) = std::env::var_os(CA_FILE).filter(|file| !file.is_empty()) {
        builder = builder.tls_certs_merge(certificates(&PathBuf::from(file))?);
    }
    builder.build().map_err(|error| failed(error, shown, limits))
}

/// What an error of a request means.
pub(super) fn failed(error: reqwest::Error, shown: &str, limits: Limits) -> Error {
    let url = shown.to_owned();
    // The URL may hold a password, and is said already.
    let error = error.without_url();
    if error.is_timeout() {
        Error::TimedOut { url, seconds: limits.time.as_secs() }
    } else if error.is_redirect() {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Error::Redirect { url, reason: visible(reason.as_bytes()) }
    } else {
        Error::Unreachable { url, source: error.into() }
    }
}

/// What an error while an answer is read means.
pub(super) fn cut_off(error: std::io::Error, shown: &str, limits: Limits) -> Error {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => failed(error, shown, limits),
        Err(error) => Error::Unreachable { url: shown.to_owned(), source: error.into() },
    }
}

/// Follows to https, and to the scheme that it came by.
pub(super) fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let before = attempt.previous().last().map_or("https", Url::scheme);
    if attempt.previous().len() > REDIRECTS {
        attempt.error("it leads to too many other places")
    } else if attempt.url().scheme() == "https" || (attempt.url().scheme() == "http" && before == "http") {
        attempt.follow()
    } else {
        attempt.error("it leads to a place without https")
    }
}

fn certificates(file: &std::path::Path) -> Result<Vec<Certificate>, Error> {
    let shown = || visible(file.as_os_str().as_encoded_bytes());
    let text = std::fs::read(file).map_err(|error| Error::Certificates { file: shown(), source: error.into() })?;
    let found = Certificate::from_pem_bundle(&text)
        .map_err(|error| Error::Certificates { file: shown(), source: error.into() })?;
    if found.is_empty() {
        return Err(Error::Certificates { file: shown(), source: "there are none in it".into() });
    }
    Ok(found)
}

/// A URL for messages, without user and password.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL without a host has no place for these.
    let _ = (url.set_username(""), url.set_password(None));
    visible(url.as_str().as_bytes())
}

pub(super) fn is_html_type(response: &Response) -> bool {
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["text/html", "application/xhtml"].iter().any(|html| kind.trim_start().to_ascii_lowercase().starts_with(html))
}

/// What a browser takes for a page, whatever the server calls it.
fn is_html(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}
