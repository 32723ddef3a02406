//! One commit from a git server, without its history.

use super::{Error, FETCH, classify, remote};
use crate::event::{Event, Observer};
use crate::git::process::Git;
use crate::source::resolve::shown_url;
use crate::text::visible;

/// Fetches one commit and its parents into a repository of the cache: their trees, no blobs, and no history behind
/// them. A repository of the user is left alone, as it would be made shallow: it has to have the commit.
///
/// # Errors
/// [`Error::BadId`] for anything but a full id, [`Error::Missing`] for a commit that the server does not have or does
/// not give out, and what [`fetch_tags`](super::fetch_tags) fails with.
pub fn fetch_commit(git: &Git, url: &str, id: &str, observer: &dyn Observer) -> Result<(), Error> {
    if id.len() != 40 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::BadId { id: visible(id.as_bytes()) });
    }
    let missing =
        |source| Error::Missing { url: shown_url(url), missing: 1, wanted: 1, example: id.to_owned(), source };
    let (remote, cached) = remote(git, url)?;
    if !cached {
        return Err(missing(None));
    }
    observer.event(&Event::Stage { name: "fetching a commit".into(), total: None });
    let args = FETCH.into_iter().chain(["--depth=2", "--filter=blob:none", "--", &remote, id]);
    match git.network().run(args) {
        Ok(_) => Ok(()),
        Err(error) if error.stderr().is_some_and(super::is_about_objects) => Err(missing(Some(Box::new(error)))),
        Err(error) => Err(classify(error, url)),
    }
}
