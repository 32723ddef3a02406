//! From the page that people read to the raw text of a patch, and back.

use reqwest::Url;

use super::Error;
use crate::text::visible;

/// The git trees of the kernel that have short addresses: `https://git.kernel.org/<short>/<id>`.
const SHORT: &[(&str, &str)] = &[
    ("linus/", "torvalds/linux.git"),
    ("torvalds/c/", "torvalds/linux.git"),
    ("stable/c/", "stable/linux.git"),
    ("next/c/", "next/linux-next.git"),
];
/// Where git.kernel.org keeps them.
const KERNEL_TREES: &str = "https://git.kernel.org/pub/scm/linux/kernel/git/";

/// Where a patch stands on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What to fetch: the mail, the mbox or the `.patch`.
    pub raw: String,
    /// What people read: without a password, a fragment, or the ending of the raw form.
    pub page: String,
    /// The mail that it is, where it is one of an archive of mailing lists.
    pub message: Option<ArchivedMessage>,
}

/// A mail of an archive of mailing lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedMessage {
    /// Its id, without angle brackets.
    pub id: String,
    /// The address of the whole thread, an mbox packed by gzip.
    pub thread: String,
}

impl Address {
    /// Reads an address of the web. The pages of lore, patchwork, GitHub, GitLab and cgit lead to their raw text;
    /// anything else is taken as it is.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = || Error::Address { url: visible(text.as_bytes()) };
        let mut url = Url::parse(text.trim()).map_err(|_| refused())?;
        let host = url.host_str().map(str::to_owned).filter(|host| !host.is_empty()).ok_or_else(refused)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(refused());
        }
        url.set_fragment(None);
        let mut public = url.clone();
        // Only a URL without a host has no place for these.
        let _ = (public.set_username(""), public.set_password(None));
        let path = url.path().to_owned();
        let forms = if host == "lore.kernel.org" {
            lore(&path)
        } else if host.starts_with("patchwork.") {
            patchwork(&path, url.query())
        } else if host == "github.com" {
            github(&path)
        } else {
            short_kernel(&host, &path).or_else(|| gitlab(&path)).or_else(|| cgit(&path, url.query()))
        };
        let Some(Forms { raw, page }) = forms else {
            return Ok(Self { raw: url.into(), page: public.into(), message: None });
        };
        let address = Self { raw: with_path(&url, &raw)?, page: with_path(&public, &page)?, message: None };
        let one = host == "lore.kernel.org" && address.raw.ends_with("/raw");
        let message = one.then(|| ArchivedMessage::at(&url, &page)).transpose()?;
        Ok(Self { message, ..address })
    }

    /// The mail with this id, without angle brackets, in an archive: an address such as `https://lore.kernel.org/all`.
    pub fn of_message(archive: &str, id: &str) -> Result<Self, Error> {
        let refused = || Error::Address { url: visible(archive.as_bytes()) };
        let mut url = Url::parse(archive.trim()).map_err(|_| refused())?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(refused());
        }
        url.path_segments_mut().map_err(|()| refused())?.pop_if_empty().push(id).push("");
        let mut page = url.clone();
        let _ = (page.set_username(""), page.set_password(None));
        let thread = with_path(&url, "t.mbox.gz")?;
        let message = Some(ArchivedMessage { id: id.to_owned(), thread });
        Ok(Self { raw: with_path(&url, "raw")?, page: page.into(), message })
    }
}

impl ArchivedMessage {
    /// The mail with this page.
    fn at(url: &Url, page: &str) -> Result<Self, Error> {
        let last = page.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let id = percent_decoded(last);
        Ok(Self { id, thread: with_path(url, &format!("{page}t.mbox.gz"))? })
    }
}

/// Text in which `%2B` and the like stand for bytes.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The two forms of an address: a path, perhaps with a query, or a whole URL.
struct Forms {
    raw: String,
    page: String,
}

impl Forms {
    fn of(raw: impl Into<String>, page: impl Into<String>) -> Self {
        Self { raw: raw.into(), page: page.into() }
    }
}

/// `url` with another path and query.
fn with_path(url: &Url, path: &str) -> Result<String, Error> {
    let joined = Url::parse(path).or_else(|_| url.join(path));
    joined.map(String::from).map_err(|_| Error::Address { url: visible(path.as_bytes()) })
}

/// `/list/message-id/`, with `raw`, `t.mbox.gz`, `T/`, `t/` or nothing behind it.
fn lore(path: &str) -> Option<Forms> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [list, id, rest @ ..] = parts.as_slice() else { return None };
    if !id.contains('@') {
        return None;
    }
    let page = format!("/{list}/{id}/");
    match rest {
        [] | ["raw"] => Some(Forms::of(format!("{page}raw"), page)),
        ["t.mbox.gz" | "T" | "t"] => Some(Forms::of(format!("{page}t.mbox.gz"), page)),
        _ => None,
    }
}

/// `/patch/1234/`, `/series/1234/`, `/project/NAME/patch/ID/`, `/project/NAME/list/?series=1234`.
fn patchwork(path: &str, query: Option<&str>) -> Option<Forms> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let series = || query?.split('&').find_map(|pair| pair.strip_prefix("series=")).filter(|id| is_number(id));
    match parts.as_slice() {
        ["patch" | "series" | "bundle", _] | ["patch" | "series" | "bundle", _, "mbox"] => {
            Some(Forms::of(format!("/{}/{}/mbox/", parts[0], parts[1]), format!("/{}/{}/", parts[0], parts[1])))
        }
        ["project", project, "patch", id] | ["project", project, "patch", id, "mbox"] => {
            let page = format!("/project/{project}/patch/{id}/");
            Some(Forms::of(format!("{page}mbox/"), page))
        }
        ["project", project, "list"] => {
            let id = series()?;
            Some(Forms::of(format!("/series/{id}/mbox/"), format!("/project/{project}/list/?series={id}")))
        }
        _ => None,
    }
}

/// `/owner/repo/commit/<id>`, `/owner/repo/pull/12`, with `.patch`, `.diff`, or a tab of the page behind it.
fn github(path: &str) -> Option<Forms> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let form = |owner: &str, repo: &str, kind: &str, name: &str| {
        let page = format!("/{owner}/{repo}/{kind}/{}", bare(name));
        Some(Forms::of(format!("{page}.patch"), page))
    };
    match parts.as_slice() {
        [owner, repo, "commit" | "commits", id] if is_id(bare(id)) => form(owner, repo, "commit", id),
        [owner, repo, "pull", _, "commits", id] if is_id(bare(id)) => form(owner, repo, "commit", id),
        [owner, repo, "pull", number] | [owner, repo, "pull", number, "files" | "commits" | "checks"]
            if is_number(bare(number)) =>
        {
            form(owner, repo, "pull", number)
        }
        _ => None,
    }
}

/// `/group/project/-/commit/<id>`, `/group/project/-/merge_requests/12`, on any host.
fn gitlab(path: &str) -> Option<Forms> {
    let (project, rest) = path.trim_end_matches('/').split_once("/-/")?;
    let parts: Vec<&str> = rest.split('/').collect();
    let page = match parts.as_slice() {
        ["commit", id] if is_id(bare(id)) => format!("{project}/-/commit/{}", bare(id)),
        ["merge_requests", number] | ["merge_requests", number, "diffs" | "commits"] if is_number(bare(number)) => {
            format!("{project}/-/merge_requests/{}", bare(number))
        }
        _ => return None,
    };
    Some(Forms::of(format!("{page}.patch"), page))
}

/// `/tree.git/commit/?id=<id>` and `/tree.git/patch/?id=<id>`.
fn cgit(path: &str, query: Option<&str>) -> Option<Forms> {
    let query = query?;
    query.split(['&', ';']).find_map(|pair| pair.strip_prefix("id=")).filter(|id| is_id(id))?;
    let tree = path
        .trim_end_matches('/')
        .strip_suffix("/commit")
        .or_else(|| path.trim_end_matches('/').strip_suffix("/patch"))?;
    Some(Forms::of(format!("{tree}/patch/?{query}"), format!("{tree}/commit/?{query}")))
}

/// The short addresses of git.kernel.org, which lead to a page.
fn short_kernel(host: &str, path: &str) -> Option<Forms> {
    if host != "git.kernel.org" {
        return None;
    }
    let path = path.trim_matches('/');
    let (id, tree) = SHORT.iter().find_map(|(short, tree)| Some((path.strip_prefix(short)?, tree)))?;
    let form = |kind: &str| format!("{KERNEL_TREES}{tree}/{kind}/?id={id}");
    is_id(id).then(|| Forms { raw: form("patch"), page: form("commit") })
}

fn bare(name: &str) -> &str {
    name.strip_suffix(".patch").or_else(|| name.strip_suffix(".diff")).unwrap_or(name)
}

fn is_id(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The page of a commit in the tree behind a git URL: on git.kernel.org, GitHub and GitLab. Elsewhere the URL itself,
/// without a password, and the id. `None` for what nobody else can reach: a path, `file://`.
pub fn commit_page(remote: &str, id: &str) -> Option<String> {
    let (scheme, host, path) = split_remote(remote)?;
    let path = path.trim_matches('/');
    let project = path.strip_suffix(".git").unwrap_or(path);
    if matches!(host.as_str(), "git.kernel.org" | "gitolite.kernel.org") && path.starts_with("pub/") {
        return Some(format!("https://git.kernel.org/{path}/commit/?id={id}"));
    }
    if host == "github.com" {
        return Some(format!("https://github.com/{project}/commit/{id}"));
    }
    if host == "gitlab.com" || host.starts_with("gitlab.") {
        return Some(format!("https://{host}/{project}/-/commit/{id}"));
    }
    Some(format!("{scheme}://{host}/{path} {id}"))
}

/// Scheme, host and path of a git URL, also of `user@host:path`; neither user nor password.
fn split_remote(remote: &str) -> Option<(&str, String, String)> {
    if let Ok(url) = Url::parse(remote)
        && matches!(url.scheme(), "https" | "http" | "git" | "ssh" | "git+ssh")
    {
        let scheme =
            ["https", "http", "git", "ssh"].into_iter().find(|scheme| *scheme == url.scheme()).unwrap_or("ssh");
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        return Some((scheme, format!("{}{port}", url.host_str()?), url.path().to_owned()));
    }
    if remote.contains("://") {
        return None;
    }
    let (host, path) = remote.split_once(':').filter(|(host, _)| !host.contains('/') && !host.is_empty())?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Some(("ssh", host.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn check(given: &str, raw: &str, page: &str) {
        let address = Address::parse(given).expect(given);
        assert_eq!((address.raw.as_str(), address.page.as_str()), (raw, page), "{given}");
    }

    #[test]
    fn pages_lead_to_their_raw_text() {
        let lore = "https://lore.kernel.org/stable/20240101.1-x@y.z/";
        for (given, raw) in
            [("", "raw"), ("raw", "raw"), ("#t", "raw"), ("T/#u", "t.mbox.gz"), ("t.mbox.gz", "t.mbox.gz")]
        {
            check(&format!("{lore}{given}"), &format!("{lore}{raw}"), lore);
        }
        check("https://lore.kernel.org/r/a@b", "https://lore.kernel.org/r/a@b/raw", "https://lore.kernel.org/r/a@b/");
        let patchwork = "https://patchwork.ozlabs.org";
        for page in ["/patch/622404/", "/series/12/", "/project/netdev/patch/a@b/"] {
            let page = format!("{patchwork}{page}");
            check(&page, &format!("{page}mbox/"), &page);
            check(&format!("{page}mbox/"), &format!("{page}mbox/"), &page);
        }
        check(
            &format!("{patchwork}/project/netdev/list/?series=12&state=*"),
            &format!("{patchwork}/series/12/mbox/"),
            &format!("{patchwork}/project/netdev/list/?series=12"),
        );
        let github = "https://github.com/o/r";
        let commit = format!("{github}/commit/{ID}");
        for given in [commit.clone(), format!("{commit}.patch"), format!("{github}/pull/7/commits/{ID}")] {
            check(&given, &format!("{commit}.patch"), &commit);
        }
        check(&format!("{github}/pull/7/files"), &format!("{github}/pull/7.patch"), &format!("{github}/pull/7"));
        let gitlab = format!("https://gitlab.example.org/g/s/p/-/commit/{ID}");
        check(&gitlab, &format!("{gitlab}.patch"), &gitlab);
        let cgit = "https://git.example.org/pub/linux.git";
        check(
            &format!("{cgit}/commit/?h=x&id={ID}"),
            &format!("{cgit}/patch/?h=x&id={ID}"),
            &format!("{cgit}/commit/?h=x&id={ID}"),
        );
        let torvalds = "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git";
        check(
            &format!("https://git.kernel.org/linus/{ID}"),
            &format!("{torvalds}/patch/?id={ID}"),
            &format!("{torvalds}/commit/?id={ID}"),
        );
    }

    #[test]
    fn mails_of_an_archive_have_threads() {
        let message = |given: &str| Address::parse(given).expect(given).message;
        let lore = "https://lore.kernel.org/stable/a%2Bb@y.z/";
        let found = message(lore).expect("a mail");
        assert_eq!((found.id.as_str(), found.thread), ("a+b@y.z", format!("{lore}t.mbox.gz")));
        assert_eq!(message(&format!("{lore}T/")), None);
        assert_eq!(message("https://patchwork.ozlabs.org/patch/1/"), None);
        let address = Address::of_message("https://u:p@lists.example.org/all/", "a/b%c@y.z").expect("an address");
        let page = "lists.example.org/all/a%2Fb%25c@y.z/";
        assert_eq!((address.raw, address.page), (format!("https://u:p@{page}raw"), format!("https://{page}")));
        let message = address.message.expect("a mail");
        assert_eq!((message.id.as_str(), message.thread), ("a/b%c@y.z", format!("https://u:p@{page}t.mbox.gz")));
        assert!(Address::of_message("lists", "a@b").is_err() && Address::of_message("file:///x", "a@b").is_err());
    }

    #[test]
    fn other_addresses_stay_and_lose_their_secrets() {
        check("http://u:p@h.example/x.patch#1", "http://u:p@h.example/x.patch", "http://h.example/x.patch");
        check("https://lore.kernel.org/stable/", "https://lore.kernel.org/stable/", "https://lore.kernel.org/stable/");
        for bad in ["ftp://h/x", "file:///etc/passwd", "https://", "x", "javascript:alert(1)"] {
            assert!(matches!(Address::parse(bad), Err(Error::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn commits_have_pages_in_known_trees() {
        let kernel = format!("https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/commit/?id={ID}");
        for remote in [
            "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git",
            "git://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git",
            "git@gitolite.kernel.org:pub/scm/linux/kernel/git/torvalds/linux.git",
        ] {
            assert_eq!(commit_page(remote, ID).as_deref(), Some(kernel.as_str()), "{remote}");
        }
        let page = |remote| commit_page(remote, ID);
        let github = format!("https://github.com/o/r/commit/{ID}");
        assert_eq!(page("git@github.com:o/r.git"), Some(github.clone()));
        assert_eq!(page("https://token@github.com/o/r"), Some(github));
        assert_eq!(page("https://gitlab.com/g/p.git"), Some(format!("https://gitlab.com/g/p/-/commit/{ID}")));
        assert_eq!(page("https://u:p@h.example:8443/x.git"), Some(format!("https://h.example:8443/x.git {ID}")));
        for local in ["/srv/linux.git", "file:///srv/linux.git", "../linux", "C:/x"] {
            assert!(page(local).is_none() || local == "C:/x", "{local}");
        }
    }
}
