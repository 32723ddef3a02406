//! What only git itself can do, on objects that may still be in memory.

use super::OpError;
use crate::export::FORMAT_PATCH_FLAGS;
use crate::git::{Git, Oid, Store};

/// A patch as git wrote it.
pub(super) struct WrittenByGit {
    /// The whole mail.
    pub(super) mail: Vec<u8>,
    /// Its diffstat.
    pub(super) stat: Vec<u8>,
    /// Its diff.
    pub(super) diff: Vec<u8>,
}

/// Runs `git format-patch` on one commit.
///
/// The objects that are only in memory are lent to git in a folder of their own, so that nothing is written into the
/// linux tree.
pub(super) fn format_patch(store: &Store, commit: Oid) -> Result<WrittenByGit, OpError> {
    let failed = |what: &'static str| move |error: std::io::Error| OpError::because(what, error);
    let folder = tempfile::tempdir().map_err(failed("cannot make a temporary folder"))?;
    store
        .write_pack_into(&folder.path().join("pack"), &[commit])
        .map_err(|error| OpError::because("cannot write a temporary pack", error))?;
    let git = Git::new(store.git_dir());
    let read = store.commit(commit).map_err(|error| OpError::because("cannot read a commit", error))?;
    let mut args = vec![format!("--attr-source={}", read.tree), "format-patch".into(), "--stdout".into(), "-1".into()];
    args.extend(FORMAT_PATCH_FLAGS.iter().map(|flag| (*flag).to_owned()));
    args.push(commit.to_string());
    let output = git
        .command()
        .env("GIT_OBJECT_DIRECTORY", folder.path())
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", store.common_dir().join("objects"))
        .args(args)
        .run()
        .map_err(|error| OpError::because("git format-patch failed", error))?;
    let mail = output.stdout;
    let patches = crate::patch::read("git format-patch", &mail)
        .map_err(|error| OpError::because("cannot read what git format-patch wrote", error))?;
    let [patch] = patches.as_slice() else {
        return Err(OpError::new("git format-patch wrote something else than one patch"));
    };
    let layout = &patch.layout;
    let (stat, diff) = (mail[layout.stat.clone()].to_vec(), mail[layout.diff.clone()].to_vec());
    Ok(WrittenByGit { mail, stat, diff })
}
