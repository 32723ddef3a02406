//! Names that a patch uses and that the target's file has no more.

use bstr::{BStr, BString, ByteSlice as _};

use super::trail::Touch;
use crate::diff::words::{find_word, is_name, words};
use crate::git::{Entry, GitError, PathConflict, Store, Walk};
use crate::text::visible;

/// So many names are looked for.
const MOST: usize = 8;
/// So many stand in a note.
const SHOWN: usize = 3;

/// The start of names that every file may use or not, as it likes.
const EVERYWHERE: [&str; 3] = ["GFP_", "KERN_", "CONFIG_"];

/// The names in the lines that a patch adds, and then in the lines around them, that stand in its own parent's file and
/// in the `release` that it was made for, and not in the target's file.
pub(super) fn gone(
    store: &Store,
    walk: &Walk,
    release: Option<Entry>,
    conflict: &PathConflict,
) -> Result<Vec<BString>, GitError> {
    let [Some(base), Some(_), Some(release), Some(ours)] =
        [walk.old, walk.new, release, conflict.ours].map(|entry| entry.filter(|entry| entry.is_blob()))
    else {
        return Ok(Vec::new());
    };
    let [base, release, ours] = [store.blob(base.id)?, store.blob(release.id)?, store.blob(ours.id)?];
    let lines = store.changed_lines_in_context(walk)?;
    let of = |sign: u8| lines.iter().filter(move |line| line[0] == sign).flat_map(|line| words(&line[1..]));
    let mut names: Vec<BString> = Vec::new();
    for word in of(b'+').chain(of(b' ')).filter(|word| is_name(word)) {
        let known = names.iter().any(|name| name == word);
        let common = EVERYWHERE.iter().any(|start| word.starts_with_str(start));
        // What an earlier patch of the set brings is none of upstream's doing.
        if !known && !common && is_in(&base, word) && is_in(&release, word) && !is_in(&ours, word) {
            names.push(word.into());
            if names.len() == MOST {
                break;
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
    let shown = names.iter().take(SHOWN).map(|name| visible(name)).collect::<Vec<_>>().join(", ");
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    Some(format!("{} of {target} has no {shown}{more}, which the patch uses", visible(path)))
}
