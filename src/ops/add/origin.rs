//! Which tree of the world a commit is from.

use crate::git::{Git, Oid, Store};
use crate::net::commit_page;
use crate::ops::OpError;
use crate::source::LinuxSource;

/// What is known of a commit's origin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// A link to it, where a remote has it.
    pub(super) link: Option<String>,
    /// Why nobody else may find it.
    pub(super) warning: Option<String>,
}

/// A remote of the linux tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remote {
    name: String,
    url: String,
}

/// Looks for a remote that contains the commit. Of several, mainline comes first and stable second.
pub(super) fn of(store: &Store, linux: &str, id: Oid) -> Result<Origin, OpError> {
    let hex = id.to_string();
    if let Ok(LinuxSource::Url(url)) = LinuxSource::parse(linux) {
        return Ok(Origin { link: commit_page(&url, &hex), warning: None });
    }
    let git = Git::new(store.git_dir());
    let remotes = remotes(&git)?;
    let containing = refs(&git, &hex, &["refs/remotes"])?;
    let mut having: Vec<&Remote> =
        remotes.iter().filter(|remote| containing.iter().any(|name| owner(name, &remotes) == Some(remote))).collect();
    let mut warning = None;
    if having.is_empty() {
        // A bare clone has the branches of its remote as its own, and tags belong to nobody.
        let own = refs(&git, &hex, &["refs/heads", "refs/tags"])?;
        let foreign = own.iter().any(|name| !is_ours(name));
        if let ([only], true) = (remotes.as_slice(), foreign) {
            having.push(only);
        } else if !own.is_empty() && !foreign {
            warning = Some("only branches of patch sets contain it, nobody else can resolve its id".to_owned());
        }
    }
    having.sort_by_key(|remote| (rank(&remote.url), &remote.name));
    let link = having.iter().find_map(|remote| commit_page(&remote.url, &hex));
    Ok(Origin { link, warning })
}

fn remotes(git: &Git) -> Result<Vec<Remote>, OpError> {
    let output = git
        .output(["config", "--null", "--get-regexp", r"^remote\..*\.url$"])
        .map_err(|error| OpError::because("cannot read the remotes of the linux tree", error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.split('\0').filter_map(|row| {
        let (key, url) = row.split_once('\n')?;
        let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
        Some(Remote { name: name.to_owned(), url: url.to_owned() })
    });
    Ok(rows.collect())
}

/// The full names of the refs in these folders that contain a commit.
fn refs(git: &Git, id: &str, folders: &[&str]) -> Result<Vec<String>, OpError> {
    let contains = format!("--contains={id}");
    let args = ["for-each-ref", "--format=%(refname)", &contains].into_iter().chain(folders.iter().copied());
    let list = git.run(args).map_err(|error| OpError::because("cannot look for the branches of a commit", error))?;
    Ok(String::from_utf8_lossy(&list).lines().map(str::to_owned).collect())
}

/// The remote that a ref `refs/remotes/<name>/<branch>` belongs to; names may hold slashes.
fn owner<'r>(name: &str, remotes: &'r [Remote]) -> Option<&'r Remote> {
    let branch = name.strip_prefix("refs/remotes/")?;
    let is_of = |remote: &&Remote| branch.strip_prefix(remote.name.as_str()).is_some_and(|rest| rest.starts_with('/'));
    remotes.iter().filter(is_of).max_by_key(|remote| remote.name.len())
}

fn is_ours(name: &str) -> bool {
    name.starts_with("refs/heads/") && name.ends_with("-linuxkit")
}

fn rank(url: &str) -> u8 {
    match url {
        url if url.contains("torvalds/linux") => 0,
        url if url.contains("/stable/linux") => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_belong_to_the_remote_with_the_longest_name() {
        let remote = |name: &str| Remote { name: name.into(), url: String::new() };
        let remotes = [remote("a"), remote("a/b"), remote("ab")];
        let name = |name: &str| owner(name, &remotes).map(|remote| remote.name.as_str());
        assert_eq!(name("refs/remotes/a/b/main"), Some("a/b"));
        assert_eq!(name("refs/remotes/a/main"), Some("a"));
        assert_eq!(name("refs/remotes/c/main"), None);
        assert!(is_ours("refs/heads/v6.6.13-linuxkit") && !is_ours("refs/tags/v6.6.13-linuxkit"));
    }
}
