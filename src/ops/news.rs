//! What a bump's report says of upstream beside the outcomes: what became of the commits that the set is a copy of, and which
//! flaws the new release fixes. Nothing is decided by it.

use std::collections::HashSet;

use bstr::BString;

use super::compute::{Computed, HISTORY_LIMIT};
use super::cves::{self, Carried};
use super::report::{BumpReport, UpstreamFinding};
use super::workspace::Linux;
use super::{OpError, Watch, jobs};
use crate::carry::{Outcome, claim_of};
use crate::git::{Git, GitError, Store};
use crate::patch::Patch;
use crate::text::visible;
use crate::upstream::{Claim, History, Named};
use crate::version::{KernelVersion, Series, Tag};

/// Puts it into the report.
pub(super) fn fill(
    linux: &Linux,
    patches: &[Patch],
    computed: &Computed,
    report: &mut BumpReport,
    watch: Watch<'_>,
) -> Result<(), OpError> {
    let claims: Vec<Claim> = patches.iter().map(claim_of).collect();
    let named = patches.iter().zip(&claims);
    let carried: Carried =
        named.flat_map(|(patch, claim)| claim.ids.iter().map(|id| (id.clone(), patch.file.clone()))).collect();
    let history = computed.history.as_ref().filter(|history| !history.is_empty());
    let tags = [report.base.tag.as_str(), report.target.tag.as_str()];
    report.cves = cves::gained(&linux.outside, history, tags, &carried, watch)?;
    if carried.is_empty() {
        return Ok(());
    }
    let later = later(&linux.store, computed)?;
    let stays = |at: &usize| !matches!(computed.carried.picks[*at].outcome, Outcome::Upstreamed(_) | Outcome::LeftOut);
    let histories: Vec<&History> = history.into_iter().chain(&later).collect();
    let news = News { store: &linux.store, carried: &carried, histories };
    for at in (0..patches.len()).filter(stays) {
        report.upstream.extend(news.of(&patches[at], &claims[at])?);
    }
    Ok(())
}

/// What the linux tree has of the series after the target.
fn later(store: &Store, computed: &Computed) -> Result<Option<History>, OpError> {
    let target = &computed.carried.target;
    let has_history = computed.history.as_ref().is_some_and(History::knows_changes);
    let Some(newest) = Tag::parse(&target.tag).ok().filter(|_| has_history) else { return Ok(None) };
    let Some(newest) = jobs::newest(store, &newest)? else { return Ok(None) };
    let read = || History::read(store, target.commit, store.resolve_tag(newest.as_str())?, HISTORY_LIMIT);
    read().map_err(unread)
}

fn unread(error: GitError) -> OpError {
    OpError::because("cannot read the linux tree", error)
}

/// What is looked through.
struct News<'a> {
    store: &'a Store,
    carried: &'a Carried,
    /// The older one first.
    histories: Vec<&'a History>,
}

impl News<'_> {
    /// What is said of one patch.
    fn of(&self, patch: &Patch, claim: &Claim) -> Result<Vec<UpstreamFinding>, OpError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut titles: Vec<BString> = vec![claim.title.clone()];
        for history in &self.histories {
            titles.extend(claim.ids.iter().flat_map(|id| history.backports_of(id)).map(|copy| copy.title.clone()));
        }
        for history in &self.histories {
            let reverts = claim.ids.iter().filter_map(|id| history.revert_of(id)).map(|revert| ("reverted", revert));
            let fixes = claim.ids.iter().flat_map(|id| history.fixes_of(id, &titles)).map(|fix| ("fixed", fix));
            for (kind, commit) in reverts.chain(fixes) {
                let ours = commit.claims.iter().any(|claim| self.carried.contains_key(claim));
                if ours || !seen.insert((kind, commit.commit)) {
                    continue;
                }
                found.push(self.finding(patch, kind, &commit)?);
            }
        }
        Ok(found)
    }

    fn finding(&self, patch: &Patch, kind: &'static str, commit: &Named<'_>) -> Result<UpstreamFinding, OpError> {
        let release = match commit.release {
            Some(release) => Some(format!("v{release}")),
            None => {
                first_release(self.store, &commit.commit.to_string(), None)?.map(|version| version.tag().to_string())
            }
        };
        Ok(UpstreamFinding {
            file: patch.file.clone(),
            part: patch.part,
            subject: visible(&patch.message.subject),
            kind: kind.into(),
            commit: commit.commit.to_string(),
            title: visible(commit.title),
            release,
            how: if kind == "reverted" { "reverts it" } else { "says that it fixes it" }.into(),
        })
    }
}

/// The first release that has a commit of the linux tree, of `series` if one of that has it; a candidate only where no release
/// has it.
pub(super) fn first_release(
    store: &Store,
    commit: &str,
    series: Option<Series>,
) -> Result<Option<KernelVersion>, OpError> {
    let args = ["for-each-ref", "--format=%(refname:strip=2)", "--contains", commit, "refs/tags/v[0-9]*"];
    let listed = Git::new(store.git_dir())
        .run(args)
        .map_err(|error| OpError::because("cannot read the history of the linux tree", error))?;
    let listed = String::from_utf8_lossy(&listed);
    let versions =
        listed.lines().filter_map(|name| Tag::parse(name).ok().filter(|tag| tag.as_str() == name)?.version());
    Ok(versions.min_by_key(|version| {
        (series.is_some_and(|series| version.series() != series), version.rc().is_some(), version.clone())
    }))
}
