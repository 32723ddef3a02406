//! What ends a patch.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

#[test]
fn what_counts_as_an_end() {
    use OutcomeName::{Blocked, Conflict, Emptied, Offset, Partial, Refreshed, Same, Upstreamed};
    for carried in [Same, Offset, Refreshed] {
        assert!([Until::Conflict, Until::Dropped, Until::Any].iter().all(|until| !until.is_end(carried)));
    }
    for (ends, until, other) in [
        ([Conflict, Blocked], Until::Conflict, Until::Dropped),
        ([Upstreamed, Emptied], Until::Dropped, Until::Conflict),
    ] {
        for end in ends {
            assert!(until.is_end(end) && Until::Any.is_end(end) && !other.is_end(end));
        }
    }
    assert!(Until::Any.is_end(Partial) && !Until::Conflict.is_end(Partial) && !Until::Dropped.is_end(Partial));
}
