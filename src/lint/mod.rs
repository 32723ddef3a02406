//! The rules for patches and patch sets, and the engine that runs them.
//!
//! Nothing here reads a file or a tree: what there is comes in as data, findings go out. A rule is a row of
//! [`RULES`]: who it is, why it is, an example, and one function over the part of a set that it looks at.

mod append;
mod facts;
mod fix;
mod line_index;
mod mail;
mod member;
mod note;
mod origin;
mod profile;
mod provenance;
mod rule;
mod rules;
mod run;
mod settings;
#[cfg(test)]
mod tests;
mod trailer;

pub use facts::{ClaimFacts, Drift, Found, HunkFacts, PatchFacts, SetFacts, UpstreamFacts};
pub use fix::{Allowed, FileFix, fix_file, fix_for_tree};
pub use mail::{HunkAt, Line, Mail, Person};
pub use member::{Entry, Group, Member};
pub use note::{Fix, FixKind, Note, Notes, Place};
pub use origin::{origins, with_origin};
pub use profile::{PROFILES, Profile, profile};
pub use provenance::{Pick, Provenance, Source};
pub use rule::{Check, Rule, Sample, rule};
pub use rules::RULES;
pub use run::{FileLint, Judged, PatchFile, Subject, file, set, sets, tree};
pub use settings::{Level, Settings, rules_of};
