//! The `series` file of quilt: which patches there are, and in which order they apply.

use std::collections::HashSet;

use crate::patch::PatchError;
use crate::patch::Trouble;
use crate::text::visible;

/// One patch of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the directory of the series; relative, and never up.
    pub path: String,
    /// The line of the series that names it, from 1.
    pub line: usize,
}

/// Reads a series; `file` is its name in errors. Comments and blank lines are passed over; of the options only `-p1`, which
/// is the usual way, and `-pab`, which says the same of `a/` and `b/`, may stand behind a name.
pub fn series(file: &str, text: &[u8]) -> Result<Vec<Entry>, PatchError> {
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line_number = at + 1;
        let error = |message: String, hint: &str| PatchError {
            file: file.to_owned(),
            line: line_number,
            trouble: Trouble::Misplaced,
            message,
            hint: Some(hint.to_owned()),
        };
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(error("a name that is not UTF-8".to_owned(), "rename the patch"));
        };
        let mut words = without_comment(line).split_whitespace();
        let Some(name) = words.next() else { continue };
        for option in words {
            if !matches!(option, "-p1" | "-pab") {
                let message = format!("the option '{}'", visible(option.as_bytes()));
                return Err(error(message, "only patches with one directory to strip are taken: -p1"));
            }
        }
        let shown = visible(name.as_bytes());
        if !is_inside(name) {
            return Err(error(format!("'{shown}' is not a path below the series"), "name the files of the set alone"));
        }
        if !seen.insert(name) {
            return Err(error(format!("'{shown}' stands there twice"), "a patch applies once"));
        }
        entries.push(Entry { path: name.to_owned(), line: line_number });
    }
    Ok(entries)
}

/// A `#` begins a comment where a word may begin.
fn without_comment(line: &str) -> &str {
    let is_start = |at: usize| at == 0 || line.as_bytes()[at - 1].is_ascii_whitespace();
    line.match_indices('#').find(|(at, _)| is_start(*at)).map_or(line, |(at, _)| &line[..at])
}

/// A relative path that stays below where it begins.
fn is_inside(path: &str) -> bool {
    !path.contains(['\0', '\\']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let entries = series("series", text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(|entry| entry.path).collect())
    }

    #[test]
    fn comments_options_and_directories() {
        let text = "# the set\r\n\n  # indented\nb.patch\r\nsub/dir/a#1.patch -p1 # why\n\tc.diff\t-pab\nlast";
        assert_eq!(names(text), Ok(vec!["b.patch".into(), "sub/dir/a#1.patch".into(), "c.diff".into(), "last".into()]));
        assert_eq!(names(""), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_taken_is_named_with_its_line() {
        for (text, says) in [
            ("a.patch\nb.patch -p0\n", "series:2: the option '-p0'"),
            ("a.patch -R\n", "series:1: the option '-R'"),
            ("../a.patch\n", "series:1: '../a.patch' is not a path below the series"),
            ("/a.patch\n", "series:1: '/a.patch' is not"),
            ("a//b\n", "series:1: 'a//b' is not"),
            ("a/./b\n", "series:1: 'a/./b' is not"),
            ("a\nb\na\n", "series:3: 'a' stands there twice"),
        ] {
            let error = names(text).expect_err(text);
            assert!(error.starts_with(says), "{error}");
        }
        assert!(series("s", b"\xff.patch\n").is_err());
    }
}
