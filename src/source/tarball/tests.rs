#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::event::{Interrupt, Silent};

const MAKEFILE: &str = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 176\nEXTRAVERSION =\n";
const DATE: u64 = 1_700_000_000;

/// Runs a program and returns what it prints.
fn run(dir: &Path, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")]);
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(DATE);
    header
}

/// An archive in memory. Names go in as they are, however bad.
struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// With the entries that every release has.
    fn release() -> Self {
        Self::new().entry("linux-6.1.176/", EntryType::Directory, "", "").file("linux-6.1.176/Makefile", MAKEFILE)
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.entry(name, EntryType::Regular, "", content)
    }

    fn entry(mut self, name: &str, kind: EntryType, link: &str, content: &str) -> Self {
        let mut header = header(kind, content.len() as u64);
        let raw = header.as_ustar_mut().unwrap();
        raw.name[..name.len()].copy_from_slice(name.as_bytes());
        raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.append(&header, content.as_bytes()).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

struct Sandbox {
    dir: TempDir,
    git: Git,
}

impl Sandbox {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path().join("linux.git"));
        git.init_bare(None).unwrap();
        Self { dir, git }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, name: &str, bytes: &[u8]) -> Result<Imported, Error> {
        import(&self.git, &self.write(name, bytes), None, &Silent)
    }

    fn say(&self, args: &[&str]) -> String {
        run(self.git.git_dir(), "git", args)
    }

    /// Fails unless the repository is as empty as at the beginning.
    fn assert_untouched(&self, about: &str) {
        assert_eq!(self.say(&["for-each-ref"]), "", "{about}");
        assert_eq!(self.say(&["count-objects", "-v"]).lines().next(), Some("count: 0"), "{about}");
        let mut left: Vec<_> =
            fs::read_dir(self.git.git_dir().join("objects")).unwrap().map(|e| e.unwrap().path()).collect();
        left.extend(fs::read_dir(self.git.git_dir().join("objects/pack")).unwrap().map(|e| e.unwrap().path()));
        left.retain(|path| !path.ends_with("info") && !path.ends_with("pack"));
        assert_eq!(left, Vec::<PathBuf>::new(), "{about}");
    }
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tree with everything that real releases have, and some more.
fn unpacked(root: &Path) {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let deep = root.join("a".repeat(90)).join("b".repeat(90)).join("c".repeat(120));
    for dir in [&deep, &root.join("scripts"), &root.join("empty"), &root.join("arch/x86")] {
        fs::create_dir_all(dir).unwrap();
    }
    fs::write(root.join("Makefile"), MAKEFILE).unwrap();
    fs::write(deep.join("long.c"), "long\n").unwrap();
    fs::write(root.join("arch/x86/zero"), "").unwrap();
    fs::write(root.join("arch/x86.c"), "sorts before arch/x86/\r\n").unwrap();
    fs::write(root.join("arch/with \"quotes\" and\ttabs and \\ ä"), "odd\n").unwrap();
    fs::write(root.join(".gitignore"), "*\n").unwrap();
    fs::write(root.join(".gitattributes"), "*.c text eol=crlf\n").unwrap();
    fs::write(root.join("big"), "0123456789abcdef".repeat(20_000)).unwrap();
    fs::write(root.join("scripts/run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.join("scripts/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::hard_link(root.join("scripts/run.sh"), root.join("scripts/same.sh")).unwrap();
    symlink("../Makefile", root.join("scripts/link")).unwrap();
    symlink("nowhere", root.join("scripts/dangling")).unwrap();
    symlink(format!("{}x", "y/".repeat(200)), root.join("scripts/far")).unwrap();
}

#[test]
fn the_tree_is_the_one_that_git_makes_of_the_unpacked_tarball() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir.path();
    let root = dir.join("linux-6.1.176");
    unpacked(&root);
    let mut ids = Vec::new();
    for format in ["gnu", "pax"] {
        let format_option = format!("--format={format}");
        run(dir, "tar", &["-cf", "linux-6.1.176.tar", &format_option, "--mtime=@1700000000", "linux-6.1.176"]);
        let oracle = dir.join(format!("oracle-{format}"));
        fs::create_dir(&oracle).unwrap();
        run(&oracle, "tar", &["-xf", "../linux-6.1.176.tar", "--strip-components=1"]);
        run(&oracle, "git", &["-c", "core.attributesFile=/dev/null", "init", "-q"]);
        // Attributes of the tree must not convert what is compared.
        fs::write(oracle.join(".git/info/attributes"), "* -text\n").unwrap();
        run(&oracle, "git", &["add", "-A", "-f"]);
        let tree = run(&oracle, "git", &["write-tree"]);

        let bytes = fs::read(dir.join("linux-6.1.176.tar")).unwrap();
        for (name, bytes) in
            [("linux-6.1.176.tar", bytes.clone()), ("linux_6.1.176.orig.tar.xz", xz(&bytes)), ("x.tgz", gz(&bytes))]
        {
            let other = Sandbox::new();
            let done = other.import(name, &bytes).unwrap();
            assert_eq!(other.say(&["rev-parse", "v6.1.176^{tree}"]), tree, "{format} {name}");
            assert_eq!((done.tag.as_str(), done.files, done.new), ("v6.1.176", 13, true));
            assert_eq!(
                other.say(&["rev-parse", "v6.1.176", "v6.1.176^{commit}"]),
                format!("{}\n{}", done.tag_id, done.commit)
            );
            assert_eq!(other.say(&["fsck", "--strict", "--full"]), "");
            ids.push(done.tag_id);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one release, one id");
}

#[test]
fn commit_and_tag_depend_on_the_contents_alone() {
    let tar = Archive::release().file("linux-6.1.176/a\n\"b", "a").bytes();
    let sandbox = Sandbox::new();
    let done = sandbox.import("linux-6.1.176.tar", &tar).unwrap();
    let who = "kpatch <kpatch@localhost> 1700000000 +0000";
    let tree = sandbox.say(&["rev-parse", "v6.1.176^{tree}"]);
    let commit = sandbox.say(&["cat-file", "commit", "v6.1.176"]);
    assert_eq!(commit, format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nLinux 6.1.176"));
    let tag = sandbox.say(&["cat-file", "tag", "v6.1.176"]);
    assert_eq!(tag, format!("object {}\ntype commit\ntag v6.1.176\ntagger {who}\n\nLinux 6.1.176", done.commit));
    assert_eq!(sandbox.say(&["for-each-ref", "--format=%(refname)"]), "refs/tags/v6.1.176");

    // Once more: nothing to do. As another tag: only the commit's wrapping is new.
    assert_eq!(sandbox.say(&["ls-tree", "--name-only", "-z", "v6.1.176"]), "Makefile\0a\n\"b\0");
    let again = sandbox.import("linux-6.1.176.tar", &tar).unwrap();
    assert_eq!(again, Imported { new: false, ..done.clone() });
    let next = MAKEFILE.replace("176", "177");
    let tar = Archive::new().file("l/Makefile", &next).file("l/a", "a").bytes();
    let second = sandbox.import("linux-6.1.177.tar", &tar).unwrap();
    assert_eq!(sandbox.say(&["rev-list", "--count", &second.tag]), "1");
    // What the first release brought is not stored twice: one file, a tree, a commit and a tag are new.
    let count = sandbox.say(&["count-objects", "-v"]);
    assert!(
        count.contains("in-pack: 9\n") && count.contains("packs: 2\n") && count.contains("garbage: 0\n"),
        "{count}"
    );
    assert_eq!(sandbox.say(&["fsck", "--strict", "--full"]), "");
}

#[test]
fn a_tag_that_is_something_else_stays() {
    let sandbox = Sandbox::new();
    sandbox.import("linux-6.1.176.tar", &Archive::release().bytes()).unwrap();
    let before = sandbox.say(&["for-each-ref"]);
    let error =
        sandbox.import("linux-6.1.176.tar", &Archive::release().file("linux-6.1.176/b", "").bytes()).unwrap_err();
    assert!(matches!(&error, Error::TagExists { tag, .. } if tag == "v6.1.176"), "{error:?}");
    assert_eq!(sandbox.say(&["for-each-ref"]), before);
    // A tag from elsewhere is seen before the file is read.
    sandbox.say(&["update-ref", "refs/tags/v6.1.175", "v6.1.176^{}"]);
    let error = sandbox.import("linux-6.1.175.tar", b"no tarball").unwrap_err();
    assert!(matches!(error, Error::TagExists { .. }), "{error:?}");
}

#[test]
fn versions_have_to_agree() {
    let sandbox = Sandbox::new();
    let tar = Archive::release().bytes();
    let error = sandbox.import("linux-6.1.175.tar", &tar).unwrap_err();
    assert!(
        matches!(&error, Error::OtherVersion { expected, found, .. } if expected == "6.1.175" && found == "6.1.176")
    );
    let with_tag = |name: &str, tar: &[u8], tag| import(&sandbox.git, &sandbox.write(name, tar), Some(tag), &Silent);
    assert!(matches!(with_tag("x.tar", &tar, "v6.1.175"), Err(Error::OtherVersion { .. })));
    assert!(matches!(with_tag("x.tar", &tar, "-v6"), Err(Error::Git(GitError::BadName { .. }))));
    let bare = Archive::new().file("l/a", "a").bytes();
    assert!(matches!(sandbox.import("x.tar", &bare), Err(Error::NoVersion { .. })));
    sandbox.assert_untouched("versions");
    assert_eq!(with_tag("x.tar", &tar, "v6.1.176-vendor").unwrap().tag, "v6.1.176-vendor");
    assert_eq!(sandbox.import("linux-6.1.tar", &bare).unwrap().tag, "v6.1");
    assert_eq!(sandbox.import("whatever", &tar).unwrap().tag, "v6.1.176");
}

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    use EntryType as T;
    let at = |name: &str, kind, link: &str| Archive::release().entry(name, kind, link, "").bytes();
    let top = "linux-6.1.176";
    let mut sparse = Archive::release();
    sparse.0.append_pax_extensions([("GNU.sparse.major", b"1".as_slice())]).unwrap();
    let cases = [
        (at("linux-6.1.176/../x", T::Regular, ""), "leaves the tree"),
        (at("../linux-6.1.176/x", T::Regular, ""), "leaves the tree"),
        (at("linux-6.1.176/..", T::Directory, ""), "leaves the tree"),
        (at("/linux-6.1.176/x", T::Regular, ""), "is an absolute path"),
        (at("linux-6.1.176/a//b", T::Regular, ""), "has an empty part in its name"),
        (at("linux-6.1.176/./b", T::Regular, ""), "has an empty part in its name"),
        (at("linux-6.1.176/.git/hooks/x", T::Regular, ""), "is in a .git directory"),
        (at("linux-6.1.176/sub/.GiT", T::Regular, ""), "is in a .git directory"),
        (at("linux-6.1.176/.git. ./x", T::Regular, ""), "is in a .git directory"),
        (at("linux-6.1.176/.g\u{200c}it/x", T::Regular, ""), "is in a .git directory"),
        (at("linux-6.1.176/GIT~1/x", T::Regular, ""), "is in a .git directory"),
        (at("other/x", T::Regular, ""), "is not in the one top directory"),
        (at("x", T::Regular, ""), "is not in the one top directory"),
        (at("linux-6.1.176/dev", T::Char, ""), "is a device file"),
        (at("linux-6.1.176/dev", T::Block, ""), "is a device file"),
        (at("linux-6.1.176/dev", T::Fifo, ""), "is a device file"),
        (at("linux-6.1.176/x", T::new(b'V'), ""), "is of an unknown kind"),
        (at("linux-6.1.176/x", T::Symlink, ""), "is a link to nowhere"),
        (at("linux-6.1.176/x", T::Symlink, "/etc/passwd"), "is a link that leads out of the tree"),
        (at("linux-6.1.176/a/x", T::Symlink, "../../x"), "is a link that leads out of the tree"),
        (at("linux-6.1.176/x", T::Symlink, "a/../../x"), "is a link that leads out of the tree"),
        (at("linux-6.1.176/x", T::Link, "linux-6.1.176/none"), "is a hard link to no file before it"),
        (at("linux-6.1.176/x", T::Link, "/etc/passwd"), "is an absolute path"),
        (at("linux-6.1.176/x", T::Link, "linux-6.1.176/../../etc/passwd"), "leaves the tree"),
        (at("linux-6.1.176/Makefile", T::Regular, ""), "is there twice"),
        (at("linux-6.1.176/Makefile/x", T::Regular, ""), "is below something that is no directory"),
        (at("linux-6.1.176/Makefile", T::Directory, ""), "is both a file and a directory"),
        (
            Archive::release()
                .entry(&format!("{top}/a"), T::Symlink, "etc", "")
                .file(&format!("{top}/a/x"), "")
                .bytes(),
            "is below something that is no directory",
        ),
        (
            Archive::release().file(&format!("{top}/a/x/y"), "").file(&format!("{top}/a"), "").bytes(),
            "is both a file and a directory",
        ),
        (sparse.file(&format!("{top}/s"), "1\n0\n512\n").bytes(), "is a sparse file"),
        (Archive::new().file("Makefile", MAKEFILE).bytes(), "is not in a top directory"),
    ];
    let sandbox = Sandbox::new();
    for (number, (bytes, reason)) in cases.into_iter().enumerate() {
        match sandbox.import("linux-6.1.176.tar", &bytes) {
            Err(Error::Refused { why, .. }) => assert_eq!(why, reason, "case {number}"),
            other => panic!("case {number} ({reason}): {other:?}"),
        }
        sandbox.assert_untouched(reason);
    }
}

#[test]
fn damaged_archives_leave_nothing() {
    let sandbox = Sandbox::new();
    let noise: String =
        (0_u32..40_000).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    let tar = Archive::release().file("linux-6.1.176/noise", &noise).file("linux-6.1.176/z", "z").bytes();
    let (packed, zipped) = (xz(&tar), gz(&tar));
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 0x10;
    let mut checksum = packed.clone();
    let at = packed.len() - 30;
    checksum[at] ^= 1;
    let mut broken = tar.clone();
    broken[512 + 300] ^= 1;
    // Without its two blocks of zeros an archive ends exactly behind an entry.
    let end = tar.len() - 1024;
    let cases: [(&str, &[u8]); 11] = [
        ("empty", b""),
        ("text", b"<html>404 Not Found</html>"),
        ("only zeros", &[0; 10240]),
        ("cut in a file", &tar[..20_000]),
        ("cut behind an entry", &tar[..end]),
        ("cut in a header", &tar[..end - 700]),
        ("xz cut", &packed[..packed.len() - 100]),
        ("xz cut in its end", &packed[..packed.len() - 4]),
        ("xz flipped", &flipped),
        ("gz cut", &zipped[..zipped.len() - 4]),
        ("header flipped", &broken),
    ];
    for (about, bytes) in cases {
        let error = sandbox.import("linux-6.1.176.tar.xz", bytes).expect_err(about);
        assert!(matches!(error, Error::Damaged { .. }), "{about}: {error:?}");
        sandbox.assert_untouched(about);
    }
    assert!(matches!(sandbox.import("linux-6.1.176.tar.xz", &checksum), Err(Error::Damaged { .. })));
    let error = import(&sandbox.git, &sandbox.dir.path().join("none.tar"), None, &Silent).unwrap_err();
    assert!(matches!(error, Error::Open { .. }));
}

#[test]
fn bombs_are_refused() {
    let sandbox = Sandbox::new();
    let small = Limits { entries: 10, total: 100_000, file: 50_000 };
    let try_import = |bytes: &[u8]| {
        let path = sandbox.write("linux-6.1.176.tar", bytes);
        let result = import_within(&sandbox.git, &path, None, None, &Silent, &small);
        sandbox.assert_untouched("bomb");
        result.unwrap_err()
    };
    let file = |n: usize| format!("linux-6.1.176/{n}");
    let many = (0..20).fold(Archive::release(), |tar, n| tar.file(&file(n), "")).bytes();
    assert!(matches!(try_import(&many), Error::TooBig { unit: "entries", .. }));
    let large = Archive::release().file(&file(1), &"x".repeat(50_001)).bytes();
    assert!(matches!(try_import(&large), Error::TooBig { unit: "bytes in one file", .. }));
    let total = (0..3).fold(Archive::release(), |tar, n| tar.file(&file(n), &"x".repeat(40_000))).bytes();
    assert!(matches!(try_import(&xz(&total)), Error::TooBig { unit: "bytes", .. }));
    // Zeros without end behind the archive, and a header that claims a long name.
    let mut tail = Archive::release().bytes();
    tail.resize(300_000, 0);
    assert!(matches!(try_import(&gz(&tail)), Error::Damaged { .. }));
    let long = "x".repeat(3 << 20);
    let named = Archive::release().entry("././@LongLink", EntryType::GNULongName, "", &long).file(&file(1), "").bytes();
    let path = sandbox.write("linux-6.1.176.tar.xz", &xz(&named));
    assert!(matches!(import(&sandbox.git, &path, None, &Silent), Err(Error::Damaged { .. })));
    sandbox.assert_untouched("long name");
}

/// Raises the flag at the first file.
struct Raise(Arc<Interrupt>);
impl Observer for Raise {
    fn event(&self, event: &Event) {
        if *event == Event::Step {
            self.0.raise();
        }
    }
}

#[test]
fn an_interrupt_leaves_nothing() {
    let sandbox = Sandbox::new();
    let flag = Arc::new(Interrupt::new());
    let git = sandbox.git.clone().with_interrupt(flag.clone());
    let path = sandbox.write("linux-6.1.176.tar", &Archive::release().file("linux-6.1.176/a", "a").bytes());
    let error = import(&git, &path, None, &Raise(flag)).unwrap_err();
    assert!(error.is_interrupted(), "{error:?}");
    sandbox.assert_untouched("interrupt");
}
