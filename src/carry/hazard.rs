//! What a merge without conflicts may hide: code that stands in the target twice now, and changes that no longer reach
//! all the places that they were made for.
//!
//! Both show in how often lines occur in the versions of a file that a merge knows. Only where upstream put such lines
//! between the two releases they count: what an earlier patch of the set did, or would have done, is no hazard.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bstr::{BString, ByteSlice as _};

use super::siblings;
use crate::diff::block::{block, find_block, has_line};
use crate::diff::funcname::Rules;
use crate::diff::lines::{Change, changes, split_lines};
use crate::diff::merge::is_binary;
use crate::diff::words::{find_word, is_name, weight, words};
use crate::diff::{Content, FileDiff, LineKind};
use crate::git::{Entry, GitError, Oid, Renames, Store, TreeChanges, Walk};
use crate::upstream::Releases;

/// Something that a person should look at although the merge is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// What it is.
    pub kind: HazardKind,
    /// The file in the target.
    pub path: BString,
    /// The line of the target's file, from 1, as the release has it.
    pub line: u32,
    /// That line, without the white space around it.
    pub text: BString,
}

impl Hazard {
    /// True if the target has what the patch adds.
    pub(super) fn is_twin(&self) -> bool {
        matches!(self.kind, HazardKind::AddedTwice { .. })
    }
}

/// What may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HazardKind {
    /// The lines that the patch adds were added by upstream as well, at another place.
    AddedTwice {
        /// How many lines, blank ones left out.
        lines: usize,
    },
    /// The patch removes every such line; with the patch the target still has this one.
    LineLeft,
    /// The patch gives a name another one everywhere in the file; with the patch the target still has the old one here.
    NameLeft {
        /// The name that the patch takes away.
        old: BString,
        /// The name that it puts in its place.
        new: BString,
    },
}

/// A block of this weight that the base has nowhere is no coincidence, whatever function it stands in.
const TELLING_BLOCK: usize = 40;
/// The same for a block in the function that the patch changes.
const TELLING_HERE: usize = 8;
/// A removed line has to tell this much before its like is looked for.
const TELLING_LINE: usize = 8;
/// The same where it is removed once only, and its like stands in another function.
const TELLING_ELSEWHERE: usize = 24;

/// A clean merge of one patch.
pub(super) struct CleanMerge<'a> {
    pub(super) store: &'a Store,
    /// What the patch does to its own parent.
    pub(super) changes: &'a [Walk],
    /// The diffs that say so.
    pub(super) diffs: &'a [FileDiff],
    /// The target so far.
    pub(super) tip: Oid,
    /// What the merge changes in it.
    pub(super) merged: &'a TreeChanges,
    pub(super) renames: &'a Renames,
    pub(super) releases: Releases,
}

impl CleanMerge<'_> {
    /// The hazards, file by file; empty for nearly every merge.
    pub(super) fn hazards(&self) -> Result<Vec<Hazard>, GitError> {
        let mut found = Vec::new();
        for walk in self.changes {
            let before = found.len();
            let edit = Edit::of(self.diffs, &walk.path);
            if let Some(files) = self.files(walk)? {
                files.added_twice(&edit, &mut found);
                files.lines_left(self, &edit, &mut found)?;
                if found.len() == before {
                    files.names_left(&edit, &mut found);
                }
            }
            if found.len() == before {
                siblings::look(self, walk, &edit, &mut found)?;
            }
        }
        Ok(found)
    }

    /// The versions of one path; `None` where upstream did not change it, or where there are no lines to compare.
    fn files(&self, walk: &Walk) -> Result<Option<Files>, GitError> {
        let entry = |tree: Oid, path: &BString| -> Result<Option<Entry>, GitError> {
            Ok(self.store.entry(tree, path.as_bstr())?.filter(|entry| entry.is_blob()))
        };
        let path = match self.renames.get(&walk.path) {
            Some(moved) if entry(self.tip, &walk.path)?.is_none() => moved,
            _ => &walk.path,
        };
        let (old, new) = (entry(self.releases.base, &walk.path)?, entry(self.releases.target, path)?);
        let merged = self.merged.get(path).copied().flatten();
        let (Some(old), Some(new), Some(ours), Some(merged)) = (old, new, entry(self.tip, path)?, merged) else {
            return Ok(None);
        };
        let (Some(base), Some(theirs)) = (walk.old, walk.new) else { return Ok(None) };
        if old.id == new.id || base.id == ours.id {
            return Ok(None);
        }
        let read = |entry: Entry| -> Result<Text, GitError> { Ok(Text(self.store.content(Some(entry))?)) };
        let files = Files {
            path: path.clone(),
            old: read(old)?,
            new: read(new)?,
            base: read(base)?,
            theirs: read(theirs)?,
            ours: read(ours)?,
            merged: read(merged)?,
            upstream: OnceCell::new(),
        };
        let text = [&files.new, &files.base, &files.theirs].iter().all(|file| !is_binary(&file.0));
        Ok(text.then_some(files))
    }

    /// True if the patch adds this line anywhere: then it moves it, and does not do away with it.
    pub(super) fn adds(&self, line: &[u8]) -> Result<bool, GitError> {
        for walk in self.changes {
            let (old, new) = (self.store.content(walk.old)?, self.store.content(walk.new)?);
            let count = |content: &[u8]| content.lines().filter(|other| other.trim_ascii() == line).count();
            if count(&new) > count(&old) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The lines of the diffs of one file, without the white space around them. What they say is known without comparing
/// files, and for nearly all patches it is enough to know that there is no hazard.
pub(super) struct Edit<'a> {
    removed: Vec<&'a [u8]>,
    added: Vec<&'a [u8]>,
}

impl<'a> Edit<'a> {
    fn of(diffs: &'a [FileDiff], path: &BString) -> Self {
        let mut edit = Self { removed: Vec::new(), added: Vec::new() };
        let is_it = |diff: &&FileDiff| diff.new_path.as_ref().or(diff.old_path.as_ref()) == Some(path);
        for diff in diffs.iter().filter(is_it) {
            let Content::Text(hunks) = &diff.content else { continue };
            for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
                match line.kind {
                    LineKind::Delete => edit.removed.push(line.text.trim_ascii()),
                    LineKind::Insert => edit.added.push(line.text.trim_ascii()),
                    LineKind::Context => {}
                }
            }
        }
        edit
    }

    /// The removed lines that tell so much, each once and in order.
    pub(super) fn removed(&self, minimum: usize) -> Vec<&'a [u8]> {
        let mut done = HashSet::new();
        let lines = self.removed.iter().copied();
        lines.filter(|line| weight(line) >= minimum && done.insert(*line)).collect()
    }

    /// The names that stand in removed lines only, in order.
    fn names(&self) -> BTreeSet<&'a [u8]> {
        let names = |lines: &[&'a [u8]]| -> BTreeSet<&'a [u8]> {
            lines.iter().flat_map(|line| words(line)).filter(|word| is_name(word)).collect()
        };
        let added = names(&self.added);
        names(&self.removed).into_iter().filter(|name| !added.contains(name)).collect()
    }
}

/// A version of a file.
struct Text(Arc<[u8]>);

impl Text {
    fn find(&self, block: &[&[u8]]) -> Vec<u32> {
        find_block(&self.0, block)
    }

    /// True if the line stands somewhere.
    fn has(&self, line: &[u8]) -> bool {
        has_line(&self.0, line)
    }

    /// True if the word stands somewhere.
    fn names(&self, word: &[u8]) -> bool {
        find_word(&self.0, word).next().is_some()
    }

    fn count_word(&self, word: &[u8]) -> usize {
        find_word(&self.0, word).count()
    }

    /// The line that opens the section in which line `number` (from 1) stands.
    fn section(&self, rules: &Rules, number: u32) -> Option<Vec<u8>> {
        let lines = split_lines(&self.0);
        let above = &lines[..lines.len().min(number as usize)];
        above.iter().rev().find_map(|line| rules.section(line)).map(<[u8]>::to_vec)
    }
}

/// The versions of one file.
struct Files {
    /// Its path in the target.
    path: BString,
    /// In the release that the patch set was made for, and in the target's.
    old: Text,
    new: Text,
    /// The patch's own parent, and the patched file.
    base: Text,
    theirs: Text,
    /// The target so far, and with the patch.
    ours: Text,
    merged: Text,
    upstream: OnceCell<Vec<Change>>,
}

impl Files {
    /// What upstream did between the releases.
    fn upstream(&self) -> &[Change] {
        self.upstream.get_or_init(|| changes(&self.old.0, &self.new.0))
    }

    /// The change of upstream's that holds a line of the target's release, counted from 1.
    fn added_by(&self, line: u32) -> Option<&Change> {
        self.upstream().iter().find(|change| change.new.contains(&(line - 1)))
    }

    fn hazard(&self, kind: HazardKind, line: u32) -> Hazard {
        let text = self.new.0.lines().nth(line as usize - 1).unwrap_or_default().trim_ascii();
        Hazard { kind, path: self.path.clone(), line, text: text.into() }
    }

    /// Blocks that the patch adds and that upstream has added at another place.
    fn added_twice(&self, edit: &Edit<'_>, found: &mut Vec<Hazard>) {
        if !edit.added.iter().any(|line| weight(line) > 0 && self.new.has(line)) {
            return;
        }
        let theirs = split_lines(&self.theirs.0);
        for change in changes(&self.base.0, &self.theirs.0) {
            let wanted = block(&theirs, &change.new);
            if wanted.iter().all(|line| weight(line) == 0) {
                continue;
            }
            let [base, theirs, ours, merged] =
                [&self.base, &self.theirs, &self.ours, &self.merged].map(|file| file.find(&wanted).len());
            if ours > base
                && merged > theirs
                && let Some(line) = self.twin(&wanted, &change, base == 0)
            {
                found.push(self.hazard(HazardKind::AddedTwice { lines: wanted.len() }, line));
            }
        }
    }

    /// The line of the target at which upstream added the block for the same reason as the patch, as far as lines can
    /// tell. A short block may well be needed at two places, so it must be all that upstream put there, into the same
    /// function.
    fn twin(&self, wanted: &[&[u8]], change: &Change, unheard_of: bool) -> Option<u32> {
        let new = split_lines(&self.new.0);
        let telling = wanted.iter().filter(|line| weight(line) > 0).count();
        let total: usize = wanted.iter().map(|line| weight(line)).sum();
        let rules = rules(&self.path);
        let mine = self.theirs.section(rules, change.new.start + 1);
        self.new.find(wanted).into_iter().find(|line| {
            let Some(added) = self.added_by(*line) else { return false };
            if unheard_of && telling > 1 && total >= TELLING_BLOCK {
                return true;
            }
            let alone = block(&new, &added.new) == wanted;
            (alone || unheard_of && total >= TELLING_HERE) && self.new.section(rules, *line) == mine
        })
    }

    /// Lines that the patch does away with and that upstream put where the merge leaves them.
    fn lines_left(&self, merge: &CleanMerge<'_>, edit: &Edit<'_>, found: &mut Vec<Hazard>) -> Result<(), GitError> {
        for line in edit.removed(TELLING_LINE) {
            if self.merged.has(line)
                && !self.theirs.has(line)
                && let Some(number) = self.left_at(line)
                && !merge.adds(line)?
            {
                found.push(self.hazard(HazardKind::LineLeft, number));
            }
        }
        Ok(())
    }

    fn left_at(&self, line: &[u8]) -> Option<u32> {
        let rules = rules(&self.path);
        let was = self.base.find(&[line]);
        let section = was.first().and_then(|number| self.base.section(rules, *number));
        let likely = |number: &u32| {
            let enough = was.len() > 1 || weight(line) >= TELLING_ELSEWHERE;
            self.added_by(*number).is_some() && (enough || self.new.section(rules, *number) == section)
        };
        self.new.find(&[line]).into_iter().find(likely)
    }

    /// Names that the patch replaces throughout and that upstream put where the merge leaves them.
    fn names_left(&self, edit: &Edit<'_>, found: &mut Vec<Hazard>) {
        let is_left = |name: &&[u8]| self.merged.names(name) && !self.theirs.names(name);
        if !edit.names().iter().any(is_left) {
            return;
        }
        for (old, new) in self.renamed() {
            if !self.merged.names(old) {
                continue;
            }
            let left = (1..).zip(self.new.0.lines()).find(|(number, line)| {
                weight(line) > 0 && find_word(line, old).next().is_some() && self.added_by(*number).is_some()
            });
            if let Some((number, _)) = left {
                let kind = HazardKind::NameLeft { old: old.into(), new: new.into() };
                found.push(self.hazard(kind, number));
            }
        }
    }

    /// Names for which the patch puts others, word for word and at two places at least: old name and new name.
    fn renamed(&self) -> BTreeMap<&[u8], &[u8]> {
        let (base, theirs) = (split_lines(&self.base.0), split_lines(&self.theirs.0));
        let mut renamed = BTreeMap::new();
        for change in changes(&self.base.0, &self.theirs.0) {
            let old: Vec<&[u8]> = block(&base, &change.old).into_iter().flat_map(words).collect();
            let new: Vec<&[u8]> = block(&theirs, &change.new).into_iter().flat_map(words).collect();
            if old.len() == new.len() {
                let pairs = old.into_iter().zip(new).filter(|(old, new)| old != new);
                renamed.extend(pairs.filter(|(old, new)| is_name(old) && is_name(new)));
            }
        }
        renamed.retain(|old, new| {
            let count = self.base.count_word(old);
            let gained = self.theirs.count_word(new).saturating_sub(self.base.count_word(new));
            count > 1 && !self.theirs.names(old) && gained >= count
        });
        renamed
    }
}

/// How functions and nodes are told in a file of this name; as the kernel's own attributes say.
fn rules(path: &BString) -> &'static Rules {
    let suffix = path.rfind_byte(b'.').map_or(&b""[..], |dot| &path[dot + 1..]);
    let driver: &[u8] = match suffix {
        b"c" | b"h" => b"cpp",
        b"dts" | b"dtsi" | b"dtso" => b"dts",
        b"rs" => b"rust",
        b"py" => b"python",
        _ => return Rules::default_rule(),
    };
    Rules::named(driver).unwrap_or(Rules::default_rule())
}
