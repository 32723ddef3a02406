//! Releases of both kinds, good and bad.

use tar::{Builder, EntryType, Header};

use super::*;

#[test]
fn a_tag_and_a_tarball_give_the_same_tree() {
    let sandbox = Sandbox::new();
    let (store, tarball) = (sandbox.store(), sandbox.tarball());
    let (one, two) = (sandbox.path("one"), sandbox.path("two"));
    let of_tag =
        prepare(&SourceRequest { with_tarball: true, ..sandbox.request(Origin::Linux(&store), &one) }, quiet())
            .unwrap();
    let of_file =
        prepare(&SourceRequest { with_tarball: true, ..sandbox.request(Origin::Tarball(&tarball), &two) }, quiet())
            .unwrap();
    let files = listed(&of_tag.tree);
    assert_eq!(files, listed(&of_file.tree));
    let find = |name: &str| files.iter().find(|file| file.0 == name).map(|file| (file.1.as_str(), file.2.as_slice()));
    assert_eq!(find("init/main.c"), Some(("0", &b"one\nTWO\nthree\n"[..])));
    assert_eq!(find("init/twice.c"), Some(("0", &b"one\ntwo\nthree\n"[..])));
    assert_eq!(find("init-x/a.c"), Some(("0", &b"$Format:%H$\r\n"[..])));
    assert_eq!(find("tools/new.sh"), Some(("100", &b"#!/bin/sh\n"[..])));
    assert_eq!(find("scripts/run.sh").map(|file| file.0), Some("100"));
    assert_eq!(find("docs/main.c"), Some(("link", &b"../init/main.c"[..])));
    assert_eq!(find("old/gone.h"), None);
    assert!(!of_tag.tree.join("old").exists() && !of_file.tree.join("old").exists());
    assert_eq!((of_tag.epoch, of_file.epoch), (DATE, DATE));
    assert_ne!(of_tag.source_id, of_file.source_id);
    let bytes = |prepared: &Prepared| fs::read(prepared.tarball.as_ref().unwrap()).unwrap();
    assert_eq!(bytes(&of_tag), bytes(&of_file));
    assert_eq!(of_tag.source, format!("{STABLE_TREE}#v6.1.176"));
    assert_eq!(of_file.source, "https://www.kernel.org/pub/linux/kernel/v6.x/linux-6.1.176.tar.xz");
    assert!(
        of_tag.notes.is_empty() && of_file.notes[0].starts_with("not checked where linux-6.1.176.tar.xz comes from")
    );
}

#[test]
fn every_kind_of_tarball_is_read() {
    let sandbox = Sandbox::new();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&sandbox.tar()).unwrap();
    let cases = [
        (
            "linux-6.1.176.tar.gz",
            gz.finish().unwrap(),
            "https://www.kernel.org/pub/linux/kernel/v6.x/linux-6.1.176.tar.gz",
        ),
        ("linux-6.1.176.tar", sandbox.tar(), "https://www.kernel.org/pub/linux/kernel/v6.x/linux-6.1.176.tar.xz"),
        ("linux_6.1.176.orig.tar.xz", xz(&sandbox.tar()), "linux_6.1.176.orig.tar.xz"),
        ("mine.tar", sandbox.tar(), "mine.tar"),
    ];
    for (name, bytes, source) in cases {
        let tarball = Tarball { file: sandbox.write(name, &bytes), ..Tarball::default() };
        let prepared = sandbox.prepare(Origin::Tarball(&tarball)).unwrap();
        assert_eq!(prepared.source, source);
        assert!(prepared.tree.join("Kbuild").is_file());
    }
}

#[test]
fn another_release_is_refused() {
    let mut sandbox = Sandbox::new();
    let good = sandbox.tarball();
    sandbox.version = "6.1.177".parse().unwrap();
    let error = sandbox.prepare(Origin::Tarball(&good)).expect_err("another name");
    assert!(error.to_string().ends_with("holds Linux 6.1.176, but 6.1.177 is to be built"), "{error}");
    assert!(error.hints()[0].contains("kpatch bump"));
    let lying = Tarball { file: sandbox.write("linux-6.1.177.tar", &sandbox.tar()), ..Tarball::default() };
    let error = sandbox.prepare(Origin::Tarball(&lying)).expect_err("another Makefile");
    assert!(
        error.to_string().ends_with("linux-6.1.177.tar holds Linux 6.1.176, but 6.1.177 is to be built"),
        "{error}"
    );
    let store = sandbox.store();
    let error = sandbox.prepare(Origin::Linux(&store)).expect_err("no tag");
    assert!(error.to_string().ends_with("has no tag v6.1.177"), "{error}");
    git(&sandbox.path("linux"), &["tag", "v6.1.177", "v6.1.176"]);
    let error = sandbox.prepare(Origin::Linux(&sandbox.store())).expect_err("another Makefile");
    assert_eq!(error.to_string(), "the tag v6.1.177 holds Linux 6.1.176, but 6.1.177 is to be built");
    sandbox.assert_nothing_left("another release");
    let gone = Tarball { file: sandbox.path("gone.tar.xz"), ..Tarball::default() };
    let error = sandbox.prepare(Origin::Tarball(&gone)).expect_err("no file");
    assert!(error.to_string().starts_with("cannot open '"), "{error}");
}

/// The good entries, and one more.
fn with(kind: EntryType, name: &str, link: &str) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    let mut add = |kind, name: &str, link: &str, content: &str| {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1);
        let raw = header.as_ustar_mut().unwrap();
        raw.name[..name.len()].copy_from_slice(name.as_bytes());
        raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        archive.append(&header, content.as_bytes()).unwrap();
    };
    add(EntryType::Regular, "linux/Makefile", "", MAKEFILE);
    add(EntryType::Symlink, "linux/link", "Makefile", "");
    add(kind, name, link, if kind == EntryType::Regular { "x" } else { "" });
    archive.into_inner().unwrap()
}

#[test]
fn hostile_tarballs_are_refused_and_leave_nothing() {
    use EntryType::{Char, Link, Regular, Symlink};
    let mut sandbox = Sandbox::new();
    sandbox.patches.clear();
    let good = with(Regular, "linux/x", "");
    let cases = [
        ("climbing", with(Regular, "linux/../../evil", ""), "leaves the tree"),
        ("absolute", with(Regular, "/tmp/evil", ""), "is an absolute path"),
        ("through a link", with(Regular, "linux/link/evil", ""), "is below something that is no directory"),
        ("twice", with(Regular, "linux/Makefile", ""), "is there twice"),
        ("device", with(Char, "linux/null", ""), "is a device file"),
        ("link to /etc", with(Symlink, "linux/etc", "/etc"), "leads out of the tree"),
        ("link upwards", with(Symlink, "linux/up", "../up"), "leads out of the tree"),
        ("hard link", with(Link, "linux/hard", "linux/none"), "is a hard link to no file before it"),
        ("stamp", with(Regular, "linux/.kpatch-source", ""), "has a name that kpatch needs"),
        ("objects", with(Regular, "linux/obj-amd64/x", ""), "has a name that kpatch needs"),
        ("git", with(Regular, "linux/.git/config", ""), "is in a .git directory"),
        ("cut", good[..good.len() - 1024 - 100].to_vec(), "is damaged or not a tarball"),
        (
            "cut xz",
            {
                let xz = xz(&sandbox.tar());
                xz[..xz.len() / 2].to_vec()
            },
            "is damaged or not a tarball",
        ),
        ("no tarball", b"<html>not found</html>".repeat(99), "is damaged or not a tarball"),
        ("empty", Vec::new(), "is damaged or not a tarball"),
        (
            "no kernel",
            {
                let mut tar = good.clone();
                tar[6..14].copy_from_slice(b"makefile");
                sum(&mut tar);
                tar
            },
            "holds no kernel",
        ),
    ];
    let mut file = sandbox.path("release.tar");
    for (about, bytes, said) in cases {
        file = sandbox.write("release.tar", &bytes);
        let error =
            sandbox.prepare(Origin::Tarball(&Tarball { file: file.clone(), ..Tarball::default() })).expect_err(about);
        assert!(error.to_string().contains(said), "{about}: {error}");
        sandbox.assert_nothing_left(about);
        assert!(!sandbox.path("evil").exists() && !Path::new("/tmp/evil").exists());
    }
    fs::write(&file, good).unwrap();
    sandbox.prepare(Origin::Tarball(&Tarball { file, ..Tarball::default() })).unwrap();
}

/// Makes the sum of the first header right again.
fn sum(tar: &mut [u8]) {
    let mut header = Header::from_byte_slice(&tar[..512]).clone();
    header.set_cksum();
    tar[..512].copy_from_slice(header.as_bytes());
}

#[test]
fn a_hard_link_has_the_bytes_of_its_file() {
    let mut sandbox = Sandbox::new();
    sandbox.patches.clear();
    let file = sandbox.write("release.tar", &with(EntryType::Link, "linux/hard", "linux/Makefile"));
    let prepared = sandbox.prepare(Origin::Tarball(&Tarball { file, ..Tarball::default() })).unwrap();
    assert_eq!(fs::read_to_string(prepared.tree.join("hard")).unwrap(), MAKEFILE);
}

#[test]
fn patches_that_do_not_fit_are_named() {
    let mut sandbox = Sandbox::new();
    let head = "From: A <a@example.org>\nSubject: [PATCH] x\n\n---\n";
    let cases = [
        (
            "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n one\n-2\n+TWO\n three\n",
            "init/main.c: hunk #1 at line 1 does not apply",
        ),
        ("--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n one\n-TWO\n+two\n three\n", "previously applied"),
        (
            "diff --git a/../evil b/../evil\nnew file mode 100644\n--- /dev/null\n+++ b/../evil\n@@ -0,0 +1 @@\n+x\n",
            "leaves its directory",
        ),
        (
            "diff --git a/docs/main.c/x b/docs/main.c/x\nnew file mode 100644\n--- /dev/null\n+++ b/docs/main.c/x\n@@ -0,0 +1 @@\n+x\n",
            "symbolic link",
        ),
        (
            "diff --git a/Makefile/x b/Makefile/x\nnew file mode 100644\n--- /dev/null\n+++ b/Makefile/x\n@@ -0,0 +1 @@\n+x\n",
            "Makefile",
        ),
        (
            "diff --git a/scripts b/scripts\nnew file mode 100644\n--- /dev/null\n+++ b/scripts\n@@ -0,0 +1 @@\n+x\n",
            "scripts",
        ),
        (
            "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n",
            "outside of the sources",
        ),
        (
            "diff --git a/b.bin b/b.bin\nnew file mode 100644\nindex 0000000000000000000000000000000000000000..e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\nGIT binary patch\nliteral 0\nHcmV?d00001\n\n",
            "binary diffs are not supported",
        ),
    ];
    let (store, tarball) = (sandbox.store(), sandbox.tarball());
    for (diff, said) in cases {
        let name = "kernel/patches-6.1.x/0002-bad.patch";
        sandbox.patches = vec![PatchFile { name: name.into(), bytes: format!("{head}{diff}").into() }];
        for origin in [Origin::Tarball(&tarball), Origin::Linux(&store)] {
            let error = sandbox.prepare(origin).expect_err(said).to_string();
            assert!(error.contains(said), "{diff}: {error}");
            assert!(error.starts_with(name) || said.contains("outside"), "{error}");
            sandbox.assert_nothing_left(said);
        }
    }
    assert!(!sandbox.path("evil").exists());
}

#[test]
fn a_variant_has_its_own_patches_first() {
    let sandbox = Sandbox::new();
    let kernel = sandbox.kit.kernel_dir();
    for (dir, name) in
        [("patches-6.1.x", "0001-b.patch"), ("patches-6.1.x", "0000-a.patch"), ("patches-6.1.x-rt", "0009-c.patch")]
    {
        fs::create_dir_all(kernel.join(dir)).unwrap();
        fs::write(kernel.join(dir).join(name), name).unwrap();
    }
    let names = |version: &str| -> Vec<String> {
        let files = PatchFile::of(&sandbox.kit, &version.parse().unwrap()).unwrap();
        files.iter().map(|file| file.name.rsplit_once('/').unwrap().1.to_owned()).collect()
    };
    assert_eq!(names("6.1.176-rt"), ["0009-c.patch", "0000-a.patch", "0001-b.patch"]);
    assert_eq!(names("6.1.176"), ["0000-a.patch", "0001-b.patch"]);
}
