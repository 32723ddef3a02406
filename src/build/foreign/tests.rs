#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::io::Write as _;

use super::*;
use crate::build::boot::sample_kernel;
use crate::build::cpio;
use crate::event::{Interrupt, Silent};

const RELEASE: &str = "6.1.0-9-amd64";

/// What is put into a package.
#[derive(Clone)]
enum Put {
    File(Vec<u8>),
    Link(&'static str),
    Hard(&'static str),
    Dir,
    Device,
}

fn text(text: &str) -> Put {
    Put::File(text.into())
}

fn entry(header: &mut tar::Header, name: &str) {
    // As it is written, whatever it is.
    let bytes = name.as_bytes();
    header.as_mut_bytes()[..100].fill(0);
    header.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
    header.set_cksum();
}

fn tarball(entries: &[(&str, Put)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, put) in entries {
        let mut header = tar::Header::new_ustar();
        let (kind, content, target): (_, &[u8], _) = match put {
            Put::File(bytes) => (tar::EntryType::Regular, bytes, ""),
            Put::Link(target) => (tar::EntryType::Symlink, &[], *target),
            Put::Hard(target) => (tar::EntryType::Link, &[], *target),
            Put::Dir => (tar::EntryType::Directory, &[], ""),
            Put::Device => (tar::EntryType::Char, &[], ""),
        };
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
        entry(&mut header, name);
        tar.append(&header, content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deb(dir: &Path, name: &str, arch: &str, entries: &[(&str, Put)]) -> PathBuf {
    deb_packed(dir, name, arch, ("data.tar.xz", xz(&tarball(entries))))
}

fn deb_packed(dir: &Path, name: &str, arch: &str, (data_name, data): (&str, Vec<u8>)) -> PathBuf {
    let control = format!(
        "Package: {name}\nSource: linux-signed (6.1+1)\nVersion: 6.1.9-1\nArchitecture: {arch}\nMaintainer: Debian Kernel Team <x@debian.org>\n"
    );
    let control = xz(&tarball(&[("./", Put::Dir), ("./control", text(&control))]));
    let path = dir.join(format!("{name}.deb"));
    let mut ar = ar::Builder::new(fs::File::create(&path).unwrap());
    for (name, bytes) in [("debian-binary", b"2.0\n".to_vec()), ("control.tar.xz", control), (data_name, data)] {
        let mut header = ar::Header::new(name.as_bytes().to_vec(), bytes.len() as u64);
        header.set_mtime(1_700_000_000);
        ar.append(&header, bytes.as_slice()).unwrap();
    }
    path
}

fn config() -> Put {
    text(
        "# Linux/x86 6.1.9 Kernel Configuration\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\nCONFIG_AS_VERSION=24000\n",
    )
}

fn image() -> Vec<(&'static str, Put)> {
    vec![
        ("./", Put::Dir),
        ("./boot/vmlinuz-6.1.0-9-amd64", Put::File(sample_kernel(RELEASE))),
        ("./boot/config-6.1.0-9-amd64", config()),
        ("./boot/System.map-6.1.0-9-amd64", text("ffff T start\n")),
        ("./lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko", text("module")),
        ("./lib/modules/6.1.0-9-amd64/kernel/lib/crc8.ko", Put::Hard("./lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko")),
        ("./lib/modules/6.1.0-9-amd64/modules.dep", text("kernel/lib/crc7.ko:\nkernel/lib/crc8.ko:\n")),
        ("./lib/modules/6.1.0-9-amd64/build", Put::Link("/usr/src/linux-headers-6.1.0-9-amd64")),
        ("./usr/share/doc/linux-image/copyright", text("GPL")),
        ("./usr/share/doc/link", Put::Link("/etc/alternatives/x")),
    ]
}

fn headers() -> Vec<(&'static str, Put)> {
    vec![
        (
            "./usr/src/linux-headers-6.1.0-9-amd64/Makefile",
            text("include /usr/src/linux-headers-6.1.0-9-common/Makefile\n"),
        ),
        ("./usr/src/linux-headers-6.1.0-9-amd64/scripts", Put::Link("../../lib/linux-kbuild-6.1/scripts")),
        ("./usr/src/linux-headers-6.1.0-9-amd64/absolute", Put::Link("/usr/lib/linux-kbuild-6.1/scripts")),
        ("./usr/lib/linux-kbuild-6.1/scripts/mod/modpost", text("program")),
        ("./usr/lib/linux-kbuild-6.1/scripts/second", Put::Hard("./usr/lib/linux-kbuild-6.1/scripts/mod/modpost")),
    ]
}

fn repacked(files: &[PathBuf], to: &Path) -> Result<Foreign, BuildError> {
    let watch = Watch { observer: &Silent, interrupt: &Interrupt::new() };
    let limits = Limits { entries: 100, total: 1 << 20, file: 1 << 16 };
    repack_within(files, &Output::new(to), &limits, watch)
}

/// The files of a directory, and those in its archives.
fn listing(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        if Path::new(&name).extension().is_some_and(|end| end == "tar") {
            for inner in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
                let mut inner = inner.unwrap();
                let mut content = Vec::new();
                inner.read_to_end(&mut content).unwrap();
                let target = inner.link_name_bytes().unwrap_or_default().into_owned();
                let inside = format!("{name}:{}", inner.path().unwrap().display());
                all.insert(
                    inside,
                    [b"-> ".as_slice(), &target]
                        .concat()
                        .into_iter()
                        .filter(|_| !target.is_empty())
                        .chain(content)
                        .collect(),
                );
            }
        } else {
            all.insert(name, bytes);
        }
    }
    all
}

#[test]
fn packages_of_debian_become_the_files_of_an_image() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        deb(dir.path(), "linux-image-6.1.0-9-amd64", "amd64", &image()),
        deb(dir.path(), "linux-headers-6.1.0-9-amd64", "amd64", &headers()),
        deb(
            dir.path(),
            "linux-headers-6.1.0-9-common",
            "all",
            &[("./usr/src/linux-headers-6.1.0-9-common/Makefile", text("all:\n"))],
        ),
        deb(dir.path(), "linux-libc-dev", "amd64", &[("./usr/include/linux/a.h", text("#pragma once\n"))]),
    ];
    let foreign = repacked(&files, &dir.path().join("out")).unwrap();
    assert_eq!((foreign.release.as_str(), foreign.arch, foreign.version.as_str()), (RELEASE, Arch::X86_64, "6.1.9-1"));
    assert_eq!(
        (foreign.distribution.as_str(), foreign.builder.as_str()),
        ("debian", "debian/gcc-12.2.0-14/binutils-2.40")
    );
    assert_eq!((foreign.modules, foreign.has_dev, foreign.has_headers, foreign.epoch), (1, true, true, 1_700_000_000));
    let root = listing(&dir.path().join("out/root"));
    let has = |name: &str| root.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let expected = [
        ("kernel-builder", "debian/gcc-12.2.0-14/binutils-2.40"),
        ("System.map", "ffff T start\n"),
        ("kernel.tar:lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko", "module"),
        ("kernel.tar:lib/modules/6.1.0-9-amd64/kernel/lib/crc8.ko", "module"),
        ("kernel-dev.tar:usr/src/linux-headers-6.1.0-9-amd64/scripts", "-> ../../lib/linux-kbuild-6.1/scripts"),
        ("kernel-dev.tar:usr/src/linux-headers-6.1.0-9-amd64/absolute", "-> ../../lib/linux-kbuild-6.1/scripts"),
        ("kernel-dev.tar:usr/lib/linux-kbuild-6.1/scripts/mod/modpost", "program"),
        ("kernel-dev.tar:usr/lib/linux-kbuild-6.1/scripts/second", "-> mod/modpost"),
        ("kernel-headers.tar:usr/include/linux/a.h", "#pragma once\n"),
    ];
    for (name, content) in expected {
        assert_eq!(has(name).as_deref(), Some(content), "{name}");
    }
    assert!(
        has("kernel-source-info")
            .unwrap()
            .starts_with("KERNEL_SOURCE=debian:linux-signed (6.1+1)\nPACKAGE=linux-headers-")
    );
    assert!(!root.keys().any(|name| name.contains("build:") || name.contains("copyright") || name.ends_with("/build")));
    // The same in another order, and with a file named twice.
    let mut other: Vec<PathBuf> = files.iter().rev().cloned().collect();
    other.push(files[1].clone());
    repacked(&other, &dir.path().join("again")).unwrap();
    let [first, second] =
        ["out", "again"].map(|out| fs::read(dir.path().join(out).join("root/kernel-dev.tar")).unwrap());
    assert_eq!(first, second);
    assert_eq!(root, listing(&dir.path().join("again/root")));
}

#[test]
fn merged_usr_and_any_compression_are_the_same_kernel() {
    let dir = tempfile::tempdir().unwrap();
    let plain = deb(dir.path(), "linux-image-plain", "amd64", &image());
    repacked(&[plain], &dir.path().join("plain")).unwrap();
    let entries: Vec<_> = image().into_iter().map(|(name, put)| (name.replace("./lib/", "./usr/lib/"), put)).collect();
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, put)| {
            (
                name.as_str(),
                match put {
                    Put::Hard(_) => Put::Hard("./usr/lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko"),
                    put => put.clone(),
                },
            )
        })
        .collect();
    let data = tarball(&entries);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&data).unwrap();
    for (name, bytes) in [
        ("data.tar", data.clone()),
        ("data.tar.zst", zstd::encode_all(data.as_slice(), 1).unwrap()),
        ("data.tar.gz", gz.finish().unwrap()),
    ] {
        let to = dir.path().join(name);
        repacked(&[deb_packed(dir.path(), "linux-image-other", "amd64", (name, bytes))], &to).unwrap();
        let [a, b] = [&to, &dir.path().join("plain")].map(|out| fs::read(out.join("root/kernel.tar")).unwrap());
        assert_eq!(a, b, "{name}");
    }
}

/// An rpm whose header the crate rpm has written, with another archive in it.
fn rpm(dir: &Path, name: &str, entries: &[(&str, Put)]) -> PathBuf {
    let config = ::rpm::BuildConfig::default().compression(::rpm::CompressionType::None);
    let built = ::rpm::PackageBuilder::new(name, "6.8.5", "GPLv2", "x86_64", "the kernel")
        .using_config(config)
        .release("301.fc40")
        .vendor("Fedora Project")
        .build()
        .unwrap();
    let mut bytes = Vec::new();
    built.write(&mut bytes).unwrap();
    let payload = built.metadata.get_package_segment_offsets().payload as usize;
    bytes.truncate(payload);
    let mut archive = cpio::Writer::default();
    for (name, put) in entries {
        match put {
            Put::File(content) => archive.file(name, 0o644, content),
            Put::Link(target) => archive.link(name, target),
            Put::Hard(target) => archive.shared(name, target.as_bytes()),
            Put::Dir => archive.directory(name),
            Put::Device => archive.device(name, 0o600, 1, 3),
        }
    }
    bytes.extend(zstd::encode_all(archive.finish().as_slice(), 1).unwrap());
    let path = dir.join(format!("{name}.rpm"));
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn packages_of_fedora_become_the_files_of_an_image() {
    let dir = tempfile::tempdir().unwrap();
    let release = "6.8.5-301.fc40.x86_64";
    let files = [
        rpm(
            dir.path(),
            "kernel-core",
            &[
                ("./lib/modules/6.8.5-301.fc40.x86_64/vmlinuz", Put::File(sample_kernel(release))),
                (
                    "./lib/modules/6.8.5-301.fc40.x86_64/config",
                    text("CONFIG_CC_VERSION_TEXT=\"gcc (GCC) 14.0.1 20240411 (Red Hat 14.0.1-0)\"\n"),
                ),
                ("./lib/modules/6.8.5-301.fc40.x86_64/modules.dep", text("")),
                ("./lib/modules/6.8.5-301.fc40.x86_64/build", Put::Link("/usr/src/kernels/6.8.5-301.fc40.x86_64")),
            ],
        ),
        rpm(
            dir.path(),
            "kernel-modules-core",
            &[("./lib/modules/6.8.5-301.fc40.x86_64/kernel/a.ko.xz", text("module"))],
        ),
        rpm(
            dir.path(),
            "kernel-devel",
            &[
                ("./usr/src/kernels/6.8.5-301.fc40.x86_64/Makefile", text("all:\n")),
                ("./usr/src/kernels/6.8.5-301.fc40.x86_64/one", Put::Hard("")),
                ("./usr/src/kernels/6.8.5-301.fc40.x86_64/two", Put::Hard("shared")),
            ],
        ),
    ];
    let foreign = repacked(&files, &dir.path().join("out")).unwrap();
    assert_eq!((foreign.release.as_str(), foreign.version.as_str()), (release, "6.8.5-301.fc40"));
    assert_eq!((foreign.distribution.as_str(), foreign.modules), ("fedora", 1));
    let root = listing(&dir.path().join("out/root"));
    let base = "kernel-dev.tar:usr/src";
    assert_eq!(root[&format!("{base}/linux-headers-{release}")], format!("-> kernels/{release}").into_bytes());
    assert_eq!(root[&format!("{base}/kernels/{release}/one")], b"shared");
    assert_eq!(root[&format!("{base}/kernels/{release}/two")], b"shared");
    assert!(root.contains_key(&format!("kernel.tar:lib/modules/{release}/kernel/a.ko.xz")));
}

/// Refused in one clear error, and nothing written outside of the output directory.
fn refusal(build: impl Fn(&Path) -> Vec<PathBuf>) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("packages")).unwrap();
    let files = build(&dir.path().join("packages"));
    let error = repacked(&files, &dir.path().join("deep/in/out")).expect_err("it is refused");
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert!(names == ["deep", "packages"] || names == ["packages"], "{names:?}");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn hostile_packages_are_refused() {
    let cases: [(&str, Put, &str); 10] = [
        ("../../evil", text("x"), "leads out of the package"),
        ("./usr/src/../../../evil", text("x"), "leads out of the package"),
        ("/etc/evil", text("x"), "is an absolute path"),
        ("./usr/src/evil", Put::Link("/etc/passwd"), "leads out of what is kept"),
        ("./usr/src/evil", Put::Link("../../../../etc"), "leads out of the package"),
        ("./lib/modules/6.1.0-9-amd64/evil", Put::Link("/"), "leads out of what is kept"),
        ("./usr/src/evil", Put::Device, "is a device file"),
        ("./usr/src/evil", Put::Hard("./etc/passwd"), "is a hard link to no file before it"),
        ("./usr/src/evil", Put::Hard("/etc/passwd"), "is an absolute path"),
        ("./lib/modules/6.1.0-9-amd64/kernel/lib/crc7.ko", text("again"), "is there twice"),
    ];
    for (name, put, why) in cases {
        let said = refusal(|dir| {
            let mut entries = image();
            entries.push((name, put.clone()));
            vec![deb(dir, "linux-image", "amd64", &entries)]
        });
        assert!(said.starts_with("refusing '") && said.ends_with(why), "{name}: {said}");
        if !matches!(put, Put::Hard(_)) && !why.contains("twice") {
            let said = refusal(|dir| vec![rpm(dir, "kernel-core", &[(name, put.clone())])]);
            let why = if matches!(put, Put::Device) { "is neither a file, nor a directory, nor a link" } else { why };
            assert!(said.starts_with("refusing '") && said.ends_with(why), "{name}: {said}");
        }
    }
    // Writing through a link that the package has made.
    let said = refusal(|dir| {
        let entries = [("./usr/src/a", Put::Link("b")), ("./usr/src/a/file", text("x"))];
        vec![deb(dir, "linux-headers", "amd64", &entries)]
    });
    assert!(said.ends_with("is below something that is no directory"), "{said}");
}

#[test]
fn too_much_is_refused_before_it_is_written() {
    let many: Vec<String> = (0..200).map(|number| format!("./usr/src/{number}")).collect();
    let many: Vec<(&str, Put)> = many.iter().map(|name| (name.as_str(), text(""))).collect();
    let big = [("./usr/src/big", Put::File(vec![0; 1 << 17]))];
    let names: Vec<String> = (0..40).map(|number| format!("./usr/src/{number}")).collect();
    let sum: Vec<(&str, Put)> = names.iter().map(|name| (name.as_str(), Put::File(vec![0; 1 << 15]))).collect();
    for (entries, why) in [(many.as_slice(), "100 entries"), (&big, "65536 bytes in one file"), (&sum, "1048576 bytes")]
    {
        let said = refusal(|dir| vec![deb(dir, "linux-headers", "amd64", entries)]);
        assert!(said.ends_with(why), "{said}");
        let said = refusal(|dir| vec![rpm(dir, "kernel-devel", entries)]);
        assert!(said.ends_with(why), "{said}");
    }
    // A header that claims a name of many megabytes.
    let said = refusal(|dir| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(1 << 33);
        entry(&mut header, "././@LongLink");
        let data = [header.as_bytes().to_vec(), vec![b'a'; 4 << 20]].concat();
        vec![deb_packed(dir, "linux-image", "amd64", ("data.tar.xz", xz(&data)))]
    });
    assert!(said.contains("a header is too long"), "{said}");
}

#[test]
fn what_is_cut_off_is_never_taken_for_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let whole = [
        deb(dir.path(), "linux-image", "amd64", &image()),
        {
            let data = tarball(&image());
            deb_packed(dir.path(), "linux-image-plain", "amd64", ("data.tar", data))
        },
        rpm(
            dir.path(),
            "kernel-core",
            &[
                ("./lib/modules/6.8/vmlinuz", Put::File(sample_kernel("6.8"))),
                ("./lib/modules/6.8/modules.dep", text("")),
            ],
        ),
    ];
    for (number, whole) in whole.iter().enumerate() {
        let bytes = fs::read(whole).unwrap();
        repacked(std::slice::from_ref(whole), &dir.path().join(format!("whole-{number}"))).unwrap();
        let cut = dir.path().join("cut");
        for end in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
            fs::write(&cut, &bytes[..end]).unwrap();
            let error =
                repacked(std::slice::from_ref(&cut), &dir.path().join(format!("out-{number}-{end}"))).unwrap_err();
            assert!(matches!(error, BuildError::Input(..)), "{end}: {error:?}");
        }
        // Any damage may be seen or not, but never ends in a panic.
        for at in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0xff;
            fs::write(&cut, &bytes).unwrap();
            let _ = repacked(std::slice::from_ref(&cut), &dir.path().join(format!("damaged-{number}-{at}")));
        }
    }
}

#[test]
fn packages_that_do_not_belong_together_are_told_apart() {
    let other = |name: &str| name.replace("6.1.0-9-amd64", "6.1.0-10-amd64");
    let said = refusal(|dir| {
        let entries: Vec<_> = image()
            .into_iter()
            .filter(|(_, put)| matches!(put, Put::File(_)))
            .map(|(name, put)| (other(name), put))
            .collect();
        let entries: Vec<_> = entries.iter().map(|(name, put)| (name.as_str(), put.clone())).collect();
        vec![deb(dir, "linux-image-a", "amd64", &image()), deb(dir, "linux-image-b", "amd64", &entries)]
    });
    assert!(said.ends_with("belongs to 6.1.0-10-amd64, the others to 6.1.0-9-amd64"), "{said}");
    let said = refusal(|dir| {
        vec![deb(dir, "linux-image-a", "amd64", &image()), deb(dir, "linux-headers", "arm64", &headers())]
    });
    assert!(said.contains("is for aarch64") && said.contains("for x86_64"), "{said}");
    let said = refusal(|dir| vec![deb(dir, "linux-image-a", "arm64", &image())]);
    assert_eq!(said, "the packages say that they are for aarch64, but the kernel is one for x86_64");
    let said = refusal(|dir| vec![deb(dir, "linux-headers", "amd64", &headers())]);
    assert_eq!(said, "there is no kernel in linux-headers");
    let said = refusal(|dir| vec![deb(dir, "linux-image", "hurd-i386", &image())]);
    assert!(said.ends_with("'hurd-i386' is no architecture that kernels are built for here"), "{said}");
    let said = refusal(|dir| {
        let path = dir.join("kernel.zip");
        fs::write(&path, "PK").unwrap();
        vec![path]
    });
    assert!(said.ends_with("is neither a .deb nor an .rpm"), "{said}");
}
