//! The `build-args` file of a series: `KEY=VALUE` lines.

use std::ops::Range;

use bstr::ByteSlice as _;

use super::makefile::{BadWord, trim};
use crate::version::{KernelVersion, Series, VersionError};

/// What a `build-args` file says of its kernel, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BuildArgs {
    /// The values of `KERNEL_VERSION`, of which there should be one.
    pub(super) versions: Vec<(KernelVersion, Range<usize>)>,
    /// The values of `KERNEL_SERIES` that are series.
    pub(super) series: Vec<(Series, Range<usize>)>,
}

/// Reads the two keys; all other lines are somebody else's.
pub(super) fn read(text: &[u8]) -> Result<BuildArgs, BadWord> {
    let mut args = BuildArgs::default();
    let mut start = 0;
    for (index, line) in text.split(|&b| b == b'\n').enumerate() {
        let end = start + line.len();
        let equals = line.iter().position(|&b| b == b'=').unwrap_or(line.len());
        let key = &text[trim(text, start..start + equals)];
        let value = trim(text, (start + equals + 1).min(end)..end);
        let word = String::from_utf8_lossy(&text[value.clone()]);
        if key == b"KERNEL_VERSION" {
            let version = word.parse().map_err(|reason: VersionError| BadWord { line: index + 1, reason })?;
            args.versions.push((version, value));
        } else if key == b"KERNEL_SERIES"
            && let Ok(series) = word.parse()
        {
            args.series.push((series, value));
        }
        start = end + 1;
    }
    Ok(args)
}

/// The value of a key, if it is one word.
pub(super) fn value(text: &[u8], key: &str) -> Option<String> {
    let lines = text.split(|&byte| byte == b'\n').filter_map(|line| line.split_once_str("="));
    let mut values = lines.filter(|(name, _)| name.trim() == key.as_bytes()).map(|(_, value)| value.trim());
    let value = values.next_back()?.to_str().ok()?;
    let is_word = !value.is_empty() && !value.contains(char::is_whitespace);
    is_word.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_keys_are_found_to_the_byte() {
        let text = b"BUILD_IMAGE=linuxkit/alpine:1.2.3\r\nKERNEL_VERSION=6.12.59 \r\nKERNEL_SERIES=6.12.x\r\n#KERNEL_VERSION=1.2.3\r\nX\r\n\r\n=";
        let args = read(text).expect("readable");
        let [(version, place)] = &args.versions[..] else { panic!("one version") };
        assert_eq!((version.to_string().as_bytes(), &text[place.clone()]), (&b"6.12.59"[..], &b"6.12.59"[..]));
        assert_eq!(&text[args.series[0].1.clone()], b"6.12.x");
        let last = read(b"KERNEL_VERSION=6.7").expect("readable");
        assert_eq!(last.versions[0].1, 15..18);
        assert_eq!(read(b"A=1\nKERNEL_VERSION=\n").expect_err("no version").line, 2);
        assert_eq!(read(b"").expect("readable"), BuildArgs::default());
        assert_eq!(value(text, "BUILD_IMAGE").as_deref(), Some("linuxkit/alpine:1.2.3"));
        assert_eq!(value(b"BUILD_IMAGE=a b\nBUILD_IMAGES=c\n", "BUILD_IMAGE"), None);
    }
}
