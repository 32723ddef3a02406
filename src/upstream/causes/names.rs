//! Names that a patch uses and that the target's file has no more.

use bstr::{BStr, BString, ByteSlice as _};

use super::trail::Touch;
use crate::diff::words::{find_word, is_name, words};
use crate::git::{GitError, PathConflict, Store, Walk};
use crate::text::visible;

/// So many names are looked for.
const MOST: usize = 8;
/// So many stand in a note.
const SHOWN: usize = 3;

/// The names in the lines that a patch adds, and in the lines around them, that stand in its own parent's file and not
/// in the target's; in the order of the patch.
pub(super) fn gone(store: &Store, walk: &Walk, conflict: &PathConflict) -> Result<Vec<BString>, GitError> {
    let (Some(base), Some(ours)) = (walk.old.filter(|entry| entry.is_blob()), conflict.ours) else {
        return Ok(Vec::new());
    };
    if !ours.is_blob() || walk.new.is_none_or(|entry| !entry.is_blob()) {
        return Ok(Vec::new());
    }
    let (base, ours) = (store.content(Some(base))?, store.content(Some(ours))?);
    let mut names: Vec<BString> = Vec::new();
    for line in store.changed_lines_in_context(walk)? {
        if line.starts_with(b"-") {
            continue;
        }
        for word in words(&line[1..]).filter(|word| is_name(word)) {
            let is_gone = !names.iter().any(|name| name == word) && is_in(&base, word) && !is_in(&ours, word);
            if is_gone {
                names.push(word.into());
            }
            if names.len() == MOST {
                return Ok(names);
            }
        }
    }
    Ok(names)
}

/// The newest commit that took a name out of the file.
pub(super) fn taken_by<'t>(store: &Store, touches: &'t [Touch], name: &BString) -> Result<Option<&'t Touch>, GitError> {
    for touch in touches {
        if is_in(&store.content(touch.walk.old)?, name) && !is_in(&store.content(touch.walk.new)?, name) {
            return Ok(Some(touch));
        }
    }
    Ok(None)
}

fn is_in(content: &[u8], word: &[u8]) -> bool {
    find_word(content, word).next().is_some()
}

/// One line for the names that went from a file.
pub(super) fn in_words(names: &[BString], path: &BStr, target: &str) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let mut shown = names.iter().take(SHOWN).map(|name| visible(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        shown += &format!(" and {} more", names.len() - SHOWN);
    }
    Some(format!("{} of {target} has no {shown}, which the patch uses", visible(path.as_bytes())))
}
