//! One binary for all tests that need a sandbox, the corpus or the built program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "the modules are one binary")]
#![allow(missing_docs, reason = "tests are not an interface")]

mod add;
mod carry;
mod change_set;
mod crash;
mod docs;
mod edit;
mod errors;
mod floors;
mod history;
mod hostile;
mod kit_builder;
mod merge;
mod msrv;
mod net;
mod properties;
mod readme;
mod round_trip;
mod sources;
mod support;
mod three_way;
