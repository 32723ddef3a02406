//! Outcomes as single letters, for tables with one column for each release.

use kpatch::ops::report::OutcomeName;

use super::Style;
use super::table::Cell;

/// All outcomes with their letters; small ones need nobody, capitals wait for a decision.
const LETTERS: [(OutcomeName, &str); 11] = [
    (OutcomeName::Same, "s"),
    (OutcomeName::Offset, "o"),
    (OutcomeName::Refreshed, "r"),
    (OutcomeName::Resolved, "v"),
    (OutcomeName::Upstreamed, "u"),
    (OutcomeName::LeftOut, "l"),
    (OutcomeName::Emptied, "E"),
    (OutcomeName::Partial, "P"),
    (OutcomeName::Conflict, "C"),
    (OutcomeName::Blocked, "B"),
    (OutcomeName::BaseBad, "X"),
];
/// Stands where there is no outcome.
const NONE: &str = "?";

/// The letter of an outcome, `?` for none.
pub(super) fn letter(outcome: Option<OutcomeName>) -> &'static str {
    LETTERS.iter().find(|(known, _)| Some(*known) == outcome).map_or(NONE, |(_, letter)| letter)
}

/// The letter in its colour.
pub(super) fn cell(outcome: Option<OutcomeName>) -> Cell {
    Cell(outcome.map_or(Style::Bad, style), letter(outcome).to_owned())
}

/// How loud an outcome is on its own.
pub(super) fn style(outcome: OutcomeName) -> Style {
    match outcome {
        OutcomeName::Same | OutcomeName::Offset => Style::Good,
        OutcomeName::Upstreamed => Style::Note,
        OutcomeName::Refreshed | OutcomeName::Resolved | OutcomeName::LeftOut | OutcomeName::Blocked => Style::Warn,
        OutcomeName::Emptied | OutcomeName::Partial | OutcomeName::Conflict | OutcomeName::BaseBad => Style::Bad,
    }
}

/// What the letters mean that are used, for example `s same, C conflict, ? not computed`; empty for none.
pub(super) fn legend(used: impl Iterator<Item = Option<OutcomeName>>) -> String {
    let used: Vec<Option<OutcomeName>> = used.collect();
    let known = LETTERS.iter().filter(|(outcome, _)| used.contains(&Some(*outcome)));
    let mut words: Vec<String> = known.map(|(outcome, letter)| format!("{letter} {}", outcome.as_str())).collect();
    if used.contains(&None) {
        words.push(format!("{NONE} not computed"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_letter_of_its_own() {
        let mut letters: Vec<&str> = LETTERS.iter().map(|(_, letter)| *letter).collect();
        letters.push(letter(None));
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), LETTERS.len() + 1);
        assert_eq!(letter(Some(OutcomeName::Conflict)), "C");
    }

    #[test]
    fn the_legend_explains_what_is_used_in_a_fixed_order() {
        let used = [None, Some(OutcomeName::Conflict), Some(OutcomeName::Same), Some(OutcomeName::Conflict)];
        assert_eq!(legend(used.into_iter()), "s same, C conflict, ? not computed");
        assert_eq!(legend(std::iter::empty()), "");
    }
}
