//! Asks the person at the terminal about what a bump left open.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use dialoguer::console::Term;
use dialoguer::{Input, Select};

use kpatch::ops::report::{BumpReport, OutcomeName, PatchReport, State};
use kpatch::ops::resume::{self, Action, ResumeOptions, Which};
use kpatch::ops::{Accept, OpError, Places};

use crate::render;
use crate::ui::Ui;

/// What a person answers on one patch.
enum Answer {
    Take(Accept),
    LeaveOut(Option<String>),
    Later,
    Enough,
}

/// Asks on every patch that something can be taken for, and goes on with what was answered, until nothing new is open.
///
/// Without somebody to ask, the report is returned as it is.
pub(crate) fn ask(mut report: BumpReport, which: &Which, ui: &mut Ui) -> Result<BumpReport, OpError> {
    let mut asked: HashSet<(String, usize)> = HashSet::new();
    while ui.attended() && report.state == State::Stopped {
        let next = report.patches.iter().find(|patch| can_be_taken(patch) && !asked.contains(&key(patch)));
        let Some(patch) = next else { break };
        asked.insert(key(patch));
        let text = render::question::question(patch, &report, &ui.err_view());
        ui.note(&text);
        let name = selector(patch);
        let action = match answer(patch)? {
            Answer::Take(accept) => Action::Continue { accept: vec![accept] },
            Answer::LeaveOut(reason) => Action::LeaveOut { patches: vec![name], reason },
            Answer::Later => continue,
            Answer::Enough => break,
        };
        let options = ResumeOptions { which: which.clone(), action, ..ResumeOptions::default() };
        report = ui.working(|watch| resume::resume(&options, watch))?;
    }
    Ok(report)
}

/// The same for each of several reports, which belong to series of a kit or to a bare directory.
pub(crate) fn ask_all(
    reports: &mut [BumpReport],
    places: &Places,
    patches: Option<&Path>,
    ui: &mut Ui,
) -> Result<(), OpError> {
    for report in reports {
        let which =
            Which { places: places.clone(), patches: patches.map(Path::to_owned), series: report.series.clone() };
        *report = ask(report.clone(), &which, ui)?;
    }
    Ok(())
}

fn key(patch: &PatchReport) -> (String, usize) {
    (patch.file.clone(), patch.part)
}

/// How the library is told which patch is meant.
fn selector(patch: &PatchReport) -> String {
    format!("{}#{}", patch.file, patch.part + 1)
}

/// True if a result or a proposal is at hand that only waits for a yes.
fn can_be_taken(patch: &PatchReport) -> bool {
    let has_result = matches!(patch.outcome, OutcomeName::Emptied | OutcomeName::Partial) || !patch.hazards.is_empty();
    let is_open = matches!(patch.outcome, OutcomeName::Emptied | OutcomeName::Partial | OutcomeName::Conflict);
    is_open && patch.decision.is_none() && (has_result || !patch.proposals.is_empty())
}

/// What may be taken: the words that are shown, and the strategy that says it.
fn choices(patch: &PatchReport) -> Vec<(String, Option<String>)> {
    let proposals = patch.proposals.iter();
    let mut choices: Vec<_> = proposals
        .map(|proposal| {
            (
                format!("take the proposal by {}: {}", proposal.strategy, proposal.summary),
                Some(proposal.strategy.clone()),
            )
        })
        .collect();
    if patch.hazards.iter().any(|hazard| hazard.kind == "disagreement") {
        choices.push(("take the three-way merge".into(), Some("merged".into())));
        choices.push(("take the patch applied as it is".into(), Some("strict".into())));
    } else if choices.is_empty() {
        choices.push(("take the result as it is".into(), None));
    }
    choices
}

fn answer(patch: &PatchReport) -> Result<Answer, OpError> {
    let choices = choices(patch);
    let mut items: Vec<String> = choices.iter().map(|(words, _)| kpatch::text::visible(words.as_bytes())).collect();
    let fixed = ["leave it open", "skip the patch", "drop the patch, with a reason", "ask no more"];
    items.extend(fixed.map(str::to_owned));
    let prompt = Select::new().with_prompt("What becomes of it?").items(&items).default(choices.len());
    let Some(chosen) = told(prompt.interact_on_opt(&Term::stderr()), HINT)? else { return Ok(Answer::Enough) };
    if let Some((_, strategy)) = choices.get(chosen) {
        return Ok(Answer::Take(Accept { patch: selector(patch), strategy: strategy.clone() }));
    }
    Ok(match chosen - choices.len() {
        0 => Answer::Later,
        1 => Answer::LeaveOut(None),
        2 => {
            let prompt = Input::<String>::new().with_prompt("Why?");
            Answer::LeaveOut(Some(told(prompt.interact_text_on(&Term::stderr()), HINT)?))
        }
        _ => Answer::Enough,
    })
}

/// How to do without questions.
const HINT: &str = "kpatch continue --accept N answers without asking";

/// An answer, or why there is none.
pub(crate) fn told<T>(answer: Result<T, dialoguer::Error>, hint: &str) -> Result<T, OpError> {
    answer.map_err(|dialoguer::Error::IO(error)| {
        // The prompt hides the cursor and does not bring it back when it is interrupted.
        let _ = Term::stderr().show_cursor();
        if error.kind() == io::ErrorKind::Interrupted {
            return OpError::interrupted();
        }
        OpError::because("cannot ask on the terminal", error).hint(hint)
    })
}
