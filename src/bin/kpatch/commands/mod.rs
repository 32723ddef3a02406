//! The verbs: each file translates arguments to the library's options, calls it and shows its report.

mod abort;
mod add;
mod bisect;
mod boot;
mod build;
mod builder;
mod bump;
mod check;
mod commit;
mod completions;
mod config;
mod continue_;
mod demo;
mod diff;
mod doctor;
mod drop;
mod edit;
mod export;
mod foreign;
mod images;
mod import;
mod kconfig;
mod kit;
mod lint;
mod list;
mod man;
mod mergetool;
mod module;
mod new_series;
mod outdated;
mod plan;
mod pr_body;
mod push;
mod reorder;
mod retire;
mod rt;
mod select_images;
mod skip;
mod source;
mod status;
mod tags;
mod undo;
mod update_yaml;
mod verify;
mod watch;

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use kpatch::ops::change_set::{ChangeOptions, ChangeReport};
use kpatch::ops::report::BumpReport;
use kpatch::ops::resume::Which;
use kpatch::ops::{OpError, Places};
use kpatch::text::visible;

use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "each is documented at its arguments, which is where the help comes from")]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
pub(crate) enum Command {
    Status(status::StatusArgs),
    Bump(bump::BumpArgs),
    Plan(plan::PlanArgs),
    Continue(continue_::ContinueArgs),
    Skip(skip::SkipArgs),
    Mergetool(mergetool::MergetoolArgs),
    Abort(abort::AbortArgs),
    Undo(undo::UndoArgs),
    Bisect(bisect::BisectArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Add(add::AddArgs),
    Drop(drop::DropArgs),
    Reorder(reorder::ReorderArgs),
    Edit(edit::EditArgs),
    Verify(verify::VerifyArgs),
    Lint(lint::LintArgs),
    Check(check::CheckArgs),
    Watch(watch::WatchArgs),
    Outdated(outdated::OutdatedArgs),
    Diff(diff::DiffArgs),
    PrBody(pr_body::PrBodyArgs),
    NewSeries(new_series::NewSeriesArgs),
    Retire(retire::RetireArgs),
    Rt(rt::RtArgs),
    Config(config::ConfigArgs),
    UpdateYaml(update_yaml::UpdateYamlArgs),
    Boot(boot::BootArgs),
    Foreign(foreign::ForeignArgs),
    Module(module::ModuleArgs),
    Doctor(doctor::DoctorArgs),
    Kit(kit::KitArgs),
    Kconfig(kconfig::KconfigArgs),
    Builder(builder::BuilderArgs),
    List(list::ListArgs),
    Tags(tags::TagsArgs),
    Build(build::BuildArgs),
    Push(push::PushArgs),
    Images(images::ImagesArgs),
    Source(source::SourceArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Does what was asked for.
    pub(crate) fn run(&self, ui: &mut Ui) -> Result<Exit, OpError> {
        match self {
            Self::Status(args) => status::run(args, ui),
            Self::Bump(args) => bump::run(args, ui),
            Self::Plan(args) => plan::run(args, ui),
            Self::Continue(args) => continue_::run(args, ui),
            Self::Skip(args) => skip::run(args, ui),
            Self::Mergetool(args) => mergetool::run(args, ui),
            Self::Abort(args) => abort::run(args, ui),
            Self::Undo(args) => undo::run(args, ui),
            Self::Bisect(args) => bisect::run(args, ui),
            Self::Import(args) => import::run(args, ui),
            Self::Export(args) => export::run(args, ui),
            Self::Add(args) => add::run(args, ui),
            Self::Drop(args) => drop::run(args, ui),
            Self::Reorder(args) => reorder::run(args, ui),
            Self::Edit(args) => edit::run(args, ui),
            Self::Verify(args) => verify::run(args, ui),
            Self::Lint(args) => lint::run(args, ui),
            Self::Check(args) => check::run(args, ui),
            Self::Watch(args) => watch::run(args, ui),
            Self::Outdated(args) => outdated::run(args, ui),
            Self::Diff(args) => diff::run(args, ui),
            Self::PrBody(args) => pr_body::run(args, ui),
            Self::NewSeries(args) => new_series::run(args, ui),
            Self::Retire(args) => retire::run(args, ui),
            Self::Rt(args) => rt::run(args, ui),
            Self::Config(args) => config::run(args, ui),
            Self::UpdateYaml(args) => update_yaml::run(args, ui),
            Self::Boot(args) => boot::run(args, ui),
            Self::Foreign(args) => foreign::run(args, ui),
            Self::Module(args) => module::run(args, ui),
            Self::Doctor(args) => doctor::run(args, ui),
            Self::Kit(args) => kit::run(args, ui),
            Self::Kconfig(args) => kconfig::run(args, ui),
            Self::Builder(args) => builder::run(args, ui),
            Self::List(args) => list::run(args, ui),
            Self::Tags(args) => tags::run(args, ui),
            Self::Build(args) => build::run(args, ui),
            Self::Push(args) => push::run(args, ui),
            Self::Images(args) => images::run(args, ui),
            Self::Source(args) => source::run(args, ui),
            Self::Demo(args) => demo::run(args, ui),
            Self::Completions(args) => completions::run(args, ui),
            Self::Man(args) => man::run(args, ui),
        }
    }
}

/// Command lines with what they are for.
pub(crate) type Examples = &'static [(&'static str, &'static str)];

/// The examples of a verb, by its full name such as `kpatch source fetch`.
pub(crate) fn examples(name: &str) -> Examples {
    match name {
        "kpatch" => &[
            ("kpatch demo", "See it work on a small kit of its own"),
            ("kpatch status", "See where every series stands"),
            ("kpatch bump 6.6.x", "Carry one series to its newest release"),
        ],
        "kpatch status" => status::EXAMPLES,
        "kpatch bump" => bump::EXAMPLES,
        "kpatch plan" => plan::EXAMPLES,
        "kpatch continue" => continue_::EXAMPLES,
        "kpatch skip" => skip::EXAMPLES,
        "kpatch mergetool" => mergetool::EXAMPLES,
        "kpatch abort" => abort::EXAMPLES,
        "kpatch undo" => undo::EXAMPLES,
        "kpatch bisect" => bisect::EXAMPLES,
        "kpatch import" => import::EXAMPLES,
        "kpatch export" => export::EXAMPLES,
        "kpatch add" => add::EXAMPLES,
        "kpatch drop" => drop::EXAMPLES,
        "kpatch edit" => edit::EXAMPLES,
        "kpatch reorder" => reorder::EXAMPLES,
        "kpatch verify" => verify::EXAMPLES,
        "kpatch lint" => lint::EXAMPLES,
        "kpatch check" => check::EXAMPLES,
        "kpatch watch" => watch::EXAMPLES,
        "kpatch outdated" => outdated::EXAMPLES,
        "kpatch diff" => diff::EXAMPLES,
        "kpatch pr-body" => pr_body::EXAMPLES,
        "kpatch new-series" => new_series::EXAMPLES,
        "kpatch retire" => retire::EXAMPLES,
        "kpatch rt" => rt::EXAMPLES,
        "kpatch rt import" => rt::IMPORT_EXAMPLES,
        "kpatch rt status" => rt::STATUS_EXAMPLES,
        "kpatch config" => config::EXAMPLES,
        "kpatch config check" => config::CHECK_EXAMPLES,
        "kpatch config refresh" => config::REFRESH_EXAMPLES,
        "kpatch config set" => config::SET_EXAMPLES,
        "kpatch config edit" => config::EDIT_EXAMPLES,
        "kpatch config why" => config::WHY_EXAMPLES,
        "kpatch config split" => config::SPLIT_EXAMPLES,
        "kpatch config diff" => config::DIFF_EXAMPLES,
        "kpatch update-yaml" => update_yaml::EXAMPLES,
        "kpatch boot" => boot::EXAMPLES,
        "kpatch foreign" => foreign::EXAMPLES,
        "kpatch doctor" => doctor::EXAMPLES,
        "kpatch module" => module::EXAMPLES,
        "kpatch module new" => module::NEW_EXAMPLES,
        "kpatch module build" => module::BUILD_EXAMPLES,
        "kpatch kit" => kit::EXAMPLES,
        "kpatch kit migrate" => kit::MIGRATE_EXAMPLES,
        "kpatch kconfig" => kconfig::EXAMPLES,
        "kpatch builder" => builder::EXAMPLES,
        "kpatch builder create" => builder::CREATE_EXAMPLES,
        "kpatch list" => list::EXAMPLES,
        "kpatch tags" => tags::EXAMPLES,
        "kpatch build" => build::EXAMPLES,
        "kpatch push" => push::EXAMPLES,
        "kpatch images" => images::EXAMPLES,
        "kpatch images list" => images::LIST_EXAMPLES,
        "kpatch images check" => images::CHECK_EXAMPLES,
        "kpatch source" => source::EXAMPLES,
        "kpatch source import" => source::IMPORT_EXAMPLES,
        "kpatch source list" => source::LIST_EXAMPLES,
        "kpatch source gc" => source::GC_EXAMPLES,
        "kpatch source fetch" => source::FETCH_EXAMPLES,
        "kpatch demo" => demo::EXAMPLES,
        "kpatch completions" => completions::EXAMPLES,
        "kpatch man" => man::EXAMPLES,
        _ => &[],
    }
}

/// How the reports of `bump`, `plan` and `diff` are printed.
#[derive(Debug, Args)]
struct FormatArgs {
    /// How to print the report; markdown is made for pull requests, html is one page that needs nothing else, json is the
    /// same as --json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Markdown,
    Html,
    Json,
}

impl FormatArgs {
    /// What was asked for; `--json` outweighs.
    fn chosen(&self, ui: &Ui) -> Format {
        if ui.json() { Format::Json } else { self.format }
    }

    /// Refuses `html` for a verb that has no page.
    fn no_page(&self, verb: &str) -> Result<(), OpError> {
        match self.format {
            Format::Html => Err(OpError::new(format!("{verb} has no page in html")).hint("say --format markdown")),
            _ => Ok(()),
        }
    }
}

/// Where ChangeLogs are read from.
#[derive(Debug, Args)]
struct ChangeLogArgs {
    /// Where the linux tree has no history between the releases, read their ChangeLogs: from this mirror of kernel.org or this
    /// directory, or make them of the commits that the linux tree's server has (git), of which the messages are fetched alone [default: the mirror
    /// that kpatch.toml or the environment names, or else kernel.org]
    #[arg(long, value_name = "URL|DIR|git", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    changelogs: Option<String>,
}

impl ChangeLogArgs {
    /// The usual places, with that.
    fn places(&self, ui: &Ui) -> Places {
        Places { changelogs: self.changelogs.clone(), ..ui.places() }
    }
}

/// Prints what became of patch sets; a decision that is open decides the exit code.
fn show_bumps(verb: &str, reports: &[BumpReport], format: &FormatArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let text = match format.chosen(ui) {
        Format::Text => render::bump::text(reports, ui.view()),
        Format::Markdown => render::markdown::document(reports),
        Format::Html => render::html::page(reports),
        Format::Json => render::json::envelope(verb, reports)?,
    };
    ui.print(&text)?;
    Ok(Exit::from(reports))
}

/// Which stopped bump is meant.
#[derive(Debug, Args)]
struct StoppedArgs {
    /// The series whose bump is stopped [default: the only one]
    #[arg(long, value_name = "SERIES")]
    series: Option<String>,
    /// The directory that the bump was started with, instead of a kit's series
    #[arg(long, value_name = "DIR", conflicts_with = "series")]
    patches: Option<PathBuf>,
}

impl StoppedArgs {
    fn which(&self, places: Places) -> Which {
        Which { places, patches: self.patches.clone(), series: self.series.clone() }
    }
}

/// Which patch set a verb changes where it stands, and how carefully.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
struct SetArgs {
    /// The series, such as 6.6.x; may be left out where the kit has one
    #[arg(long, value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// Change the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    /// The tag that the set applies to [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
}

impl SetArgs {
    fn options(&self, ui: &Ui) -> ChangeOptions {
        ChangeOptions {
            places: ui.places(),
            patches: self.patches.clone(),
            series: self.series.clone(),
            base: self.base.as_deref().map(names::tag),
            dry_run: self.dry_run,
            allow_dirty: self.allow_dirty,
            skip_patch_utility: self.skip_patch_utility,
        }
    }
}

/// Prints what became of a set that was changed.
fn show_change(verb: &str, report: ChangeReport, ui: &mut Ui) -> Result<Exit, OpError> {
    let exit = Exit::from(report.report.state);
    ui.show(verb, &[report], render::change_set::text)?;
    Ok(exit)
}

/// The bytes of a file that the command line names, or of stdin for `-`.
fn read_text(name: &str) -> Result<Vec<u8>, OpError> {
    let mut text = Vec::new();
    let read = match name {
        "-" => std::io::stdin().lock().read_to_end(&mut text),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text)),
    };
    let shown = if name == "-" { "stdin" } else { name };
    read.map_err(|error| OpError::because(format!("cannot read '{}'", visible(shown.as_bytes())), error))?;
    Ok(text)
}

/// Which tool writes patch files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Writer {
    /// kpatch's own writer, which gives the bytes of git format-patch
    #[default]
    Native,
    /// git format-patch itself
    Git,
}
