//! `kpatch lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use kpatch::finding::{FixClass, Severity};
use kpatch::ops::OpError;
use kpatch::ops::lint::report::LintRun;
use kpatch::ops::lint::{self, FixOptions, LintOptions};
use kpatch::text::visible;

use super::{Examples, read_text};
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::render::Detail;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch lint", "Check the patches of every series in the kit"),
    (
        "kpatch lint 6.6.x --linux ../linux",
        "Check also what only the linux tree can tell: order, sources, what is upstream",
    ),
    ("kpatch lint --explain P004", "Say why a rule is there, with an example"),
    ("kpatch lint --fix --diff", "Show what would be mended, and write nothing"),
    ("kpatch lint my-patches --profile debian", "Check a directory by the custom of another house"),
    ("kpatch lint --changed-since origin/main --format github", "Check what a pull request changes"),
    ("kpatch lint --write-baseline lint.json", "Start with an old repository: from here on, only what is new counts"),
];

/// Check patches against the rules of the kit: git am format, sign-off, number, where they come from
///
/// Each of PATH is a series of the kit (6.6.x), a directory of patches or of such directories, a patch file, or - for
/// stdin; without any, every series that is not deprecated is checked. With a linux tree each set is also applied on its
/// base, and what its patches say of upstream is looked up; rules that need one are else reported as not checked.
///
/// An error is something that breaks an import or a build, or loses where a patch comes from. The exit code is 1 if there
/// are errors, and with --deny warnings also if there are warnings.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct LintArgs {
    /// What to check [default: every series that is not deprecated]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The tag that the patches are for [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// Leave the linux tree alone although one is known
    #[arg(long, conflicts_with = "base")]
    files_only: bool,
    /// Whose custom counts: linuxkit, rt, debian, openwrt or stable-submission [default: what kpatch.toml says, else rt for
    /// -rt sets and linuxkit for others]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Run only these rules: ids, names, or the letter of a family
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// The mildest findings that are shown and mended; json and sarif hold all of them [default: warning; info with -v]
    #[arg(long, value_name = "LEVEL", value_enum)]
    level: Option<Level>,
    /// Exit with 1 for warnings, too
    #[arg(long, value_name = "WHAT", value_enum)]
    deny: Option<Deny>,
    /// Check only files that differ from where this branch left REV
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// Do not count the findings that this file holds [default: what kpatch.toml says]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found into this file, for --baseline
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix", "unsafe_fixes", "diff", "changed_since"])]
    write_baseline: Option<PathBuf>,
    /// Mend what can be mended without changing a tree
    #[arg(long)]
    fix: bool,
    /// Mend also what may change a tree or a message; look at the result
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show what would be mended as a diff, and write nothing
    #[arg(long)]
    diff: bool,
    /// How to print the findings; json is the same as --json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: LintFormat,
    /// List the rules
    #[arg(long, conflicts_with_all = ["paths", "explain", "fix", "unsafe_fixes", "diff"])]
    rules: bool,
    /// Say why a rule is there, with an example
    #[arg(long, value_name = "RULE", conflicts_with_all = ["paths", "fix", "unsafe_fixes", "diff"])]
    explain: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LintFormat {
    /// For people
    #[default]
    Text,
    /// One object, described by docs/lint.schema.json
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// For pull requests and step summaries
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Everything
    Info,
    /// Warnings and errors
    Warning,
    /// Errors alone
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings are as bad as errors
    Warnings,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

/// Checks and reports; an error is a finding.
pub(super) fn run(args: &LintArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    if args.rules {
        let text = render::lint::rules::list(ui.view());
        return ui.print(&text).map(|()| Exit::Done);
    }
    if let Some(name) = &args.explain {
        return explain(name, ui);
    }
    let from = args.level.map_or_else(
        || if ui.view().detail == Detail::Full { Severity::Info } else { Severity::Warning },
        Severity::from,
    );
    let options = args.options(ui, from)?;
    let run = ui.working(|watch| lint::lint(&options, watch))?;
    if let Some(path) = &args.write_baseline {
        let count = lint::write_baseline(path, &run)?;
        let path = visible(path.as_os_str().as_encoded_bytes());
        let findings = if count == 1 { "finding" } else { "findings" };
        return ui.print(&format!("{path}: {count} {findings} that no longer count\n")).map(|()| Exit::Done);
    }
    let text = match args.format {
        _ if ui.json() => render::lint::json(&run)?,
        LintFormat::Json => render::lint::json(&run)?,
        LintFormat::Text => render::lint::text(&run, from, ui.view()),
        LintFormat::Sarif => render::lint::sarif(&run)?,
        LintFormat::Github => render::lint::github(&run, from),
        LintFormat::Markdown => render::lint::markdown(&run, from),
    };
    ui.print(&text)?;
    Ok(args.exit(&run))
}

impl LintArgs {
    fn options(&self, ui: &Ui, from: Severity) -> Result<LintOptions, OpError> {
        let mends = self.fix || self.unsafe_fixes || self.diff;
        let class = if self.unsafe_fixes { FixClass::Unsafe } else { FixClass::Safe };
        let has_stdin = self.paths.iter().any(|path| path.as_os_str() == "-");
        if has_stdin && mends {
            return Err(
                OpError::new("what comes on stdin cannot be mended").hint("name the file, or leave the fixes out")
            );
        }
        let stdin = has_stdin.then(|| read_text("-")).transpose()?;
        Ok(LintOptions {
            places: ui.places(),
            paths: self.paths.clone(),
            stdin,
            base: self.base.as_deref().map(names::tag),
            files_only: self.files_only,
            profile: self.profile.clone(),
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            changed_since: self.changed_since.clone(),
            baseline: self.baseline.clone(),
            no_baseline: self.write_baseline.is_some(),
            fix: mends.then_some(FixOptions { class, from, write: !self.diff, show: self.diff }),
            today: Some(chrono::Local::now().date_naive()),
        })
    }

    fn exit(&self, run: &LintRun) -> Exit {
        let count = |severity| run.reports.iter().map(|report| report.counts.of(severity)).sum::<usize>();
        let warned = self.deny == Some(Deny::Warnings) && count(Severity::Warning) > 0;
        if count(Severity::Error) > 0 || warned { Exit::Findings } else { Exit::Done }
    }
}

fn explain(name: &str, ui: &mut Ui) -> Result<Exit, OpError> {
    let rule = kpatch::lint::rule(name).ok_or_else(|| {
        OpError::new(format!("'{}' is no rule", visible(name.as_bytes()))).hint("kpatch lint --rules lists them")
    })?;
    let text = render::lint::rules::explain(rule, ui.view());
    ui.print(&text).map(|()| Exit::Done)
}
