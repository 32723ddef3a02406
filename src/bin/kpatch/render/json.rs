//! JSON, pretty and safe to print.

use std::fmt::Write as _;

use serde::Serialize;

use kpatch::ops::OpError;
use kpatch::text::visible;

/// The version of the envelope around the reports.
pub(crate) const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Envelope<'a, R> {
    schema: u32,
    verb: &'a str,
    reports: &'a [R],
}

/// `{ "schema": 1, "verb": …, "reports": [ … ] }`, the same for every verb.
pub(crate) fn envelope<R: Serialize>(verb: &str, reports: &[R]) -> Result<String, OpError> {
    pretty(&Envelope { schema: SCHEMA, verb, reports })
}

/// Any value. Characters that could forge a terminal are written as escapes, which JSON readers undo.
pub(crate) fn pretty<T: Serialize>(value: &T) -> Result<String, OpError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| OpError::because("cannot write the report as JSON", error))?;
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        let mut bytes = [0; 4];
        let harmless = c == '\n'
            || c == ' '
            || c.is_ascii_graphic()
            || visible(c.encode_utf8(&mut bytes).as_bytes()).starts_with(c);
        if harmless {
            out.push(c);
        } else {
            // Beyond ASCII JSON has characters only in strings, and there it may write any of them so.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_forge_a_terminal_and_loses_nothing() {
        let hostile = "\x1b[2J\u{9b}31m\u{202e}\u{7f}\u{feff} Jörg \\ \" \n";
        let json = envelope("plan", &[hostile]).expect("a string is JSON");
        assert!(json.contains("\\u001b[2J\\u009b31m\\u202e\\u007f\\ufeff Jörg"), "{json}");
        let back: serde_json::Value = serde_json::from_str(&json).expect("valid");
        assert_eq!(back["reports"][0], hostile);
        assert_eq!(back["schema"], 1);
        assert_eq!(back["verb"], "plan");
    }
}
