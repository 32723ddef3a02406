//! `kpatch add`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::add::{self, AddOptions, What};
use kpatch::ops::reorder::Place;

use super::{Examples, SetArgs, read_text, show_change};
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch add 0123456789ab --series 6.6.x", "Cherry-pick a commit of the linux tree, as git cherry-pick -x does"),
    ("kpatch add v6.7..topic", "Add the commits of a range, oldest first"),
    ("kpatch add fix.mbox --before 7", "Add the patches of a mail or an mbox, as git am does, before patch 0007"),
    ("kpatch add https://lore.kernel.org/stable/20240101.1-x@y.z/", "Add a posting from a mailing list"),
    (
        "kpatch add 20240101.1-x@y.z --trailers",
        "Add a posting by its message id, with the Reviewed-by lines of its replies",
    ),
    ("kpatch add - --origin https://example.org/fix --signoff", "Add a mail from stdin, say where it is from, sign it"),
];

/// Add patches to a set: commits, mails, or addresses of the web
///
/// A commit of the linux tree is added as git cherry-pick -x does it, by a three-way merge against its own parent; a
/// range A..B adds each commit, oldest first. A mail or an mbox is applied as git am does it, also one that is
/// compressed; cover letters and replies are left out. Pages of lore, patchwork, GitHub, GitLab and cgit lead to their
/// raw text, and message ids to lore; a cover letter stands for its series. The patches get an Origin: line with a link to their source, where one is known. One that conflicts, or
/// that is there already, changes nothing.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// URLs, files with mails (- for stdin), message ids, commits of the linux tree or ranges A..B of them
    #[arg(value_name = "WHAT", required = true)]
    what: Vec<String>,
    /// Put them before this patch [default: behind all]
    #[arg(long, value_name = "PATCH", conflicts_with = "after")]
    before: Option<String>,
    /// Put them behind this patch
    #[arg(long, value_name = "PATCH")]
    after: Option<String>,
    /// What the Origin: line says [default: the URL, or the commit in the remote that has it]
    #[arg(long, value_name = "URL|TEXT")]
    origin: Option<String>,
    /// Add a Signed-off-by line of yours
    #[arg(long)]
    signoff: bool,
    /// Add the lines of replies in which people stand for a patch, such as Reviewed-by: those of the person who wrote the reply
    #[arg(long)]
    trailers: bool,
    #[command(flatten)]
    set: SetArgs,
}

/// Adds and reports.
pub(super) fn run(args: &AddArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let what = args.what.iter().map(|name| match name.as_str() {
        "-" => Ok(What::Mails { name: "stdin".into(), bytes: read_text("-")? }),
        name => Ok(What::Named(name.to_owned())),
    });
    let before = args.before.clone().map(Place::Before);
    let options = AddOptions {
        set: args.set.options(ui),
        what: what.collect::<Result<_, OpError>>()?,
        place: before.or_else(|| args.after.clone().map(Place::After)),
        origin: args.origin.clone(),
        signoff: args.signoff,
        trailers: args.trailers,
    };
    let report = ui.working(|watch| add::add(&options, watch))?;
    show_change("add", report, ui)
}
