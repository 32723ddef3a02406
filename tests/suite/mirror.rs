//! Releases from a mirror of kernel.org and from git servers, with what proves them, and all that they refuse.

mod patches;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use pgp::composed::SignedSecretKey;
use pgp::types::KeyDetails as _;

use crate::support::archive::{Entry, append, xz};
use crate::support::kit::assert_refusal;
use crate::support::server::{Server, plain, say};
use crate::support::signing::{detached, key, public, signed_list};
use crate::support::{KitBuilder, Layout, Sandbox};

const TARBALL: &str = "/pub/linux/kernel/v6.x/linux-6.6.13.tar.xz";
const SUMS: &str = "/pub/linux/kernel/v6.x/sha256sums.asc";
const SIGN: &str = "/pub/linux/kernel/v6.x/linux-6.6.13.tar.sign";

/// The list of sums of the directory with the release.
fn signed_sums(key: &SignedSecretKey, tarball: &[u8]) -> Vec<u8> {
    signed_list(key, &[("linux-6.6.13.tar.xz", tarball), ("linux-6.6.12.tar.xz", b"")])
}

/// A release with these entries after its Makefile.
fn release(more: &[Entry<'_>]) -> Vec<u8> {
    numbered(13, more)
}

/// Number `n` of 6.6; what is in it has to be in a directory of its name.
fn numbered(n: u32, more: &[Entry<'_>]) -> Vec<u8> {
    let makefile = format!("VERSION = 6\nPATCHLEVEL = 6\nSUBLEVEL = {n}\nEXTRAVERSION =\n");
    let mut tar = Vec::new();
    append(&mut tar, (format!("linux-6.6.{n}/Makefile").as_bytes(), tar::EntryType::Regular, "", makefile.as_bytes()));
    for entry in more {
        append(&mut tar, *entry);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Bytes that do not get smaller, so that a download of them takes more than one read.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A kit with a pinned key, and a mirror whose files the test may change.
struct Place {
    sandbox: Sandbox,
    kit: PathBuf,
    server: Server,
    files: Files,
    key: SignedSecretKey,
    /// What was asked for, with the range.
    asked: Arc<Mutex<Vec<String>>>,
    /// After how many bytes the server hangs up.
    cut: Arc<Mutex<Option<usize>>>,
}

impl Place {
    fn new() -> Self {
        let (files, asked, cut) =
            (Files::default(), Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Option<usize>>>::default());
        let (shelf, heard, cutter) = (Arc::clone(&files), Arc::clone(&asked), Arc::clone(&cut));
        let server = Server::with_headers(move |path, head, stream| {
            let start = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
            let start: usize = start.and_then(|range| range.trim_end_matches('-').parse().ok()).unwrap_or(0);
            heard.lock().unwrap().push(format!("{path} {start}"));
            let file = shelf.lock().unwrap().get(path).cloned();
            match file {
                Some(bytes) => serve(stream, &bytes, start, *cutter.lock().unwrap()),
                None => say(stream, "404 Not Found\r\nContent-Length: 0", b""),
            }
        });
        let (sandbox, key) = (Sandbox::new(), key(1));
        let settings = format!(
            "[sources]\nkeys = [\"{:X}\"]\nmirror = \"{}\"\n",
            key.fingerprint(),
            server.url("/pub/linux/kernel/")
        );
        let kit = KitBuilder::new(Layout::Flat)
            .series("6.6.x", "6.6.13", &[])
            .file("kpatch.toml", settings)
            .file("kernel/keys.asc", public(&key))
            .file("kernel/config-6.6.x-x86_64", "# nothing\n")
            .build(&sandbox, "kit");
        Self { sandbox, kit, server, files, key, asked, cut }
    }

    fn serve(&self, path: &str, bytes: &[u8]) {
        self.files.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
    }

    /// A good release.
    fn good(&self) -> Vec<u8> {
        let tar = release(&[(b"linux-6.6.13/noise", tar::EntryType::Regular, "", &noise(1 << 20))]);
        let packed = xz(&tar);
        self.serve(TARBALL, &packed);
        self.serve(SUMS, &signed_sums(&self.key, &packed));
        packed
    }

    fn run(&self, linux: &str, args: &[&str]) -> Output {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &self.kit);
        command.args(["--linux", self.sandbox.path(linux).to_str().unwrap()]).args(args).output().unwrap()
    }

    fn fetch(&self, more: &[&str]) -> Output {
        self.run("linux", &[&["source", "fetch", "6.6.13", "--tarball"], more].concat())
    }

    fn fetched(&self) -> String {
        let output = self.fetch(&[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Refused with one error that says so, and nothing is in the linux tree or whole in the cache.
    fn refused(&self, about: &str, says: &[&str]) {
        let output = self.fetch(&[]);
        let args = [about];
        assert_refusal(&output, &args, says);
        let linux = self.sandbox.path("linux");
        if linux.join("HEAD").exists() {
            let objects = self.sandbox.git(&linux, &["count-objects", "-v"]);
            assert!(objects.contains("count: 0\n") && objects.contains("in-pack: 0"), "{about}: {objects}");
            assert_eq!(self.sandbox.git(&linux, &["for-each-ref"]), "", "{about}");
        }
        let kept = files_below(&self.sandbox.path("cache/files/sha256"));
        assert!(
            kept.iter().all(|path| path.ends_with("sha256sums.asc") || path.ends_with("linux-6.6.13.tar.sign")),
            "{about}: {kept:?}"
        );
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(stream: &mut TcpStream, bytes: &[u8], start: usize, cut: Option<usize>) {
    let rest = &bytes[start.min(bytes.len())..];
    let head = if start > 0 {
        format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{}", bytes.len() - 1, bytes.len())
    } else {
        "200 OK".to_owned()
    };
    let sent = &rest[..cut.unwrap_or(rest.len()).min(rest.len())];
    say(stream, &format!("{head}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}", rest.len()), sent);
}

fn files_below(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] }).collect()
}

#[test]
fn a_release_of_a_mirror_is_proved_and_becomes_a_tag() {
    let place = Place::new();
    place.good();
    let said = place.fetched();
    let fingerprint = format!("{:X}", place.key.fingerprint());
    assert!(said.contains("v6.6.13") && said.contains("new") && said.contains(&fingerprint), "{said}");
    assert_eq!(place.asked(), [format!("{SUMS} 0"), format!("{TARBALL} 0")]);
    let linux = place.sandbox.path("linux");
    let commit = place.sandbox.git(&linux, &["rev-parse", "v6.6.13^{commit}"]);
    assert_eq!(place.sandbox.git(&linux, &["ls-tree", "--name-only", "v6.6.13"]), "Makefile\nnoise");
    // What is there is not fetched again; another tree is made of the cache, with the same ids.
    assert!(place.fetched().contains("was there already"));
    let again = place.run("other", &["--offline", "source", "fetch", "6.6.13", "--tarball"]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(place.sandbox.git(&place.sandbox.path("other"), &["rev-parse", "v6.6.13^{commit}"]), commit);
    assert_eq!(place.asked(), Vec::<String>::new());
    let offline = place.run("other", &["--offline", "source", "fetch", "6.6.12", "--tarball"]);
    assert_refusal(&offline, &["offline"], &["linux-6.6.12.tar.xz", "not in the cache", "--offline"]);
}

#[test]
fn a_signature_serves_where_there_is_no_list() {
    let place = Place::new();
    let tar = release(&[]);
    place.serve(TARBALL, &xz(&tar));
    place.refused("neither", &["neither a list of sums nor a signature", "another mirror"]);
    place.serve(SIGN, &detached(&key(2), &tar));
    place.refused("a foreign key", &["is signed with", "not in"]);
    let place = Place::new();
    place.serve(TARBALL, &xz(&tar));
    place.serve(SIGN, &detached(&place.key, &tar[..512]));
    place.refused("another file's", &["bad signature"]);
    let place = Place::new();
    place.serve(TARBALL, &xz(&tar));
    place.serve(SIGN, &detached(&place.key, &tar));
    assert!(place.fetched().contains("has a good signature"), "a good one");
}

#[test]
fn what_is_not_what_was_released_is_refused() {
    let place = Place::new();
    let packed = place.good();
    let mut other = packed.clone();
    other[100] ^= 1;
    place.serve(TARBALL, &other);
    place.refused("a wrong sum", &["has the SHA-256", "and should have"]);

    let place = Place::new();
    let packed = place.good();
    place.serve(SUMS, &signed_sums(&key(2), &packed));
    place.refused("a list of a foreign key", &["sha256sums.asc", "is signed with"]);
    // Nothing of it is in the way of the good one.
    place.good();
    place.fetched();

    let place = Place::new();
    let packed = place.good();
    let text = String::from_utf8(signed_sums(&place.key, &packed)).unwrap().replace("6.6.12", "6.6.11");
    place.serve(SUMS, text.as_bytes());
    place.refused("a list that was changed", &["bad signature"]);
    place.serve(SUMS, b"just a text\n");
    place.refused("no list at all", &["sha256sums.asc is no OpenPGP signed text"]);

    let place = Place::new();
    place.good();
    std::fs::remove_file(place.kit.join("kernel/keys.asc")).unwrap();
    place.refused("no keys", &["has to prove where it comes from", "--keys"]);
    let output = place.fetch(&["--unverified"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("not checked where"), "{output:?}");
}

#[test]
fn what_is_released_may_still_be_hostile() {
    let cases: [(&str, Vec<Entry<'_>>, &str); 4] = [
        ("out of the tree", vec![(b"linux-6.6.13/../x", tar::EntryType::Regular, "", b"x")], "linux-6.6.13/../x"),
        ("absolute", vec![(b"/etc/x", tar::EntryType::Regular, "", b"x")], "/etc/x"),
        ("a link out", vec![(b"linux-6.6.13/x", tar::EntryType::Symlink, "../../x", b"")], "linux-6.6.13/x"),
        (
            "through a link",
            vec![
                (b"linux-6.6.13/d", tar::EntryType::Symlink, "k", b""),
                (b"linux-6.6.13/d/x", tar::EntryType::Regular, "", b"x"),
            ],
            "linux-6.6.13/d",
        ),
    ];
    for (about, entries, says) in cases {
        let place = Place::new();
        let packed = xz(&release(&entries));
        place.serve(TARBALL, &packed);
        place.serve(SUMS, &signed_sums(&place.key, &packed));
        place.refused(about, &["cannot import", says]);
    }
    // A file that says that it has two gigabytes, and would, of nothing.
    let place = Place::new();
    let mut tar = release(&[(b"linux-6.6.13/bomb", tar::EntryType::Regular, "", b"")]);
    let at = tar.len() - 1024 - 512;
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&tar[at..at + 512]);
    header.set_size(2 << 30);
    header.set_cksum();
    tar[at..at + 512].copy_from_slice(header.as_bytes());
    tar.resize(tar.len() + (8 << 20), 0);
    let packed = xz(&tar);
    place.serve(TARBALL, &packed);
    place.serve(SUMS, &signed_sums(&place.key, &packed));
    place.refused("a bomb", &["more than", "bytes"]);
}

#[test]
fn a_build_without_a_linux_tree_takes_the_signed_tarball() {
    let place = Place::new();
    let packed = place.good();
    let build = || {
        let mut command = place.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &place.kit);
        command.args(["build", "6.6.13", "--arch", "amd64", "--producer", "native"]).output().unwrap()
    };
    let mut other = packed.clone();
    other[100] ^= 1;
    place.serve(TARBALL, &other);
    assert_refusal(&build(), &["build"], &["cannot get", "has the SHA-256", "--source"]);
    let tree = place.kit.join("out/work").join("6.6.13/linux-6.6.13");
    assert!(!tree.exists(), "nothing is unpacked");
    place.serve(TARBALL, &packed);
    // There is nothing in it that could be compiled.
    assert_eq!(build().status.code(), Some(2));
    assert!(tree.join("Makefile").is_file() && tree.join("noise").is_file());
}

#[test]
fn a_download_that_was_cut_off_goes_on_where_it_was() {
    let place = Place::new();
    let packed = place.good();
    *place.cut.lock().unwrap() = Some(700_000);
    place.refused("cut off", &["cannot get", "goes on from there"]);
    *place.cut.lock().unwrap() = None;
    place.asked();
    place.fetched();
    let asked = place.asked();
    let rest = asked.iter().find_map(|line| line.strip_prefix(&format!("{TARBALL} "))).unwrap();
    let rest: usize = rest.parse().unwrap();
    assert!(rest > 0 && rest <= 700_000 && rest < packed.len(), "{asked:?}");
    // What was there was the beginning of something else.
    let place = Place::new();
    place.good();
    *place.cut.lock().unwrap() = Some(700_000);
    place.refused("cut off", &["cannot get"]);
    *place.cut.lock().unwrap() = None;
    for part in files_below(&place.sandbox.path("cache/files/partial")) {
        let length = std::fs::metadata(&part).unwrap().len();
        std::fs::write(&part, vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
    }
    place.fetched();
}

#[test]
fn a_server_that_leads_elsewhere_or_never_ends_is_left() {
    let elsewhere = Server::start(|_, stream| plain(stream, b"x"));
    let target = elsewhere.url("/x");
    let server = Server::start(move |path, stream| match path {
        "/other/v6.x/sha256sums.asc" => {
            say(stream, &format!("302 Found\r\nLocation: {target}\r\nContent-Length: 0"), b"");
        }
        "/same/v6.x/sha256sums.asc" => say(stream, "302 Found\r\nLocation: /there\r\nContent-Length: 0", b""),
        "/there" => plain(stream, b"a text"),
        "/page/v6.x/sha256sums.asc" => say(stream, "200 OK\r\nContent-Type: text/html", b"<html>"),
        "/endless/v6.x/sha256sums.asc" => {
            say(stream, "200 OK\r\nContent-Type: text/plain", b"");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
        _ => say(stream, "500 Oh\r\nContent-Length: 0", b""),
    });
    let place = Place::new();
    for (mirror, says) in [
        ("/other", "it leads to another host"),
        ("/same", "is no OpenPGP signed text"),
        ("/page", "is a web page"),
        ("/endless", "more than 8388608 bytes"),
        ("/broken", "the server says 500"),
    ] {
        let output = place.fetch(&["--mirror", &server.url(mirror)]);
        assert_refusal(&output, &[mirror], &[says]);
        assert_eq!(files_below(&place.sandbox.path("cache/files/sha256")), Vec::<String>::new(), "{mirror}");
    }
    assert_eq!(elsewhere.requests.load(std::sync::atomic::Ordering::SeqCst), 0);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = place.fetch(&["--mirror", &format!("http://{closed}")]);
    assert_refusal(&output, &["closed"], &["cannot get", "sha256sums.asc"]);
    drop(place.server.url(""));
}

/// A tag with a signature, as `git tag -s` makes it.
fn signed_tag(sandbox: &Sandbox, repository: &Path, name: &str, key: &SignedSecretKey, forged: bool) {
    let commit = sandbox.git(repository, &["rev-parse", "HEAD"]);
    let text = format!(
        "object {commit}\ntype commit\ntag {name}\ntagger T <t@example.org> 1700000000 +0000\n\nLinux {name}\n"
    );
    let signature = String::from_utf8(detached(key, text.as_bytes())).unwrap();
    let text = if forged { text.replace("1700000000", "1700000001") } else { text };
    let file = sandbox.write("tag", format!("{text}{signature}"));
    let id = sandbox.git(repository, &["hash-object", "-t", "tag", "-w", file.to_str().unwrap()]);
    sandbox.git(repository, &["update-ref", &format!("refs/tags/{name}"), &id]);
}

#[test]
fn tags_are_proved_by_their_signatures() {
    let place = Place::new();
    let sandbox = &place.sandbox;
    let linux = crate::support::Repo::new(sandbox, "server");
    linux.write("Makefile", "VERSION = 6\n").commit("Linux\n");
    signed_tag(sandbox, &linux.path, "v6.6.13", &place.key, false);
    signed_tag(sandbox, &linux.path, "v6.6.14", &place.key, true);
    signed_tag(sandbox, &linux.path, "v6.6.15", &key(2), false);
    linux.tag("v6.6.16");
    let url = format!("file://{}", linux.path.display());
    let run = |tag: &str| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &place.kit);
        command.args(["--linux", &url, "source", "fetch", tag]).output().unwrap()
    };
    let good = run("v6.6.13");
    assert!(
        good.status.success() && String::from_utf8_lossy(&good.stdout).contains("has a good signature"),
        "{good:?}"
    );
    let forged = run("v6.6.14");
    assert_refusal(&forged, &["forged"], &["bad signature in the tag v6.6.14"]);
    for (tag, says) in [("v6.6.15", "is signed with"), ("v6.6.16", "is not signed")] {
        let output = run(tag);
        let said = String::from_utf8_lossy(&output.stdout).replace("\n  ", " ");
        assert!(output.status.success() && said.contains("not proved") && said.contains(says), "{tag}: {output:?}");
    }
    // Where the kit wants a proof, these are not enough; what was refused is not kept.
    let settings = std::fs::read_to_string(place.kit.join("kpatch.toml")).unwrap();
    std::fs::write(place.kit.join("kpatch.toml"), format!("{settings}require_signature = true\n")).unwrap();
    std::fs::remove_dir_all(sandbox.path("cache")).unwrap();
    for tag in ["v6.6.15", "v6.6.16", "v6.6.15"] {
        assert_refusal(&run(tag), &[tag], &[tag]);
    }
    assert!(run("v6.6.13").status.success());
}
