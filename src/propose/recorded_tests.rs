//! The files of resolutions: written, read, broken.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::diff::merge::{Merged, merge};
use crate::diff::testing::Random;
use crate::git::ConflictKind;

fn resolution(base: &[u8], ours: &[u8], theirs: &[u8], resolved: &[u8]) -> Resolution {
    Resolution {
        path: "drivers/net/veth.c".into(),
        subject: "veth: count what is dropped".into(),
        base: base.to_vec(),
        ours: ours.to_vec(),
        theirs: theirs.to_vec(),
        resolved: resolved.to_vec(),
    }
}

fn conflict(base: &[u8], ours: &[u8], theirs: &[u8]) -> PathConflict {
    let Merged::Conflict(chunks) = merge(base, ours, theirs) else { panic!("the sides do not conflict") };
    let (path, kind) = ("a.c".into(), ConflictKind::Content);
    PathConflict { path, kind, base: None, ours: None, theirs: None, chunks }
}

#[test]
fn a_resolution_is_a_text_that_people_can_read() {
    let text = b"kpatch resolution 1\npath drivers/net/veth.c\npatch veth: count what is dropped\nbase\n x\nours\n \
                 <<<<<<< x\ntheirs\nresolved\n y\n \n z\n\\ No newline at end of file\n";
    let resolution = resolution(b"x\n", b"<<<<<<< x\n", b"", b"y\n\nz");
    assert_eq!(resolution.to_bytes().as_slice(), text);
    assert_eq!(Resolution::parse(text).unwrap(), resolution);
}

#[test]
fn any_bytes_come_back() {
    let mut random = Random::new(12);
    let pieces: [&[u8]; 12] = [
        b"\n",
        b"\r",
        b"\0",
        b"\\",
        b"\\ No newline at end of file\n",
        b"base\n",
        b"ours\n",
        b" ",
        b"\"",
        b"a",
        b"\xff",
        b"\x1b",
    ];
    let mut text = |len: usize| -> Vec<u8> {
        (0..random.below(len)).flat_map(|_| pieces[random.below(pieces.len())]).copied().collect()
    };
    for _ in 0..2000 {
        let texts = [text(8), text(8), text(8), text(8)];
        let resolution = Resolution {
            path: text(6).into(),
            subject: text(6).into(),
            ..resolution(&texts[0], &texts[1], &texts[2], &texts[3])
        };
        let written = resolution.to_bytes();
        assert_eq!(Resolution::parse(&written).unwrap(), resolution, "{}", written.escape_ascii());
        let head = &written[..written.windows(6).position(|at| at == b"\nbase\n").unwrap()];
        assert_eq!(split_lines(head).len(), 3, "each value is one line");
        assert!(!head.contains(&0x1b), "values cannot reach a terminal");
    }
}

#[test]
fn broken_texts_are_refused_with_their_line() {
    let good = resolution(b"x\n", b"y\n", b"z\n", b"w").to_bytes();
    let good = String::from_utf8(good).unwrap();
    for (bad, said) in [
        (String::new(), "line 1: not a resolution, or one of a newer kpatch"),
        (good.replace("resolution 1", "resolution 2"), "line 1: not a resolution, or one of a newer kpatch"),
        (good.replace("path ", "file "), "line 2: expected 'path ...'"),
        (good.replace("patch veth", "patch \"veth"), "line 3: the quotes are broken"),
        (good.replace(" y\n", "y\n"), "line 7: expected 'theirs'"),
        (good.replace("theirs\n", ""), "line 9: expected 'theirs'"),
        (format!("{good} more\n"), "line 13: nothing is expected after the resolution"),
        (good.replace(" w\n\\ No newline at end of file\n", " w"), "line 11: the file is cut off"),
    ] {
        assert_eq!(Resolution::parse(bad.as_bytes()).unwrap_err().to_string(), said, "{bad}");
    }
}

#[test]
fn a_folder_is_read_and_its_broken_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert_eq!(Resolutions::read(&dir.join("none")).unwrap().iter().count(), 0);
    let conflict = conflict(b"a\nx\nb\n", b"a\ny\nb\n", b"a\nz\nb\n");
    let resolution = Resolution::from_file(&conflict, b"a\nw\nb\n", b"subject").remove(0);
    assert_eq!(resolution.resolved, b"w\n");
    let name = resolution.file_name();
    assert_eq!(name.len(), "0123456789012345678901234567890123456789.txt".len());
    std::fs::write(dir.join(&name), resolution.to_bytes()).unwrap();
    std::fs::write(dir.join("README"), "kept").unwrap();
    let read = Resolutions::read(dir).unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), [&resolution]);
    assert_eq!(conflict.chunks.iter().filter_map(|chunk| read.find(chunk)).collect::<Vec<_>>(), [&resolution]);

    let other = dir.join("0".repeat(40) + ".txt");
    std::fs::write(&other, resolution.to_bytes()).unwrap();
    let error = Resolutions::read(dir).unwrap_err().to_string();
    assert_eq!(error, format!("{}:1: a resolution of these texts is called {name}", other.display()));
    std::fs::write(&other, "kpatch resolution 1\nfile x\n").unwrap();
    let error = Resolutions::read(dir).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2: expected 'path ...'", other.display()));
    std::fs::remove_file(&other).unwrap();
    std::fs::create_dir(&other).unwrap();
    let error = Resolutions::read(dir).unwrap_err().to_string();
    assert_eq!(error, format!("cannot read '{}'", other.display()));
}

#[test]
fn texts_do_not_run_into_each_other() {
    let names = [
        resolution(b"a\nb\n", b"", b"", b""),
        resolution(b"a\n", b"b\n", b"", b""),
        resolution(b"a\n", b"", b"b\n", b""),
    ]
    .map(|resolution| resolution.file_name());
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
    assert_eq!(names[0], resolution(b"a\nb\n", b"", b"", b"something").file_name(), "the answer is no part of the key");
}

#[test]
fn stretches_beside_changed_decided_text_are_not_recorded() {
    let conflict = conflict(b"a\nb\nc\nd\ne\n", b"a\nB\nc\nD\ne\n", b"a\nBB\nc\nDD\ne\n");
    let resolved = |text: &[u8]| -> Vec<Vec<u8>> {
        Resolution::from_file(&conflict, text, b"s").into_iter().map(|resolution| resolution.resolved).collect()
    };
    assert_eq!(resolved(b"a\n1\nc\n2\ne\n"), [b"1\n", b"2\n"]);
    assert_eq!(resolved(b"a\nc\ne\n"), [b"", b""]);
    assert_eq!(resolved(b"a\n1\nc\n2\nchanged\n"), [b"1\n"]);
    assert_eq!(resolved(b"changed\n1\nchanged\n2\nchanged\n"), Vec::<Vec<u8>>::new());
}
