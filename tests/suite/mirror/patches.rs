//! Releases that are made of an older one and of kernel.org's patches between the two.

use super::{Entry, Place, SUMS, TARBALL, noise, numbered, release, signed_list, xz};

/// What is served of 6.6.14, beside 6.6.13.
struct Next<'a> {
    /// The sum of the patch is that of this.
    listed: &'a [u8],
    patch: &'a [u8],
    /// The ChangeLog that the list of sums has, and the one that is there.
    changelog: Option<[&'a str; 2]>,
}

const PATCH: &str = "diff --git a/Makefile b/Makefile\n--- a/Makefile\n+++ b/Makefile\n@@ -1,4 +1,4 @@\n VERSION = 6\n \
    PATCHLEVEL = 6\n-SUBLEVEL = 13\n+SUBLEVEL = 14\n EXTRAVERSION =\ndiff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n\
    +++ b/new\n@@ -0,0 +1 @@\n+new\n";
const CHANGELOG: &str = "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@example.org>\n\
    Date:   Tue Nov 14 23:13:20 2023 +0100\n\n    Linux 6.6.14\n";

/// A place that has 6.6.13, and the tarball of 6.6.14.
fn place_with_two(next: &Next<'_>) -> (Place, Vec<u8>) {
    let place = Place::new();
    let noise = noise(1 << 20);
    let packed = xz(&release(&[(b"linux-6.6.13/noise", tar::EntryType::Regular, "", &noise)]));
    let entries: [Entry<'_>; 2] = [
        (b"linux-6.6.14/new", tar::EntryType::Regular, "", b"new\n"),
        (b"linux-6.6.14/noise", tar::EntryType::Regular, "", &noise),
    ];
    let newer = xz(&numbered(14, &entries));
    let mut rows: Vec<(&str, &[u8])> = vec![("linux-6.6.13.tar.xz", &packed), ("linux-6.6.14.tar.xz", &newer)];
    if let Some([listed, log]) = next.changelog {
        place.serve("/pub/linux/kernel/v6.x/ChangeLog-6.6.14", log.as_bytes());
        rows.push(("ChangeLog-6.6.14", listed.as_bytes()));
    }
    place.serve(TARBALL, &packed);
    place.serve(&TARBALL.replace("13", "14"), &newer);
    place.serve(SUMS, &signed_list(&place.key, &rows));
    let incr = "/pub/linux/kernel/v6.x/incr";
    place.serve(&format!("{incr}/patch-6.6.13-14.xz"), next.patch);
    place.serve(&format!("{incr}/sha256sums.asc"), &signed_list(&place.key, &[("patch-6.6.13-14.xz", next.listed)]));
    place.fetched();
    place.asked();
    (place, newer)
}

#[test]
fn a_newer_release_is_made_of_an_older_one_and_the_patch_between() {
    let patch = xz(PATCH.as_bytes());
    let (place, newer) = place_with_two(&Next { listed: &patch, patch: &patch, changelog: Some([CHANGELOG; 2]) });
    let fetch = |linux: &str| {
        let output = place.run(linux, &["source", "fetch", "6.6.14", "--tarball"]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().replace("\n  ", " ")
    };
    let said = fetch("linux");
    assert!(said.contains("made of 6.6.13 and patch-6.6.13-14.xz"), "{said}");
    assert!(said.contains("patch-6.6.13-14.xz is as") && said.contains("has signed"), "{said}");
    assert!(place.asked().iter().all(|path| !path.contains(".tar.")), "no tarball");
    // It is what the tarball would have given, with the same id.
    let commit =
        |linux: &str| place.sandbox.git(&place.sandbox.path(linux), &["rev-parse", "v6.6.14", "v6.6.14^{commit}"]);
    assert!(!fetch("other").contains("made of"));
    assert_eq!(commit("linux"), commit("other"));
    assert!(fetch("linux").contains("was there already"));
    let tarball = place.sandbox.write("linux-6.6.14.tar.xz", newer);
    let import = place.run("linux", &["source", "import", tarball.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&import.stdout).contains("was there already"), "{import:?}");
    // Without a network the cache serves.
    place.sandbox.git(&place.sandbox.path("linux"), &["tag", "-d", "v6.6.14"]);
    let offline = place.run("linux", &["--offline", "source", "fetch", "6.6.14", "--tarball"]);
    assert!(String::from_utf8_lossy(&offline.stdout).contains("made of"), "{offline:?}");
    assert_eq!(commit("linux"), commit("other"));
}

#[test]
fn a_tarball_of_another_date_is_the_release_that_patches_made() {
    let patch = xz(PATCH.as_bytes());
    let later = CHANGELOG.replace("23:13", "23:15");
    let (place, newer) = place_with_two(&Next { listed: &patch, patch: &patch, changelog: Some([&later; 2]) });
    let output = place.run("linux", &["source", "fetch", "6.6.14", "--tarball"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("made of"), "{output:?}");
    let tarball = place.sandbox.write("linux-6.6.14.tar.xz", newer);
    let import = place.run("linux", &["source", "import", tarball.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&import.stdout).contains("was there already"), "{import:?}");
}

#[test]
fn the_tarball_serves_where_patches_do_not() {
    let patch = xz(PATCH.as_bytes());
    let other = xz(PATCH.replace("SUBLEVEL = 13", "SUBLEVEL = 12").as_bytes());
    let same = xz(PATCH.replace("SUBLEVEL = 14", "SUBLEVEL = 15").as_bytes());
    let text = xz(b"--- a/x\n+++ b/x\n@@ what @@\n");
    let log = Some([CHANGELOG; 2]);
    let changed = CHANGELOG.replace("Nov 14", "Nov 15");
    for (about, next, says) in [
        ("a wrong sum", Next { listed: &other, patch: &patch, changelog: log }, Some("has the SHA-256")),
        ("another release's", Next { listed: &other, patch: &other, changelog: log }, Some("does not apply")),
        ("another target", Next { listed: &same, patch: &same, changelog: log }, Some("what comes of it is 6.6.15")),
        ("no patch", Next { listed: &text, patch: &text, changelog: log }, Some("cannot be made of")),
        ("no ChangeLog", Next { listed: &patch, patch: &patch, changelog: None }, None),
        ("a changed ChangeLog", Next { listed: &patch, patch: &patch, changelog: Some([CHANGELOG, &changed]) }, None),
    ] {
        let (place, _) = place_with_two(&next);
        let output = place.run("linux", &["source", "fetch", "6.6.14", "--tarball"]);
        let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            output.status.success() && said.contains("v6.6.14") && !said.contains("made of"),
            "{about}: {output:?}"
        );
        assert!(says.is_none_or(|says| warned.replace("\n  ", " ").contains(says)), "{about}: {warned}");
        assert!(place.asked().iter().any(|path| path.contains("linux-6.6.14.tar.xz")), "{about}");
        let linux = place.sandbox.path("linux");
        assert_eq!(
            place.sandbox.git(&linux, &["ls-tree", "--name-only", "v6.6.14"]),
            "Makefile\nnew\nnoise",
            "{about}"
        );
    }
}
