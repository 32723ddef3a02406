//! Finds the kit and the linux tree, and opens them.

use std::path::Path;

use super::evidence::{ProofOptions, evidence};
use super::outside::Outside;
use super::{OpError, Places, Watch};
use crate::event::{Event, Interrupt, Silent};
use crate::files::{Lock, WORK_DIR};
use crate::git::{Git, Oid, Store};
use crate::kit::{Kit, KitError, LinuxTree};
use crate::source::cache::is_cached;
use crate::source::resolve::STABLE_TREE;
use crate::source::{LinuxSource, cache_dir, fetch_blobs, fetch_tags, list_tags, open_cache, signed_tag};
use crate::text::visible;

/// An open linux tree.
pub(super) struct Linux {
    pub(super) store: Store,
    /// What the user called it.
    pub(super) name: String,
    /// What is known of releases beside it.
    pub(super) outside: Outside,
}

/// Finds the kit above the place that the user named, or above the current directory.
pub(super) fn kit(places: &Places) -> Result<Kit, OpError> {
    let start = match &places.kit {
        Some(path) => path.clone(),
        None => std::env::current_dir().map_err(|e| OpError::because("cannot find the current directory", e))?,
    };
    Kit::discover(&start).map_err(kit_error)
}

/// Turns a kit's error into a verb's.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn kit_error(error: KitError) -> OpError {
    let hint = error.hint();
    let out = match std::error::Error::source(&error) {
        Some(source) => OpError::because(error.to_string(), source.to_string()),
        None => OpError::new(error.to_string()),
    };
    out.hint_if(hint)
}

/// Opens the linux tree and makes sure that it has `tags`; from a URL those that are missing are fetched.
pub(super) fn linux(places: &Places, kit: Option<&Kit>, tags: &[String], watch: Watch<'_>) -> Result<Linux, OpError> {
    let name = match (named_linux(places, kit), places.offline) {
        (Some(name), _) => name,
        (None, false) => {
            watch
                .observer
                .event(&Event::Note(format!("no linux tree is named; releases are fetched from {STABLE_TREE}")));
            STABLE_TREE.to_owned()
        }
        // What was fetched from there before serves.
        (None, true) if cache_dir().is_some_and(|dir| is_cached(&dir, STABLE_TREE)) => STABLE_TREE.to_owned(),
        (None, true) => return Err(none_known()),
    };
    let source = LinuxSource::parse(&name).map_err(|error| {
        let hint = error.hint();
        OpError::because(format!("cannot use '{name}' as the linux tree"), error).hint_if(hint)
    })?;
    let outside = Outside::new(places, kit, &name);
    let store = match source {
        LinuxSource::Clone(git_dir) => open_clone(&git_dir, places.offline)?,
        LinuxSource::Url(url) => open_url(&url, &name, places, kit, tags, watch)?,
    };
    Ok(Linux { store, name, outside })
}

/// What the user said, or the kit's `kpatch.toml`.
pub(super) fn linux_name(places: &Places, kit: Option<&Kit>) -> Result<String, OpError> {
    named_linux(places, kit).ok_or_else(none_known)
}

fn named_linux(places: &Places, kit: Option<&Kit>) -> Option<String> {
    if let Some(linux) = &places.linux {
        return Some(linux.clone());
    }
    // A bare patch directory may still lie in a kit that says where its linux tree is.
    let around = if kit.is_none() { self::kit(places).ok() } else { None };
    match kit.or(around.as_ref()).and_then(Kit::linux_tree) {
        Some(LinuxTree::Url(url)) => Some(url),
        Some(LinuxTree::Path(path)) => Some(path.display().to_string()),
        None => None,
    }
}

/// Whether somebody named a linux tree.
pub(super) fn is_named(places: &Places, kit: &Kit) -> bool {
    named_linux(places, Some(kit)).is_some()
}

fn none_known() -> OpError {
    OpError::new("no linux tree is known")
        .hint("name a clone or a git URL: --linux, the variable LINUXSRC, or linux = \"…\" in kpatch.toml")
}

/// The tags that the server of the linux tree has; `None` where it is no server, or is not to be asked.
pub(super) fn remote_tags(
    places: &Places,
    kit: Option<&Kit>,
    watch: Watch<'_>,
) -> Result<Option<Vec<String>>, OpError> {
    if places.offline {
        return Ok(None);
    }
    let name = named_linux(places, kit).unwrap_or_else(|| STABLE_TREE.to_owned());
    let Ok(LinuxSource::Url(url)) = LinuxSource::parse(&name) else { return Ok(None) };
    let Some(cache) = cache_dir() else { return Ok(None) };
    let git = open_cache(&cache, &url).map_err(|error| source_error(format!("cannot use '{name}'"), error))?;
    let tags = list_tags(&git, &url, watch.observer);
    tags.map(Some).map_err(|error| source_error(format!("cannot ask '{name}' for its releases"), error))
}

/// Who has signed a tag, in words. A signature that is bad, or missing where the kit wants one, is an error.
pub(super) fn signed_by(git: &Git, kit: Option<&Kit>, tag: &str) -> Result<Signed, OpError> {
    let unproved = |said| Ok(Signed { is_proved: false, said });
    let evidence = evidence(&ProofOptions::default(), kit);
    match signed_tag::signer(git, tag, &evidence) {
        Ok(Some(signer)) => Ok(Signed { is_proved: true, said: format!("{tag} has a good signature of {signer}") }),
        Ok(None) if !evidence.required => {
            unproved(format!("not checked who made {tag}: there are no keys in kernel/keys.asc"))
        }
        Ok(None) => Err(OpError::new(format!("{tag} has to be signed, and there are no keys to check it with"))
            .hint("put the keys into kernel/keys.asc: gpg --armor --export FINGERPRINT…")),
        Err(error) if evidence.required || error.is_forged() => {
            let hint = error.hint().map(str::to_owned);
            Err(OpError::new(error.to_string()).hint_if(hint))
        }
        Err(error) => unproved(format!("not proved who made {tag}: {error}")),
    }
}

/// What is known of a tag's signature.
pub(super) struct Signed {
    /// It is that of a key that counts.
    pub(super) is_proved: bool,
    /// All of it in words.
    pub(super) said: String,
}

fn open_store(path: &Path) -> Result<Store, OpError> {
    Store::open(path).map_err(|error| OpError::because("cannot open the linux tree", error))
}

fn open_clone(git_dir: &Path, offline: bool) -> Result<Store, OpError> {
    let store = open_store(git_dir)?;
    let git = Git::new(git_dir);
    if !offline && let Some(url) = promisor(&git) {
        store.set_fetcher(fetcher(git.clone(), url));
    }
    Ok(store)
}

fn open_url(
    url: &str,
    name: &str,
    places: &Places,
    kit: Option<&Kit>,
    tags: &[String],
    watch: Watch<'_>,
) -> Result<Store, OpError> {
    let cache = cache_dir().ok_or_else(|| {
        OpError::new("no place for the cache of fetched releases").hint("set KPATCH_CACHE to a directory")
    })?;
    let git = open_cache(&cache, url).map_err(|error| source_error(format!("cannot use '{name}'"), error))?;
    let wanted: Vec<&str> = tags.iter().map(String::as_str).collect();
    let store = open_store(git.git_dir())?;
    let mut known = true;
    for tag in &wanted {
        let found = store.resolve(&format!("refs/tags/{tag}"));
        known &= found.map_err(|error| OpError::because("cannot read the cache", error))?.is_some();
    }
    if known {
        // Nothing to fetch.
    } else if places.offline {
        return Err(OpError::new(format!("the cache lacks {}", wanted.join(" or ")))
            .hint("run once without --offline to fetch it"));
    } else {
        watch.observer.event(&Event::Stage { name: "fetching tags".into(), total: None });
        let fetched = fetch_tags(&git, url, &wanted, watch.observer)
            .map_err(|error| source_error(format!("cannot fetch from '{name}'"), error))?;
        for tag in &fetched.fetched {
            match signed_by(&git, kit, tag) {
                Ok(signed) if signed.is_proved => watch.observer.event(&Event::Note(signed.said)),
                Ok(_) => {}
                Err(error) => {
                    forget(&git, &fetched.fetched)?;
                    return Err(error);
                }
            }
        }
    }
    let store = open_store(git.git_dir())?;
    if !places.offline {
        store.set_fetcher(fetcher(git.clone(), url.to_owned()));
    }
    Ok(store)
}

/// Takes tags out of the cache again that are not what they should be.
fn forget(git: &Git, tags: &[String]) -> Result<(), OpError> {
    let lines: String = tags.iter().flat_map(|tag| ["delete refs/tags/", tag, "\n"]).collect();
    git.run_with_input(["update-ref", "--stdin"], lines)
        .map(drop)
        .map_err(|error| OpError::because("cannot take the tags out of the cache again", error))
}

fn source_error(message: String, error: crate::source::fetch::Error) -> OpError {
    let hint = error.hint();
    OpError::because(message, error).hint_if(hint)
}

/// The remote that a blobless clone fetches its blobs from.
fn promisor(git: &Git) -> Option<String> {
    let output = git.run(["config", "--get-regexp", r"^remote\..*\.promisor$", "true"]).ok()?;
    let text = String::from_utf8(output).ok()?;
    let key = text.lines().next()?.split_whitespace().next()?;
    Some(key.strip_prefix("remote.")?.strip_suffix(".promisor")?.to_owned())
}

fn fetcher(git: Git, remote: String) -> crate::git::Fetcher {
    Box::new(move |ids: &[Oid]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        fetch_blobs(&git, &remote, &ids, &Silent).map(drop).map_err(Into::into)
    })
}

/// The linux tree that a change of files alone is written down in, so that it can be taken back; `None` if there is none at
/// hand. The network is not asked.
pub(super) fn undo_tree(places: &Places, kit: &Kit, watch: Watch<'_>) -> Option<Linux> {
    let local = Places { offline: true, ..places.clone() };
    linux(&local, Some(kit), &[], watch).ok()
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, OpError> {
    std::fs::read(path).map_err(|error| OpError::because(format!("cannot read '{}'", path.display()), error))
}

/// The lock of the linux tree, held while something of it changes.
pub(super) fn lock_linux(linux: &Linux, what: &str) -> Result<Lock, OpError> {
    let folder = linux.store.common_dir().join("kpatch");
    std::fs::create_dir_all(&folder)
        .map_err(|error| OpError::because(format!("cannot write '{}'", folder.display()), error))?;
    let lock = lock(&folder.join("lock"), what)?;
    super::stopped::sweep(&linux.store);
    Ok(lock)
}

/// Takes a lock, or says who has it.
pub(super) fn lock(path: &Path, what: &str) -> Result<Lock, OpError> {
    Lock::acquire(path, what).map_err(|error| {
        let message = error.to_string();
        OpError::because(message, error).hint("wait for it to end")
    })
}

/// Takes the kit's lock and finishes a landing that was cut off.
pub(super) fn lock_kit(kit: &Kit, what: &str, watch: Watch<'_>) -> Result<Lock, OpError> {
    let lock = lock(&kit.work_dir().join("lock"), what)?;
    recover(&kit.work_dir(), kit.top(), watch)?;
    Ok(lock)
}

/// The lock of the place where a bare patch directory lands, beside it; finishes a landing that was cut off.
pub(super) fn lock_folder(folder: &Path, what: &str, watch: Watch<'_>) -> Result<Lock, OpError> {
    let folder = std::path::absolute(folder)
        .map_err(|error| OpError::because(format!("cannot use '{}'", folder.display()), error))?;
    let parent = folder.parent().unwrap_or(&folder);
    let work = parent.join(WORK_DIR);
    let lock = lock(&work.join("lock"), what)?;
    recover(&work, parent, watch)?;
    Ok(lock)
}

fn recover(work: &Path, root: &Path, watch: Watch<'_>) -> Result<(), OpError> {
    if let Some(recovered) = super::landing::recover(work, root)? {
        watch.observer.event(&Event::Warning(format!("an earlier landing was cut off; it was {recovered} first")));
    }
    Ok(())
}

/// An error if `kernel/` has changes that no commit holds. Returns a warning where that cannot be told.
pub(super) fn refuse_dirty(kit: &Kit) -> Result<Option<String>, OpError> {
    let not_checked = "the kit is no git repository, so changes that are not committed were not looked for";
    let Some(git) = Git::containing(kit.top()) else { return Ok(Some(not_checked.into())) };
    let kernel = kit.kernel_dir();
    let changed = git
        .changed_files(kernel, &kit.work_dir())
        .map_err(|error| OpError::because("cannot look for changes in the kit", error))?;
    let Some(first) = changed.first() else { return Ok(None) };
    let more = match changed.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    Err(OpError::new(format!("the kit has changes that are not committed: {}{more}", visible(first)))
        .hint("commit or stash them, or say --allow-dirty"))
}

/// The linux tree to import releases into, if it is there already.
pub(super) fn known_repository(places: &Places) -> Result<Option<Git>, OpError> {
    let name = linux_name(places, kit(places).ok().as_ref())?;
    let is_there = std::fs::read_dir(&name).is_ok_and(|mut entries| entries.next().is_some());
    if is_there { linux_repository(places).map(Some) } else { Ok(None) }
}

/// The linux tree to import releases into; an empty or absent directory becomes a bare repository.
pub(super) fn linux_repository(places: &Places) -> Result<Git, OpError> {
    let kit = kit(places).ok();
    let name = linux_name(places, kit.as_ref())?;
    let path = Path::new(&name);
    let empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if empty || (!path.exists() && !crate::source::resolve::is_url(&name)) {
        let git = Git::new(path);
        std::fs::create_dir_all(path).map_err(|error| OpError::because(format!("cannot make '{name}'"), error))?;
        git.init_bare(Some("sha1")).map_err(|error| OpError::because(format!("cannot make '{name}'"), error))?;
        return Ok(git);
    }
    Git::discover(path).map_err(|error| {
        OpError::because(format!("cannot use '{name}' as the linux tree"), error)
            .hint("name a repository, or a directory that is empty or does not exist yet")
    })
}

/// Those of `tags` that the linux tree has already.
pub(super) fn known_tags(places: &Places, kit: Option<&Kit>, tags: &[String]) -> Vec<String> {
    let local = Places { offline: true, ..places.clone() };
    let silent = Watch { observer: &Silent, interrupt: &Interrupt::new() };
    let Ok(linux) = linux(&local, kit, &[], silent) else { return Vec::new() };
    let known = |tag: &&String| matches!(linux.store.resolve(&format!("refs/tags/{tag}")), Ok(Some(_)));
    tags.iter().filter(known).cloned().collect()
}
