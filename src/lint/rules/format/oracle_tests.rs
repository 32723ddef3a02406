//! What git itself makes of the files that the rules judge.

use std::path::Path;

use bstr::ByteSlice as _;

use crate::diff::testing::{Random, SETS, mutated, patches};
use crate::finding::{FixClass, Severity};
use crate::lint::tests::Files;
use crate::lint::{Allowed, RULES, Settings, Subject, fix_file};
use crate::message::oracle::{git, new_file, output};
use crate::patch::examine;

/// The file with a diff that always applies, number `number`.
fn applicable(bytes: &[u8], number: usize) -> Vec<u8> {
    let drafts = examine("x", bytes).expect("a file of text");
    let draft = &drafts[0];
    let end = draft.message.boundary.map_or(draft.bytes.len(), |boundary| boundary.offset);
    assert!(draft.message.decoded.is_none(), "an encoded mail cannot take another diff");
    [&bytes[..end], b"---\n", new_file(number).as_bytes()].concat()
}

/// Whether the rule finds an error.
fn errs(bytes: &[u8], id: &str) -> bool {
    Files::one(bytes).says(id).iter().any(|judged| judged.finding.severity == Severity::Error)
}

/// Runs `git am` on some files; says whether it takes them all.
fn takes(dir: &Path, mails: &[Vec<u8>]) -> bool {
    let mut am = git(dir);
    am.args(["-c", "core.fsync=none", "am", "-q", "--keep-cr", "--keep-non-patch", "--no-scissors"]);
    for (number, mail) in mails.iter().enumerate() {
        let name = dir.join(format!("{number:04}.patch"));
        std::fs::write(&name, mail).expect("a file");
        am.arg(name);
    }
    let (done, _, _) = output(&mut am, b"");
    if !done {
        output(git(dir).args(["am", "--abort"]), b"");
        output(git(dir).args(["reset", "-q", "--hard"]), b"");
    }
    done
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(output(git(dir.path()).args(["init", "-q", "."]), b"").0);
    assert!(output(git(dir.path()).args(["commit", "-q", "--allow-empty", "-m", "base"]), b"").0);
    dir
}

/// Whether `git mailinfo` finds a subject.
fn has_subject(dir: &Path, mail: &[u8]) -> bool {
    let (_, out, _) = output(git(dir).args(["mailinfo", "-b", "message", "patch"]), mail);
    out.lines().any(|line| line.strip_prefix(b"Subject: ").is_some_and(|subject| !subject.trim().is_empty()))
}

#[test]
fn git_refuses_what_the_rules_call_an_error() {
    let dir = repository();
    let good = "From: A <a@b.c>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\n";
    let crafted = [
        format!("{good}Subject: s\n\nb\n"),
        format!("From x Mon Sep 17 00:00:00 2001\n{good}Subject: s\n\nb\n"),
        format!("\u{feff}{good}Subject: s\n\nb\n"),
        "Subject: s\n\nFrom: A <a@b.c>\n\nb\n".to_owned(),
        "Subject: s\n\nb\n".to_owned(),
        "From: A\nSubject: s\n\nb\n".to_owned(),
        "From: <>\nSubject: s\n\nb\n".to_owned(),
        "From: a@b.c\nSubject: s\n\nb\n".to_owned(),
        "From: a@b.c (A)\nSubject: s\n\nb\n".to_owned(),
        "Author: A <a@b.c>\nDescription: s\n more\n\nb\n".to_owned(),
        "Description: s\nAuthor: A <a@b.c>\nSubject: t\n\nb\n".to_owned(),
        "From: A <a@b.c>\nDescription: s\n\nb\n".to_owned(),
        "Description: s\n more\n\nFrom: A <a@b.c>\nSubject: s\n\nb\n".to_owned(),
        "what this is\nDescription: s\nAuthor: A <a@b.c>\n\nb\n".to_owned(),
        "only text\n\nb\n".to_owned(),
        "s\n\nFrom: A <a@b.c>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\n\nb\n".to_owned(),
        "# HG changeset patch\n# User A <a@b.c>\n# Date 1600000000 0\n\ns\n\nb\n".to_owned(),
        "From: A <a@b.c>\nDate: 2019-13-45 99:99\nSubject: s\n\nb\n".to_owned(),
        "From: A <a@b.c>\nDate: some day\nSubject: s\n\nb\n".to_owned(),
        "From: A <a@b.c>\nDate:\nSubject: s\n\nb\n".to_owned(),
        "From: A <a@b.c>\nSubject: [PATCH]\n\nb\n".to_owned(),
        "From: A <a@b.c>\nSubject: [PATCH] [media] s\n\nb\n".to_owned(),
        "From: A <a@b.c>\n\nSubject: s\n\nb\n".to_owned(),
        "From: A <a@b.c>\n\nb\n".to_owned(),
    ];
    for (number, text) in crafted.iter().enumerate() {
        let mail = applicable(text.as_bytes(), number);
        let refused = errs(&mail, "F001") || errs(&mail, "F002") || mail.starts_with(b"\xef\xbb\xbf");
        assert_eq!(takes(dir.path(), std::slice::from_ref(&mail)), !refused, "{text}");
        let is_mail = !text.starts_with('#') && !text.starts_with("s\n") && !refused;
        if is_mail {
            assert_eq!(has_subject(dir.path(), &mail), !errs(&mail, "M002"), "{text}");
        }
    }
}

/// git takes these: the author is nobody all the same.
#[test]
fn some_authors_are_none_though_git_takes_them() {
    let dir = repository();
    for (number, from) in ["A <login>", "A @ home"].into_iter().enumerate() {
        let mail = applicable(format!("From: {from}\nSubject: s\n\nb\n").as_bytes(), number);
        assert!(takes(dir.path(), std::slice::from_ref(&mail)) && errs(&mail, "F001"), "{from}");
    }
}

#[test]
fn git_and_the_rules_agree_on_real_patches() {
    let dir = repository();
    let (mut good, mut bad) = (Vec::new(), 0);
    for (set, _) in SETS {
        for (path, bytes) in patches(set) {
            let mail = applicable(&bytes, good.len());
            if errs(&mail, "F001") || errs(&mail, "F002") {
                bad += 1;
                assert!(!takes(dir.path(), &[mail]), "{}", path.display());
                continue;
            }
            assert_eq!(has_subject(dir.path(), &mail), !errs(&mail, "M002"), "{}", path.display());
            good.push(mail);
        }
    }
    assert!(takes(dir.path(), &good), "git refuses a file that no rule calls an error");
    assert!(bad > 0 && bad * 50 < good.len(), "{bad} of {}", good.len());
}

#[test]
fn no_bytes_break_a_rule() {
    let mut settings = Settings::default();
    for rule in RULES.iter() {
        settings.select(rule);
    }
    let mut random = Random::new(7);
    let spice: [&[u8]; 12] = [
        b"Signed-off-by: A <a@b.c>\n",
        b"Signed-off-by",
        b"Subject: [",
        b"[PATCH",
        b"From: ",
        b"---\n",
        b"diff --git a/x b/x\n",
        b"\xef\xbb\xbf",
        b"\xe9\r\n",
        b"\0",
        b"Conflicts:\n[",
        b"-- >8",
    ];
    for mut bytes in mutated(5, 150) {
        let head = bytes.find(b"\n---\n").unwrap_or(bytes.len());
        for _ in 0..random.below(4) {
            let at = random.below(head.min(bytes.len()));
            bytes.splice(at..at, spice[random.below(spice.len())].iter().copied());
        }
        let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
        fix_file(Subject { name: "0001-x.patch", path: "x" }, &bytes, &settings, allowed, &|_| true);
    }
    // Many lines that each have something to be said of.
    for line in ["Change-Id: I0123456789\n", "signed-off-by: A <a@b.c>\n", "Fixes: 012345\n", "[a\n", "Subject: Re:\n"]
    {
        let text = format!("From: A <a@b.c>\nSubject: s\n\nb\n\n{}", line.repeat(20_000));
        assert!(Files::one(text).judged(&settings).len() < 400, "{line}");
    }
}
