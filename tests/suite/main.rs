//! One binary for all tests that need a sandbox, the corpus or the built program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(missing_docs, reason = "tests are not an interface")]

mod carry;
mod crash;
mod errors;
mod floors;
mod hostile;
mod kit_builder;
mod merge;
mod support;
mod three_way;
