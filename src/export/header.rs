//! The mail header and the message of a patch.

use crate::message::{Identity, Time};

use super::wrap::{WIDTH, is_space, wrap};

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a mail says of a commit, besides what it changes.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// As in the commit.
    pub author: &'a Identity,
    /// The date of the author.
    pub date: Time,
    /// The message as it stands in the commit, in UTF-8: subject, empty line, body.
    pub message: &'a [u8],
}

/// The header and the message, from the `From ` line to the line before `---`, as `git format-patch -k --zero-commit
/// --no-encode-email-headers` prints them.
///
/// Subject lines up to the first empty one become one header line, folded at 78 columns, in which git may keep a
/// line end only as a fold. Names and subjects stay UTF-8; a message that is not plain ASCII adds MIME headers.
/// White space at the end of lines and of the message goes away, and so does what follows a NUL.
pub fn header(commit: &Commit<'_>) -> Vec<u8> {
    let mut out = format!("From {} Mon Sep 17 00:00:00 2001\n", "0".repeat(40)).into_bytes();
    write_author(commit.author, &mut out);
    out.extend_from_slice(format!("Date: {}\nSubject: ", rfc2822(commit.date)).as_bytes());

    let message = commit.message.split(|&byte| byte == 0).next().unwrap_or_default();
    let mut lines = message.split(|&byte| byte == b'\n').map(trim_end).skip_while(|line| line.is_empty());
    let subject: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    wrap(&subject.join(&b'\n'), "Subject: ".len(), &mut out);
    out.push(b'\n');
    // An escape character counts as 8 bit, since it may begin a multi-byte encoding.
    if message.iter().any(|&byte| !byte.is_ascii() || byte == 0x1b) {
        out.extend_from_slice(
            b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n",
        );
    }
    out.push(b'\n');

    let body = out.len();
    for line in lines.skip_while(|line| line.is_empty()) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.truncate(trim_end(&out).len());
    out.push(b'\n');
    if out.len() <= body {
        out.push(b'\n');
    }
    out
}

fn write_author(author: &Identity, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(b"From: ");
    if author.name.iter().any(|byte| b"()<>[]:;@,.\"\\".contains(byte)) {
        let mut quoted = vec![b'"'];
        for &byte in author.name.iter() {
            if matches!(byte, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(byte);
        }
        quoted.push(b'"');
        wrap(&quoted, "From: ".len(), out);
    } else {
        wrap(&author.name, "From: ".len(), out);
    }
    let line = out[start..].rsplit(|&byte| byte == b'\n').next().map_or(0, <[u8]>::len);
    if line + author.email.len() + " <>".len() > WIDTH {
        out.push(b'\n');
    }
    out.extend_from_slice(b" <");
    out.extend_from_slice(&author.email);
    out.extend_from_slice(b">\n");
}

/// `Thu, 1 Jan 1970 00:00:00 +0000`, in the zone of `time`.
fn rfc2822(time: Time) -> String {
    let local = time.seconds.saturating_add(i64::from(time.offset) * 60);
    let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (sign, offset) = (if time.offset < 0 { '-' } else { '+' }, time.offset.unsigned_abs());
    format!(
        "{}, {day} {} {year} {:02}:{:02}:{:02} {sign}{:02}{:02}",
        WEEKDAYS[days.rem_euclid(7) as usize],
        MONTHS[month],
        second / 3600,
        second / 60 % 60,
        second % 60,
        offset / 60,
        offset % 60,
    )
}

/// Year, month (January is 0) and day of the month, `days` after 1970-01-01.
fn civil(days: i64) -> (i64, usize, i64) {
    // Years are taken to begin in March, so that a leap day is the last day of one.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 10 } else { month + 2 };
    (era * 400 + year + i64::from(is_next_year), month as usize, day)
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Commit, header, rfc2822};
    use crate::message::{Identity, Time};

    #[test]
    fn dates_are_written_in_their_zone() {
        for (seconds, offset, expected) in [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (0, -90, "Wed, 31 Dec 1969 22:30:00 -0130"),
            (951_827_696, 330, "Tue, 29 Feb 2000 18:04:56 +0530"),
            (4_107_542_400, 0, "Mon, 1 Mar 2100 00:00:00 +0000"),
        ] {
            assert_eq!(rfc2822(Time { seconds, offset }), expected);
        }
        // No moment is out of reach.
        rfc2822(Time { seconds: i64::MIN, offset: i32::MIN });
        rfc2822(Time { seconds: i64::MAX, offset: i32::MAX });
    }

    #[test]
    fn what_follows_a_nul_is_no_message() {
        let author = Identity { name: "A".into(), email: "a@b".into() };
        let commit =
            Commit { author: &author, date: Time { seconds: 0, offset: 0 }, message: b"subject\n\nbody\0more" };
        assert!(header(&commit).ends_with(b"Subject: subject\n\nbody\n"));
    }
}
