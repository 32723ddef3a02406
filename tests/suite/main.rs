//! One binary for all tests that need a sandbox, the corpus or the built program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "the modules are one binary")]
#![allow(missing_docs, reason = "tests are not an interface")]

mod add;
mod bisect;
mod carry;
mod causes;
mod change_set;
mod check;
mod commit;
mod config;
mod crash;
mod docs;
mod edit;
mod errors;
mod floors;
mod follow;
mod hazards;
mod history;
mod hostile;
mod html;
mod kbuild;
mod killed;
mod kit_builder;
mod lint;
mod lint_oracle;
mod machines;
mod matrix;
mod merge;
mod migrate;
mod mirror;
mod msrv;
mod net;
mod properties;
mod proposals;
mod range_diff;
mod readme;
mod references;
mod resume;
mod round_trip;
mod rt;
mod series;
mod set_diff;
mod sources;
mod support;
mod three_way;
mod watch;
