//! Refs: resolving tags and branches, and changing several refs at once or none.

use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};

use super::store::Store;
use super::{GitError, Oid};

/// One ref that is to change; all of a transaction change, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name, for example `refs/heads/v6.6.14-linuxkit`.
    pub name: String,
    /// What it must be now; `None` if it must not exist.
    pub old: Option<Oid>,
    /// What it becomes; `None` to delete it.
    pub new: Option<Oid>,
}

impl Store {
    /// The commit that a full ref name such as `refs/tags/v6.6.13` leads to, tags peeled; `None` if there is no such
    /// ref.
    pub fn resolve(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let failed = |source: gix::Error| GitError::Read { what: format!("ref '{name}'"), source: source.into() };
        let repo = self.repo();
        let Some(reference) = repo.try_find_reference(name).map_err(failed)? else {
            return Ok(None);
        };
        let id = reference.into_fully_peeled_id().map_err(failed)?.detach();
        Ok(Some(id))
    }

    /// The commit of a tag, or an error that names it.
    pub fn resolve_tag(&self, tag: &str) -> Result<Oid, GitError> {
        self.resolve(&format!("refs/tags/{tag}"))?.ok_or_else(|| GitError::NoSuchRef(tag.to_owned()))
    }

    /// True if a branch is checked out, in the repository itself or in a linked work tree.
    pub fn is_checked_out(&self, branch: &str) -> bool {
        let wanted = format!("ref: refs/heads/{branch}");
        let worktrees = std::fs::read_dir(self.common_dir().join("worktrees")).into_iter().flatten().flatten();
        let mut heads: Vec<std::path::PathBuf> = worktrees.map(|entry| entry.path().join("HEAD")).collect();
        if !self.repo().is_bare() {
            heads.push(self.common_dir().join("HEAD"));
        }
        heads.iter().any(|head| std::fs::read_to_string(head).is_ok_and(|text| text.trim_end() == wanted))
    }

    /// The short names of all tags, sorted by bytes.
    pub fn tags(&self) -> Result<Vec<String>, GitError> {
        let failed = |source: gix::Error| GitError::Read { what: "the tags".into(), source: source.into() };
        let repo = self.repo();
        let platform = repo.references().map_err(failed)?;
        let mut names: Vec<String> = platform
            .tags()
            .map_err(failed)?
            .filter_map(Result::ok)
            .map(|tag| tag.name().shorten().to_string())
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Changes all the refs, or none of them. `message` goes into their logs, signed with `seconds` since 1970 UTC.
    pub fn update_refs(&self, updates: &[RefUpdate], message: &str, seconds: i64) -> Result<(), GitError> {
        let refused = |source: Box<dyn std::error::Error + Send + Sync>| GitError::Refs(source);
        let mut edits = Vec::new();
        for update in updates {
            let name: gix::refs::FullName =
                update.name.as_str().try_into().map_err(|e| refused(Box::from(format!("{e}"))))?;
            let expected = match update.old {
                Some(old) => PreviousValue::MustExistAndMatch(Target::Object(old)),
                None => PreviousValue::MustNotExist,
            };
            let change = match update.new {
                Some(new) => Change::Update {
                    log: LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: message.into() },
                    expected,
                    new: Target::Object(new),
                },
                None => Change::Delete { expected, log: RefLog::AndReference },
            };
            edits.push(RefEdit { change, name, deref: false });
        }
        let time = format!("{seconds} +0000");
        let committer =
            gix::actor::SignatureRef { name: "kpatch".into(), email: "kpatch@localhost".into(), time: &time };
        self.repo().edit_references_as(edits, Some(committer)).map_err(|source| refused(source.into()))?;
        Ok(())
    }
}
