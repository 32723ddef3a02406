//! Files out of images, in layouts and in tarballs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::archive::Archive;
use super::*;
use crate::arch::Arch;
use crate::event::{Interrupt, Silent};

static GO: Interrupt = Interrupt::new();

fn reach(local: Option<&Layout>) -> Reach<'_> {
    Reach { local, offline: true, access: Access::default(), observer: &Silent, interrupt: &GO }
}

/// An image of two layers, the higher of which changes the lower, as `a/b:1` for amd64.
fn layout(dir: &Path, compression: Compression) -> Layout {
    let root = dir.join("root");
    fs::create_dir_all(root.join("boot")).expect("made");
    for (name, text) in [("kernel", "old"), ("boot/gone", "gone"), ("kept", "kept"), (".wh.gone", ""), ("new", "new")] {
        fs::write(root.join(name), text).expect("written");
    }
    symlink("../kept", root.join("boot/link")).expect("a link");
    symlink("loop", root.join("loop")).expect("a link");
    let entry = |from: &str, to: &str| (root.join(from), PathBuf::from(to));
    let layers = [
        LayerSpec {
            entries: vec![
                entry("kernel", "kernel"),
                entry("boot/gone", "boot/gone"),
                entry("kept", "kept"),
                entry("boot/link", "boot/link"),
                entry("loop", "loop"),
            ],
            created_by: String::new(),
        },
        LayerSpec {
            entries: vec![entry("new", "kernel"), entry(".wh.gone", "boot/.wh.gone")],
            created_by: String::new(),
        },
    ];
    let labels = BTreeMap::from([("name".to_owned(), "value".to_owned())]);
    let spec = ImageSpec { arch: Arch::X86_64, epoch: 0, labels: &labels, layers: &layers, compression };
    let layout = Layout::create(dir.join("images")).expect("a layout");
    let manifest = layout.write_image(&spec, &Silent, &GO).expect("an image");
    layout.tag(&[Tag { reference: "a/b:1".into(), manifest, index: true }], &[], &GO).expect("tagged");
    layout
}

fn text(image: &Image<'_>, path: &str) -> Option<String> {
    let bytes = image.small_file(path, 100).expect("readable");
    bytes.map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
}

/// What is seen in the image of [`layout`], wherever it is.
fn look(image: &Image<'_>) {
    assert_eq!(text(image, "/kernel").as_deref(), Some("new"), "the higher layer wins");
    assert_eq!(text(image, "./kept").as_deref(), Some("kept"));
    assert_eq!(text(image, "boot/link").as_deref(), Some("kept"), "links are followed");
    assert_eq!(text(image, "boot/gone"), None, "what was removed is gone");
    assert_eq!(text(image, "loop"), None);
    assert_eq!(text(image, "boot"), None);
    assert_eq!(image.labels()["name"], "value");
    assert!(image.small_file("kernel", 2).is_err(), "a file that is too large is refused");
}

#[test]
fn files_of_an_image_in_a_layout() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let dir = tempfile::tempdir().expect("a directory");
        let layout = layout(dir.path(), compression);
        look(&Image::open("a/b:1", Arch::X86_64, reach(Some(&layout))).expect("an image"));
        let path = layout.dir().display();
        look(&Image::open(&format!("oci:{path}"), Arch::X86_64, reach(None)).expect("an image"));
        look(&Image::open(&format!("oci:{path}:a/b:1"), Arch::X86_64, reach(None)).expect("an image"));
    }
}

#[test]
fn files_of_an_image_in_a_tarball() {
    let dir = tempfile::tempdir().expect("a directory");
    let layout = layout(dir.path(), Compression::Gzip);
    let file = dir.path().join("image.tar");
    archive::write(layout.dir(), None, 0, fs::File::create(&file).expect("a file")).expect("an archive");
    look(&Image::open(&format!("oci-archive:{}", file.display()), Arch::X86_64, reach(None)).expect("an image"));
    look(&Image::open(&format!("oci-archive:{}:a/b:1", file.display()), Arch::X86_64, reach(None)).expect("an image"));
}

#[test]
fn files_of_an_image_that_docker_saved() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut layer = Archive::new(Vec::new(), 0);
    layer.file("kernel", false, 3, &b"new"[..]).expect("written");
    let layer = layer.finish().expect("finished");
    let config = br#"{"architecture":"amd64","os":"linux","config":{"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let manifest = br#"[{"Config":"c.json","RepoTags":["a/b:1"],"Layers":["l/layer.tar"]}]"#;
    let file = dir.path().join("image.tar");
    let mut saved = Archive::new(fs::File::create(&file).expect("a file"), 0);
    for (name, bytes) in [("c.json", &config[..]), ("l/layer.tar", &layer), ("manifest.json", &manifest[..])] {
        saved.file(name, false, bytes.len() as u64, bytes).expect("written");
    }
    saved.finish().expect("finished");
    for reference in ["", ":a/b:1"] {
        let name = format!("docker-archive:{}{reference}", file.display());
        let image = Image::open(&name, Arch::X86_64, reach(None)).expect("an image");
        assert_eq!(text(&image, "kernel").as_deref(), Some("new"));
        assert_eq!(image.labels()["a"], "b");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let layout = layout(dir.path(), Compression::Gzip);
    let why = |name: &str, arch| match Image::open(name, arch, reach(Some(&layout))) {
        Ok(_) => panic!("{name} is there"),
        Err(error) => error.to_string(),
    };
    assert_eq!(why("a/b:1", Arch::Aarch64), "'a/b:1' is not for arm64, only for amd64");
    assert!(why("a/b:2", Arch::X86_64).starts_with("'a/b:2' is not among the local images"));
    assert!(why("A B", Arch::X86_64).contains("is no image reference"));
    let path = layout.dir().display();
    assert!(why(&format!("oci:{path}:x"), Arch::X86_64).ends_with("is not there; there are: a/b:1"));
    assert!(why("oci:/none", Arch::X86_64).contains("is no OCI image layout"));
}
