//! What stays, what goes, and what is done again.

use std::time::{Duration, SystemTime};

use super::*;

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn what_is_ready_is_not_done_again() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let first = sandbox.prepare(Origin::Linux(&store)).unwrap();
    fs::create_dir(first.tree.join("obj-amd64")).unwrap();
    fs::write(first.tree.join("Kbuild"), "touched").unwrap();
    let again = sandbox.prepare(Origin::Linux(&store)).unwrap();
    assert_eq!(first, again);
    assert_eq!(fs::read(first.tree.join("Kbuild")).unwrap(), b"touched");
    let work = sandbox.path("work");
    assert_eq!(identify(&sandbox.request(Origin::Linux(&store), &work), quiet()).unwrap(), first.source_id);
    // An archive says what was unpacked, or nothing.
    let request = SourceRequest { with_tarball: true, ..sandbox.request(Origin::Linux(&store), &work) };
    let error = prepare(&request, quiet()).expect_err("touched");
    assert!(error.to_string().starts_with("'Kbuild' is not as it was unpacked"), "{error}");
    fs::remove_dir_all(&first.tree).unwrap();
    assert!(prepare(&request, quiet()).unwrap().tarball.unwrap().is_file());
}

#[test]
fn a_change_of_patches_rewrites_what_changed_and_keeps_objects() {
    let mut sandbox = Sandbox::new();
    let tarball = sandbox.tarball();
    let origin = Origin::Tarball(&tarball);
    let unpatched = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
    let first = sandbox.prepare(origin).unwrap();
    let tree = first.tree.clone();
    assert_eq!(modified(&tree.join("init/main.c")), unpatched);
    fs::create_dir(tree.join("obj-amd64")).unwrap();
    fs::write(tree.join("obj-amd64/main.o"), "object").unwrap();
    let compiled = modified(&tree.join("obj-amd64/main.o"));

    let second = "From: A <a@example.org>\nSubject: [PATCH] x\n\n---\n--- a/init/twice.c\n+++ b/init/twice.c\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";
    sandbox.patches.push(PatchFile { name: "0002-x.patch".into(), bytes: second.into() });
    let prepared = sandbox.prepare(origin).unwrap();
    assert_ne!(prepared.source_id, first.source_id);
    assert_eq!(fs::read(tree.join("obj-amd64/main.o")).unwrap(), b"object");
    assert!(modified(&tree.join("init/twice.c")) >= compiled);
    assert_eq!(modified(&tree.join("init/main.c")), unpatched);
    // Not compiled yet, so it stays newer than the objects whatever changes next.
    let changed = modified(&tree.join("init/twice.c"));
    sandbox.patches.remove(0);
    sandbox.prepare(origin).unwrap();
    assert_eq!(modified(&tree.join("init/twice.c")), changed);
    assert!(modified(&tree.join("init/main.c")) >= changed);
    assert!(tree.join("old/gone.h").is_file());
}

#[test]
fn half_a_tree_is_unpacked_again_without_its_objects() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let tree = sandbox.prepare(Origin::Linux(&store)).unwrap().tree;
    fs::create_dir(tree.join("obj-amd64")).unwrap();
    fs::remove_file(tree.join(".kpatch-source")).unwrap();
    fs::remove_file(tree.join("Kbuild")).unwrap();
    fs::create_dir_all(sandbox.path("work/.new-left/x")).unwrap();
    sandbox.prepare(Origin::Linux(&store)).unwrap();
    assert!(tree.join("Kbuild").is_file() && !tree.join("obj-amd64").exists());
    let names: Vec<_> = fs::read_dir(sandbox.path("work")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["linux-6.1.176"]);
}

#[test]
fn an_interrupt_at_any_step_leaves_the_earlier_sources() {
    let mut sandbox = Sandbox::new();
    let (store, tarball) = (sandbox.store(), sandbox.tarball());
    let origins = [Origin::Linux(&store), Origin::Tarball(&tarball)];
    let first = sandbox.prepare(origins[0]).unwrap();
    let before = listed(&first.tree);
    sandbox.patches.clear();
    let mut interrupted = 0;
    for origin in origins {
        for steps in 0..40 {
            let interrupt = Interrupt::new();
            let observer = StopAt { interrupt: &interrupt, left: steps.into() };
            let work = sandbox.path("work");
            let request = SourceRequest { with_tarball: true, ..sandbox.request(origin, &work) };
            match prepare(&request, Watch { observer: &observer, interrupt: &interrupt }) {
                Err(error) => assert!(error.is_interrupted(), "{error}"),
                Ok(_) => continue,
            }
            interrupted += 1;
            let now = listed(&first.tree);
            assert!(now == before || now.iter().any(|file| file.0 == "old/gone.h"), "half a tree after {steps} steps");
        }
        // What was interrupted goes on.
        let request =
            SourceRequest { with_tarball: true, ..sandbox.request(origin, Path::new(&first.tree).parent().unwrap()) };
        prepare(&request, quiet()).unwrap();
    }
    assert!(interrupted > 10, "{interrupted}");
}

#[test]
fn the_archive_is_the_same_whoever_makes_it() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let work = sandbox.path("work");
    let request = SourceRequest { with_tarball: true, jobs: 1, ..sandbox.request(Origin::Linux(&store), &work) };
    let first = prepare(&request, quiet()).unwrap();
    let path = first.tarball.unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::create_dir(first.tree.join("obj-amd64")).unwrap();
    fs::write(first.tree.join("obj-amd64/x.o"), "x").unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(prepare(&SourceRequest { jobs: 4, ..request }, quiet()).unwrap().tarball.as_ref(), Some(&path));
    assert_eq!(fs::read(&path).unwrap(), bytes);

    let mut archive = tar::Archive::new(liblzma::read::XzDecoder::new(bytes.as_slice()));
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            assert_eq!(entry.header().mtime().unwrap(), DATE as u64);
            String::from_utf8(entry.path_bytes().into_owned()).unwrap()
        })
        .collect();
    let files = names
        .iter()
        .filter_map(|name| name.strip_prefix("linux/"))
        .filter(|name| !name.is_empty() && !name.ends_with('/'));
    let mut files: Vec<&str> = files.collect();
    files.sort_unstable();
    let tree = listed(&first.tree);
    assert_eq!(files, tree.iter().map(|file| file.0.as_str()).collect::<Vec<_>>());
    assert_eq!(names[0], "linux/");

    // Another moment is another archive, and there is one at a time.
    let other = prepare(&SourceRequest { epoch: Some(7), ..request }, quiet()).unwrap();
    assert_eq!(other.epoch, 7);
    assert!(!path.exists() && other.tarball.unwrap().is_file());
}

#[test]
fn two_at_once_do_not_meet() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let place = Place::open(&sandbox.path("work"), "6.1.176").unwrap();
    let error = sandbox.prepare(Origin::Linux(&store)).expect_err("busy");
    assert!(error.to_string().contains("is at work"), "{error}");
    drop(place);
    sandbox.prepare(Origin::Linux(&store)).unwrap();
}
