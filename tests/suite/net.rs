//! Patches from the web: a server of the test's own, with all that servers do.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kpatch::event::{Interrupt, Silent};
use kpatch::net::{Error, Limits, fetch};
use kpatch::oci::{Access, Repository};

use crate::support::kit::{Layout, World, assert_refusal, lines};
use crate::support::server::{Server, plain, say};

fn limits() -> Limits {
    Limits { bytes: 1 << 20, connect: Duration::from_secs(10), time: Duration::from_secs(60), proxies: false }
}

fn get(url: &str) -> Result<Vec<u8>, Error> {
    fetch(url, limits(), &Interrupt::new())
}

#[test]
fn redirects_are_followed_five_times_and_never_away_from_the_web() {
    let server = Server::start(|path, stream| match path.strip_prefix("/to/") {
        Some("0") => plain(stream, b"there"),
        Some("file") => say(stream, "302 Found\r\nLocation: file:///etc/passwd", b""),
        Some("ftp") => say(stream, "302 Found\r\nLocation: ftp://127.0.0.1/x", b""),
        Some(count) => {
            let next = count.parse::<usize>().unwrap() - 1;
            say(stream, &format!("302 Found\r\nLocation: /to/{next}\r\nContent-Length: 0"), b"");
        }
        None => say(stream, "404 Not Found", b"no"),
    });
    assert_eq!(get(&server.url("/to/5")).unwrap(), b"there");
    assert_eq!(server.requests.load(Ordering::SeqCst), 6);
    let error = get(&server.url("/to/6")).unwrap_err();
    assert!(matches!(&error, Error::Redirect { reason, .. } if reason.contains("too many")), "{error:?}");
    for bad in ["file", "ftp"] {
        let error = get(&server.url(&format!("/to/{bad}"))).unwrap_err();
        assert!(
            matches!(&error, Error::Redirect { .. } | Error::Unreachable { .. } | Error::Status { .. }),
            "{error:?}"
        );
    }
    let error = get(&server.url("/none")).unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 404, .. }) && error.hint().unwrap().contains("spelling"),
        "{error:?}"
    );
}

#[test]
fn an_answer_has_an_end_and_a_length() {
    let server = Server::start(|path, stream| match path {
        "/endless" => {
            say(stream, "200 OK\r\nContent-Type: text/plain", b"");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
        "/announced" => say(stream, "200 OK\r\nContent-Length: 99999999999", b"x"),
        "/short" => say(stream, "200 OK\r\nContent-Length: 100", b"cut off"),
        "/nothing" => {}
        "/garbage" => drop(stream.write_all(b"\x00\x01\x02 what?\r\n\r\n")),
        _ => plain(stream, b""),
    });
    for path in ["/endless", "/announced"] {
        let error = get(&server.url(path)).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 1_048_576, .. }), "{path}: {error:?}");
    }
    for path in ["/short", "/nothing", "/garbage"] {
        let error = get(&server.url(path)).unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{path}: {error:?}");
    }
    assert_eq!(get(&server.url("/empty")).unwrap(), b"");
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = get(&format!("http://user:secret@{closed}/x")).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && !format!("{error:?}").contains("secret"), "{error:?}");
}

#[test]
fn pages_for_people_are_no_patches() {
    let server = Server::start(|path, stream| match path {
        "/typed" => say(stream, "200 OK\r\nContent-Type: text/html; charset=utf-8", b"From: a"),
        "/untyped" => plain(stream, b"\n <!DOCTYPE HTML>\n<title>Making sure you are not a bot</title>"),
        _ => say(stream, "403 Forbidden\r\nContent-Type: text/html", b"<html>"),
    });
    for path in ["/typed", "/untyped"] {
        let error = get(&server.url(path)).unwrap_err();
        assert!(matches!(error, Error::Page { .. }), "{path}: {error:?}");
    }
    let error = get(&server.url("/wall")).unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 403, .. }) && error.hint().unwrap().contains("browser"),
        "{error:?}"
    );
}

#[test]
fn a_slow_server_is_given_up_and_an_interrupt_is_heard() {
    let server = Server::start(|path, stream| {
        if path == "/late" {
            std::thread::sleep(Duration::from_secs(60));
        }
        say(stream, "200 OK\r\nContent-Length: 1000", b"x");
        std::thread::sleep(Duration::from_secs(60));
    });
    for path in ["/slow", "/late"] {
        let brief = Limits { time: Duration::from_millis(300), ..limits() };
        let error = fetch(&server.url(path), brief, &Interrupt::new()).unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{path}: {error:?}");
        let flag = Arc::new(Interrupt::new());
        let raise = Arc::clone(&flag);
        let before = server.requests.load(Ordering::SeqCst);
        let counter = Arc::clone(&server.requests);
        std::thread::spawn(move || {
            while counter.load(Ordering::SeqCst) == before {
                std::thread::sleep(Duration::from_millis(5));
            }
            raise.raise();
        });
        let error = fetch(&server.url(path), limits(), &flag).unwrap_err();
        assert!(error.is_interrupted(), "{path}: {error:?}");
    }
}

/// A mail with a patch that goes on top of the usual set.
fn mail(world: &World) -> Vec<u8> {
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    std::fs::write(work.join("kernel/panic.c"), lines("panic", &[(35, "from the web")])).unwrap();
    world.sandbox.git(&work, &["commit", "-q", "-a", "-m", "panic: web\n\nSigned-off-by: A <a@b.c>"]);
    world.sandbox.try_git(&work, &["format-patch", "--stdout", "-1"]).stdout
}

#[test]
fn a_patch_from_the_web_gets_its_page_as_origin() {
    let world = World::new(Layout::Flat);
    let bytes = mail(&world);
    let server = Server::start(move |path, stream| match path {
        "/linux.git/patch/?id=0123456789abcdef" => plain(stream, &bytes),
        "/page" => say(stream, "200 OK\r\nContent-Type: text/html", b"<html>"),
        "/text" => plain(stream, b"not a mail\n"),
        _ => say(stream, "404 Not Found", b""),
    });
    let page = server.url("/linux.git/commit/?id=0123456789abcdef");
    world.refused(&["add", &server.url("/page")], &["is a web page, not a patch", "raw mail"]);
    world.refused(&["add", &server.url("/text")], &["no author"]);
    world.refused(&["add", &server.url("/none")], &["the server says 404", "spelling"]);
    let report = world.report(&["add", &page]);
    assert_eq!(
        (report["state"].as_str(), report["added"][0]["origin"].as_str()),
        (Some("landed"), Some(page.as_str()))
    );
    let (_, text) = world.patches_only().pop().unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&format!("\n\nSigned-off-by: A <a@b.c>\nOrigin: {page}\n---\n")), "{text}");
}

#[test]
fn an_interrupted_fetch_leaves_nothing_behind() {
    let world = World::new(Layout::Flat);
    let server = Server::start(|_, stream| {
        say(stream, "200 OK\r\nContent-Length: 1000", b"From");
        std::thread::sleep(Duration::from_secs(60));
    });
    let before = world.snapshot();
    let url = server.url("/x");
    let args = ["add", url.as_str()];
    let child = world.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server.requests.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn certificates_of_ones_own_have_to_be_some() {
    let world = World::new(Layout::Flat);
    let bad = world.sandbox.write("ca.pem", "nothing\n");
    let args = ["add", "https://127.0.0.1:1/x.patch"];
    let output = world.command(&args).env("KPATCH_CA_FILE", &bad).output().unwrap();
    assert_refusal(&output, &args, &["cannot use the certificates in"]);
}

#[test]
fn the_list_of_releases_is_fetched_once_an_hour_and_kept() {
    let world = World::new(Layout::Flat);
    let works = Arc::new(AtomicUsize::new(1));
    let state = Arc::clone(&works);
    let server = Server::start(move |_, stream| match state.load(Ordering::SeqCst) {
        1 => plain(stream, br#"{"releases": [{"iseol": true, "version": "6.6.14", "moniker": "longterm"}]}"#),
        2 => plain(stream, b"{}"),
        _ => say(stream, "500 Internal Server Error", b"no"),
    });
    let check = |args: &[&str]| {
        let mut command = world.command(&[&["check", "--select", "K3", "--json"], args].concat());
        let output = command.env("KPATCH_RELEASES", server.url("/releases.json")).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), value["reports"][0].clone())
    };
    let asked = || server.requests.load(Ordering::SeqCst);
    let (code, report) = check(&[]);
    assert_eq!((code, asked(), &report["releases"]["age"]), (Some(1), 1, &serde_json::json!(0)), "{report}");
    let rules: Vec<_> = report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].clone()).collect();
    assert_eq!(rules, ["K301", "K302"]);
    check(&[]);
    assert_eq!(asked(), 1);
    // A day later nobody answers, or not with a list, or is not to be asked: the copy serves, and says so.
    let cache = world.sandbox.path("cache");
    let copy = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let day = Duration::from_secs(86_400);
    let file = std::fs::File::options().write(true).open(&copy).unwrap();
    file.set_modified(std::time::SystemTime::now() - day).unwrap();
    for (state, args, says) in
        [(0, &[][..], "500"), (2, &[], "is no list of releases"), (1, &["--offline"], "the network is not to be used")]
    {
        works.store(state, Ordering::SeqCst);
        let (code, report) = check(args);
        assert_eq!(code, Some(1), "{report}");
        assert!(report["releases"]["age"].as_u64().unwrap() >= 86_400, "{report}");
        assert!(report["releases"]["stale"].as_str().unwrap().contains(says), "{report}");
    }
    assert_eq!(asked(), 3);
    let (_, report) = check(&[]);
    assert_eq!((asked(), &report["releases"]["stale"]), (4, &serde_json::Value::Null));
}

/// What a registry without https and without images answers.
fn empty_registry() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 8192];
            let count = stream.read(&mut head).unwrap_or(0);
            let status = match &head[..count] {
                [0x16, ..] => "400 Bad Request",
                head if head.windows(9).any(|part| part == b" /v2/ HTT") => "200 OK",
                _ => "404 Not Found",
            };
            say(&mut stream, &format!("{status}\r\nContent-Length: 0"), b"");
        }
    });
    port
}

#[test]
fn registries_of_this_machine_are_asked_by_name_and_by_address() {
    let port = empty_registry();
    for host in ["localhost", "127.0.0.1"] {
        let name = format!("{host}:{port}/acme/kernel:6.6.13");
        let reference = kpatch::image::Reference::parse(&name).unwrap();
        let never = Interrupt::new();
        let repository = Repository::open(&reference, Access::default(), &Silent, &never).unwrap();
        assert_eq!(repository.digest("6.6.13").unwrap(), None, "{host}");
    }
}
