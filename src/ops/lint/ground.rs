//! The linux tree that sets are held against, if there is one.

use super::inputs::{Set, SetFile};
use super::report::NotChecked;
use super::{LintOptions, OpError, tree};
use crate::event::Event;
use crate::kit::{Kit, LinuxTree};
use crate::lint::{self, Check, Judged, Mail, RULES, Rule, SetFacts, Subject};
use crate::ops::workspace::{self, Linux};
use crate::ops::{Watch, compute};
use crate::patch::Draft;

/// What a linux tree says of a set.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What the rules for single patches say.
    pub(super) judged: Vec<Judged>,
    /// What the rules for sets need.
    pub(super) set: Option<SetFacts>,
    /// The tag that the set was applied to.
    pub(super) base: Option<String>,
    /// The rules that could not be asked.
    pub(super) not_checked: Vec<NotChecked>,
}

/// Opens the linux tree, or says why there is none. One that the user named has to be there; one that the kit names is
/// used if it is on this machine.
pub(super) fn open(
    options: &LintOptions,
    kit: Option<&Kit>,
    sets: &[Set],
    watch: Watch<'_>,
) -> Result<Result<Linux, String>, OpError> {
    if options.files_only {
        return Ok(Err("the linux tree is to be left alone".to_owned()));
    }
    let tags: Vec<String> = sets.iter().filter_map(|set| set.base.as_ref()).map(ToString::to_string).collect();
    if options.places.linux.is_some() {
        return workspace::linux(&options.places, kit, &tags, watch).map(Ok);
    }
    match kit.and_then(Kit::linux_tree) {
        None => Ok(Err("no linux tree was named".to_owned())),
        Some(LinuxTree::Url(_)) => {
            Ok(Err("the linux tree is a URL, which lint fetches only if told: --linux".to_owned()))
        }
        Some(LinuxTree::Path(_)) => match workspace::linux(&options.places, kit, &tags, watch) {
            Ok(linux) => Ok(Ok(linux)),
            Err(error) => {
                watch.observer.event(&Event::Warning(format!("kpatch.toml: {error}")));
                Ok(Err("the linux tree that kpatch.toml names cannot be used".to_owned()))
            }
        },
    }
}

/// Asks the linux tree about a set. Each draft comes with its file.
pub(super) fn ask(
    set: &Set,
    linux: Result<&Linux, &String>,
    drafts: &[(Draft, &SetFile)],
    watch: Watch<'_>,
) -> Result<Asked, OpError> {
    let none = |reason: &str| Asked {
        not_checked: not_checked(set, |rule| rule.check.needs_tree(), reason),
        ..Asked::default()
    };
    let linux = match linux {
        Ok(linux) => linux,
        Err(reason) => return Ok(none(reason)),
    };
    let Some(base) = &set.base else {
        return Ok(none("nothing says which release the patches are for: --base"));
    };
    let release = compute::release(&linux.store, base.as_str())?;
    let readable = drafts.iter().filter(|(draft, _)| draft.diff.is_ok());
    let (mails, files): (Vec<Mail<'_>>, Vec<&SetFile>) =
        readable.map(|(draft, file)| (Mail::new(draft, &set.settings), *file)).unzip();
    // A variant has a branch of its own on the same tag.
    let variant = set.series.as_deref().and_then(|name| Some(&name[name.find('-')?..])).unwrap_or_default();
    let known = tree::facts(&linux.store, &release, &base.branch_of(variant), &mails, watch)?;
    let mut asked = Asked { base: Some(base.to_string()), ..Asked::default() };
    for ((mail, file), facts) in mails.iter().zip(files).zip(&known.patches) {
        asked.judged.extend(lint::tree(Subject { name: &file.name, path: &file.shown }, mail, facts));
    }
    asked.set = Some(known.set);
    if let Some(reason) = known.no_history {
        asked.not_checked = not_checked(set, |rule| matches!(rule.check, Check::History(_)), &reason);
    }
    Ok(asked)
}

/// The rules of a kind that are on in a set, as not checked.
fn not_checked(set: &Set, is_it: impl Fn(&Rule) -> bool, reason: &str) -> Vec<NotChecked> {
    let rules = RULES.iter().filter(|rule| is_it(rule) && set.settings.is_on(rule));
    let rules: Vec<String> = rules.map(|rule| rule.about.id.to_owned()).collect();
    if rules.is_empty() { Vec::new() } else { vec![NotChecked { rules, reason: reason.to_owned() }] }
}
