//! Which patch is meant, and what ends it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::patch_set::PatchSet;

fn set() -> PatchSet {
    let mail = |subject: &str| {
        format!(
            "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A U Thor <a@b.c>\n\
             Date: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: {subject}\n\n---\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n-- \n"
        )
    };
    let one = |name: &str| (name.to_owned(), mail(name).into_bytes());
    let two = (String::from("0007-two.patch"), [mail("first"), mail("second")].concat().into_bytes());
    PatchSet::read(vec![one("0001-net-a.patch"), one("0002-net-b.patch"), two, one("0010-802154-off.patch")]).unwrap()
}

#[test]
fn a_patch_is_meant_by_number_file_or_part_of_it() {
    let set = set();
    let at = |wanted: &str| select(&set, wanted).map_err(|error| error.to_string());
    for (wanted, place) in [
        ("1", 0),
        ("0002", 1),
        ("7", 2),
        ("0007#1", 2),
        ("0007#2", 3),
        ("two#2", 3),
        ("0002-net-b.patch", 1),
        ("0002-net-b", 1),
        ("net-b", 1),
        ("802154", 4),
        ("10", 4),
    ] {
        assert_eq!(at(wanted), Ok(place), "{wanted}");
    }
    assert_eq!(at("net"), Err("'net' may be any of 2 patches".into()));
    assert_eq!(at("nothing"), Err("no patch is called 'nothing'".into()));
    assert_eq!(at(""), Err("no patch is called ''".into()));
    assert_eq!(at("7#3"), Err("0007-two.patch does not hold 3 patches".into()));
    assert_eq!(at("x\x1b"), Err("no patch is called 'x\\u{1b}'".into()));
}

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
