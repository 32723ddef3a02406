//! The cache: one bare repository per URL, in which only the fetched releases are.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::fetch::Error;
use super::resolve::{is_url, shown_url};
use crate::git::process::Git;

/// The remote's name in a cache repository.
pub const REMOTE: &str = "origin";
/// The setting that marks a repository as one that kpatch made, and may keep shallow.
const MARK: &str = "kpatch.cache";
/// Longest readable part of a directory name, in bytes.
const SLUG: usize = 80;

/// The directory of the cache: `$KPATCH_CACHE`, else `$XDG_CACHE_HOME/kpatch`, else `~/.cache/kpatch`. `None`
/// when there is no home directory either.
pub fn cache_dir() -> Option<PathBuf> {
    cache_dir_from(|key| std::env::var_os(key))
}

fn cache_dir_from(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |key| lookup(key).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
    if let Some(own) = path("KPATCH_CACHE") {
        return Some(own);
    }
    // The XDG specification wants relative paths ignored.
    let xdg = path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    xdg.or_else(|| Some(path("HOME")?.join(".cache"))).map(|dir| dir.join("kpatch"))
}

/// The repository in the cache directory `dir` that holds what was fetched from `url`, created on demand.
///
/// # Errors
/// When `url` is not an address to fetch from, or the directory cannot be written.
pub fn open_cache(dir: &Path, url: &str) -> Result<Git, Error> {
    if !is_url(url) {
        return Err(Error::Scheme { url: shown_url(url) });
    }
    let path = dir.join(directory_name(url, ".git"));
    let git = Git::new(&path);
    let failed = |source: io::Error| Error::CacheDir { path: dir.to_owned(), source };
    // A URL may hold a password, and it is written to the configuration there.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    if !is_cache(&git)? {
        Git::check_version()?;
        git.init_bare(None)?;
        set(&git, &format!("remote.{REMOTE}.url"), url)?;
        // Last, so that a half-made repository is not taken for a finished one.
        set(&git, MARK, "true")?;
    }
    // Says when it was last of use. A cache that cannot be written to can still be read.
    let config = fs::File::options().append(true).open(git.git_dir().join("config"));
    let _ = config.and_then(|config| config.set_modified(std::time::SystemTime::now()));
    Ok(git)
}

/// Whether there is a repository for `url` in the cache directory `dir`.
pub fn is_cached(dir: &Path, url: &str) -> bool {
    dir.join(directory_name(url, ".git")).join("config").is_file()
}

/// True when the repository was made by [`open_cache`].
pub(super) fn is_cache(git: &Git) -> Result<bool, Error> {
    if !git.git_dir().join("config").exists() {
        return Ok(false);
    }
    let output = git.output(["config", "--local", "--type=bool", "--get", MARK])?;
    Ok(output.stdout == b"true\n")
}

fn set(git: &Git, key: &str, value: &str) -> Result<(), Error> {
    git.run(["config", "--local", "--replace-all", key, value])?;
    Ok(())
}

/// A name that tells people which URL it is, and programs that it is this very URL.
pub(super) fn directory_name(url: &str, ending: &str) -> String {
    let url = url.trim_end_matches('/');
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = &bare[..bare.find('/').unwrap_or(bare.len())];
    let readable = &bare[authority.rfind('@').map_or(0, |at| at + 1)..];
    let readable = readable.strip_suffix(".git").unwrap_or(readable);
    let mut slug = String::new();
    for c in readable.chars() {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let start = slug.len().saturating_sub(SLUG);
    let slug = slug[start..].trim_matches(['-', '.']);
    format!("{}-{:08x}{ending}", if slug.is_empty() { "linux" } else { slug }, crc32fast::hash(url.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_the_environment() {
        let dir = |vars: &[(&str, &str)]| {
            cache_dir_from(|key| vars.iter().find(|(k, _)| *k == key).map(|(_, v)| OsString::from(v)))
        };
        let all = [("KPATCH_CACHE", "/k"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(dir(&all), Some("/k".into()));
        assert_eq!(dir(&all[1..]), Some("/x/kpatch".into()));
        assert_eq!(dir(&all[2..]), Some("/h/.cache/kpatch".into()));
        assert_eq!(
            dir(&[("KPATCH_CACHE", ""), ("XDG_CACHE_HOME", "x"), ("HOME", "/h")]),
            Some("/h/.cache/kpatch".into())
        );
        assert_eq!(dir(&[]), None);
    }

    fn name_of(url: &str) -> String {
        directory_name(url, ".git")
    }

    #[test]
    fn names_are_readable_distinct_and_free_of_passwords() {
        let name = name_of("https://git.kernel.org/pub/scm/linux.git/");
        assert!(name.starts_with("git.kernel.org-pub-scm-linux-"), "{name}");
        assert_eq!(name, name_of("https://git.kernel.org/pub/scm/linux.git"));
        assert_ne!(name, name_of("git://git.kernel.org/pub/scm/linux.git"));
        let name = name_of("https://me:se@cret@h:8080/../x");
        assert!(name.starts_with("h-8080-..-x-") && !name.contains("cret"), "{name}");
        assert!(name_of("me@h:x/y.git").starts_with("h-x-y-"));
        assert!(name_of(&format!("file:///{}", "a/".repeat(300))).len() < 100);
        assert!(name_of("file:///é").starts_with("linux-"));
    }

    #[test]
    fn a_repository_is_made_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        let git = open_cache(&root, "file:///srv/x.git").unwrap();
        assert!(is_cache(&git).unwrap());
        assert_eq!(git.run(["config", "remote.origin.url"]).unwrap(), b"file:///srv/x.git\n");
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(open_cache(&root, "file:///srv/x.git").unwrap().git_dir(), git.git_dir());
        assert!(matches!(open_cache(&root, "ext::sh"), Err(Error::Scheme { .. })));
    }
}
