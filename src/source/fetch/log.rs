//! The commits of a release from a git server: their messages, and nothing that they change.

use super::{Error, FETCH, classify, contains, remote};
use crate::event::{Event, Observer};
use crate::git::process::{Git, check_ref_name};
use crate::source::resolve::shown_url;

/// What `git log` says of the commits that the tag `tag` has and the tag `before` has not, newest first, in the form of kernel.org's ChangeLogs.
/// They are fetched from `url` into `git`, a repository of the cache that has nothing else in it: without trees and files.
///
/// # Errors
/// As [`fetch_tags`](super::fetch_tags).
pub fn fetch_log(git: &Git, url: &str, before: &str, tag: &str, observer: &dyn Observer) -> Result<Vec<u8>, Error> {
    check_ref_name(before)?;
    check_ref_name(tag)?;
    let (remote, _) = remote(git, url)?;
    observer.event(&Event::Stage { name: format!("fetching the commits of {tag}").into(), total: None });
    let (exclude, name) = (format!("--shallow-exclude={before}"), format!("refs/tags/{tag}"));
    let refspec = format!("+{name}:{name}");
    let args = FETCH.into_iter().chain([&*exclude, "--filter=tree:0", "--", &remote, &refspec]);
    let output = git.network().command().args(args).run().map_err(|error| classify(error.into(), url))?;
    if contains(&output.stderr, "filtering not recognized by server") {
        let warning = format!("{} cannot leave out files; whole commits were fetched", shown_url(url));
        observer.event(&Event::Warning(warning));
    }
    let show = ["log", "--format=medium", "--date=default", "--no-decorate", "--no-show-signature", "--no-mailmap"];
    Ok(git.run(show.into_iter().chain(["--no-notes", "--no-color", &name, "--"]))?)
}
