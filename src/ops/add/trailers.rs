//! The lines that say where a patch comes from and who signed it.

use bstr::ByteSlice as _;

use super::{AddOptions, New};
use crate::git::{Git, Store};
use crate::message::footer::{has_trailer, trailers, with_line, with_signoff};
use crate::ops::OpError;
use crate::patch::armor;

/// The name of the line with the link to the source.
const ORIGIN: &str = "Origin:";

/// The message with a sign-off of the user if one is asked for, and behind it the `Origin:` line: the one that the user
/// said, or the proposed one where there is none yet. Also the link that the line holds, and how many lines had to be
/// indented because a patch file cannot hold them as they are.
pub(super) fn sign(
    store: &Store,
    options: &AddOptions,
    message: &[u8],
    proposed: Option<&str>,
) -> Result<(Vec<u8>, Option<String>, usize), OpError> {
    let (mut message, indented) = armor(message);
    if options.signoff {
        message = with_signoff(&message, person(store)?.as_bytes());
    }
    let told = options.origin.as_deref().map(str::trim);
    let wanted = told.or(proposed.filter(|_| !has_trailer(&message, ORIGIN)));
    let Some(wanted) = wanted else { return Ok((message.clone(), there(&message), indented)) };
    let line = format!("{ORIGIN} {wanted}");
    if !trailers(&message).iter().any(|trailer| trailer.trim_end() == line.as_bytes()) {
        message = with_line(&message, line.as_bytes());
    }
    Ok((message, Some(wanted.to_owned()), indented))
}

/// The link of the `Origin:` line that is there.
fn there(message: &[u8]) -> Option<String> {
    let all = trailers(message);
    let line = all.iter().rev().find(|line| line.starts_with(ORIGIN.as_bytes()))?;
    Some(crate::text::visible(line[ORIGIN.len()..].trim()))
}

/// `Name <mail>` of the user, as `git commit -s` takes it from the environment and the user's configuration.
fn person(store: &Store) -> Result<String, OpError> {
    let names = ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"];
    let command = Git::new(store.git_dir()).network().command().keep_env(names);
    let output = command
        .args(["-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT"])
        .run()
        .map_err(|error| OpError::because("nobody to sign off as", error).hint("set user.name and user.email"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let end = text.rfind('>').map_or(0, |at| at + 1);
    Ok(text[..end].to_owned())
}

/// What the lint would miss in a new patch.
pub(super) fn missing(new: &New) -> Vec<String> {
    let message = new.patch.message.to_commit_message();
    let source = &new.added.source;
    let mut all = Vec::new();
    if !has_trailer(&message, "Signed-off-by:") {
        all.push(format!("{source} has no Signed-off-by line, the developer's certificate of origin"));
    }
    if new.added.origin.is_none() {
        all.push(format!("{source} gets no Origin line, as no link to it is known; --origin says it"));
    }
    all
}
