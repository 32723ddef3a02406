//! What messages say of other commits: that they are, revert or fix them.

use bstr::{BString, ByteSlice as _};

/// The commits that a message says its commit is; with `origins` also those in `Origin:` lines.
pub(super) fn claimed_ids(text: &[u8], origins: bool) -> Vec<String> {
    let mut ids = Vec::new();
    let mut before: &[u8] = b"";
    for line in text.lines() {
        let line = line.trim();
        // "This reverts commit …, which is" may end a line: the next one names what is taken back.
        let goes_on = before.ends_with(b" which is") || before == b"which is";
        before = line;
        let lower = line.to_ascii_lowercase();
        let pick = lower.strip_prefix(b"(cherry picked from commit ").map(hex_prefix);
        let stable = lower
            .strip_prefix(b"commit ")
            .filter(|rest| !goes_on && rest.get(40..).is_some_and(|rest| rest.starts_with(b" upstream")))
            .map(hex_prefix);
        let bracket = lower.strip_prefix(b"[ upstream commit ").or_else(|| lower.strip_prefix(b"[upstream commit "));
        ids.extend(pick.flatten().or(stable.flatten()).or(bracket.and_then(hex_prefix)));
        if origins && let Some(value) = lower.strip_prefix(b"origin:") {
            ids.extend(
                value.split(|byte| !byte.is_ascii_hexdigit()).filter(|word| word.len() == 40).filter_map(hex_prefix),
            );
        }
    }
    ids
}

/// The commits that a message says its commit takes back, and those that they are in turn: `This reverts commit <id> which is
/// commit <id> upstream.`
pub(super) fn reverted_ids(message: &[u8]) -> Vec<String> {
    let marker: &[u8] = b"This reverts commit ";
    let mut ids = Vec::new();
    for at in message.find_iter(marker) {
        let rest = &message[at + marker.len()..];
        let Some(id) = hex_prefix(rest) else { continue };
        ids.push(id);
        let rest = rest[40..].trim_start_with(|c| c == ',' || c.is_ascii_whitespace());
        let upstream = rest.strip_prefix(b"which is").map(<[u8]>::trim_start);
        let upstream = upstream.map(|rest| rest.strip_prefix(b"commit").map_or(rest, <[u8]>::trim_start));
        ids.extend(upstream.and_then(hex_prefix));
    }
    ids
}

/// What `Fixes:` lines name: the beginnings of ids, in lower case, each with the title behind it; an empty one if there is none.
pub(super) fn fixes(message: &[u8]) -> impl Iterator<Item = (String, BString)> + '_ {
    let lines =
        message.lines().filter_map(|line| line.strip_prefix(b"Fixes:").or_else(|| line.strip_prefix(b"fixes:")));
    lines.filter_map(|line| {
        let line = line.trim();
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let id = (8..=40).contains(&digits).then(|| line[..digits].to_str_lossy().to_ascii_lowercase())?;
        let quote = |c: char| matches!(c, '"' | '\'' | '(' | ')') || c.is_ascii_whitespace();
        Some((id, line[digits..].trim_with(quote).into()))
    })
}

/// Shorter words are in too many titles.
const TELLING: usize = 12;

/// True for equal titles, and where one is the other with a tag in front of it, or cut.
pub(super) fn is_same_title(one: &[u8], other: &[u8]) -> bool {
    let bare = |title: &[u8]| {
        let words: Vec<&[u8]> = title.fields().collect();
        words.join(&b' ').trim_with(|c| matches!(c, '"' | '\'' | '(' | ')')).to_ascii_lowercase()
    };
    let (one, other) = (bare(one), bare(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let cut = short.strip_suffix(b"...").unwrap_or(&short);
    short == long || (cut.len() >= TELLING && (long.ends_with(&short) || long.starts_with(cut)))
}

/// A full commit id at the start of `text`, in lower case.
fn hex_prefix(text: &[u8]) -> Option<String> {
    let id = text.get(..40)?;
    let complete = id.iter().all(u8::is_ascii_hexdigit) && !text.get(40).is_some_and(u8::is_ascii_hexdigit);
    complete.then(|| id.to_str_lossy().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> String {
        digit.to_string().repeat(40)
    }

    #[test]
    fn a_revert_says_what_it_takes_back_and_is_no_copy_of_it() {
        let (a, b) = (id('a'), id('b'));
        for between in [" which is ", " which is\n", ", which is\n", "\nwhich is "] {
            let text = format!("Revert \"x\"\n\nThis reverts commit {a}{between}commit {b} upstream.\n");
            assert_eq!(reverted_ids(text.as_bytes()), [a.clone(), b.clone()], "{text}");
            assert_eq!(claimed_ids(text.as_bytes(), true), Vec::<String>::new(), "{text}");
        }
        let text = format!("x\n\ncommit {b} upstream.\n\nThis reverts commit {a}.\n");
        assert_eq!((reverted_ids(text.as_bytes()), claimed_ids(text.as_bytes(), true)), (vec![a.clone()], vec![b]));
        assert_eq!(reverted_ids(format!("This reverts commit {a}0").as_bytes()), Vec::<String>::new());
    }

    #[test]
    fn fixes_are_read_with_their_titles() {
        let long = id('c');
        let text = format!(
            "x\n\nFixes: 0123456789AB (\"net: count \"it\" anew\")\nFixes: {long}\nFixes: 0123456 (\"short\")\n\
             fixes: 01234567 net: bare\nFixes: nothing\n"
        );
        let found: Vec<_> = fixes(text.as_bytes()).collect();
        let expected = [("0123456789ab", "net: count \"it\" anew"), (long.as_str(), ""), ("01234567", "net: bare")];
        assert_eq!(found, expected.map(|(id, title)| (id.to_owned(), BString::from(title))));
    }

    #[test]
    fn titles_are_the_same_with_a_tag_or_a_cut() {
        let same = |a: &str, b: &str| is_same_title(a.as_bytes(), b.as_bytes());
        assert!(same("net: count it anew", "net:  Count it anew"));
        assert!(same("UPSTREAM: net: count it anew", "net: count it anew"));
        assert!(same("net: count it anew", "net: count it a..."));
        assert!(!same("net: count it anew", "net: count it"[..8].as_ref()));
        assert!(!same("net: count it anew", "usb: count it anew"));
        assert!(!same("", "net: count it anew"));
    }
}
