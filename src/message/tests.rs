//! Mails, each through git and through ours.

use bstr::ByteSlice;

use super::oracle::{self, Commit, am, git, new_file};
use super::{Message, MessageError, Time, read};

/// The message as the commit that it makes; a mail without a date takes that of `like`.
fn commit(message: &Message, like: &Commit) -> Commit {
    let when = match message.date {
        Some(Time { seconds, offset }) => {
            let sign = if offset < 0 { '-' } else { '+' };
            let zone = offset.abs();
            format!("{seconds} {sign}{:02}{:02}", zone / 60, zone % 60)
        }
        None => like.author.rsplitn(3, ' ').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" "),
    };
    let author = format!("{} <{}> {when}", message.author.name, message.author.email);
    Commit { author, message: message.to_commit_message().into() }
}

const FROM: &str = "From: A U Thor <author@example.com>\n";
const DATE: &str = "Date: Mon, 16 Nov 2020 10:11:12 +0100\n";

/// Mails that git accepts; the diff and, unless they have one, the `---` line are added.
fn mails() -> Vec<Vec<u8>> {
    let heads = [
        "Subject: [PATCH 1/2] plain\n\nbody\n\nSigned-off-by: A\n",
        "Subject: [media] foo\n\nbody  \n\n\n\nmore\t\n\n",
        "Subject: [PATCH] [media] [PATCH v2] foo\n\n",
        "Subject: [a] [b] [c] [PATCH] foo\n\n",
        "Subject: Re: foo [PATCH]\n\n",
        "Subject: RE:  re:foo\tbar\n\n",
        "Subject: two\n lines\n\tfolded\n\nbody\n",
        "SUBJECT:no space\n\nbody\n",
        "Subject: first\nSubject: second\n\nbody\n",
        "Subject: =?UTF-8?q?f=C3=B6=C3=B6:?=\n =?UTF-8?q?_b?= =?iso-8859-1?B?5A==?= x\n\nbody\n",
        "Subject: in-body\n\n\nFrom: =?utf-8?q?J=C3=B6rg?= <j@example.com>\nSubject: [PATCH] other\n subject\nDate: Sun, 1 Jan 2023 00:00 -0500\n\nbody\n",
        "Subject: in-body only from\n\nfrom: J J <j@example.com>\nbody\nSubject: not any more\n",
        "Subject: twice\n\nFrom: J J <j@example.com>\nFrom: K K <k@example.com>\n\nbody\n",
        "Subject: other\n\n[PATCH 2/3] not taken\n\nbody\n",
        "Subject: other\n\n[PATCH] in-body subject\n\nbody\n",
        "Subject: other\n\n>From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: J J <j@example.com>\n\nbody\n",
        "Subject: quoted from\n\n>From here\nFrom here: to there\n",
        "Subject: blank\n\n  \nFrom: J J <j@example.com>\n\nbody\n",
        "Subject: include\n\n#include <x.h>\n#define y\n\n# comment\n",
        "Subject: scissors\n\nabove\n-- >8 --\nbelow\n",
        "Subject: dashes\n\n--\n----\n --- a\n---x\n",
        "Subject: cut\n\nabove\n---\nbelow is a note\n",
        "Subject: cut with space\n\nabove\n---  \t\nbelow is a note\n",
        "Subject: no body\n",
        "\n\nSubject: leading\n\nbody\n",
        "Subject: not a header next\nthis line is text: yes\n\nbody\n",
        "X-Other: a\nSubject: x\nMessage-Id: <a@b>\nOrigin: upstream, x\n\nbody\n",
        "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\nSubject: latin\n\nf\u{e9}e\n",
        "Content-Type: text/plain; charset=\"ISO-8859-15\"\nSubject: latin\n\neuro \u{a4}\n",
        "Subject: no charset, f\u{e9}e\n\nf\u{e9}e\n",
        "Content-Type: text/plain; charset=iso-8859-1\nSubject: latin\n\nFrom: J\u{e9}r\u{f4}me <j@example.com>\n\nf\u{e9}e\n",
        "Subject:\n\nfrom the body\n\nmore\n",
        "X: no subject\n\nfrom the body\n\nmore\n",
    ];
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect::<Vec<u8>>();
    let mut mails: Vec<Vec<u8>> =
        heads.iter().map(|head| [FROM.as_bytes(), DATE.as_bytes(), &latin(head)].concat()).collect();
    let authors = [
        "a@example.com (A U Thor)",
        "\"Foo, Bar\" <a@example.com>",
        "\"A \\\"B\\\" (C)\" <a@example.com>",
        "Al <a@example.com>",
        "<a@example.com>",
        "a@example.com",
        "A (zzz) B <a@example.com> (c)",
        "'J. Doe, Jr.' <a@example.com>",
        "X <x@example.com>",
        "\".\" <x@example.com>",
        "X Y. <.x.@example.com.>",
        "a@b <x@example.com>",
        "\"\" <y@example.com>",
        "=?utf-8?b?SsO2cmc=?= =?utf-8?q?_M=C3=BCller?= <a@example.com>",
        "A B <a@example.com>, C D <c@example.com>",
        "A\n B\n\t<a@example.com>",
        "=?iso-8859-1?Q?=22M=FCller=2C_J=22?= <a@example.com>",
        "A \\B <a@example.com>",
        "(A \\(B\\) C) a@example.com",
        "A very long name of more than sixty characters, which nobody bears <a@example.com>",
    ];
    mails.extend(authors.iter().map(|author| format!("From: {author}\nSubject: x\n{DATE}\nbody\n").into_bytes()));
    mails.push(format!("From x@y Mon Sep 17 00:00:00 2001\n{FROM}Subject: mbox\n{DATE}\nbody\n").into_bytes());
    mails.push(
        format!("{FROM}{DATE}Subject: crlf\n\nFrom: J J <j@example.com>\n\nbody\n\n\nmore\n")
            .replace('\n', "\r\n")
            .into_bytes(),
    );
    complete(&mut mails);
    mails.extend(encoded(mails.len()));
    mails
}

/// Adds the diff and, unless there is one, the `---` line.
fn complete(mails: &mut [Vec<u8>]) {
    for (number, mail) in mails.iter_mut().enumerate() {
        if !mail.contains_str("\n---\n") && !mail.contains_str("\n---  \t\n") {
            mail.extend_from_slice(if mail.ends_with(b"\r\n") { b"---\r\n" } else { b"---\n" });
        }
        mail.extend_from_slice(new_file(number).as_bytes());
    }
}

/// Mails whose bodies are encoded, diff and all.
fn encoded(first: usize) -> Vec<Vec<u8>> {
    let base64 = |text: &str| {
        let (done, out, error) = oracle::output(&mut std::process::Command::new("base64"), text.as_bytes());
        assert!(done, "{error}");
        String::from_utf8(out).expect("ASCII")
    };
    let quoted = |text: &str| {
        let escape = |line: &str| {
            line.bytes()
                .map(|byte| match byte {
                    b'=' => "=3D".to_owned(),
                    128.. => format!("={byte:02X}"),
                    _ => char::from(byte).to_string(),
                })
                .collect::<String>()
        };
        text.lines().map(|line| escape(line).replace("body", "bo=\ndy") + "\n").collect::<String>()
    };
    let header = |rest: &str| format!("{FROM}Subject: x\n{DATE}{rest}\n");
    let body = |number: usize| format!("f\u{f6}\u{f6} = body\n\nmore\n---\n{}", new_file(number));
    let (text, diff) = ("Fixes: f\u{f6} body\n---\n f | 1 +\n", new_file(first + 5));
    let part = "Content-Type: text/plain; charset=UTF-8; format=fixed\nContent-Transfer-Encoding: 8bit\n";
    let flowed = format!("a line that \nflows on\n> q\n  stuffed\n---\n{}", new_file(first + 3));
    [
        header("Content-Type: text/plain;\n charset=utf-8\nContent-Transfer-Encoding: base64\n") + &base64(&body(first)),
        header("Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=UTF-8\n") + &quoted(&body(first + 1)),
        header("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: Quoted-Printable\n") + &quoted(&body(first + 2)).replace("=C3=B6", "=F6"),
        header("Content-Type: text/plain; charset=UTF-8; format=flowed\n") + &flowed,
        header("Content-Type: text/plain; format=flowed; delsp=yes\n") + &flowed.replace(&format!("f{}", first + 3), &format!("f{}", first + 4)),
        header("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"----X\"\n")
            + &format!("This is multi-part.\n------X\n{part}\n{text}------X\nContent-Type: text/x-patch; name=\"a\"\n\n{diff}\n------X--\n\n"),
    ].into_iter().map(String::into_bytes).collect()
}

#[test]
fn mails_make_the_commits_that_git_am_makes() {
    assert_eq!(same_as_git(&mails()), 61);
}

#[test]
fn stgit_and_mercurial_patches_make_the_commits_that_git_am_makes() {
    let mut stgit = [
        b"Plain subject\n\nFrom: A U Thor <a@example.com>\nDate: Mon, 16 Nov 2020 10:11:12 +0100\n\nbody\n\nmore\n"
            .to_vec(),
        b"Other\n\nAuthor: A U Thor <a@example.com>\nDate: Mon, 16 Nov 2020 10:11 CEST\nbody\n".to_vec(),
    ];
    complete(&mut stgit);
    assert_eq!(same_as_git(&stgit), 2);
    let mut mercurial = [
        b"# HG changeset patch\n# User A U Thor <a@example.com>\n# Date 1600000000 -7200\n# Node ID 1\nsubject\n\nbody\n".to_vec(),
        b"# HG changeset patch\n# User A U Thor <a@example.com>\n# Date 1600000000 12600\n# Parent  1\n\nsubject\n".to_vec(),
    ];
    complete(&mut mercurial);
    assert_eq!(same_as_git(&mercurial), 2);
}

/// Compares every mail with the commit that git makes of it; returns how many there are.
fn same_as_git(mails: &[Vec<u8>]) -> usize {
    let commits = am(mails);
    assert_eq!(mails.len(), commits.len());
    for (mail, wanted) in mails.iter().zip(&commits) {
        let reading = read(mail).unwrap_or_else(|error| panic!("{error}: {}", mail.as_bstr()));
        let ours = commit(&reading.message, wanted);
        let show = |commit: &Commit| format!("{}\n{}", commit.author, commit.message.as_bstr());
        assert_eq!(show(&ours), show(wanted), "{}", mail.as_bstr());
    }
    commits.len()
}

#[test]
fn dates_are_those_of_git() {
    let dates = [
        "Mon, 16 Nov 2020 10:11:12 +0100",
        "Mon 16 Nov 2020 10:11:12 +0000",
        "Mon, 16 Nov 2020 10:11:12 +0000 (+0100)",
        "Mon, 16 Nov 2020 10:11:12 -0800 (PST)",
        "Sun, 09 Dec 2012 10:11 +0000",
        "Sun, 09 Dec 2012 10:11:12",
        "Sun, 09 Dec 2012",
        "9 Dec 12 10:11:12 GMT",
        "Dec 9 10:11:12 2012 +0545",
        "Sun Dec  9 10:11:12 2012",
        "Sun Dec 9 10:11:12 EST 2012",
        "2012-12-09 10:11:12 +0100",
        "2012-12-09T10:11:12Z",
        "2012-12-09T10:11:12.5+01:00",
        "20121209T101112-0130",
        "2012-12-09",
        "12/09/2012 10:11:12 PM",
        "09.12.2012 01:11 AM",
        "13/12/2012 1:2:3",
        "2012/13/12 1:2:3",
        "@1600000000 +0200",
        "@1600000000",
        "1600000000 -0730",
        "1600000000",
        "99999999",
        "Feb 30 2012 10:11:12",
        "Feb 2012 10:11:12",
        "10:11:12",
        "2012",
        "",
        "yesterday",
        "Mon, 16 Nov 1969 10:11:12 +0000",
        "1 Jan 1970 00:00:00 +0000",
        "1 Jan 1970 00:00:00 +0100",
        "1 Jan 2100 00:00:00 +0000",
        "31 Dec 2099 24:60:60",
        "31 Dec 2099 23:59:60 +0000",
        "Mon, 16 Nov 2020 10:11:12 +01",
        "Mon, 16 Nov 2020 10:11:12 +1",
        "Mon, 16 Nov 2020 10:11:12 +01:30",
        "Mon, 16 Nov 2020 10:11:12 +2400",
        "Mon, 16 Nov 2020 10:11:12 MESZ",
        "16 Sept 2020 10:11 CES",
        "16 Septe 2020 10:11 nzt",
        "16 Octobers 2020 10:11",
        "16 Nov 2020 10:11 0130",
        "16-Nov-2020 10:11:12 +0000",
        "16 11 2020 10:11",
        "16 11 99 10:11",
        "16 11 05 10:11",
        "+0100 16 Nov 2020 10:11",
        "16 Nov 2020 10:11 PM -0100",
        "Nov 16, 2020, 10:11:12.123 +0000",
        "20201116 101112 +0000",
        "20201116101112",
        "16 Nov 2020 101112.5 Z",
        "16 Nov 2020 10.11",
        "16 Nov 2020 10:11:12 +0000 16:00",
        "Mon, 16 Nov 2020 10:11:12 =?utf-8?q?x?=",
        "111111111111111111111111111",
        "16 Nov 2020 10:11:12 +12345",
        "31 31 31 31:31",
        "IDLE 1 1 99 1:1",
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let (mut same, mut invalid) = (0, 0);
    for date in dates {
        let (done, out, _) = oracle::output(
            git(dir.path()).args(["var", "GIT_AUTHOR_IDENT"]).env("GIT_AUTHOR_DATE", format!("{date} ")),
            b"",
        );
        let wanted = done.then(|| out.as_bstr().to_string());
        let ours = Time::parse(date.as_bytes()).map(|Time { seconds, offset }| {
            let sign = if offset < 0 { '-' } else { '+' };
            format!("Test <test@example.com> {seconds} {sign}{:02}{:02}\n", offset.abs() / 60, offset.abs() % 60)
        });
        assert_eq!(ours, wanted, "{date}");
        *if done { &mut same } else { &mut invalid } += 1;
    }
    assert_eq!((same, invalid), (45, 18));
}

fn error(mail: &str) -> (String, usize) {
    let error: MessageError = read(mail.as_bytes()).expect_err(mail);
    (error.to_string(), error.offset())
}

#[test]
fn what_is_missing_is_told() {
    let diff = new_file(0);
    assert_eq!(error(&format!("Subject: x\n\nbody\n---\n{diff}")), ("no author".into(), 0));
    assert_eq!(error(&format!("fix it\n{diff}")), ("no author".into(), 0));
    assert_eq!(error(&format!("{FROM}\n\n---\n{diff}")), ("no subject".into(), 0));
    assert_eq!(error(&format!("Subject: x\nFrom: @ <@>\n\n{diff}")).0, "the author '@ <@>' has no mail address");
    assert_eq!(
        error(&format!("Subject: x\nFrom: A B <ab>\n\n{diff}")),
        ("the author 'A B <ab>' has no mail address".into(), 11)
    );
    assert_eq!(error(&format!("Subject: x\nDate: a day\n{FROM}\n{diff}")), ("invalid date 'a day'".into(), 11));
    assert_eq!(error(&format!("{FROM}Content-Transfer-Encoding: base64\nDate: a day\nSubject: x\n\naGVsbG8=\n")).1, 70);
    assert_eq!(error(&format!("Subject: =?nope?q?=FF?=\n{FROM}\n{diff}")).1, 0);
    assert_eq!(error(&format!("Subject: x\n{FROM}\na\0b\n{diff}")).0, "a NUL byte in the message");
}

#[test]
fn dep3_headers() {
    let head = "Author: Luca B <l@example.com>\nDescription: trust it\n Because.\n .\n So there.\nOrigin: vendor\nBug: no\n\nMore text.\n--- a/x\n";
    let reading = read(head.as_bytes()).expect("an author and a subject");
    assert_eq!(reading.message.author.name, "Luca B");
    assert_eq!(reading.message.to_commit_message(), "trust it\n\nBecause.\n\nSo there.\n\nMore text.\n");
    assert_eq!(reading.boundary.map(|boundary| (boundary.offset, boundary.separator)), Some((head.len() - 8, false)));
    let other =
        read(b"From: A U Thor <a@b>\nForwarded: no\nSubject: two\nDescription: words\n of it\n\n---\n").expect("both");
    assert_eq!(other.message.to_commit_message(), "two\n");
    let free = read(b"Fix it\nand that\nAuthor: A U Thor <a@b>, B <b@c>\n\nmore\n---\n").expect("both");
    assert_eq!(free.message.to_commit_message(), "Fix it and that\n\nmore\n");
    assert_eq!(
        (free.message.author.name.to_string(), free.message.author.email.to_string()),
        ("A U Thor".into(), "a@b".into())
    );
}
