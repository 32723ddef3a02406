//! What in a kit has fallen out of step: versions, configurations, patches, tests, references and releases.
//!
//! Nothing here reads a file: what a kit says of itself comes in as [`Facts`], findings go out. A rule is a row of [`RULES`]:
//! who it is, an example, and one function over the facts.

mod facts;
mod note;
mod rule;
mod rules;
mod run;

pub use facts::{
    BuildArg, BuildArgs, Builder, ConfigFacts, Facts, ReferenceFacts, ReferenceKind, ReleaseFacts, SeriesFacts,
    TestGroup, TestKind, Versioned,
};
pub use note::{Note, Notes};
pub use rule::{Rule, rule, rules_of};
pub use rules::RULES;
pub use run::{Levels, run};
