//! One `Origin:` for the patches of a whole set.

use bstr::ByteSlice as _;

use super::append::appended;
use super::mail::{Mail, value};
use super::settings::Settings;
use crate::message::trim_end;
use crate::patch::{Draft, PatchError, examine};
use crate::text::visible;

/// The values of all `Origin:` lines of a file, of the messages and of the headers of its mails, for display.
pub fn origins(file: &str, bytes: &[u8]) -> Result<Vec<String>, PatchError> {
    let settings = Settings::default();
    let mut all = Vec::new();
    for draft in examine(file, bytes)? {
        let mail = Mail::new(&draft, &settings);
        all.extend(mail.field("Origin").map(|field| visible(field.value.trim())));
        all.extend(mail.keyed("Origin").map(|(_, value)| visible(value)));
    }
    Ok(all)
}

/// The file with `Origin: <origin>` among the trailers of each of its patches. A line whose value is one of the same source,
/// as `is_ours` tells, gets this value; where there is none, it comes behind the last trailer. No other byte changes. `None`
/// for a file with a message that is not read as that of a mail, or that came encoded.
pub fn with_origin(file: &str, bytes: &[u8], origin: &str, is_ours: &dyn Fn(&str) -> bool) -> Option<Vec<u8>> {
    let settings = Settings::default();
    let mut out = Vec::with_capacity(bytes.len() + 128);
    for draft in examine(file, bytes).ok()? {
        out.extend(one(&draft, &settings, origin, is_ours)?);
    }
    Some(out)
}

fn one(draft: &Draft, settings: &Settings, origin: &str, is_ours: &dyn Fn(&str) -> bool) -> Option<Vec<u8>> {
    if draft.message.decoded.is_some() || draft.message.by_git.is_some() {
        return None;
    }
    let mail = Mail::new(draft, settings);
    let line = format!("Origin: {origin}").into_bytes();
    let ours = mail.provenance.origins.iter().copied().find(|at| {
        let said = value(mail.body[*at].text.trim_end(), "Origin").unwrap_or_default();
        said.as_bytes() == origin.as_bytes() || is_ours(&visible(said))
    });
    let (place, new) = match ours {
        Some(at) if trim_end(mail.body[at].text) == line => return Some(draft.bytes.to_vec()),
        Some(at) => (mail.body[at].span.clone(), line),
        None => appended(&mail, &line)?,
    };
    let text = mail.text;
    Some([&text[..place.start], &new, &text[place.end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "---\n x | 2 +-\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    const URL: &str = "https://example.org/projects/rt/2";

    fn with(text: &str) -> String {
        let ours = |said: &str| said.contains("/projects/rt/");
        let new = with_origin("x.patch", text.as_bytes(), URL, &ours).expect("a mail");
        assert_eq!(with_origin("x.patch", &new, URL, &ours).as_deref(), Some(new.as_slice()), "once is enough");
        String::from_utf8(new).expect("text")
    }

    #[test]
    fn it_stands_behind_the_trailers_once() {
        let head = "From: A <a@b.c>\nSubject: s\n\nbody\n";
        for (before, after) in [
            (String::new(), format!("\nOrigin: {URL}\n")),
            ("\nSigned-off-by: A <a@b.c>\n".into(), format!("\nSigned-off-by: A <a@b.c>\nOrigin: {URL}\n")),
            (
                "\nOrigin: https://example.org/projects/rt/1\nAcked-by: B <b@b.c>\n".into(),
                format!("\nOrigin: {URL}\nAcked-by: B <b@b.c>\n"),
            ),
            (
                "\nOrigin: https://git.example.org/1\n".into(),
                format!("\nOrigin: https://git.example.org/1\nOrigin: {URL}\n"),
            ),
        ] {
            assert_eq!(with(&format!("{head}{before}{DIFF}")), format!("{head}{after}{DIFF}"));
        }
    }

    #[test]
    fn every_patch_of_a_file_gets_it() {
        let mail = format!("From x Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: s\n\nb\n{DIFF}\n");
        assert_eq!(with(&mail.repeat(2)).matches(&format!("Origin: {URL}\n")).count(), 2);
        assert_eq!(origins("x", with(&mail.repeat(2)).as_bytes()).expect("read"), [URL, URL]);
        let dep3 = format!("Description: s\nAuthor: A <a@b.c>\n\n{DIFF}");
        assert_eq!(with_origin("x", dep3.as_bytes(), URL, &|_| false), None);
    }
}
