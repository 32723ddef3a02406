//! What the user named: mails, from files or from the web, or commits.

use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{AddOptions, What};
use crate::event::Event;
use crate::message::Announced;
use crate::net::{Address, Limits, fetch};
use crate::ops::{OpError, Watch, workspace};
use crate::patch::MAX_FILE;
use crate::source::mirror;
use crate::text::visible;

/// The archive of the kernel's mailing lists.
const ARCHIVE: &str = "https://lore.kernel.org/all";
/// The variable that names another archive.
const ARCHIVE_VARIABLE: &str = "KPATCH_ARCHIVE";

/// Something to add, at hand.
pub(super) enum Input {
    /// Mails.
    Mails(Mails),
    /// A commit or a range of them, as the user wrote it.
    Commits(String),
}

/// Mails at hand.
pub(super) struct Mails {
    /// What they are called, fit for display.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// The page on the web that they are from.
    pub(super) page: Option<String>,
    /// The id of the one that is meant, where they are its whole thread.
    pub(super) wanted: Option<String>,
}

/// Reads files and fetches URLs.
pub(super) fn gather(options: &AddOptions, watch: Watch<'_>) -> Result<Vec<Input>, OpError> {
    if let Some(origin) = &options.origin
        && (origin.trim().is_empty() || origin.chars().any(char::is_control))
    {
        return Err(OpError::new("the origin is not one line of text").hint("say --origin with a link to the source"));
    }
    let inputs = options.what.iter().map(|what| match what {
        What::Mails { name, bytes } => mails(name, bytes.clone(), None),
        What::Named(name) if name.contains("://") => from_web(&Address::parse(name).map_err(failed)?, options, watch),
        What::Named(name) if Path::new(name).is_file() => from_file(name),
        What::Named(name) => match message_id(name) {
            Some(id) => from_web(&Address::of_message(&archive(options), id).map_err(failed)?, options, watch),
            None => Ok(Input::Commits(name.clone())),
        },
    });
    inputs.collect()
}

/// The id of a mail: in angle brackets, or with a host that has a dot in its name, which sets it apart from a revision of git.
fn message_id(text: &str) -> Option<&str> {
    let bracketed = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let id = bracketed.unwrap_or(text);
    let (local, host) = id.split_once('@')?;
    let plain = !id.contains("..") && !id.contains(|c: char| c.is_whitespace() || c.is_control() || "<>{}".contains(c));
    let dotted = host.split('.').count() > 1 && !host.starts_with('.') && !host.ends_with('.');
    (plain && !local.is_empty() && (dotted || bracketed.is_some() && !host.is_empty())).then_some(id)
}

/// The archive that ids of mails are looked up in.
fn archive(options: &AddOptions) -> String {
    let kit = workspace::kit(&options.set.places).ok();
    let setting = kit.as_ref().and_then(|kit| kit.config().sources.archive.as_deref());
    mirror::said(ARCHIVE_VARIABLE, setting).unwrap_or_else(|| ARCHIVE.to_owned())
}

fn failed(error: crate::net::Error) -> OpError {
    if error.is_interrupted() {
        return OpError::interrupted();
    }
    let hint = error.hint();
    OpError::of(error, hint)
}

fn from_file(name: &str) -> Result<Input, OpError> {
    let shown = visible(name.as_bytes());
    let failed = |error: std::io::Error| OpError::because(format!("cannot read '{shown}'"), error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(name).map_err(failed)?;
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    mails(name, bytes, None)
}

fn from_web(address: &Address, options: &AddOptions, watch: Watch<'_>) -> Result<Input, OpError> {
    if options.set.places.offline {
        return Err(OpError::new(format!("{} cannot be fetched with --offline", visible(address.page.as_bytes())))
            .hint("save the mail, and add the file"));
    }
    watch.observer.event(&Event::Stage { name: "fetching patches".into(), total: None });
    if address.raw.starts_with("http://") {
        let warning = format!("{} is fetched without encryption: anybody on the way can change it", address.page);
        watch.observer.event(&Event::Warning(visible(warning.as_bytes())));
    }
    let get = |url: &str| fetch(url, Limits::default(), watch.interrupt).map_err(failed);
    let page = Some(address.page.clone());
    let Some(message) = &address.message else { return mails(&address.page, get(&address.raw)?, page) };
    let thread = || -> Result<Input, OpError> {
        let mails = unpacked(&address.page, get(&message.thread)?)?;
        Ok(Input::Mails(Mails { page: page.clone(), wanted: Some(message.id.clone()), ..mails }))
    };
    if options.trailers {
        return thread();
    }
    // The letter that introduces a series stands for all of it.
    let bytes = get(&address.raw)?;
    if Announced::read(&bytes).is_cover() { thread() } else { mails(&address.page, bytes, page) }
}

fn mails(name: &str, bytes: Vec<u8>, page: Option<String>) -> Result<Input, OpError> {
    Ok(Input::Mails(Mails { page, ..unpacked(name, bytes)? }))
}

/// Mails, unpacked if they are compressed.
fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Mails, OpError> {
    let name = visible(name.as_bytes());
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Mails { name, bytes, page: None, wanted: None });
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .take(MAX_FILE as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| OpError::because(format!("{name}: cannot unpack it"), error))?;
    Ok(Mails { name, bytes: plain, page: None, wanted: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_mails_are_told_from_revisions() {
        for id in ["20240101.1-x@y.z", "<20240101.1-x@y.z>", "<x@localhost>"] {
            assert_eq!(message_id(id), Some(id.trim_matches(['<', '>'])), "{id}");
        }
        for other in
            ["v6.6..topic", "HEAD@{1.day}", "@~2", "x@localhost", "me@.x", "<x@>", "a b@c.d", "v6.6@x.y..z", "topic"]
        {
            assert_eq!(message_id(other), None, "{other}");
        }
    }
}
