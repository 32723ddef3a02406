//! Layouts and the images in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::arch::Arch;
use crate::event::{Interrupt, Silent};

static GO: Interrupt = Interrupt::new();

/// A layout, and files for images.
struct World {
    dir: tempfile::TempDir,
    layout: Layout,
}

fn world() -> World {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("root")).expect("made");
    for (name, text) in [("kernel", "a kernel"), ("System.map", "a map"), ("kernel.tar", "modules")] {
        fs::write(dir.path().join("root").join(name), text).expect("written");
    }
    let layout = Layout::create(dir.path().join("images")).expect("a layout");
    World { dir, layout }
}

impl World {
    fn entry(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.dir.path().join("root").join(name), PathBuf::from(name))
    }

    fn image(&self, arch: Arch, compression: Compression) -> Descriptor {
        let layers = [
            LayerSpec { entries: vec![self.entry("kernel.tar")], created_by: "one".into() },
            LayerSpec { entries: vec![self.entry("kernel"), self.entry("System.map")], created_by: "two".into() },
        ];
        let labels = BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]);
        let spec = ImageSpec { arch, epoch: 1_700_000_000, labels: &labels, layers: &layers, compression };
        self.layout.write_image(&spec, &Silent, &GO).expect("an image")
    }

    fn tag(&self, reference: &str, manifest: &Descriptor, index: bool) {
        let tag = Tag { reference: reference.into(), manifest: manifest.clone(), index };
        self.layout.tag(&[tag], &[], &GO).expect("tagged");
    }

    fn blobs(&self) -> usize {
        fs::read_dir(self.layout.dir().join("blobs/sha256")).expect("blobs").count()
    }

    fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for dir in [self.layout.dir().to_owned(), self.layout.dir().join("blobs/sha256")] {
            for entry in fs::read_dir(dir).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let name = path.strip_prefix(self.layout.dir()).expect("inside").to_owned();
                    files.insert(name, fs::read(&path).expect("readable"));
                }
            }
        }
        files
    }
}

#[test]
fn the_same_files_give_the_same_layout() {
    let make = || {
        let world = world();
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let image = world.image(arch, Compression::Gzip);
            world.tag(&format!("linuxkit/kernel:6.6.13-{}", arch.oci()), &image, false);
            world.tag("linuxkit/kernel:6.6.13", &image, true);
        }
        world
    };
    let (one, two) = (make(), make());
    assert_eq!(one.bytes(), two.bytes());
    let before = one.bytes();
    let image = one.image(Arch::X86_64, Compression::Gzip);
    one.tag("linuxkit/kernel:6.6.13", &image, true);
    assert_eq!(one.bytes(), before, "assembling again changes nothing");
}

#[test]
fn an_image_says_what_it_is() {
    let world = world();
    for (compression, kind) in
        [(Compression::Gzip, MediaType::ImageLayerGzip), (Compression::Zstd, MediaType::ImageLayerZstd)]
    {
        let image = world.image(Arch::Aarch64, compression);
        let manifest = world.layout.read_manifest(&image).expect("a manifest");
        assert_eq!(manifest.layers().len(), 2);
        assert!(manifest.layers().iter().all(|layer| *layer.media_type() == kind));
        let config: serde_json::Value =
            serde_json::from_slice(&world.layout.read(manifest.config()).expect("read")).expect("JSON");
        assert_eq!(config["architecture"], "arm64");
        assert_eq!(config["os"], "linux");
        assert_eq!(config["created"], "2023-11-14T22:13:20Z");
        assert_eq!(config["config"]["Labels"], serde_json::json!({"a": "1", "b": "2"}));
        assert_eq!(config["history"][1]["created_by"], "two");
        // The digest of the content is that of what is unpacked.
        let blob = fs::read(world.layout.blob(manifest.layers()[0].digest())).expect("a blob");
        let mut content = Vec::new();
        match compression {
            Compression::Gzip => {
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(blob.as_slice()), &mut content)
                    .expect("gzip");
            }
            Compression::Zstd => content = zstd::stream::decode_all(blob.as_slice()).expect("zstd"),
        }
        assert_eq!(config["rootfs"]["diff_ids"][0], model::digest_of(&content).expect("a digest").to_string());
    }
}

#[test]
fn an_index_keeps_the_other_architectures() {
    let world = world();
    let name = "linuxkit/kernel:6.6.13";
    let arches = |world: &World| -> Vec<String> {
        let index = world.layout.resolve(name).expect("readable").expect("there");
        let index = world.layout.read_index(&index).expect("an index");
        index.manifests().iter().filter_map(architecture).collect()
    };
    world.tag(name, &world.image(Arch::X86_64, Compression::Gzip), true);
    world.tag(name, &world.image(Arch::Aarch64, Compression::Gzip), true);
    assert_eq!(arches(&world), ["amd64", "arm64"]);
    fs::write(world.dir.path().join("root/kernel"), "another").expect("written");
    let newer = world.image(Arch::X86_64, Compression::Gzip);
    world.tag(name, &newer, true);
    assert_eq!(arches(&world), ["amd64", "arm64"]);
    let index = world.layout.resolve(name).expect("readable").expect("there");
    let index = world.layout.read_index(&index).expect("an index");
    assert_eq!(index.manifests()[0].digest(), newer.digest());
    let entry = world.layout.resolve(name).expect("readable").expect("there");
    let name = &entry.annotations().as_ref().expect("annotations")["io.containerd.image.name"];
    assert_eq!(name, "docker.io/linuxkit/kernel:6.6.13");
}

#[test]
fn what_nothing_names_is_collected() {
    let world = world();
    let image = world.image(Arch::X86_64, Compression::Gzip);
    let said =
        world.layout.write_referrer(&image, "application/spdx+json", "sbom.json", b"{\"a\":1}").expect("written");
    let tag = Tag { reference: "a:1".into(), manifest: image.clone(), index: false };
    world.layout.tag(&[tag], std::slice::from_ref(&said), &GO).expect("tagged");
    assert_eq!(world.layout.referrers(image.digest()).expect("read"), [said]);
    let all = world.blobs();
    fs::write(world.layout.dir().join("blobs/sha256/.kpatch-left"), "half a blob").expect("written");
    let hold = world.layout.hold(&GO).expect("held");
    assert_eq!(world.layout.collect(&GO).expect("collected"), 0);
    drop(hold);
    assert_eq!(world.layout.collect(&GO).expect("collected"), 11);
    assert_eq!(world.blobs(), all, "what is named stays, with what is said of it");
    assert!(world.layout.untag("a:1", &GO).expect("untagged"));
    assert!(!world.layout.untag("a:1", &GO).expect("not there"));
    assert!(world.layout.collect(&GO).expect("collected") > 500);
    assert_eq!(world.blobs(), 0);
    assert!(
        world.layout.refs().expect("read").is_empty()
            && world.layout.referrers(image.digest()).expect("read").is_empty()
    );
}

#[test]
fn many_at_once_lose_nothing() {
    let world = world();
    let image = world.image(Arch::X86_64, Compression::Gzip);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (world, image) = (&world, &image);
            scope.spawn(move || {
                for number in 0..10 {
                    world.tag(&format!("a:{thread}-{number}"), image, number % 2 == 0);
                    world.layout.collect(&GO).expect("collected");
                }
            });
        }
    });
    assert_eq!(world.layout.refs().expect("read").len(), 40);
}

#[test]
fn an_interrupt_and_a_missing_file_leave_nothing() {
    let world = world();
    let stop = Interrupt::new();
    stop.raise();
    let layers = [LayerSpec { entries: vec![world.entry("kernel")], created_by: String::new() }];
    let labels = BTreeMap::new();
    let spec =
        |layers| ImageSpec { arch: Arch::X86_64, epoch: 0, labels: &labels, layers, compression: Compression::Gzip };
    assert!(world.layout.write_image(&spec(&layers), &Silent, &stop).expect_err("stopped").is_interrupted());
    let layers = [LayerSpec { entries: vec![world.entry("none")], created_by: String::new() }];
    let error = world.layout.write_image(&spec(&layers), &Silent, &GO).expect_err("missing");
    assert!(error.to_string().contains("root/none'"), "{error}");
    assert_eq!(world.blobs(), 0);
}

#[test]
fn what_is_no_layout_is_refused() {
    let world = world();
    let why = |dir: &Path| Layout::open(dir).expect_err("refused").to_string();
    assert!(why(world.dir.path()).ends_with("it has no file 'oci-layout'"));
    fs::write(world.layout.dir().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).expect("written");
    assert!(why(world.layout.dir()).ends_with("its version is 2.0.0, not 1"));
    fs::write(world.layout.dir().join("oci-layout"), VERSION_1).expect("written");
    let image = world.image(Arch::X86_64, Compression::Gzip);
    fs::write(world.layout.blob(image.digest()), "{}").expect("written");
    assert!(matches!(world.layout.read(&image), Err(Error::Damaged { .. })));
}

const VERSION_1: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
