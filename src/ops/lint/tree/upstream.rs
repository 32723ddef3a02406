//! What the history of the linux tree says of patches.

use std::cell::RefCell;
use std::collections::HashSet;

use bstr::{BString, ByteSlice as _};

use super::released::{Places, no_history};
use super::touched::{Touched, changes_alike, same};
use super::{Step, unread};
use crate::apply::Release;
use crate::diff::id::change_id;
use crate::event::Event;
use crate::git::{Oid, Store, Walk};
use crate::lint::{ClaimFacts, Found, Mail, UpstreamFacts};
use crate::ops::compute::HISTORY_LIMIT;
use crate::ops::diff::range::diff_of;
use crate::ops::{OpError, Watch, jobs};
use crate::text::visible;
use crate::upstream::{Claim, Evidence, History, How, Named, Search};
use crate::version::{KernelVersion, Tag};

/// So many commits that a patch says it is are compared with it, and so many fixes of it are named.
const MOST: usize = 8;

/// How far is looked, and where the linux tree has no history, what tells of it.
pub(in crate::ops) struct Reach {
    /// Stretches of more commits are not looked through.
    pub(in crate::ops) limit: usize,
    /// Whether release candidates count.
    pub(in crate::ops) candidates: bool,
    /// What ChangeLogs tell, for a tree without history.
    pub(in crate::ops) told: Option<ToldSpans>,
}

impl Default for Reach {
    fn default() -> Self {
        Self { limit: HISTORY_LIMIT, candidates: false, told: None }
    }
}

/// The stretches of a series as ChangeLogs tell them, each with the tag that it ends with.
#[derive(Default)]
pub(in crate::ops) struct ToldSpans {
    /// From the first release of the series to the base.
    pub(in crate::ops) below: Option<(String, History)>,
    /// From the base to the newest release of its series.
    pub(in crate::ops) newer: Option<(String, History)>,
}

/// What was looked through, and what it says of each patch.
pub(in crate::ops) struct Looked {
    /// The facts, in the order of the patches.
    pub(in crate::ops) facts: Vec<UpstreamFacts>,
    /// The tags after the base that were looked up to: of its series, and of all.
    pub(in crate::ops) until: [Option<String>; 2],
    /// Tags that are too far from the base to be looked up to.
    pub(in crate::ops) too_far: Vec<String>,
    /// The history of the series up to the base.
    pub(in crate::ops) below: Option<History>,
    /// The history of the series after it.
    pub(in crate::ops) newer: Option<History>,
}

/// A stretch of history.
struct Span {
    /// The tag that it ends with.
    until: String,
    history: History,
    touched: Touched,
}

/// The stretches of history that are looked through.
#[derive(Default)]
struct Spans {
    /// From the first release of the series to the base.
    below: Option<Span>,
    /// From the base to the newest release of its series.
    newer: Option<Span>,
    /// From the base to the newest release of all.
    newest: Option<Span>,
    /// Tags whose stretch has too many commits.
    too_far: Vec<String>,
}

impl Spans {
    fn after(&self) -> impl Iterator<Item = &Span> {
        self.newer.iter().chain(&self.newest)
    }

    fn all(&self) -> impl Iterator<Item = &Span> {
        self.below.iter().chain(self.after())
    }
}

/// One patch, and what it names.
struct Patch<'a> {
    mail: &'a Mail<'a>,
    /// What it changes on the tree below it; nothing if it does not apply.
    changes: &'a [Walk],
    claim: Claim,
}

/// Looks for the patches of a set in the history; the inner error says why there is none.
pub(in crate::ops) fn upstream(
    store: &Store,
    base: &Release,
    mails: &[Mail<'_>],
    steps: &[Step],
    reach: Reach,
    watch: Watch<'_>,
) -> Result<Result<Looked, String>, OpError> {
    let reason = no_history(store, base)?;
    let told = match (reason, reach.told) {
        (Some(reason), None) => return Ok(Err(reason)),
        (Some(_), Some(told)) => Some(told),
        (None, _) => None,
    };
    watch.observer.event(&Event::Stage { name: "reading the history".into(), total: None });
    let patch = |(mail, step)| Patch::new(mail, step);
    let patches: Vec<Patch<'_>> = mails.iter().zip(steps).map(patch).collect();
    let mut known = HashSet::new();
    // Where there is no history, a commit that happens to be there stands nowhere.
    for id in patches.iter().flat_map(|patch| &patch.claim.ids).filter(|_| told.is_none()) {
        known.extend(store.find_commit(id.as_bytes()).map_err(unread)?.map(|id| id.to_string()));
    }
    let places = Places::find(store, base, &known)?;
    let spans = match told {
        Some(told) => Spans::from(told),
        None => spans(store, base, &patches, (reach.limit, reach.candidates), watch)?,
    };
    let taken: HashSet<&str> = patches.iter().flat_map(Patch::names).collect();
    let ground = Ground { store, base, known, places, spans, taken };
    watch.observer.event(&Event::Stage { name: "comparing with upstream".into(), total: Some(patches.len()) });
    let mut all = Vec::with_capacity(patches.len());
    for patch in &patches {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        all.push(ground.judge(patch)?);
        watch.observer.event(&Event::Step);
    }
    let until = [&ground.spans.newer, &ground.spans.newest].map(|span| span.as_ref().map(|span| span.until.clone()));
    let Spans { below, newer, too_far, .. } = ground.spans;
    let history = |span: Option<Span>| span.map(|span| span.history);
    Ok(Ok(Looked { facts: all, until, too_far, below: history(below), newer: history(newer) }))
}

impl From<ToldSpans> for Spans {
    fn from(told: ToldSpans) -> Self {
        let span = |(until, history)| Span { until, history, touched: Touched::default() };
        Self { below: told.below.map(span), newer: told.newer.map(span), ..Self::default() }
    }
}

/// Reads each stretch once.
fn spans(
    store: &Store,
    base: &Release,
    patches: &[Patch<'_>],
    (limit, candidates): (usize, bool),
    watch: Watch<'_>,
) -> Result<Spans, OpError> {
    let Some(version) = Tag::parse(&base.tag).ok().and_then(|tag| tag.version()) else { return Ok(Spans::default()) };
    let changes: Vec<&[Walk]> = patches.iter().map(|patch| patch.changes).collect();
    let too_far = RefCell::new(Vec::new());
    let read = |from: Oid, to: Oid, until: String| -> Result<Option<Span>, OpError> {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let Some(history) = History::read(store, from, to, limit).map_err(unread)? else {
            too_far.borrow_mut().push(until);
            return Ok(None);
        };
        if history.is_empty() {
            return Ok(None);
        }
        // In a blobless clone nothing is compared by what it changes.
        let changes: &[&[Walk]] = if store.is_partial() { &[] } else { &changes };
        Ok(Some(Span { until, history, touched: Touched::read(store, from, to, changes)? }))
    };
    let commit = |version: &KernelVersion| store.resolve_tag(version.tag().as_str()).map_err(unread);
    let mut releases = jobs::versions(store)?;
    releases.retain(|version| candidates || version.rc().is_none());
    let first =
        releases.iter().find(|known| known.series() == version.series() && known.patch() == 0 && known.rc().is_none());
    let below = first.filter(|first| **first < version).map(commit).transpose()?;
    let newer = releases.iter().rfind(|known| known.series() == version.series() && **known > version);
    let newest = releases.last().filter(|last| **last > version && Some(*last) != newer);
    let after = |to: Option<&KernelVersion>| match to {
        Some(to) => read(base.commit, commit(to)?, to.tag().to_string()),
        None => Ok(None),
    };
    let below = below.map(|first| read(first, base.commit, base.tag.clone())).transpose()?.flatten();
    let (newer, newest) = (after(newer)?, after(newest)?);
    Ok(Spans { below, newer, newest, too_far: too_far.into_inner() })
}

/// What a mail says of where its patch comes from, in all the forms that the rules know.
pub(in crate::ops) fn claim(mail: &Mail<'_>) -> Claim {
    let said = Claim::read(mail.subject(), &mail.text[mail.draft.layout.head.clone()]);
    let mut ids: Vec<String> = mail.provenance.claims().iter().map(|pick| pick.id.clone()).collect();
    for id in said.ids {
        if !ids.contains(&id) && ids.len() < 64 {
            ids.push(id);
        }
    }
    Claim { ids, title: said.title }
}

impl<'a> Patch<'a> {
    fn new(mail: &'a Mail<'a>, step: &'a Step) -> Self {
        Self { mail, changes: &step.changes, claim: claim(mail) }
    }

    /// The commits that it is, and those that it reverts.
    fn names(&self) -> impl Iterator<Item = &str> {
        let reverts = self.mail.provenance.reverts.iter().map(|pick| pick.id.as_str());
        self.claim.ids.iter().map(String::as_str).chain(reverts)
    }
}

/// All that patches are compared with.
struct Ground<'a> {
    store: &'a Store,
    base: &'a Release,
    /// The commits that patches name and that are there.
    known: HashSet<String>,
    places: Places,
    spans: Spans,
    /// The commits that the set is, or reverts.
    taken: HashSet<&'a str>,
}

impl Ground<'_> {
    fn judge(&self, patch: &Patch<'_>) -> Result<UpstreamFacts, OpError> {
        let said = &patch.mail.provenance;
        let in_base = self.in_base(patch)?;
        let in_newer = match &self.spans.newer {
            Some(span) if in_base.is_none() => self.in_span(span, patch)?,
            _ => None,
        };
        let copy_of = if said.is_empty() { self.copy_of(patch)? } else { None };
        let sources = self.sources(patch, [&in_newer, &copy_of]);
        let titles = self.titles(patch, [&in_newer, &copy_of])?;
        let missing = |ids: Vec<String>| -> Result<Vec<String>, OpError> {
            let mut missing = Vec::new();
            for id in ids {
                if self.store.find_commit(id.as_bytes()).map_err(unread)?.is_none() {
                    missing.push(id);
                }
            }
            Ok(missing)
        };
        Ok(UpstreamFacts {
            claims: self.claims(patch)?,
            unknown_reverts: missing(said.reverts.iter().map(|pick| pick.id.clone()).collect())?,
            unknown_fixes: missing(fixes(patch.mail))?,
            fixed_by: self.fixed_by(&sources, &titles),
            reverted_by: self.reverted_by(&sources, in_newer.as_ref()),
            in_base,
            in_newer,
            copy_of,
        })
    }

    /// What there is of the commits that the patch says it is.
    fn claims(&self, patch: &Patch<'_>) -> Result<Vec<ClaimFacts>, OpError> {
        let mut all = Vec::new();
        for (at, pick) in patch.mail.provenance.claims().into_iter().enumerate() {
            let is_known = self.known.contains(&pick.id);
            all.push(ClaimFacts {
                line: pick.line,
                id: pick.id.clone(),
                is_known,
                local: self.places.branch(&pick.id).cloned(),
                is_released: is_known && self.places.is_released(&pick.id),
                is_same: if is_known && at < MOST { self.is_same(patch, &pick.id)? } else { None },
            });
        }
        Ok(all)
    }

    /// Whether the patch changes what the commit changes, context aside.
    fn is_same(&self, patch: &Patch<'_>, id: &str) -> Result<Option<bool>, OpError> {
        let (Ok(id), false) = (Oid::from_hex(id.as_bytes()), self.store.is_partial()) else { return Ok(None) };
        // The trees tell it whatever program made the diff.
        if changes_alike(self.store, id, patch.changes, Search::Anywhere)? == Some(true) {
            return Ok(Some(true));
        }
        let commit = self.store.commit(id).map_err(unread)?;
        let [parent] = commit.parents[..] else { return Ok(None) };
        let Some(before) = self.store.known_tree(parent).map_err(unread)? else { return Ok(None) };
        let theirs = diff_of(self.store, id, before, &commit).ok();
        Ok(theirs.map(|theirs| change_id(&theirs) == change_id(patch.mail.diffs())))
    }

    fn in_base(&self, patch: &Patch<'_>) -> Result<Option<Found>, OpError> {
        let is_reverted = |id: &str| self.spans.below.iter().any(|span| span.history.revert_of(id).is_some());
        let there = |id: &&String| self.known.contains(*id) && self.places.is_in_base(id) && !is_reverted(id);
        if let Some(id) = patch.claim.ids.iter().find(there) {
            let title = self.title(id)?;
            let (commit, until) = (id.clone(), self.base.tag.clone());
            return Ok(Some(Found { commit, title, until, how: in_words(How::Id) }));
        }
        let found = self.spans.below.as_ref().map(|span| self.in_span(span, patch)).transpose()?.flatten();
        Ok(found.filter(|found| found.how != Found::SAME_TITLE))
    }

    fn title(&self, id: &str) -> Result<String, OpError> {
        let Ok(id) = Oid::from_hex(id.as_bytes()) else { return Ok(String::new()) };
        let commit = self.store.commit(id).map_err(unread)?;
        Ok(visible(commit.message.lines().next().unwrap_or_default()))
    }

    /// The commit of a stretch that is the patch, unless it was taken back there.
    fn in_span(&self, span: &Span, patch: &Patch<'_>) -> Result<Option<Found>, OpError> {
        let evidence = self.evidence(span, patch)?.filter(|evidence| evidence.reverted_by.is_none());
        Ok(evidence.map(|evidence| span.recognized(&evidence)))
    }

    /// The best evidence that a stretch has the patch: by id, by what it changes, by title.
    fn evidence(&self, span: &Span, patch: &Patch<'_>) -> Result<Option<Evidence>, OpError> {
        let named = span.history.evidence(self.store, &patch.claim, &[], Search::Names).map_err(unread)?;
        if let Some(named) = named.as_ref().filter(|named| named.how != How::Title) {
            return Ok(Some(named.clone()));
        }
        if let Some(titled) = &named
            && span.history.knows_changes()
            && changes_alike(self.store, titled.commit, patch.changes, Search::Anywhere)? == Some(true)
        {
            return Ok(span.history.evidence_of(titled.commit, How::PatchId));
        }
        let same = same(self.store, span.touched.of(patch.changes), patch.changes)?;
        Ok(same.and_then(|commit| span.history.evidence_of(commit, How::PatchId)).or(named))
    }

    /// The commit that a patch without a source is: one that makes the same change, or else one of the same title.
    fn copy_of(&self, patch: &Patch<'_>) -> Result<Option<Found>, OpError> {
        let mut best = None;
        for span in self.spans.all() {
            let Some(evidence) = self.evidence(span, patch)? else { continue };
            let found = span.recognized(&evidence);
            if found.how != Found::SAME_TITLE {
                return Ok(Some(found));
            }
            best = best.or(Some(found));
        }
        Ok(best)
    }

    /// The ids under which others speak of what the patch is a copy of.
    fn sources(&self, patch: &Patch<'_>, found: [&Option<Found>; 2]) -> Vec<String> {
        let mut all = patch.claim.ids.clone();
        for id in &patch.claim.ids {
            all.extend(
                self.spans.all().flat_map(|span| span.history.backports_of(id)).map(|copy| copy.commit.to_string()),
            );
        }
        for found in found.into_iter().flatten().filter(|found| found.how != Found::SAME_TITLE) {
            all.push(found.commit.clone());
            all.extend(self.spans.all().flat_map(|span| span.history.claims_of(&found.commit)).cloned());
        }
        all
    }

    /// The titles under which others speak of it.
    fn titles(&self, patch: &Patch<'_>, found: [&Option<Found>; 2]) -> Result<Vec<BString>, OpError> {
        let mut all = vec![patch.claim.title.clone()];
        for id in patch.claim.ids.iter().filter(|id| self.known.contains(*id)).take(MOST) {
            all.push(self.title(id)?.into());
        }
        for id in &patch.claim.ids {
            all.extend(self.spans.all().flat_map(|span| span.history.backports_of(id)).map(|copy| copy.title.clone()));
        }
        let found = found.into_iter().flatten().filter(|found| found.how != Found::SAME_TITLE);
        all.extend(found.map(|found| BString::from(found.title.as_str())));
        Ok(all)
    }

    /// True if the base or the set has a commit, or what stands for it.
    fn is_here(&self, span: &Span, id: &str) -> bool {
        let below = |id: &str| self.spans.below.as_ref().is_some_and(|below| below.history.has(id));
        let here = |id: &str| self.taken.contains(id) || below(id);
        here(id) || span.history.claims_of(id).iter().any(|id| here(id))
    }

    fn fixed_by(&self, sources: &[String], titles: &[BString]) -> Vec<Found> {
        let mut all: Vec<Found> = Vec::new();
        let mut seen = HashSet::new();
        for span in self.spans.after() {
            for fix in sources.iter().flat_map(|source| span.history.fixes_of(source, titles)) {
                let commit = fix.commit.to_string();
                let is_new = !seen.contains(&commit) && !fix.claims.iter().any(|claim| seen.contains(claim));
                if is_new && !self.is_here(span, &commit) {
                    seen.extend(fix.claims.iter().cloned().chain([commit]));
                    all.push(span.found(&fix, "says that it fixes it"));
                }
            }
        }
        all.truncate(MOST);
        all
    }

    fn reverted_by(&self, sources: &[String], in_newer: Option<&Found>) -> Option<Found> {
        // What the newest release of the series has was not taken back there, or came again.
        let stands = in_newer.is_some_and(|found| found.how != Found::SAME_TITLE);
        let spans = self.spans.newer.iter().filter(|_| !stands).chain(&self.spans.newest);
        let mut reverts =
            spans.flat_map(|span| sources.iter().filter_map(move |id| Some((span, span.history.revert_of(id)?))));
        let (span, revert) = reverts.find(|(span, revert)| !self.is_here(span, &revert.commit.to_string()))?;
        Some(span.found(&revert, "reverts it"))
    }
}

impl Span {
    fn found(&self, named: &Named<'_>, how: &'static str) -> Found {
        let until = self.tag(named.release);
        Found { commit: named.commit.to_string(), title: visible(named.title), until, how }
    }

    fn recognized(&self, evidence: &Evidence) -> Found {
        let until = self.tag(evidence.release.as_deref());
        Found {
            commit: evidence.commit.to_string(),
            title: visible(&evidence.title),
            until,
            how: in_words(evidence.how),
        }
    }

    /// The tag of a release that a ChangeLog names, or else the one that the stretch ends with.
    fn tag(&self, release: Option<&str>) -> String {
        release.map_or_else(|| self.until.clone(), |release| format!("v{release}"))
    }
}

/// How a commit was recognized, as a phrase.
fn in_words(how: How) -> &'static str {
    match how {
        How::Claim => "says that it is the commit that the patch names",
        How::Id => "is the commit that the patch names",
        How::PatchId => "makes the same change",
        How::Title => Found::SAME_TITLE,
    }
}

/// What the `Fixes:` lines of a message name, by the beginnings of ids.
fn fixes(mail: &Mail<'_>) -> Vec<String> {
    let digits = |value: &[u8]| value.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let named = mail.keyed("Fixes").map(|(_, value)| &value[..digits(value)]);
    named.filter(|id| (8..=40).contains(&id.len())).map(|id| id.to_str_lossy().to_ascii_lowercase()).collect()
}
