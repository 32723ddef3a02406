//! Who wrote it: `Name <mail>`, `mail (Name)`, and what people make of them.

use bstr::{BString, ByteSlice};

use super::Identity;
use super::charset::sanitize;
use super::clean::squeeze;
use super::lines::trim;

/// Reads the author from a `From:` value whose encoded words are decoded; `None` where nothing looks like an address.
///
/// As in git, a name that is empty, too long or that holds an address gives way to the address, and punctuation
/// around name and address is dropped.
pub(super) fn read(value: &[u8]) -> Option<Identity> {
    let value = squeeze(value);
    let plain = unquote(&value);
    let (name, email) = match plain.find_byte(b'@') {
        Some(at) => around_at(&plain, at),
        None => in_brackets(&value)?,
    };
    let name = if is_name(&name) { name } else { email.clone() };
    Some(Identity { name: commit_form(&name), email: commit_form(&email) })
}

/// Whether an address could be one: something, `@`, something, and nothing that mail forbids.
pub(super) fn is_address(email: &[u8]) -> bool {
    let forbidden = |byte: &u8| byte.is_ascii_control() || matches!(byte, b' ' | b'<' | b'>');
    email.split_once_str("@").is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.contains(&b'@') && !email.iter().any(forbidden)
    })
}

/// The address is what stands around `@` up to white space or brackets; the name is all the rest.
fn around_at(text: &[u8], at: usize) -> (Vec<u8>, Vec<u8>) {
    let space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let start = text[..at].iter().rposition(|&byte| space(byte) || byte == b'<').map_or(0, |before| before + 1);
    let end = text[at..].iter().position(|&byte| space(byte) || byte == b'>').map_or(text.len(), |after| at + after);
    let mut name = text[..start].to_vec();
    if name.last() == Some(&b'<') {
        name.pop();
        name.push(b' ');
    }
    name.extend_from_slice(text.get(end + 1..).unwrap_or_default());
    let name = squeeze(&name);
    let name = trim(&name);
    let inner = name.strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")"));
    (inner.unwrap_or(name).to_vec(), text[start..end].to_vec())
}

/// `Name <login>`, without any `@`.
fn in_brackets(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (name, rest) = text.split_once_str("<")?;
    let (email, _) = rest.split_once_str(">")?;
    Some((trim(name).to_vec(), email.to_vec()))
}

fn is_name(name: &[u8]) -> bool {
    (1..=60).contains(&name.len()) && !name.iter().any(|byte| matches!(byte, b'@' | b'<' | b'>'))
}

/// Drops quotes and the backslashes in quoted strings and comments; the parentheses of comments stay.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut quoted, mut depth, mut literal) = (false, 0_usize, false);
    for &byte in text {
        if literal {
            literal = false;
        } else if byte == b'\\' && (quoted || depth > 0) {
            literal = true;
            continue;
        } else if byte == b'"' && depth == 0 {
            quoted = !quoted;
            continue;
        } else if !quoted && byte == b'(' {
            depth += 1;
        } else if !quoted && byte == b')' {
            depth = depth.saturating_sub(1);
        }
        out.push(byte);
    }
    out
}

/// As a commit's author line holds it: UTF-8, no brackets or line ends, no punctuation around it.
fn commit_form(text: &[u8]) -> BString {
    let crud = |byte: &u8| *byte <= b' ' || b",:;<>\"\\'".contains(byte);
    let start = text.iter().position(|byte| !crud(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !crud(byte)).map_or(start, |last| last + 1);
    let inner: Vec<u8> = text[start..end].iter().copied().filter(|byte| !b"<>\n".contains(byte)).collect();
    sanitize(&inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors() {
        let cases = [
            ("A U Thor <a@b.c>", "A U Thor", "a@b.c"),
            ("a@b.c (A U Thor)", "A U Thor", "a@b.c"),
            ("\"Foo, Bar\" <a@b.c>", "Foo, Bar", "a@b.c"),
            ("\"A (B) \\\"C\\\"\" <a@b.c> (x)", "A (B) \"C\" (x)", "a@b.c"),
            ("Al <a@b.c>", "Al", "a@b.c"),
            ("<a@b.c>", "a@b.c", "a@b.c"),
            ("John Doe <johndoe>", "John Doe", "johndoe"),
            ("'J. Doe Jr.' <a@b.c>", "J. Doe Jr.", "a@b.c"),
        ];
        for (given, name, email) in cases {
            let author = read(given.as_bytes()).expect(given);
            assert_eq!((author.name.as_bstr(), author.email.as_bstr()), (name.into(), email.into()), "{given}");
        }
        assert_eq!(read(b"nobody"), None);
    }

    #[test]
    fn addresses() {
        for (email, good) in
            [("a@b", true), ("@", false), ("a@", false), ("a b@c", false), ("a", false), ("a@b@c", false)]
        {
            assert_eq!(is_address(email.as_bytes()), good, "{email}");
        }
        assert!(!read(b"@ <@>").is_some_and(|author| is_address(&author.email)));
    }
}
