//! Lets the person at the terminal choose what a new series begins with.

use dialoguer::console::Term;
use dialoguer::{MultiSelect, Select};

use kpatch::ops::OpError;
use kpatch::ops::new_series::{Choices, NewSeriesOptions};

use crate::ask::told;

/// Asks for the series before it and for the architectures, each where there is something to choose and the command line
/// says nothing. False if the person gave up.
pub(crate) fn choose(choices: &Choices, options: &mut NewSeriesOptions) -> Result<bool, OpError> {
    if options.from.is_none() && choices.from.len() > 1 {
        let items: Vec<&str> = choices.from.iter().map(|(name, _)| name.as_str()).collect();
        let prompt = Select::new().with_prompt("Which series does it follow?").items(&items);
        let prompt = prompt.default(choices.default.unwrap_or(items.len() - 1));
        let Some(chosen) = told(prompt.interact_on_opt(&Term::stderr()), HINT)? else { return Ok(false) };
        options.from = Some(choices.from[chosen].0.clone());
    }
    let taken = match &options.from {
        Some(name) => choices.from.iter().find(|(known, _)| known == name),
        None => choices.default.map(|at| &choices.from[at]),
    };
    let Some((_, archs)) = taken.filter(|(_, archs)| options.archs.is_empty() && archs.len() > 1) else {
        return Ok(true);
    };
    let items: Vec<&str> = archs.iter().map(|arch| arch.uname()).collect();
    let prompt =
        MultiSelect::new().with_prompt("For which architectures?").items(&items).defaults(&vec![true; items.len()]);
    let Some(chosen) = told(prompt.interact_on_opt(&Term::stderr()), HINT)? else { return Ok(false) };
    options.archs = chosen.into_iter().map(|at| items[at].to_owned()).collect();
    Ok(!options.archs.is_empty())
}

/// How to do without questions.
const HINT: &str = "--yes asks nothing; --from and --arch answer beforehand";
