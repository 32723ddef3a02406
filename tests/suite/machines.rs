//! Booting, repacking, compiling modules and looking at the machine, as far as that needs neither qemu nor a real kernel.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{LAYOUTS, Layout, Sandbox, Snapshot, World, assert_refusal};

const RELEASE: &str = "6.1.0-9-amd64";

/// The beginning of a kernel for x86: what says that it is one, and which.
fn kernel() -> Vec<u8> {
    let mut head = vec![0; 0x400];
    head[0x202..0x206].copy_from_slice(b"HdrS");
    head[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
    let text = format!("{RELEASE} (somebody@somewhere) #1 SMP");
    head[0x300..0x300 + text.len()].copy_from_slice(text.as_bytes());
    head
}

fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // As it is written, whatever it is.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&tar.into_inner().unwrap()).unwrap();
    xz.finish().unwrap()
}

/// A kernel package in the format of Debian, with one more file.
fn deb(sandbox: &Sandbox, name: &str, more: (&str, &[u8])) -> PathBuf {
    let control = b"Package: linux-image-6.1.0-9-amd64\nVersion: 6.1.9-1\nArchitecture: amd64\nMaintainer: Debian Kernel Team <x@debian.org>\n";
    let data = tarball(&[
        ("./boot/vmlinuz-6.1.0-9-amd64", &kernel()),
        (
            "./boot/config-6.1.0-9-amd64",
            b"CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\nCONFIG_AS_VERSION=24000\n",
        ),
        ("./lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko", b"module"),
        ("./lib/modules/6.1.0-9-amd64/modules.dep", b"kernel/lib/crc7.ko:\n"),
        more,
    ]);
    let path = sandbox.path(name);
    let mut ar = ar::Builder::new(fs::File::create(&path).unwrap());
    for (name, bytes) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.xz", tarball(&[("./control", control)])),
        ("data.tar.xz", data),
    ] {
        let mut header = ar::Header::new(name.as_bytes().to_vec(), bytes.len() as u64);
        header.set_mtime(1_700_000_000);
        ar.append(&header, bytes.as_slice()).unwrap();
    }
    path
}

fn report(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    let output = sandbox.kpatch(&sandbox.path(""), &[args, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "kpatch {args:?}: {error}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    value["reports"][0].clone()
}

/// The names of the files in the layers of an image of a layout.
fn files_of(layout: &Path, reference: &str) -> Vec<String> {
    let read = |digest: &str| fs::read(layout.join("blobs").join(digest.replace(':', "/"))).unwrap();
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let named = |entry: &&Value| entry["annotations"]["org.opencontainers.image.ref.name"] == reference;
    let entry = index["manifests"].as_array().unwrap().iter().find(named).expect("the reference is there");
    let manifest: Value = serde_json::from_slice(&read(entry["digest"].as_str().unwrap())).unwrap();
    let mut files = Vec::new();
    for layer in manifest["layers"].as_array().unwrap() {
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(read(layer["digest"].as_str().unwrap()).as_slice())
            .read_to_end(&mut bytes)
            .unwrap();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            files.push(entry.unwrap().path().unwrap().display().to_string());
        }
    }
    files.sort();
    files
}

#[test]
fn a_package_becomes_an_image_and_the_same_one_again() {
    let sandbox = Sandbox::new();
    deb(&sandbox, "linux.deb", ("./usr/src/linux-headers-6.1.0-9-amd64/Makefile", b"all:\n"));
    let first = report(&sandbox, &["foreign", "linux.deb"], 0);
    assert_eq!(first["image"], "linuxkit/kernel-debian:6.1.9-1");
    assert_eq!(first["reference"], "linuxkit/kernel-debian:6.1.9-1-amd64");
    assert_eq!(
        (first["release"].as_str(), first["builder"].as_str()),
        (Some(RELEASE), Some("debian/gcc-12.2.0-14/binutils-2.40"))
    );
    assert_eq!((first["modules"].as_u64(), first["changed"].as_bool()), (Some(1), Some(true)));
    let files = files_of(&sandbox.path("out/images"), "linuxkit/kernel-debian:6.1.9-1-amd64");
    assert_eq!(
        files,
        ["kernel", "kernel-builder", "kernel-dev.tar", "kernel-source-info", "kernel.tar", "kernel_config"]
    );
    let again = report(&sandbox, &["foreign", "linux.deb"], 0);
    assert_eq!((&again["digest"], again["changed"].as_bool()), (&first["digest"], Some(false)));
    let other = report(&sandbox, &["foreign", "linux.deb", "--tag", "example/kernel:one-amd64"], 0);
    assert_eq!((&other["digest"], other["reference"].as_str()), (&first["digest"], Some("example/kernel:one-amd64")));
}

#[test]
fn a_hostile_or_broken_package_leaves_nothing() {
    let sandbox = Sandbox::new();
    deb(&sandbox, "good.deb", ("./usr/share/doc/x", b"x"));
    report(&sandbox, &["foreign", "good.deb"], 0);
    deb(&sandbox, "evil.deb", ("../../evil", b"x"));
    let bytes = fs::read(sandbox.path("good.deb")).unwrap();
    sandbox.write("short.deb", &bytes[..bytes.len() - 20]);
    sandbox.write("other.zip", "PK\x03\x04");
    for (file, says) in [
        ("evil.deb", "leads out of the package"),
        ("short.deb", "is damaged: it ends too early"),
        ("other.zip", "is neither a .deb nor an .rpm"),
        ("none.deb", "cannot open"),
    ] {
        let before = Snapshot::of(&sandbox.path(""));
        let output = sandbox.kpatch(&sandbox.path(""), &["foreign", file]);
        assert_refusal(&output, &["foreign", file], &[says]);
        assert_eq!(before.changes(&Snapshot::of(&sandbox.path(""))), Vec::<String>::new(), "{file}");
    }
    let output = sandbox.kpatch(&sandbox.path(""), &["foreign", "good.deb", "--tag", "No Tag"]);
    assert_refusal(&output, &["foreign"], &["is not an image reference"]);
}

#[test]
fn a_kernel_without_its_machine_names_the_package() {
    let sandbox = Sandbox::new();
    sandbox.write("bzImage", kernel());
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &sandbox.path(""));
    let output = command.env("PATH", sandbox.path("nothing")).args(["boot", "bzImage"]).output().unwrap();
    let says = ["booting a kernel for x86_64 needs qemu-system-x86_64, which is not installed", "qemu-system-x86"];
    assert_refusal(&output, &["boot", "bzImage"], &says);
    for (args, says) in [
        (&["boot", "bzImage", "--arch", "arm64"][..], "is a kernel for x86_64, not for aarch64"),
        (&["boot", "bzImage", "--module", "crc7"], "bzImage has no modules, and so not 'crc7'"),
        (&["boot"], "no kernel image for"),
        (&["boot", "nowhere/kernel:6.6.13", "--offline"], "nowhere/kernel:6.6.13"),
        (&["boot", "nothing"], "there is no kernel image 'nothing'"),
    ] {
        assert_refusal(&sandbox.kpatch(&sandbox.path(""), args), args, &[says]);
    }
}

#[test]
fn a_new_module_names_the_kernel_of_the_kit() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let made = world.report(&["module", "new", "hello_there"]);
        let hash = match layout {
            Layout::Flat => world.sandbox.git(&world.kit, &["rev-parse", "HEAD:kernel"]),
            Layout::PerSeries => String::new(),
        };
        let kernel = made["kernel"].as_str().unwrap();
        assert!(kernel.starts_with("linuxkit/kernel:6.6.13-") && kernel.contains(&hash), "{kernel}");
        assert_eq!(made["builder"], "linuxkit/kernel:6.6.13-builder");
        let read = |name: &str| fs::read_to_string(world.kit.join("hello_there").join(name)).unwrap();
        let docker = read("Dockerfile");
        let from: Vec<&str> = docker.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
        assert_eq!(from, [format!("{kernel} AS ksrc").as_str(), "linuxkit/kernel:6.6.13-builder AS build", "alpine"]);
        assert!(docker.contains("COPY --from=ksrc /kernel-dev.tar") && docker.contains("/module/hello_there.ko"));
        assert!(read("src/Makefile").starts_with("obj-m := hello_there.o\n"));
        assert!(read("src/hello_there.c").contains("Hello from a module"));
        assert!(
            read("hello_there.yml").contains(&format!("image: {kernel}"))
                && read("check.sh").contains("insmod hello_there.ko")
        );
        let all: String = ["Dockerfile", "src/Makefile", "src/hello_there.c", "hello_there.yml", "check.sh", "test.sh"]
            .map(read)
            .concat();
        assert!(!all.contains('@') && !all.contains("hello_world"), "a mark is left: {all}");
        world.refused(&["module", "new", "hello_there"], &["'hello_there' is there already"]);
        world.refused(&["module", "new", "Hello"], &["is no name for a module"]);
        world.refused(&["module", "new", "../x"], &["is no name for a module"]);
        world.refused(
            &["module", "new", "x", "--image", "linuxkit/kernel:ubuntu"],
            &["does not say which image has its compiler"],
        );
    }
}

#[test]
fn modules_need_a_kernel_with_headers() {
    let sandbox = Sandbox::new();
    let made = report(&sandbox, &["module", "new", "x", "--image", "example/kernel:6.6.13-amd64"], 0);
    assert_eq!(made["builder"], "example/kernel:6.6.13-builder");
    sandbox.write("none.tar", tar::Builder::new(Vec::new()).into_inner().unwrap());
    for (args, says) in [
        (&["module", "build", "x", "--dev", "none.tar"][..], "has no headers to compile modules with"),
        (&["module", "build", "x", "--dev", "missing.tar"], "cannot open 'missing.tar'"),
        (&["module", "build", "missing"], "'missing' is no directory"),
        (&["module", "build", "x"], "no kernel image for"),
        (&["module", "new", "y"], "no kit at"),
    ] {
        assert_refusal(&sandbox.kpatch(&sandbox.path(""), args), args, &[says]);
    }
    assert!(!sandbox.path("x/x.ko").exists() && !sandbox.path("y").exists());
}

#[test]
fn the_doctor_says_what_is_missing_and_how_to_get_it() {
    let sandbox = Sandbox::new();
    let output = sandbox.kpatch(&sandbox.path(""), &["doctor", "--json"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let here = &value["reports"][0];
    assert_eq!(here["ready"].as_bool(), Some(output.status.code() == Some(0)));
    let find = |report: &Value, name: &str| {
        let all = report["examined"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} was not looked for"))
    };
    assert_eq!(find(here, "git")["ok"], true);
    // A machine with nothing.
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &sandbox.path(""));
    let output = command.env("PATH", sandbox.path("nothing")).args(["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nothing = &value["reports"][0];
    for name in ["make", "flex", "gelf.h"] {
        let one = find(nothing, name);
        assert_eq!((one["ok"].as_bool(), one["required"].as_bool()), (Some(false), Some(true)), "{one}");
        assert!(!one["packages"].as_array().unwrap().is_empty(), "{one}");
    }
    assert!(nothing["install"].as_str().is_none_or(|command| command.contains(" make") && !command.contains("ccache")));
    let text = String::from_utf8(sandbox.kpatch(&sandbox.path(""), &["doctor"]).stdout).unwrap();
    assert!(text.contains("to boot kernels") && text.contains("qemu-system-aarch64"), "{text}");
    assert_eq!(fs::read_dir(sandbox.path("")).unwrap().count(), 0, "nothing is made");
}
