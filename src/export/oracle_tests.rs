//! Whole mails, compared with those of `git format-patch`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use bstr::ByteSlice as _;

use super::header::Commit;
use super::mail::mail;
use crate::diff::attributes::Attributes;
use crate::diff::format::{file_diff, file_diff_and_stat};
use crate::diff::oracle::{DIFF_TREE, FORMAT_PATCH, Objects, Sandbox, corpus};
use crate::diff::stat::{diffstat, summary};
use crate::message::{Identity, Time};
use crate::patch::file_name;

/// The author, the date and the message of a raw commit object.
fn read_commit(raw: &[u8]) -> (Identity, Time, Vec<u8>) {
    let (head, message) = raw.split_once_str("\n\n").unwrap();
    let line = head.lines().find_map(|line| line.strip_prefix(b"author ")).unwrap();
    let (name, rest) = line.split_once_str("<").unwrap();
    let (email, rest) = rest.split_once_str("> ").unwrap();
    let (seconds, zone) = rest.to_str().unwrap().split_once(' ').unwrap();
    let zone: i32 = zone.parse().unwrap();
    let author = Identity { name: name.trim_end().into(), email: email.into() };
    let time = Time { seconds: seconds.parse().unwrap(), offset: zone / 100 * 60 + zone % 100 };
    (author, time, message.to_vec())
}

/// Exports `base..tip` twice and compares names and bytes; returns how many mails there are.
fn compare(sandbox: &Sandbox, base: &str, tip: &str, with_summary: bool) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let range = format!("{base}..{tip}");
    // The option `--stat` switches the summary off, so it must be asked for again.
    let stat = if with_summary { &["--stat=72", "--summary"][..] } else { &["--stat=72"] };
    sandbox.git(&[FORMAT_PATCH, stat, &["-o", out, &range]].concat());

    let attributes = Attributes::parse(&fs::read(sandbox.path().join(".gitattributes")).unwrap_or_default());
    let commits = sandbox.git(&["rev-list", "--reverse", &range]);
    let mut objects = Objects::open(sandbox);
    let mut count = 0;
    for id in commits.lines() {
        count += 1;
        let id = id.to_str().unwrap();
        let (author, date, message) = read_commit(&objects.read(id));
        let (mut stats, mut diff) = (Vec::new(), Vec::new());
        for change in sandbox.changes(&format!("{id}^"), id) {
            let driver = attributes.diff_driver(&change.path);
            stats.push(file_diff_and_stat(&change.change(), &driver, &mut diff).unwrap());
        }
        let mut stat = diffstat(&stats);
        if with_summary {
            stat.extend(summary(&stats));
        }
        let commit = Commit { author: &author, date, message: &message };
        let name = file_name(count, &message);
        let expected = fs::read(Path::new(out).join(&name)).unwrap_or_else(|_| panic!("git wrote no {name}"));
        assert_eq!(mail(&commit, &stat, &diff).as_bstr(), expected.as_bstr(), "{name}");
    }
    assert_eq!(fs::read_dir(out).unwrap().count(), count);
    count
}

#[test]
fn odd_subjects_bodies_and_authors_are_written_as_git_does() {
    let long = "a subject that goes on and on, with many words in it, and one-very-long-word-".to_owned();
    let blank_at = |columns: usize| format!("{} tail words", "x".repeat(columns));
    let mut messages: Vec<String> = [
        "plain",
        "plain\n",
        "\n\n  leading blank lines and spaces  \n\n\nbody  \n\n\n\n  indented\t\n\n\n",
        "two lines\nof subject\n\nbody\n",
        "two lines\n- with a dash\n\tand a tab\n\nbody\n",
        "[media] foo: [PATCH 1/2] Re: bar",
        "Re: foo...bar....baz.",
        "föö: ümlaut in subject\n\nbody",
        "ascii subject\n\nnon-ASCII bödy",
        "escape \u{1b}[31mred\u{1b}[m\n\nbody",
        "tab\there and there\t\tand so on until the line is longer than seventy-eight columns, as it is now",
        "body with marks\n\n---\nFrom x Mon Sep 17\n>From y\nFrom: z\ndiff --git a/x b/x\n-- \n2.0\n",
        "subject only, then blanks\n \n\t\n",
        "...---...",
        "a/b\\c:d*e?f\"g<h>i|j.patch",
        "carriage\r\nreturn\r\n\r\nbody\r\nend\r\n",
        "日本語の件名は一文字が二桁になるので 折り返しは 桁数で 決まります。長い長い長い件名 です。ここで 折り返し",
        "soft\u{ad}hyphen and combining e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301} marks take no columns of their own at all, do they",
        "control \u{1}\u{2}\u{3}\u{7f} characters take away columns from the line that is already too long for it, or",
        "",
        "\n\n",
    ]
    .map(str::to_owned)
    .to_vec();
    messages.push(long.repeat(5));
    messages.push("w".repeat(300));
    messages.push(format!("start {} end", "w".repeat(100)));
    messages.push(format!("{}\nx\n-y", "first line words ".repeat(5)));
    messages.extend((60..75).map(blank_at));
    messages.extend((40..60).map(|len| format!("{} - .{}", "n".repeat(len), "tail ".repeat(3))));

    let sandbox = Sandbox::new();
    let base = sandbox.commit(&[], b"base", "A <a@b>");
    let authors: Vec<String> = [
        "A U Thor <a@b>",
        "Foo, Bar <a@b>",
        "A. B. \"C\" D\\E <a@b>",
        "Jörg Ümlaut <a@b>",
        "Jörg (work), Ü <a@b>",
        "<only@mail>",
        "Nobody <>",
        "a name that is so long that it has to be folded because no line may have as many columns as this <a@b>",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain((40..70).map(|len| format!("{} <someone@example.com>", "n".repeat(len))))
    .collect();
    let mut number = 0;
    let mut commit = |message: &[u8], author: &str| {
        number += 1;
        let file = (b"f".to_vec(), 0o100_644, format!("{number}\n").into_bytes());
        let other = (format!("new {number}").into_bytes(), 0o100_755, Vec::new());
        sandbox.commit(&[file, other], message, author);
    };
    for message in &messages {
        commit(message.as_bytes(), "A U Thor <a@b>");
    }
    for author in &authors {
        commit(b"subject", author);
    }
    let latin =
        b"latin-1 bytes \xe9\xe8 in a subject that is long enough to be folded, since it has many words in it\n\n\xe9";
    commit(latin, "J\u{f6}rg <a@b>");

    let count = messages.len() + authors.len() + 1;
    assert_eq!(compare(&sandbox, &base, "main", false), count);
    assert_eq!(compare(&sandbox, &base, "main", true), count);
}

/// Every set is applied to its base, the patches that git refuses left out, and exported again.
#[test]
fn real_patch_sets_are_exported_as_git_does() {
    let sandbox = Sandbox::linux();
    let mut counts = Vec::new();
    for set in ["6.1.170", "6.1.170-rt", "6.1.176", "6.1.176-rt", "6.12.100", "6.12.100-rt"] {
        let base = format!("v{}", set.trim_end_matches("-rt"));
        sandbox.git(&["checkout", "-q", "-f", "--detach", &base]);
        let dir = corpus().join(format!("patches-{set}"));
        let mut patches: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        patches.sort();
        let mut command = sandbox.command(&["am", "-q", "--keep-cr", "--keep-non-patch", "--patch-format=mbox"]);
        let mut applied = command.args(&patches).output().unwrap();
        let mut refused = 0;
        while !applied.status.success() {
            refused += 1;
            assert!(refused < patches.len(), "{}", applied.stderr.as_bstr());
            applied = sandbox.command(&["am", "--skip"]).output().unwrap();
        }
        counts.push(compare(&sandbox, &base, "HEAD", set.ends_with("-rt")));
    }
    assert_eq!(counts, [152, 67, 157, 72, 73, 43]);
}

#[test]
fn real_releases_differ_as_git_says() {
    let sandbox = Sandbox::linux();
    let mut counts = Vec::new();
    for (old, new) in [("v6.1.170", "v6.1.176"), ("v6.1.176", "v6.12.100"), ("v6.12.100", "v6.1.170")] {
        sandbox.git(&["checkout", "-q", "-f", "--detach", new]);
        let attributes = Attributes::parse(&fs::read(sandbox.path().join(".gitattributes")).unwrap());
        let changes = sandbox.changes(old, new);
        let mut out = Vec::new();
        for change in &changes {
            file_diff(&change.change(), &attributes.diff_driver(&change.path), &mut out).unwrap();
        }
        let expected = sandbox.git(&[DIFF_TREE, &[old, new]].concat());
        assert!(out == expected, "{old}..{new}");
        let stats: Vec<_> = changes
            .iter()
            .map(|change| crate::diff::format::file_stat(&change.change(), &attributes.diff_driver(&change.path)))
            .collect();
        let options = ["diff-tree", "-r", "--no-renames", "--diff-algorithm=myers", "--stat=72", "--summary"];
        let expected = sandbox.git(&[&options[..], &[old, new]].concat());
        assert_eq!([diffstat(&stats), summary(&stats)].concat().as_bstr(), expected.as_bstr());
        counts.push(changes.len());
    }
    assert_eq!(counts, [61, 492, 492]);
}
