//! What `kpatch.toml` and the command line say of rules: profiles, levels, waivers.

use std::cell::Cell;
use std::path::Path;

use chrono::NaiveDate;

use super::report::WaiverReport;
use super::{LintOptions, OpError};
use crate::finding::Finding;
use crate::kit::{Kit, LintConfig, SeriesState, Waiver};
use crate::lint::{Level, PROFILES, Profile, Settings, profile, rule, rules_of};
use crate::ops::workspace::kit_error;
use crate::text::visible;

/// The settings of a kit with what the command line says on top.
pub(super) struct Configured<'a> {
    options: &'a LintOptions,
    kit: Option<&'a Kit>,
    waivers: Vec<Known<'a>>,
}

/// A waiver whose rule is known.
struct Known<'a> {
    waiver: &'a Waiver,
    rule: &'static str,
    expired: bool,
    used: Cell<bool>,
}

impl<'a> Configured<'a> {
    /// Checks what the kit and the command line name.
    pub(super) fn new(options: &'a LintOptions, kit: Option<&'a Kit>) -> Result<Self, OpError> {
        let mut configured = Self { options, kit, waivers: Vec::new() };
        if let Some(lint) = configured.lint() {
            for waiver in &lint.waivers {
                let known = rule(waiver.rule.as_ref());
                let Some(known) = known else {
                    let name = visible(waiver.rule.as_ref().as_bytes());
                    return Err(configured.wrong(waiver.rule.span().start, format!("'{name}' is no rule")));
                };
                let until = waiver.until.as_deref().and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
                let expired = until.is_some_and(|until| options.today.is_some_and(|today| today > until));
                configured.waivers.push(Known { waiver, rule: known.about.id, expired, used: Cell::new(false) });
            }
        }
        // Wrong names are told even if no set would come to ask.
        configured.nameless()?;
        Ok(configured)
    }

    /// The settings for the patches of a directory, which may be those of a series.
    pub(super) fn settings(&self, state: Option<&SeriesState>, dir: &Path) -> Result<Settings, OpError> {
        let series = state.and_then(|state| self.kit?.config().series.get(&state.name()));
        let own = series.and_then(|series| series.profile.as_ref());
        let is_rt = state.map_or_else(
            || dir.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b"-rt")),
            |state| state.variant == "-rt",
        );
        let said = match (&self.options.profile, own, self.lint().and_then(|lint| lint.profile.as_ref())) {
            (Some(name), _, _) => known_profile(name)?,
            (None, Some(own), _) => self.configured_profile(own)?,
            (None, None, _) if is_rt => profile("rt").expect("it is there"),
            (None, None, Some(name)) => self.configured_profile(name)?,
            (None, None, None) => &PROFILES[0],
        };
        let mut settings = Settings::new(said);
        settings.origin = series.and_then(|series| series.origin.clone());
        if let (Some(lint), Some(kit)) = (self.lint(), self.kit) {
            for (name, level) in &lint.rules {
                let wrong = |reason| kit_error(kit.config().error(kit.top(), level.span().start, reason));
                let rules = rules_of(name);
                if rules.is_empty() {
                    return Err(wrong(format!("'{}' is no rule", visible(name.as_bytes()))));
                }
                let level = level.as_ref().parse();
                let level =
                    level.map_err(|()| wrong("a rule is off, or counts as info, warning or error".to_owned()))?;
                for rule in rules {
                    settings.set(rule, level);
                }
            }
        }
        for name in &self.options.ignore {
            for rule in named_rules(name)? {
                settings.set(rule, Level::Off);
            }
        }
        for name in &self.options.select {
            for rule in named_rules(name)? {
                settings.select(rule);
            }
        }
        Ok(settings)
    }

    /// The settings for a patch that has no file.
    pub(super) fn nameless(&self) -> Result<Settings, OpError> {
        let mut settings = self.settings(None, Path::new(""))?;
        for rule in rules_of("N") {
            settings.set(rule, Level::Off);
        }
        Ok(settings)
    }

    /// Says of a finding why it does not count, if a waiver does.
    pub(super) fn waive(&self, finding: &mut Finding) {
        let found = self.waivers.iter().find(|known| !known.expired && known.covers(finding));
        if let Some(known) = found {
            known.used.set(true);
            finding.waived = Some(visible(known.waiver.reason.trim().as_bytes()));
        }
    }

    /// The waivers that are no longer good for anything; `all` if everything that they could be about was looked at.
    pub(super) fn idle(&self, all: bool) -> Vec<WaiverReport> {
        let idle = self.waivers.iter().filter(|known| known.expired || (all && !known.used.get()));
        let report = |known: &Known<'_>| {
            let waiver = known.waiver;
            let patch = waiver.patch.as_ref().or(waiver.subject.as_ref()).or(waiver.file.as_ref());
            WaiverReport {
                rule: known.rule.to_owned(),
                patch: patch.map(|patch| visible(patch.as_bytes())).unwrap_or_default(),
                reason: visible(waiver.reason.as_bytes()),
                state: if known.expired { "expired" } else { "unused" }.to_owned(),
                line: self.kit.map_or(0, |kit| kit.config().line(waiver.rule.span().start)),
            }
        };
        idle.map(report).collect()
    }

    fn lint(&self) -> Option<&'a LintConfig> {
        self.kit.map(|kit| &kit.config().lint)
    }

    fn configured_profile(&self, name: &toml::Spanned<String>) -> Result<&'static Profile, OpError> {
        profile(name.as_ref()).ok_or_else(|| {
            let shown = visible(name.as_ref().as_bytes());
            self.wrong(name.span().start, format!("'{shown}' is no profile; there are {}", profiles()))
        })
    }

    fn wrong(&self, offset: usize, reason: String) -> OpError {
        let kit = self.kit.expect("what is configured is configured in a kit");
        kit_error(kit.config().error(kit.top(), offset, reason))
    }
}

impl Known<'_> {
    fn covers(&self, finding: &Finding) -> bool {
        if finding.rule != self.rule {
            return false;
        }
        let Waiver { patch, subject, file, .. } = self.waiver;
        let id = |id: &String| finding.patch_id.as_deref().is_some_and(|own| own.starts_with(&id.to_ascii_lowercase()));
        let name = |name: &String| finding.path.rsplit('/').next() == Some(name.as_str());
        patch.as_ref().is_some_and(id)
            || subject.as_ref().is_some_and(|subject| finding.subject.as_ref() == Some(subject))
            || file.as_ref().is_some_and(name)
    }
}

/// The profile of that name on the command line.
fn known_profile(name: &str) -> Result<&'static Profile, OpError> {
    profile(name).ok_or_else(|| {
        OpError::new(format!("'{}' is no profile", visible(name.as_bytes()))).hint(format!("there are {}", profiles()))
    })
}

fn profiles() -> String {
    let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    names.join(", ")
}

/// The rules that a word on the command line stands for.
fn named_rules(word: &str) -> Result<Vec<&'static crate::lint::Rule>, OpError> {
    let rules = rules_of(word);
    if rules.is_empty() {
        let error = OpError::new(format!("'{}' is no rule", visible(word.as_bytes())));
        return Err(error.hint("kpatch lint --rules lists them; a letter stands for its family"));
    }
    Ok(rules)
}
