#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::super::cache::open_cache;
use super::*;

/// Runs real git in `dir` and returns what it prints.
fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_NO_LAZY_FETCH", "1")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@b");
        command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
    }
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server with three releases of five files each, one of which changes every time, and an empty cache.
struct Sandbox {
    dir: TempDir,
    url: String,
}

impl Sandbox {
    fn new(filter: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = dir.path().join("server.git");
        let work = dir.path().join("work");
        fs::create_dir_all(work.join("drivers")).unwrap();
        git(&work, &["init", "-q", "-b", "main"]);
        for release in ["v6.1", "v6.1.1", "v6.1.2"] {
            for file in ["Makefile", "drivers/a.c", "drivers/b.c", "drivers/c.c"] {
                fs::write(work.join(file), format!("{file}\n")).unwrap();
            }
            fs::write(work.join("drivers/d.c"), format!("{release}\n")).unwrap();
            git(&work, &["add", "-A"]);
            git(&work, &["commit", "-q", "-m", release]);
            git(&work, &["tag", "-a", "-m", release, release]);
        }
        git(dir.path(), &["clone", "-q", "--bare", "work", "server.git"]);
        git(&server, &["config", "uploadpack.allowFilter", if filter { "true" } else { "false" }]);
        git(&server, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let url = format!("file://{}", server.display());
        Self { dir, url }
    }

    fn cache(&self) -> Git {
        sealed(&open_cache(&self.dir.path().join("cache"), &self.url).unwrap())
    }

    fn server(&self) -> std::path::PathBuf {
        self.dir.path().join("server.git")
    }
}

/// Without the configuration of whoever runs the tests.
fn sealed(git: &Git) -> Git {
    let git = git.clone().with_env("HOME", "/nonexistent").with_env("XDG_CONFIG_HOME", "/nonexistent");
    git.with_env("GIT_CONFIG_GLOBAL", "/dev/null").with_env("GIT_CONFIG_NOSYSTEM", "1")
}

#[derive(Default)]
struct Heard(RefCell<Vec<Event>>);

impl Observer for Heard {
    fn event(&self, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

impl Heard {
    fn warnings(&self) -> usize {
        self.0.borrow().iter().filter(|event| matches!(event, Event::Warning(_))).count()
    }
}

/// The ids of the objects that are there, of one type.
fn objects(cache: &Git, kind: &str) -> Vec<String> {
    let list = git(cache.git_dir(), &["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
    list.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' ')).map(str::to_owned).collect()
}

#[test]
fn tags_come_without_blobs_and_blobs_when_wanted() {
    let sandbox = Sandbox::new(true);
    let (cache, heard) = (sandbox.cache(), Heard::default());
    let done = fetch_tags(&cache, &sandbox.url, &["v6.1", "v6.1.2", "v6.1"], &heard).unwrap();
    assert_eq!((done.fetched, done.present), (vec!["v6.1".to_owned(), "v6.1.2".to_owned()], vec![]));
    assert!(done.filtered && done.bytes > 0 && heard.warnings() == 0);
    assert_eq!(objects(&cache, "blob"), Vec::<String>::new());
    assert_eq!((objects(&cache, "commit").len(), objects(&cache, "tag").len()), (2, 2));
    for tag in ["v6.1", "v6.1.2"] {
        let of_server = git(&sandbox.server(), &["ls-tree", "-r", tag]);
        assert_eq!(git(cache.git_dir(), &["ls-tree", "-r", tag]), of_server);
    }
    assert_eq!(git(cache.git_dir(), &["tag"]), "v6.1\nv6.1.2");

    let id = |spec: &str| git(cache.git_dir(), &["rev-parse", spec]);
    let wanted = [id("v6.1:drivers/d.c"), id("v6.1.2:drivers/d.c"), id("v6.1:drivers/a.c")];
    let done = fetch_blobs(&cache, &sandbox.url, &wanted, &heard).unwrap();
    assert!(done.fetched == 3 && done.present == 0 && done.bytes > 0, "{done:?}");
    let mut there = objects(&cache, "blob");
    there.sort();
    let mut sorted = wanted.to_vec();
    sorted.sort();
    assert_eq!(there, sorted);
    assert_eq!(git(cache.git_dir(), &["cat-file", "blob", &wanted[1]]), "v6.1.2");
    let again = fetch_blobs(&cache, "origin", &wanted, &heard).unwrap();
    assert_eq!((again.fetched, again.present, again.bytes), (0, 3, 0));

    // A tag that is there is not asked for again, even when the server is gone; another one is added.
    let done = fetch_tags(&cache, &sandbox.url, &["v6.1.1", "v6.1"], &heard).unwrap();
    assert_eq!((done.fetched, done.present), (vec!["v6.1.1".to_owned()], vec!["v6.1".to_owned()]));
    fs::remove_dir_all(sandbox.server()).unwrap();
    let done = fetch_tags(&cache, &sandbox.url, &["v6.1.1", "v6.1"], &heard).unwrap();
    assert_eq!(done.present.len(), 2);
    assert_eq!(objects(&cache, "blob").len(), 3);
}

#[test]
fn a_server_without_filters_sends_everything_with_a_warning() {
    let sandbox = Sandbox::new(false);
    let (cache, heard) = (sandbox.cache(), Heard::default());
    let done = fetch_tags(&cache, &sandbox.url, &["v6.1", "v6.1.2"], &heard).unwrap();
    assert!(!done.filtered && heard.warnings() == 1);
    assert_eq!((objects(&cache, "commit").len(), objects(&cache, "blob").len()), (2, 6));
    let id = git(cache.git_dir(), &["rev-parse", "v6.1:Makefile"]);
    assert_eq!(fetch_blobs(&cache, &sandbox.url, &[id], &heard).unwrap().present, 1);
}

#[test]
fn a_clone_of_the_user_stays_whole() {
    let sandbox = Sandbox::new(true);
    git(sandbox.dir.path(), &["clone", "-q", "--no-tags", &sandbox.url, "mine"]);
    let mine = sealed(&Git::new(sandbox.dir.path().join("mine/.git")));
    for from in [&sandbox.url, "origin"] {
        let done = fetch_tags(&mine, from, &["v6.1.1"], &Heard::default()).unwrap();
        assert_eq!(done.fetched.len() + done.present.len(), 1);
    }
    assert_eq!(git(mine.git_dir(), &["rev-list", "--count", "v6.1.1"]), "2");
    assert_eq!(git(mine.git_dir(), &["rev-parse", "--is-shallow-repository"]), "false");
    assert!(!fs::read_to_string(mine.git_dir().join("config")).unwrap().contains("promisor"));
    let error = fetch_tags(&mine, "nowhere", &["v6.1.2"], &Heard::default()).unwrap_err();
    assert!(matches!(error, Error::Scheme { .. }), "{error}");
}

#[test]
fn errors_say_what_is_wrong() {
    let sandbox = Sandbox::new(true);
    let cache = sandbox.cache();
    let fetch = |url: &str, tags: &[&str]| {
        let root = tempfile::tempdir().unwrap();
        let cache = sealed(&open_cache(root.path(), url).unwrap());
        fetch_tags(&cache, url, tags, &Heard::default()).unwrap_err()
    };
    let error = fetch_tags(&cache, &sandbox.url, &["v6.1", "v6.9"], &Heard::default()).unwrap_err();
    assert!(matches!(&error, Error::UnknownTag { tag, .. } if tag == "v6.9"), "{error:?}");
    assert_eq!(error.to_string(), format!("no tag v6.9 at {}", sandbox.url));
    assert_eq!(git(cache.git_dir(), &["tag"]), "");
    for tag in ["--upload-pack=x", "a b", "v6.1:refs/heads/x"] {
        let error = fetch_tags(&cache, &sandbox.url, &[tag], &Heard::default()).unwrap_err();
        assert!(matches!(error, Error::Git(GitError::BadName { .. })), "{error:?}");
    }
    let error = fetch_tags(&cache, "file:///elsewhere", &["v6.1"], &Heard::default()).unwrap_err();
    assert!(matches!(error, Error::OtherUrl { .. }), "{error:?}");
    let error = fetch("file:///nonexistent/linux.git", &["v6.1"]);
    assert!(matches!(error, Error::NotARepository { .. }), "{error:?}");
    // Nobody listens on the first port; nothing leaves this machine.
    for url in ["git://127.0.0.1:1/x", "http://u:secret@127.0.0.1:1/x"] {
        let error = fetch(url, &["v6.1"]);
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let nobody = "0123456789012345678901234567890123456789".to_owned();
    fetch_tags(&cache, &sandbox.url, &["v6.1"], &Heard::default()).unwrap();
    let there = git(cache.git_dir(), &["rev-parse", "v6.1:Makefile"]);
    let error = fetch_blobs(&cache, &sandbox.url, &[nobody.clone(), there], &Heard::default()).unwrap_err();
    assert!(matches!(&error, Error::Missing { wanted: 2, example, .. } if *example == nobody), "{error:?}");
    let error = fetch_blobs(&cache, &sandbox.url, &["HEAD".to_owned()], &Heard::default()).unwrap_err();
    assert!(matches!(error, Error::BadId { .. }), "{error:?}");
}

#[test]
fn an_interrupt_stops_a_fetch() {
    let sandbox = Sandbox::new(true);
    let flag = std::sync::Arc::new(crate::event::Interrupt::new());
    let cache = sandbox.cache().with_interrupt(flag.clone());
    // An upload-pack that never answers.
    let git_dir = cache.git_dir().to_owned();
    git(&git_dir, &["config", "remote.origin.uploadpack", "sleep 60;"]);
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        flag.raise();
    });
    // Raised only once the fetch has begun: the questions before it are short.
    let error = fetch_tags(&cache, &sandbox.url, &["v6.1"], &Heard::default()).unwrap_err();
    raiser.join().unwrap();
    assert!(error.is_interrupted(), "{error:?}");
}
