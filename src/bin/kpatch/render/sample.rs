//! Reports for tests.

use kpatch::ops::report::{
    BumpReport, CauseReport, ConflictReport, Counts, DecisionReport, EvidenceReport, FileReport, GateReport,
    HazardReport, OutcomeName, PatchReport, ProofReport, ProposalReport, ProposedFileReport, ReleaseReport, State,
    StretchReport,
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
        kit_commit: None,
        branch: "v6.6.14-linuxkit".into(),
        gate: Some(GateReport {
            git_am: "b".repeat(40),
            patch: "b".repeat(40),
            branch: "b".repeat(40),
            holds: true,
            refreshed: Vec::new(),
            common: None,
        }),
        files: vec![FileReport { path: "kernel/Makefile".into(), change: "edited".into() }],
        configs: Vec::new(),
        references: Vec::new(),
        history: Some(512),
        changelogs: None,
        upstream: Vec::new(),
        cves: None,
        record: None,
        warnings: Vec::new(),
    }
}

fn proposal(strategy: &str, summary: &str, proposed: &str) -> ProposalReport {
    let stretch = StretchReport {
        line: 2,
        base: "base\n".into(),
        ours: "ours\n".into(),
        theirs: "theirs\n".into(),
        proposed: proposed.into(),
    };
    let file = ProposedFileReport {
        path: "drivers/a.c".into(),
        blob: Some("f".repeat(40)),
        stretches: vec![stretch],
        diff: format!("--- a/drivers/a.c\n+++ b/drivers/a.c\n@@ -1,2 +1,3 @@\n \tone\n-ours\n+{proposed}"),
    };
    ProposalReport { strategy: strategy.into(), summary: summary.into(), files: vec![file] }
}

/// A set that landed after persons decided.
pub(crate) fn decided() -> BumpReport {
    let decision = |kind: &'static str, strategy: Option<&str>, reason: Option<&str>| DecisionReport {
        kind: kind.into(),
        strategy: strategy.map(Into::into),
        reason: reason.map(Into::into),
    };
    let mut resolved = patch("0002-b.patch", OutcomeName::Resolved);
    resolved.decision = Some(decision("resolved", None, None));
    let mut accepted = patch("0003-c.patch", OutcomeName::Resolved);
    accepted.decision = Some(decision("accepted", Some("adjacency"), None));
    accepted.rewrite = Some(
        "--- 0003-c.patch\n+++ 0003-c.patch\n@@ -10,3 +10,4 @@\n  one\n-+int old = 1;\n++int new = 1;\n++more\n  two\n"
            .into(),
    );
    let mut dropped = patch("0004-d.patch", OutcomeName::LeftOut);
    dropped.decision = Some(decision("dropped", None, Some("the driver is gone")));
    let mut skipped = patch("0005-e.patch", OutcomeName::LeftOut);
    skipped.decision = Some(decision("skipped", None, None));
    let mut upstreamed = patch("0006-f.patch", OutcomeName::Upstreamed);
    upstreamed.proof = Some(ProofReport { kind: "peeled".into() });
    upstreamed.evidence = Some(EvidenceReport {
        commit: "d".repeat(40),
        title: "net: fix it".into(),
        how: "claim".into(),
        reverted_by: None,
        upstream: None,
        release: None,
    });
    let mut refreshed = patch("0007-g.patch", OutcomeName::Refreshed);
    refreshed.detail = "context changed in drivers/b.c".into();
    refreshed.bytes_kept = Some(false);
    let same = patch("0001-a.patch", OutcomeName::Same);
    BumpReport {
        counts: Counts {
            total: 7,
            same: 1,
            resolved: 2,
            left_out: 2,
            upstreamed: 1,
            refreshed: 1,
            ..Counts::default()
        },
        patches: vec![same, resolved, accepted, dropped, skipped, upstreamed, refreshed],
        ..landing()
    }
}

/// A set that stopped, with one of nearly everything.
pub(crate) fn stopping() -> BumpReport {
    let mut offset = patch("0002-b.patch", OutcomeName::Offset);
    offset.max_offset = 15;
    let mut conflict = patch("0003-c.patch", OutcomeName::Conflict);
    conflict.conflicts.push(ConflictReport {
        path: "drivers/a.c".into(),
        kind: "content".into(),
        base: None,
        ours: None,
        theirs: None,
        stretches: vec![(2, 2)],
        markers: Some("\tone\n<<<<<<< v6.6.14\nours\n||||||| v6.6.13\nbase\n=======\ntheirs\n>>>>>>> 0003\n".into()),
    });
    conflict.causes.push(CauseReport {
        commit: "e".repeat(40),
        title: "net: count it".into(),
        path: "drivers/a.c".into(),
        how: "changed".into(),
    });
    conflict.notes.push("1 of 3 hunks is in v6.6.14 already".into());
    conflict.proposals = vec![
        proposal("adjacency", "both sides changed neighbouring lines", "ours\ntheirs\n"),
        proposal("token", "both sides changed parts of one line", "ours theirs\n"),
    ];
    conflict.resolve = Some("/linux/kpatch/resolve/0003-c".into());
    let mut partial = patch("0004-d.patch", OutcomeName::Partial);
    partial.detail = "2 of 5 changed lines are left".into();
    let mut blocked = patch("0005-e.patch", OutcomeName::Blocked);
    blocked.blocked_by = Some("0003-c.patch".into());
    let mut refreshed = patch("0006-f.patch", OutcomeName::Refreshed);
    refreshed.detail = "context changed in drivers/b.c".into();
    let mut upstreamed = patch("0007-g.patch", OutcomeName::Upstreamed);
    upstreamed.proof = Some(ProofReport { kind: "peeled".into() });
    upstreamed.evidence = Some(EvidenceReport {
        commit: "d".repeat(40),
        title: "net: fix it".into(),
        how: "claim".into(),
        reverted_by: None,
        upstream: None,
        release: None,
    });
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

/// A set that stopped, with a merge besides that may hide something.
pub(crate) fn hazardous() -> BumpReport {
    let mut report = stopping();
    let mut patch = patch("0008-h.patch", OutcomeName::Conflict);
    patch.hazards.push(HazardReport {
        kind: "added-twice".into(),
        path: "drivers/e.c".into(),
        line: 30,
        text: "\tif (!dev)".into(),
        detail: "the patch adds these lines, and they are there already".into(),
    });
    report.patches.push(patch);
    report.counts.total += 1;
    report.counts.conflict += 1;
    report
}

/// Every text of it tries to be something else.
pub(crate) fn hostile() -> BumpReport {
    let evil = "\x1b[2J\u{202e}@user #123 | a | b </details><script> `x` ```\nkernel: forged\r  0001  same \u{7}<img>";
    let mut conflict = patch("0001-x|y@user.patch", OutcomeName::Conflict);
    conflict.subject = evil.into();
    conflict.detail = evil.into();
    conflict.blocked_by = Some(evil.into());
    conflict.evidence = Some(EvidenceReport {
        commit: evil.into(),
        title: evil.into(),
        how: "title".into(),
        reverted_by: Some(evil.into()),
        upstream: None,
        release: None,
    });
    conflict.conflicts.push(ConflictReport {
        path: evil.into(),
        kind: "content".into(),
        base: None,
        ours: None,
        theirs: None,
        stretches: vec![(1, 1)],
        markers: Some(format!("<<<<<<< {evil}\n```\n</details>\n`````\n@user #123\n=======\n{evil}\n>>>>>>> x\n")),
    });
    conflict.causes.push(CauseReport { commit: evil.into(), title: evil.into(), path: evil.into(), how: evil.into() });
    conflict.notes.push(evil.into());
    conflict.hazards.push(HazardReport {
        kind: evil.into(),
        path: evil.into(),
        line: 1,
        text: evil.into(),
        detail: evil.into(),
    });
    let mut proposed = proposal(evil, evil, evil);
    proposed.files[0].path = evil.into();
    proposed.files[0].stretches[0].ours = evil.into();
    proposed.files.push(ProposedFileReport { stretches: Vec::new(), ..proposed.files[0].clone() });
    conflict.proposals.push(proposed);
    conflict.rewrite = Some(format!("--- {evil}\n+++ {evil}\n@@ -1,1 +1,1 @@ {evil}\n-{evil}\n+{evil}\n"));
    conflict.resolve = Some(evil.into());
    let mut report = stopping();
    report.series = Some(evil.into());
    report.target.tag = evil.into();
    report.branch = evil.into();
    report.record = Some(evil.into());
    report.warnings = vec![evil.into()];
    report.files = vec![FileReport { path: evil.into(), change: "written".into() }];
    report.patches = vec![conflict];
    report
}
