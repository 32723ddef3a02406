//! `kpatch source`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::evidence::ProofOptions;
use kpatch::ops::garbage::{self, GcOptions};
use kpatch::ops::outdated;
use kpatch::ops::source::{self, FetchTarballs, ImportTarball};

use super::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[("kpatch source fetch v6.6.13 v6.6.14", "Fetch two releases, without blobs")];
pub(super) const IMPORT_EXAMPLES: Examples = &[(
    "kpatch --linux linux source import linux-6.6.13.tar.xz linux-6.6.14.tar.xz",
    "Make a linux tree of two releases without a clone",
)];
pub(super) const FETCH_EXAMPLES: Examples = &[(
    "kpatch --linux https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git source fetch 6.6.13 6.6.14",
    "Fetch two releases into the cache",
)];

pub(super) const LIST_EXAMPLES: Examples =
    &[("kpatch source list", "What kernel.org has released, and where the kit stands")];
pub(super) const GC_EXAMPLES: Examples = &[
    ("kpatch source gc --dry-run", "What is in the cache, and what of it would go"),
    ("kpatch source gc --days 7", "Keep only what was used in the last week"),
];

/// Bring releases into the linux tree
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    /// List the newest release of each series, and which series have come to their end
    ///
    /// The list is the kernel's releases.json, fetched once an hour at most, or what `KPATCH_RELEASES` or releases in kpatch.toml name. In a kit its
    /// versions stand beside the releases.
    List,
    /// Remove from the cache what was not used for long
    ///
    /// Everything in the cache can be fetched again: repositories, ChangeLogs, tarballs, lists.
    Gc {
        /// Keep what was used in so many days
        #[arg(long, value_name = "N", default_value_t = 90)]
        days: u64,
        /// Remove everything
        #[arg(long, conflicts_with = "days")]
        all: bool,
        /// Show what would go, and remove nothing
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
    /// Import release tarballs as tags; the linux tree is made if it does not exist
    ///
    /// A tarball is checked against sha256sums.asc and its .sign beside it, where they are, by the keys in kernel/keys.asc of the kit. One
    /// that is refused leaves nothing in the linux tree.
    Import {
        /// Tarballs such as linux-6.6.13.tar.xz
        #[arg(value_name = "TARBALL", required = true)]
        tarballs: Vec<PathBuf>,
        #[command(flatten)]
        proof: ProofArgs,
    },
    /// Fetch releases: tags from the linux tree's URL into the cache, without blobs, or tarballs
    ///
    /// Tags are checked by the keys in kernel/keys.asc of the kit, if it has any. With --tarball the releases come from a mirror of kernel.org, are
    /// proved by its signed list of sums, and become tags of the linux tree, which is made if it does not exist. Where an older release of the
    /// series is there, the patches of kernel.org between the two serve, and what comes of them has the ids that the tarball would have given. A
    /// download that was cut off goes on where it was.
    Fetch {
        /// Tags such as v6.6.13 (6.6.13 means the same)
        #[arg(value_name = "TAG", required = true)]
        tags: Vec<String>,
        /// Download tarballs and import them, instead of asking a git server
        #[arg(long)]
        tarball: bool,
        /// The mirror: what is below pub/linux/kernel at kernel.org, as a URL or a directory [default: `KPATCH_MIRROR`, or what the kit says]
        #[arg(long, value_name = "URL", requires = "tarball")]
        mirror: Option<String>,
        /// Take also what nothing proves
        #[arg(long, requires = "tarball", conflicts_with = "require_signature")]
        unverified: bool,
        #[command(flatten)]
        proof: ProofArgs,
    },
}

/// What proves tarballs.
#[derive(Debug, Default, Args)]
struct ProofArgs {
    /// The signed list of sums for tarballs [default: sha256sums.asc beside each]
    #[arg(long, value_name = "FILE")]
    sums: Option<PathBuf>,
    /// A file with PGP keys, in the place of kernel/keys.asc
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Refuse what has no good signature
    #[arg(long)]
    require_signature: bool,
}

impl ProofArgs {
    fn options(&self) -> ProofOptions {
        ProofOptions { sums: self.sums.clone(), keys: self.keys.clone(), require_signature: self.require_signature }
    }
}

/// Brings the releases and reports.
pub(super) fn run(args: &SourceArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    let reports = match &args.command {
        SourceCommand::List => {
            let report = ui.working(|watch| outdated::list(&places, watch))?;
            ui.show("source list", &[report], render::outdated::text)?;
            return Ok(Exit::Done);
        }
        SourceCommand::Gc { days, all, dry_run } => {
            let unused_for = Duration::from_secs(days.saturating_mul(86_400));
            let report = garbage::gc(&GcOptions { unused_for, all: *all, dry_run: *dry_run })?;
            let dry_run = *dry_run;
            ui.show("source gc", &[report], |reports, view| render::source::gc(reports, dry_run, view))?;
            return Ok(Exit::Done);
        }
        SourceCommand::Import { tarballs, proof } => {
            let options = ImportTarball { places, tarballs: tarballs.clone(), proof: proof.options() };
            ui.working(|watch| source::import_tarballs(&options, watch))?
        }
        SourceCommand::Fetch { tags, tarball: true, mirror, unverified, proof } => {
            let tags = tags.iter().map(|tag| names::tag(tag)).collect();
            let options = FetchTarballs { places, tags, mirror: mirror.clone(), proof: proof.options() };
            ui.working(|watch| source::fetch_tarballs(&options, *unverified, watch))?
        }
        SourceCommand::Fetch { tags, .. } => {
            let tags: Vec<String> = tags.iter().map(|tag| names::tag(tag)).collect();
            ui.working(|watch| source::fetch(&places, &tags, watch))?
        }
    };
    ui.show("source", &reports, render::source::text)?;
    Ok(Exit::Done)
}
