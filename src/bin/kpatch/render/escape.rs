//! Text of patches inside markdown: it can neither ping people, nor link, nor break out of where it stands.

use std::fmt::Write as _;

use super::safe;

/// Breaks what GitHub would make a mention or a link of, and is not seen.
const BREAK: &str = "&#8203;";

/// `text` for a paragraph, a list item, a table cell or a `<summary>`, but not for the beginning of a line.
pub(super) fn inline(text: &str) -> String {
    let text = safe(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        let word_after = after.starts_with(char::is_alphanumeric);
        match c {
            '@' => out.extend(["@", BREAK]),
            '#' if word_after => out.extend(["#", BREAK]),
            // `GH-12` is a reference too.
            '-' if before.eq_ignore_ascii_case(&'h') && after.starts_with(|c: char| c.is_ascii_digit()) => {
                out.extend(["-", BREAK]);
            }
            ':' if after.starts_with("//") => out.extend([":", BREAK]),
            '.' if before.eq_ignore_ascii_case(&'w') => out.extend([".", BREAK]),
            // Inside a word an underscore means nothing.
            '_' if before.is_alphanumeric() && word_after => out.push('_'),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '!' | '\'' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            other => out.push(other),
        }
        before = c;
    }
    out
}

/// At most `most` characters of `text`, for a cell.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A fence that no line of `lines` can close.
pub(super) fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_do_not_ping() {
        assert_eq!(inline("@torvalds see #123"), "@&#8203;torvalds see #&#8203;123");
        assert_eq!(inline("GH-12 x-1"), "GH-&#8203;12 x-1");
        assert_eq!(inline("https://x.y www.z"), "https:&#8203;//x.y www.&#8203;z");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(
            inline("a|b </details> `c` *d* [e](f)"),
            "a&#124;b &lt;/details&gt; &#96;c&#96; &#42;d&#42; &#91;e&#93;(f)"
        );
        assert_eq!(inline("drm_foo __init__"), "drm_foo &#95;&#95;init&#95;&#95;");
        assert_eq!(inline(r"\| &amp; # x"), r"&#92;&#124; &amp;amp; &#35; x");
        assert_eq!(inline("a\nb\u{202e}"), r"a&#92;u{a}b&#92;u{202e}");
    }

    #[test]
    fn a_fence_outgrows_what_it_holds() {
        assert_eq!(fence(&["x".into()]), "```");
        assert_eq!(fence(&["a ````` b".into(), "```".into()]), "``````");
    }
}
