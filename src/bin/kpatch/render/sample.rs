//! Reports for tests.

use kpatch::ops::report::{
    BumpReport, ConflictReport, Counts, EvidenceReport, FileReport, GateReport, OutcomeName, PatchReport, ProofReport,
    ReleaseReport, State,
};

fn release(tag: &str, digit: char) -> ReleaseReport {
    let id: String = std::iter::repeat_n(digit, 40).collect();
    ReleaseReport { tag: tag.into(), commit: id.clone(), tree: id }
}

fn patch(file: &str, outcome: OutcomeName) -> PatchReport {
    PatchReport {
        file: file.into(),
        part: 0,
        subject: format!("subject of {file}"),
        outcome,
        detail: String::new(),
        bytes_kept: None,
        max_offset: 0,
        offsets: Vec::new(),
        proof: None,
        evidence: None,
        blocked_by: None,
        conflicts: Vec::new(),
        commit: None,
        tree: "b".repeat(40),
        rewrite: None,
        decision: None,
        proposals: Vec::new(),
        causes: Vec::new(),
        hazards: Vec::new(),
        notes: Vec::new(),
        resolve: None,
    }
}

/// A set of one patch that landed.
pub(crate) fn landing() -> BumpReport {
    BumpReport {
        schema: 1,
        series: Some("6.6.x".into()),
        base: release("v6.6.13", '1'),
        target: release("v6.6.14", '2'),
        state: State::Landed,
        counts: Counts { total: 1, same: 1, ..Counts::default() },
        patches: vec![patch("0001-a.patch", OutcomeName::Same)],
        renames: Vec::new(),
        tree: "b".repeat(40),
        commit: Some("c".repeat(40)),
        branch: "v6.6.14-linuxkit".into(),
        gate: Some(GateReport {
            git_am: "b".repeat(40),
            patch: "b".repeat(40),
            branch: "b".repeat(40),
            holds: true,
            refreshed: Vec::new(),
        }),
        files: vec![FileReport { path: "kernel/Makefile".into(), change: "edited" }],
        history: Some(512),
        record: None,
        warnings: Vec::new(),
    }
}

/// A set that stopped, with one of nearly everything.
pub(crate) fn stopping() -> BumpReport {
    let mut offset = patch("0002-b.patch", OutcomeName::Offset);
    offset.max_offset = 15;
    let mut conflict = patch("0003-c.patch", OutcomeName::Conflict);
    conflict.conflicts.push(ConflictReport {
        path: "drivers/a.c".into(),
        kind: "content",
        base: None,
        ours: None,
        theirs: None,
        stretches: vec![(2, 2)],
        markers: Some("\tone\n<<<<<<< v6.6.14\nours\n||||||| v6.6.13\nbase\n=======\ntheirs\n>>>>>>> 0003\n".into()),
    });
    let mut partial = patch("0004-d.patch", OutcomeName::Partial);
    partial.detail = "2 of 5 changed lines are left".into();
    let mut blocked = patch("0005-e.patch", OutcomeName::Blocked);
    blocked.blocked_by = Some("0003-c.patch".into());
    let mut refreshed = patch("0006-f.patch", OutcomeName::Refreshed);
    refreshed.detail = "context changed in drivers/b.c".into();
    let mut upstreamed = patch("0007-g.patch", OutcomeName::Upstreamed);
    upstreamed.proof = Some(ProofReport { kind: "peeled" });
    upstreamed.evidence =
        Some(EvidenceReport { commit: "d".repeat(40), title: "net: fix it".into(), how: "claim", reverted_by: None });
    BumpReport {
        state: State::Stopped,
        counts: Counts {
            total: 7,
            same: 1,
            offset: 1,
            refreshed: 1,
            upstreamed: 1,
            partial: 1,
            conflict: 1,
            blocked: 1,
            ..Counts::default()
        },
        patches: vec![
            patch("0001-a.patch", OutcomeName::Same),
            offset,
            conflict,
            partial,
            blocked,
            refreshed,
            upstreamed,
        ],
        commit: None,
        gate: None,
        files: Vec::new(),
        ..landing()
    }
}

/// Every text of it tries to be something else.
pub(crate) fn hostile() -> BumpReport {
    let evil = "\x1b[2J\u{202e}@user #123 | a | b </details><script> `x` ```\nkernel: forged\r  0001  same \u{7}<img>";
    let mut conflict = patch("0001-x|y@user.patch", OutcomeName::Conflict);
    conflict.subject = evil.into();
    conflict.detail = evil.into();
    conflict.blocked_by = Some(evil.into());
    conflict.evidence =
        Some(EvidenceReport { commit: evil.into(), title: evil.into(), how: "title", reverted_by: Some(evil.into()) });
    conflict.conflicts.push(ConflictReport {
        path: evil.into(),
        kind: "content",
        base: None,
        ours: None,
        theirs: None,
        stretches: vec![(1, 1)],
        markers: Some(format!("<<<<<<< {evil}\n```\n</details>\n`````\n@user #123\n=======\n{evil}\n>>>>>>> x\n")),
    });
    let mut report = stopping();
    report.series = Some(evil.into());
    report.target.tag = evil.into();
    report.branch = evil.into();
    report.record = Some(evil.into());
    report.warnings = vec![evil.into()];
    report.files = vec![FileReport { path: evil.into(), change: "written" }];
    report.patches = vec![conflict];
    report
}
