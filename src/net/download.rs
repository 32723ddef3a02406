//! Large files: straight to the disk, and on from where an earlier attempt was cut off.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::redirect::Policy;

use super::fetch::{self, POLL, is_html_type, shown};
use super::{Error, Limits};
use crate::event::Interrupt;

/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is downloaded to where.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// The address.
    pub url: &'a str,
    /// The file, which is made or continued; its directory has to be there.
    pub to: &'a Path,
    /// The most bytes that it may come to, how long connecting may take, and whether proxies are used; the time as a whole is not limited.
    pub limits: Limits,
}

impl Download<'_> {
    /// Downloads. What `to` holds already is taken for the beginning of the same file, and only the rest is asked for; who calls this knows
    /// by a checksum whether it was. `progress` is told how many bytes are there, and of how many where the server says it.
    ///
    /// Only redirects on the same host are followed. After an error `to` holds what has come so far, unless what came cannot be the file.
    ///
    /// # Errors
    /// As [`fetch()`](super::fetch()), and when the file cannot be written.
    pub fn run(&self, interrupt: &Interrupt, mut progress: impl FnMut(u64, Option<u64>)) -> Result<u64, Error> {
        let address =
            Url::parse(self.url).map_err(|_| Error::Address { url: crate::text::visible(self.url.as_bytes()) })?;
        let shown = shown(&address);
        let (sender, receiver) = mpsc::channel();
        let abandoned = Arc::new(AtomicBool::new(false));
        let transfer = Transfer {
            url: address,
            shown: shown.clone(),
            to: self.to.to_owned(),
            limits: self.limits,
            abandoned: Arc::clone(&abandoned),
        };
        // A read cannot be interrupted, so it is left alone with its thread, which ends by itself and writes nothing more.
        let worker = std::thread::spawn(move || {
            let result = transfer.run(&mut |done, total| sender.send(Progress::Bytes(done, total)).is_ok());
            // Nobody listens any more once the work was given up.
            let _ = sender.send(Progress::End(result));
        });
        let mut heard = Instant::now();
        let result = loop {
            if interrupt.is_raised() {
                break Err(Error::Interrupted { url: shown });
            }
            match receiver.recv_timeout(POLL) {
                Ok(Progress::Bytes(done, total)) => {
                    heard = Instant::now();
                    progress(done, total);
                }
                Ok(Progress::End(result)) => break result,
                Err(RecvTimeoutError::Timeout) if heard.elapsed() < PATIENCE.max(self.limits.connect) => {}
                Err(RecvTimeoutError::Timeout) => {
                    break Err(Error::TimedOut { url: shown, seconds: PATIENCE.as_secs() });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(Error::Unreachable {
                        url: shown,
                        source: "the connection ended in an unknown way".into(),
                    });
                }
            }
        };
        abandoned.store(true, Ordering::SeqCst);
        drop(worker);
        result
    }
}

enum Progress {
    Bytes(u64, Option<u64>),
    End(Result<u64, Error>),
}

/// A transfer on a thread of its own.
struct Transfer {
    url: Url,
    shown: String,
    to: PathBuf,
    limits: Limits,
    abandoned: Arc<AtomicBool>,
}

impl Transfer {
    fn run(&self, progress: &mut dyn FnMut(u64, Option<u64>) -> bool) -> Result<u64, Error> {
        let client = self.client()?;
        let there = std::fs::metadata(&self.to).map_or(0, |found| found.len());
        let mut response = self.ask(&client, there)?;
        let mut done = there;
        if there > 0 && !continues(&response, there) {
            // It has no such rest, or does not know of rests: everything anew.
            if response.status() != StatusCode::OK {
                response = self.ask(&client, 0)?;
            }
            done = 0;
        }
        if !response.status().is_success() {
            return Err(Error::Status { url: self.shown.clone(), status: response.status().as_u16() });
        }
        if is_html_type(&response) {
            return Err(Error::Page { url: self.shown.clone() });
        }
        let total = response.content_length().map(|rest| done + rest);
        if total.is_some_and(|total| total > self.limits.bytes) {
            return Err(self.too_large());
        }
        let mut file = self.open(done)?;
        self.copy(&mut response, &mut file, done, total, progress)
    }

    fn ask(&self, client: &Client, from: u64) -> Result<Response, Error> {
        let mut request = client.get(self.url.clone());
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        request.send().map_err(|error| fetch::failed(error, &self.shown, self.limits))
    }

    fn client(&self) -> Result<Client, Error> {
        let host = self.url.host_str().map(str::to_owned);
        let port = self.url.port_or_known_default();
        let same_place = Policy::custom(move |attempt| {
            let is_same =
                attempt.url().host_str().map(str::to_owned) == host && attempt.url().port_or_known_default() == port;
            if is_same { fetch::redirect(attempt) } else { attempt.error("it leads to another host") }
        });
        fetch::client(&self.shown, self.limits, same_place, None)
    }

    fn open(&self, done: u64) -> Result<File, Error> {
        let open = || {
            let file =
                OpenOptions::new().create(true).append(done > 0).write(true).truncate(done == 0).open(&self.to)?;
            Ok(file)
        };
        open().map_err(|source| self.unwritten(source))
    }

    fn copy(
        &self,
        response: &mut Response,
        file: &mut File,
        mut done: u64,
        total: Option<u64>,
        progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
    ) -> Result<u64, Error> {
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = response.read(&mut buffer).map_err(|error| fetch::cut_off(error, &self.shown, self.limits))?;
            if self.abandoned.load(Ordering::SeqCst) {
                return Err(Error::Interrupted { url: self.shown.clone() });
            }
            if count == 0 {
                return match total {
                    Some(total) if done < total => Err(Error::Unreachable {
                        url: self.shown.clone(),
                        source: format!("the connection ended after {done} of {total} bytes").into(),
                    }),
                    _ => Ok(done),
                };
            }
            done += count as u64;
            if done > self.limits.bytes {
                return Err(self.too_large());
            }
            file.write_all(&buffer[..count]).map_err(|source| self.unwritten(source))?;
            progress(done, total);
        }
    }

    /// More than any file of the kind has is none, and nothing of it is kept.
    fn too_large(&self) -> Error {
        // It may not be there.
        let _ = std::fs::remove_file(&self.to);
        Error::TooLarge { url: self.shown.clone(), limit: self.limits.bytes }
    }

    fn unwritten(&self, source: std::io::Error) -> Error {
        Error::Write { path: self.to.clone(), source }
    }
}

/// Whether an answer is the rest of a file from `there` on.
fn continues(response: &Response, there: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
    response.status() == StatusCode::PARTIAL_CONTENT && range.starts_with(&format!("bytes {there}-"))
}
