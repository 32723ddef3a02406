//! One binary for all tests that need a sandbox, the corpus or the built program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]
#![allow(missing_docs, reason = "tests are not an interface")]

mod carry;
mod floors;
mod history;
mod merge;
mod properties;
mod round_trip;
mod sources;
mod support;
mod three_way;
