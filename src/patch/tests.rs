//! The corpus, each file through git and through ours; and the traps.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use bstr::ByteSlice;

use super::{Patch, PatchError, read};
use crate::message::oracle::{self, am, git, new_file};
use crate::message::{self, Time};
use crate::patch_set::PatchSet;

const DIRECTORIES: [(&str, usize); 6] = [
    ("patches-6.1.170", 160),
    ("patches-6.1.170-rt", 67),
    ("patches-6.1.176", 165),
    ("patches-6.1.176-rt", 72),
    ("patches-6.12.100", 78),
    ("patches-6.12.100-rt", 43),
];

fn files(directory: &str) -> Vec<(String, Vec<u8>)> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus")).join(directory);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let files = entries.map(|entry| entry.expect("an entry").path());
    files
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a UTF-8 name").to_owned();
            (name, std::fs::read(&path).expect("a readable file"))
        })
        .collect()
}

/// Each text of the corpus once, with its patch.
fn corpus() -> Vec<Patch> {
    let mut seen = HashSet::new();
    let sets = DIRECTORIES.map(|(directory, _)| PatchSet::read(files(directory)).expect("a readable set"));
    sets.into_iter().flat_map(|set| set.patches).filter(|patch| seen.insert(patch.bytes.clone())).collect()
}

fn assert_whole(patch: &Patch) {
    let layout = &patch.layout;
    let parts = [&layout.head, &layout.notes, &layout.stat, &layout.gap, &layout.diff, &layout.tail];
    let mut at = 0;
    for part in parts {
        assert_eq!(part.start, at, "{}", patch.file);
        assert!(part.end >= at, "{}", patch.file);
        at = part.end;
    }
    assert_eq!(at, patch.text().len(), "{}", patch.file);
    for diff in &patch.diff {
        assert!(layout.diff.start <= diff.span.start && diff.span.end <= layout.diff.end, "{}", patch.file);
    }
}

#[test]
fn every_file_of_the_corpus_is_read_whole() {
    for (directory, count) in DIRECTORIES {
        let mut given = files(directory);
        assert_eq!(given.len(), count, "{directory}");
        let set = PatchSet::read(given.clone()).unwrap_or_else(|errors| panic!("{directory}: {errors:#?}"));
        given.sort();
        assert_eq!(set.files().count(), count);
        for ((name, bytes), (file, patches)) in given.iter().zip(set.files()) {
            assert_eq!(name, file);
            assert_eq!(&patches.iter().flat_map(|patch| patch.bytes.to_vec()).collect::<Vec<u8>>(), bytes);
            patches.iter().for_each(assert_whole);
        }
    }
}

#[test]
fn the_parts_of_the_corpus_are_what_they_seem() {
    let patches = corpus();
    let mut stats = 0;
    for patch in &patches {
        let part = |range: &std::ops::Range<usize>| &patch.text()[range.clone()];
        let (stat, diff) = (part(&patch.layout.stat), part(&patch.layout.diff));
        assert!(["diff ", "--- ", "Index: "].iter().any(|start| diff.starts_with_str(start)), "{}", patch.file);
        let summary = |text: &[u8]| text.contains_str(" changed, ") && text.contains_str("(+)");
        assert!(!summary(part(&patch.layout.gap)), "{}", patch.file);
        stats += usize::from(!stat.is_empty());
        assert!(stat.is_empty() || summary(stat) || stat.contains_str(" deletion") || stat.contains_str(" changed"));
    }
    assert_eq!((patches.len(), stats), (402, 341));
}

#[test]
fn the_corpus_ends_its_messages_where_mailinfo_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let patches = corpus();
    for patch in &patches {
        let mut mailinfo = git(dir.path());
        mailinfo.args(["mailinfo", "-b", "--no-scissors", "message", "patch"]);
        let (done, _, error) = oracle::output(&mut mailinfo, &patch.bytes);
        assert!(done, "{}: {error}", patch.file);
        let wanted = std::fs::read(dir.path().join("patch")).expect("the patch that git found");
        let boundary = message::read(&patch.bytes).expect("a message").boundary.expect("a boundary");
        assert_eq!(patch.text()[boundary.offset..].as_bstr(), wanted.as_bstr(), "{}", patch.file);
    }
    assert_eq!(patches.len(), 402);
}

#[test]
fn the_corpus_makes_the_commits_that_git_am_makes() {
    // `git am` cannot tell what kind of patch these are; they have a DEP-3 header.
    let refused = ["0095-trust-machine-keyring-by-default.patch", "0096-trust-machine-keyring-by-default.patch"];
    let patches: Vec<_> = corpus().into_iter().filter(|patch| !refused.contains(&patch.file.as_str())).collect();
    let mails: Vec<_> = patches
        .iter()
        .enumerate()
        .map(|(number, patch)| {
            let boundary = message::read(&patch.bytes).expect("a message").boundary.expect("a boundary");
            [&patch.text()[..boundary.offset], format!("---\n{}", new_file(number)).as_bytes()].concat()
        })
        .collect();
    let commits = am(&mails);
    let mut undated = Vec::new();
    for (patch, commit) in patches.iter().zip(&commits) {
        let author = &patch.message.author;
        let who = format!("{} <{}> ", author.name, author.email);
        assert_eq!(patch.message.to_commit_message().as_bstr(), commit.message.as_bstr(), "{}", patch.file);
        let Some(Time { seconds, offset }) = patch.message.date else {
            undated.push(patch.file.as_str());
            assert!(commit.author.starts_with(&who));
            continue;
        };
        let sign = if offset < 0 { '-' } else { '+' };
        let when = format!("{seconds} {sign}{:02}{:02}", offset.abs() / 60, offset.abs() % 60);
        assert_eq!(format!("{who}{when}"), commit.author, "{}", patch.file);
    }
    assert_eq!((patches.len(), commits.len()), (401, 401));
    assert_eq!(
        undated,
        ["0015-arch-sh4-fix-uimage-build.patch", "0028-iwlwifi-do-not-request-unreleased-firmware.patch"]
    );
}

const HEAD: &str = "From: A U Thor <author@example.com>\nSubject: [PATCH] x\n\nbody\n";

fn error(text: &str) -> PatchError {
    read("0002-x.patch", text.as_bytes()).expect_err(text)
}

fn diff_of(path: &str) -> String {
    format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n")
}

#[test]
fn errors_name_file_line_and_the_way_out() {
    let diff = diff_of("f");
    let no_author = error(&format!("Subject: x\n\n{diff}"));
    assert_eq!(no_author.to_string(), "0002-x.patch:1: no author");
    assert_eq!(no_author.hint.as_deref(), Some("add a line 'From: Name <mail>'"));
    assert_eq!(
        error(&format!("Subject: x\nFrom: A B <a@b>\nDate: no day\n\n{diff}")).to_string(),
        "0002-x.patch:3: invalid date 'no day'"
    );
    assert_eq!(error("").to_string(), "0002-x.patch:1: empty file");
    assert_eq!(error(&format!("{HEAD}---\n")).message, "a message without a diff");
    assert_eq!(error(HEAD).message, "a message without a diff");
    assert_eq!(error(&format!("\n\n{}", "y".repeat(super::MAX_LINE + 1))).line, 3);
    let page = format!("<html>\n<p>From: A U Thor</p>\n<pre>{diff}</pre>\n");
    assert_eq!(error(&page).message, "no author");
    let from = "From x Mon Sep 17 00:00:00 2001\n";
    let torn = error(&format!("{from}{HEAD}{from}rest\n---\n{diff}"));
    assert_eq!((torn.line, torn.message.as_str()), (1, "a message without a diff"));
    assert!(torn.hint.is_some_and(|hint| hint.ends_with("indent that line")));
    let torn = error(&format!("{from}{HEAD}---\n{diff}{from}rest\n---\n{diff}"));
    assert_eq!((torn.line, torn.message.as_str()), (13, "no author"));
    assert_eq!(torn.hint.as_deref(), Some("indent the line if it belongs to the message before it"));
}

#[test]
fn layouts() {
    let stat = " f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n create mode 100644 f\n";
    let (f, g) = (diff_of("f"), diff_of("g"));
    let cases = [
        [format!("{HEAD}---\n"), "v2: better\n\n".into(), stat.into(), "\n".into(), f.clone(), "-- \n2.47\n\n".into()],
        [HEAD.into(), String::new(), String::new(), String::new(), f.clone(), String::new()],
        [format!("{HEAD}---\n"), "\n".into(), String::new(), String::new(), format!("{f}{g}"), "\n".into()],
        [
            format!("{HEAD}Not a stat:{stat}"),
            String::new(),
            String::new(),
            "Index: f\n=====\n".into(),
            f[f.find("---").expect("a header")..].into(),
            String::new(),
        ],
    ];
    for mut parts in cases {
        let text = parts.concat();
        let patch = read("x.patch", text.as_bytes()).expect("a patch").remove(0);
        assert_whole(&patch);
        let layout = &patch.layout;
        // Whether `Index:` belongs to the diff is the diff parser's business, and whether notes or gap is all the same.
        if layout.diff.start == parts[0].len() {
            parts[4] = parts[1..5].concat();
            (parts[1], parts[2], parts[3]) = (String::new(), String::new(), String::new());
        }
        let ours = [&layout.head, &layout.notes, &layout.stat, &layout.gap, &layout.diff, &layout.tail];
        let ours = ours.map(|range| text[range.clone()].to_owned());
        assert_eq!([&ours[0], &ours[2], &ours[4], &ours[5]], [&parts[0], &parts[2], &parts[4], &parts[5]]);
        assert_eq!(ours[1].clone() + &ours[3], parts[1].clone() + &parts[3]);
    }
}

#[test]
fn an_mbox_is_cut_without_loss() {
    let from = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n";
    let mail = format!("{from}{HEAD}---\n{}-- \n2.47\n\n", diff_of("f"));
    for text in [format!("{mail}{mail}"), format!("\n{mail}{mail}{mail}").replace('\n', "\r\n")] {
        let patches = read("x.patch", text.as_bytes()).expect("patches");
        assert_eq!(patches.len(), text.matches("From 0123").count());
        assert_eq!(patches.iter().flat_map(|patch| patch.bytes.to_vec()).collect::<Vec<u8>>().as_bstr(), text);
        patches.iter().for_each(assert_whole);
        assert!(patches.iter().enumerate().all(|(part, patch)| patch.part == part && patch.message.subject == "x"));
    }
}

#[test]
fn encoded_mails_have_a_text_of_their_own() {
    let head = HEAD.replace("\n\n", "\nContent-Transfer-Encoding: quoted-printable\n\n");
    let mail = format!("{head}a =3D=\n b\n---\n{}", diff_of("f"));
    let patch = read("x.patch", mail.as_bytes()).expect("a patch").remove(0);
    assert_eq!(patch.bytes.as_bstr(), mail);
    assert_eq!(patch.text()[patch.layout.diff.clone()].as_bstr(), diff_of("f"));
    assert_eq!(patch.message.body, "body\na = b\n");
    assert_whole(&patch);
}

#[test]
fn a_diff_in_the_message_is_refused() {
    let stat = |path: &str| format!(" {path} | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n");
    let (quoted, real) = (diff_of("quoted"), diff_of("real"));
    let refused = error(&format!("{HEAD}{quoted}\nSigned-off-by: A\n---\n{}{real}", stat("real")));
    assert_eq!(
        (refused.line, refused.message.as_str()),
        (5, "a diff of 'quoted' before a diffstat that does not name it")
    );
    assert_eq!(refused.hint.as_deref(), Some("indent a diff that the message quotes by one space"));
    let same = error(&format!("{HEAD}{real}\nSigned-off-by: A\n---\n{}{real}", stat("real")));
    assert_eq!((same.line, same.message.as_str()), (5, "a diff inside the message"));
    error(&format!("{HEAD}{quoted}\n{}{real}", stat("real")));
    for fine in [
        format!("{HEAD}---\n{}{real}", stat("real")),
        format!("{HEAD}{real}-- \n2.47\n"),
        format!("{HEAD} {}---\n{}{real}", quoted.replace('\n', "\n "), stat("real")),
        format!("{HEAD}---\n{}{}", stat(".../l"), real.replace("real", "dir/real")),
        format!("{HEAD}---\n{}{real}{quoted}", stat("other")),
    ] {
        read("x.patch", fine.as_bytes()).unwrap_or_else(|error| panic!("{error}: {fine}"));
    }
}

/// Whatever bytes come, there is an answer, and none is lost.
#[test]
fn damaged_input_never_panics() {
    let from = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n";
    let mime = "Content-Type: multipart/mixed; boundary=\"x\"; format=flowed\nContent-Transfer-Encoding: base64\n";
    let seed = format!(
        "{from}Date: 2012-12-09 10:11\n{mime}{HEAD}--x\n\n=?utf-8?q?=C3?=\nYQ==\n---\n a | 1 +\n 1 file changed\n{}--x--\n",
        diff_of("f")
    );
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut outcomes = BTreeMap::new();
    for _ in 0..20_000 {
        let mut bytes = seed.clone().into_bytes();
        for _ in 0..random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at + 1),
                1 => bytes[at] = b"\n\r =:\0\xff@<>\"-?"[random(13)],
                2 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                _ => bytes.insert(at, b"\n\r =:\0\xff@<>\"-?"[random(13)]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let read = read("x", &bytes);
        if let Ok(patches) = &read {
            assert_eq!(patches.iter().flat_map(|patch| patch.bytes.to_vec()).collect::<Vec<u8>>(), bytes);
            patches.iter().for_each(assert_whole);
        }
        *outcomes.entry(read.is_ok()).or_insert(0) += 1;
    }
    assert!(outcomes.len() == 2, "{outcomes:?}");
}
