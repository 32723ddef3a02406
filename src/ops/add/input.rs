//! What the user named: mails, from files or from the web, or commits.

use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{AddOptions, What};
use crate::event::Event;
use crate::net::{Address, Limits, fetch};
use crate::ops::{OpError, Watch};
use crate::patch::MAX_FILE;
use crate::text::visible;

/// Something to add, at hand.
pub(super) enum Input {
    /// Mails.
    Mails {
        /// What they are called, fit for display.
        name: String,
        bytes: Vec<u8>,
        /// The page on the web that they are from.
        page: Option<String>,
    },
    /// A commit or a range of them, as the user wrote it.
    Commits(String),
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
        What::Named(name) if name.contains("://") => from_web(name, options, watch),
        What::Named(name) if Path::new(name).is_file() => from_file(name),
        What::Named(name) => Ok(Input::Commits(name.clone())),
    });
    inputs.collect()
}

fn from_file(name: &str) -> Result<Input, OpError> {
    let shown = visible(name.as_bytes());
    let failed = |error: std::io::Error| OpError::because(format!("cannot read '{shown}'"), error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(name).map_err(failed)?;
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    mails(name, bytes, None)
}

fn from_web(url: &str, options: &AddOptions, watch: Watch<'_>) -> Result<Input, OpError> {
    let failed = |error: crate::net::Error| {
        if error.is_interrupted() {
            return OpError::interrupted();
        }
        let hint = error.hint();
        OpError::of(error, hint)
    };
    let address = Address::parse(url).map_err(failed)?;
    if options.set.places.offline {
        return Err(OpError::new(format!("{} cannot be fetched with --offline", visible(address.page.as_bytes())))
            .hint("save the mail, and add the file"));
    }
    watch.observer.event(&Event::Stage { name: "fetching patches".into(), total: None });
    if address.raw.starts_with("http://") {
        let warning = format!("{} is fetched without encryption: anybody on the way can change it", address.page);
        watch.observer.event(&Event::Warning(visible(warning.as_bytes())));
    }
    let bytes = fetch(&address.raw, Limits::default(), watch.interrupt).map_err(failed)?;
    mails(&address.page, bytes, Some(address.page.clone()))
}

/// Mails, unpacked if they are compressed.
fn mails(name: &str, bytes: Vec<u8>, page: Option<String>) -> Result<Input, OpError> {
    let name = visible(name.as_bytes());
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Input::Mails { name, bytes, page });
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .take(MAX_FILE as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| OpError::because(format!("{name}: cannot unpack it"), error))?;
    Ok(Input::Mails { name, bytes: plain, page })
}
