//! Which editor the user wants, by git's rules.

use std::ffi::OsStr;

use crate::git::Git;
use crate::ops::{OpError, Places, workspace};

/// The editor's command line for a shell: `GIT_EDITOR`, `core.editor` of the kit's repository and of the user,
/// `VISUAL` where the terminal can show it, `EDITOR`, `vi`; as git-var(1) says.
///
/// `variable` reads the environment. `vi` needs somebody at a terminal: without `attended` it is an error.
pub fn editor(places: &Places, variable: impl Fn(&str) -> Option<String>, attended: bool) -> Result<String, OpError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_none_or(|terminal| terminal == "dumb");
    let visual = || if dumb { None } else { set("VISUAL") };
    let found = set("GIT_EDITOR").or_else(|| configured(places)).or_else(visual).or_else(|| set("EDITOR"));
    match found {
        Some(editor) => Ok(editor),
        None if dumb || !attended => Err(OpError::new("no editor is known and nobody is at a terminal")
            .hint("set GIT_EDITOR or EDITOR, or say --message FILE or --patch FILE")),
        None => Ok("vi".to_owned()),
    }
}

/// `core.editor`; the user's own configuration counts, as it changes no result.
fn configured(places: &Places) -> Option<String> {
    let kit = workspace::kit(places).ok();
    let git = kit.as_ref().and_then(|kit| Git::containing(kit.top())).unwrap_or_else(|| Git::new(OsStr::new(".")));
    let output = git.network().output(["config", "--get", "core.editor"]).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim_end_matches('\n');
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
