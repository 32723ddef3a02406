//! Patches from commits of the linux tree, as `git cherry-pick -x` takes them.

use super::{AddOptions, New, new, origin, trailers};
use crate::apply::touched_paths;
use crate::git::{Commit, Entry, Git, GitError, Kind, NewCommit, Oid, Store, Walk};
use crate::message::footer::with_picked;
use crate::ops::OpError;
use crate::ops::change_set::{Added, Bytes, Setting, Trees};
use crate::ops::new_set::{Source, Style, written};
use crate::source::{LinuxSource, fetch_commit};
use crate::text::visible;
use crate::upstream::{Effect, Releases, peel};

/// More commits of a range are no patches for a set.
const MOST: usize = 1000;

/// The patches of a commit or of a range, oldest first.
pub(super) fn read(setting: &mut Setting<'_>, options: &AddOptions, name: &str) -> Result<Vec<New>, OpError> {
    let ids = resolve(setting, name)?;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        if setting.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        all.push(one(setting, options, id)?);
    }
    Ok(all)
}

/// The commits that a name stands for.
fn resolve(setting: &Setting<'_>, name: &str) -> Result<Vec<Oid>, OpError> {
    let shown = visible(name.as_bytes());
    let failed = |error: crate::git::process::Error| OpError::because("cannot read the linux tree", error);
    let git = Git::new(setting.store().git_dir());
    let unknown = || {
        OpError::new(format!("'{shown}' is neither a commit of the linux tree nor a file"))
            .hint("fetch it into the linux tree, for example: git fetch REMOTE COMMIT")
    };
    let find = |name: &str| -> Result<Option<Oid>, OpError> {
        let id = git.resolve(&format!("{name}^{{commit}}")).map_err(failed)?;
        Ok(id.and_then(|id| Oid::from_hex(id.as_bytes()).ok()))
    };
    let Some((from, to)) = name.split_once("..") else {
        if find(name)?.is_none() {
            fetch(setting, &git, name)?;
        }
        return Ok(vec![find(name)?.ok_or_else(unknown)?]);
    };
    if to.starts_with('.') {
        return Err(OpError::new(format!("'{shown}' is not a range of patches")).hint("a range is A..B"));
    }
    let ends = [from, to].map(|end| find(if end.is_empty() { "HEAD" } else { end }));
    let [Some(from), Some(to)] = [ends[0].as_ref().ok().copied().flatten(), ends[1].as_ref().ok().copied().flatten()]
    else {
        return Err(unknown());
    };
    let range = format!("{from}..{to}");
    let list = git.run(["rev-list", "--reverse", "--topo-order", &format!("--max-count={}", MOST + 1), &range, "--"]);
    let list = list.map_err(failed)?;
    let ids: Vec<Oid> = list.split(|byte| *byte == b'\n').filter_map(|line| Oid::from_hex(line).ok()).collect();
    match ids.len() {
        0 => Err(OpError::new(format!("there is no commit in '{shown}'"))),
        many if many > MOST => Err(OpError::new(format!("'{shown}' has more than {MOST} commits"))),
        _ => Ok(ids),
    }
}

/// Gets a commit with its parent into the cache of a linux tree that is a URL.
fn fetch(setting: &Setting<'_>, git: &Git, id: &str) -> Result<(), OpError> {
    let is_id = id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Ok(LinuxSource::Url(url)) = LinuxSource::parse(&setting.linux.name) else { return Ok(()) };
    if !is_id {
        return Err(OpError::new(format!("the cache does not know '{}'", visible(id.as_bytes())))
            .hint("name the commit by its full id"));
    }
    if setting.options.places.offline {
        return Err(OpError::new(format!("the cache lacks commit {id}")).hint("run once without --offline to fetch it"));
    }
    fetch_commit(git, &url, id, setting.watch.observer).map_err(|error| {
        let hint = error.hint();
        OpError::because(format!("cannot fetch commit {id}"), error).hint_if(hint)
    })
}

/// The patch that one commit is.
fn one(setting: &mut Setting<'_>, options: &AddOptions, id: Oid) -> Result<New, OpError> {
    let store = setting.store();
    let commit = store.commit(id).map_err(|error| unreadable(id, error))?;
    let source = format!("commit {id}");
    let below = match commit.parents.as_slice() {
        [] => store.insert(Kind::Tree, Vec::new()),
        [parent] => store.commit(*parent).map_err(|error| unreadable(id, error))?.tree,
        _ => {
            return Err(OpError::new(format!("{source} is a merge"))
                .hint("a patch set is a line of commits: name the commits that it merges"));
        }
    };
    if below == commit.tree {
        return Err(OpError::new(format!("{source} changes nothing")));
    }
    prefetch(store, below, commit.tree)?;
    let from = origin::of(store, &setting.linux.name, id)?;
    let message = with_picked(&utf8(&commit.message), &id.to_string());
    let (message, link, indented) = trailers::sign(store, options, &message, from.link.as_deref())?;
    let text = as_mail(setting, &commit, below, &message)?;
    let trees = Trees { before: below.to_string(), after: commit.tree.to_string() };
    let new = new(Added { text: Bytes(text), before: None, trees: Some(trees), source, origin: link })?;
    if new.patch.message.author.email != commit.author.email {
        return Err(OpError::new(format!("{} cannot be written as a patch file", new.added.source)));
    }
    if indented > 0 {
        let warning = format!("{}: {indented} lines that would end the message are indented", new.added.source);
        setting.warnings.push(warning);
    }
    setting.warnings.extend(from.warning.map(|warning| format!("{}: {warning}", new.added.source)));
    Ok(new)
}

/// What `git format-patch` writes of the commit with the new message.
fn as_mail(setting: &Setting<'_>, commit: &Commit, below: Oid, message: &[u8]) -> Result<Vec<u8>, OpError> {
    let store = setting.store();
    let parent = store.insert_commit(&NewCommit {
        tree: below,
        parent: None,
        author: &commit.author,
        author_date: commit.author_date,
        committer_date: setting.base().date,
        message: b"below\n",
    });
    let id = store.insert_commit(&NewCommit {
        tree: commit.tree,
        parent: Some(parent),
        author: &commit.author,
        author_date: commit.author_date,
        committer_date: setting.base().date,
        message,
    });
    let source = Source { patch: None, same: false, commit: id, before: below, after: commit.tree };
    written(store, &source, Style::default())
}

/// A commit whose change can be taken out of the tree and put back exactly is there already.
pub(super) fn refuse_present(setting: &Setting<'_>, new: &New) -> Result<(), OpError> {
    let Some(trees) = &new.added.trees else { return Ok(()) };
    let store = setting.store();
    let found = || -> Result<bool, GitError> {
        let [before, after] = [&trees.before, &trees.after].map(|hex| Oid::from_hex(hex.as_bytes()).ok());
        let (Some(before), Some(after)) = (before, after) else { return Ok(false) };
        let mut changes: Vec<Walk> = Vec::new();
        store.diff_trees(Some(before), Some(after), &mut |walk| changes.push(walk))?;
        let target = setting.stack.tip();
        let renames = store.renames(before, target, &touched_paths(std::slice::from_ref(&new.patch)))?;
        let effect = Effect { changes: &changes, diffs: &new.patch.diff };
        Ok(peel(store, &[Some(effect)], Releases { base: before, target }, &renames)?[0])
    };
    if found().map_err(|error| OpError::because("cannot read the linux tree", error))? {
        return Err(OpError::new(format!("{} is in the set or in {} already", new.added.source, setting.base().tag))
            .hint("taking its change out of the tree and putting it back gives the tree again"));
    }
    Ok(())
}

/// Reads the files of a commit at once: in a blobless clone this is one fetch.
fn prefetch(store: &Store, before: Oid, after: Oid) -> Result<(), OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let mut ids = Vec::new();
    let mut note = |entry: Option<Entry>| ids.extend(entry.filter(|entry| entry.is_blob()).map(|entry| entry.id));
    let walk = store.diff_trees(Some(before), Some(after), &mut |walk| {
        note(walk.old);
        note(walk.new);
    });
    walk.map_err(failed)?;
    store.prefetch(&ids).map_err(failed)
}

fn unreadable(id: Oid, error: GitError) -> OpError {
    match error {
        GitError::Missing(_) => OpError::new(format!("the linux tree lacks commit {id} or its parent"))
            .hint("it is shallow: git fetch --deepen=1, or git fetch REMOTE COMMIT with --depth=2"),
        error => OpError::because("cannot read the linux tree", error),
    }
}

/// Old commits may be in Latin-1.
fn utf8(message: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(message) {
        Ok(_) => message.to_vec(),
        Err(_) => message.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes(),
    }
}
