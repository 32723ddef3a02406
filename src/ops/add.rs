//! `kpatch add`: new patches for a set, from commits, mails and addresses of the web.

mod commits;
mod input;
mod mails;
mod origin;
mod thread;
mod trailers;

use super::change_set::{Added, Change, ChangeOptions, ChangeReport, Setting, read_one, run};
use super::reorder::Place;
use super::select::{PatchName, shown};
use super::{OpError, Watch};
use crate::diff::id::patch_id;
use crate::patch::Patch;
use crate::text::visible;

use input::{Input, gather};

/// What to add, and where.
#[derive(Debug, Clone, Default)]
pub struct AddOptions {
    /// To which set.
    pub set: ChangeOptions,
    /// What to add, in order.
    pub what: Vec<What>,
    /// Where in the set; behind all if absent.
    pub place: Option<Place>,
    /// What the `Origin:` line of the new patches says; by default the page of the URL, or of the commit in the remote
    /// that it is from.
    pub origin: Option<String>,
    /// Add a `Signed-off-by:` line of the user.
    pub signoff: bool,
    /// Add the lines of replies in which people stand for a patch, such as `Reviewed-by:`.
    pub trailers: bool,
}

/// Something to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A URL, a file with mails, the id of a mail, a commit of the linux tree, or a range `A..B` of them; told apart in this order.
    Named(String),
    /// Mails that were read already, with what they are called.
    Mails {
        /// For example `stdin`.
        name: String,
        /// A mail or an mbox, perhaps compressed by gzip.
        bytes: Vec<u8>,
    },
}

/// A patch on its way into the set.
struct New {
    added: Added,
    patch: Patch,
}

/// Adds the patches. One that is in the set already is refused; one that conflicts changes nothing.
///
/// A commit is added as `git cherry-pick -x` does it, by a three-way merge against its own parent. A mail is applied
/// as `git am` does it; where it does not apply, the files that its `index` lines name serve as its parent, if the
/// linux tree has them.
pub fn add(options: &AddOptions, watch: Watch<'_>) -> Result<ChangeReport, OpError> {
    // The network first: nobody else has to wait for it.
    let inputs = gather(options, watch)?;
    run(&options.set, "add", watch, |setting| {
        let before = options.place.as_ref().map(|place| place.find(&setting.set)).transpose()?;
        let before = before.and_then(|at| setting.set.patches.get(at)).map(PatchName::of);
        let mut all: Vec<New> = Vec::new();
        for input in &inputs {
            let new = match input {
                Input::Mails(mails) => mails::read(setting, options, mails)?,
                Input::Commits(name) => commits::read(setting, options, name)?,
            };
            for new in new {
                refuse_known(setting, &all, &new)?;
                commits::refuse_present(setting, &new)?;
                all.push(new);
            }
        }
        for new in &all {
            setting.warnings.extend(trailers::missing(new));
        }
        let added = all.into_iter().map(|new| Added { before: before.clone(), ..new.added }).collect();
        Ok(Change { added, ..Change::default() })
    })
}

/// A patch that makes the change of one that is there is not added.
fn refuse_known(setting: &Setting<'_>, others: &[New], new: &New) -> Result<(), OpError> {
    let id = patch_id(&new.patch.diff);
    let known = setting.set.patches.iter().position(|patch| patch_id(&patch.diff) == id);
    if let Some(at) = known {
        return Err(OpError::new(format!("{} is in the set already: {}", new.added.source, shown(&setting.set, at))));
    }
    match others.iter().find(|other| patch_id(&other.patch.diff) == id) {
        Some(other) => {
            Err(OpError::new(format!("{} and {} are the same change", other.added.source, new.added.source)))
        }
        None => Ok(()),
    }
}

/// A patch of a text that says all of it; hostile paths are refused.
fn new(added: Added) -> Result<New, OpError> {
    let patch = read_one(&added.source, &added.text)?;
    for diff in &patch.diff {
        crate::diff::safety::check(diff)
            .map_err(|refusal| OpError::new(format!("refused: {}: {refusal}", visible(added.source.as_bytes()))))?;
    }
    Ok(New { added, patch })
}
