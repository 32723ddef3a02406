//! The file name of a patch.

use crate::message::is_space;

const SUFFIX: &str = ".patch";
/// The longest name with the NUL that C puts behind it.
const LONGEST: usize = 64;

/// `NNNN-subject.patch`, as `git format-patch` names the patch with this number and subject.
///
/// `subject` may be a whole message, of which the first line counts. Of it only ASCII letters, digits, `.` and `_`
/// are kept; whatever stands between two of them becomes one `-`. The name has at most 63 bytes.
pub fn file_name(number: usize, subject: &[u8]) -> String {
    let line =
        subject.split(|&byte| byte == b'\n').find(|line| !line.iter().all(|&byte| is_space(byte))).unwrap_or_default();
    let mut title = String::new();
    let mut gap = false;
    for &byte in line {
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'_') {
            gap = true;
            continue;
        }
        if gap && !title.is_empty() {
            title.push('-');
        } else if byte == b'.' && title.ends_with('.') {
            continue;
        }
        gap = false;
        title.push(byte.into());
    }
    let mut name = format!("{number:04}-{}", title.trim_end_matches(['.', '-']));
    name.truncate(LONGEST - SUFFIX.len() - 1);
    name + SUFFIX
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_are_sanitized_and_cut() {
        for (subject, expected) in [
            ("x86/mm: Fix *it* (again)", "0007-x86-mm-Fix-it-again.patch"),
            ("[media] föö..bar. ", "0007-media-f-.bar.patch"),
            ("\n \nsecond line\nthird", "0007-second-line.patch"),
            ("../../etc/passwd", "0007-.-.-etc-passwd.patch"),
            ("", "0007-.patch"),
        ] {
            assert_eq!(file_name(7, subject.as_bytes()), expected, "{subject}");
        }
        assert_eq!(file_name(1, &[b'a'; 90]).len(), 63);
        assert_eq!(file_name(123_456, b"x"), "123456-x.patch");
    }
}
