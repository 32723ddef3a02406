//! How kpatch ends.

use std::process::ExitCode;

use kpatch::ops::OpError;
use kpatch::ops::report::{BumpReport, State};

/// The exit codes. `kpatch(1)` is written from [`Exit::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything that was asked for is done.
    Done = 0,
    /// A check found something.
    Findings = 1,
    /// Wrong usage, or something could not be done.
    Failure = 2,
    /// Patches wait for a person's decision.
    Conflicts = 3,
    /// The user stopped the work.
    Interrupted = 130,
}

impl Exit {
    /// All codes, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Findings, Self::Failure, Self::Conflicts, Self::Interrupted];

    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What the code means, for the manual.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Done. A reader of the output that goes away early is no failure.",
            Self::Findings => {
                "A check found something: lint found errors, check found errors or warnings, watch found something that upstream says of a carried commit, verify or export did not get one tree from all ways, diff or config diff found a difference, config check a configuration that is not final, update-yaml --check a reference that is out of date, rt status a variant that does not apply, outdated a kernel that is behind, bisect where a patch stops, images check an image that is not as it should be, boot a kernel that does not start as it should, or doctor that something is missing to compile kernels."
            }
            Self::Failure => "Wrong usage, or something could not be done; an error on stderr says what.",
            Self::Conflicts => {
                "Patches wait for a decision. Their series are as before; other series of the same call may have landed."
            }
            Self::Interrupted => "Interrupted, or the question whether to go on was answered with no.",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<State> for Exit {
    fn from(state: State) -> Self {
        match state {
            State::Landed | State::WouldLand => Self::Done,
            State::Stopped | State::WouldStop => Self::Conflicts,
        }
    }
}

/// The worst of several.
impl From<&[BumpReport]> for Exit {
    fn from(reports: &[BumpReport]) -> Self {
        reports.iter().map(|report| Self::from(report.state)).max().unwrap_or(Self::Done)
    }
}

impl From<&OpError> for Exit {
    fn from(error: &OpError) -> Self {
        if error.is_interrupted() { Self::Interrupted } else { Self::Failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_report_decides() {
        let mut reports = vec![crate::render::sample::landing(), crate::render::sample::stopping()];
        assert_eq!(Exit::from(reports.as_slice()), Exit::Conflicts);
        reports.pop();
        assert_eq!(Exit::from(reports.as_slice()), Exit::Done);
        assert_eq!(Exit::from([].as_slice()), Exit::Done);
    }

    #[test]
    fn an_interruption_is_not_a_failure() {
        assert_eq!(Exit::from(&OpError::interrupted()).code(), 130);
        assert_eq!(Exit::from(&OpError::new("no")).code(), 2);
    }
}
