//! The message of the commit that holds what a bump changed in the kit: plain text, 72 columns.

use kpatch::ops::report::{BumpReport, OutcomeName, PatchReport};
use kpatch::version::Tag;

use super::table::wrap;
use super::{Detail, Paint, View, count, releases, safe, summary};

/// Columns of a commit message; what git's own manual advises.
const WIDTH: usize = 72;
/// So many CVEs are named.
const MOST_CVES: usize = 50;
/// The view that wraps at that width.
const VIEW: View = View { width: WIDTH, paint: Paint(false), detail: Detail::Usual };

/// The message for all the patch sets that one commit holds.
pub(crate) fn message(reports: &[&BumpReport]) -> String {
    let mut text = subject(reports) + "\n";
    for report in reports {
        text += &section(report);
    }
    text
}

/// `kernel: bump 6.6.x to 6.6.14`, in ASCII.
fn subject(reports: &[&BumpReport]) -> String {
    let bumps: Vec<String> = reports.iter().map(|report| format!("{} to {}", name(report), target(report))).collect();
    let subject = format!("kernel: bump {}", bumps.join(", "));
    if subject.len() <= WIDTH && subject.is_ascii() {
        subject
    } else {
        format!("kernel: bump {}", count(reports.len(), "patch set", "patch sets"))
    }
}

fn name(report: &BumpReport) -> String {
    report.series.as_deref().map_or_else(|| "patches".to_owned(), safe)
}

/// The target's version, or its tag if it is no release.
fn target(report: &BumpReport) -> String {
    let version = Tag::parse(&report.target.tag).ok().and_then(|tag| tag.version());
    version.map_or_else(|| safe(&report.target.tag), |version| version.to_string())
}

fn section(report: &BumpReport) -> String {
    let counts = summary::status_line(&report.counts).replace(" · ", ", ");
    let from = format!("{} from {} to {}: {counts}.", name(report), safe(&report.base.tag), safe(&report.target.tag));
    let mut text = format!("\n{}", wrap(&from, 0, 0, &VIEW));
    let mut references = Vec::new();
    let mut listed = 0;
    for (title, is, with) in LISTS {
        let patches: Vec<&PatchReport> = report.patches.iter().filter(|patch| is(patch)).collect();
        listed += patches.len();
        if patches.is_empty() {
            continue;
        }
        text.extend(["\n", title, ":\n"]);
        for patch in patches {
            let with = with(patch, &mut references);
            text += &wrap(&format!("{}{}", safe(&file(patch)), safe(&with)), 2, 4, &VIEW);
        }
    }
    if summary::unchanged(report).len() == report.counts.kept() && report.counts.kept() > 0 {
        let which = if listed == 0 { "All" } else { "All other" };
        text.extend(["\n", which, " patches automatically rebased.\n"]);
    }
    if !references.is_empty() {
        text.push('\n');
    }
    for (at, reference) in references.iter().enumerate() {
        text += &wrap(&format!("[{}] {}", at + 1, safe(reference)), 0, 4, &VIEW);
    }
    if let Some(ids) = report.cves.as_ref().and_then(|cves| releases::ids(cves, MOST_CVES)) {
        text.push('\n');
        text += &wrap(&format!("CVEs fixed: {}.", safe(&ids)), 0, 2, &VIEW);
    }
    text + &proof(report)
}

/// A list of patches: its title, which patches stand in it, and what stands behind their names. Commits go into the
/// references.
type List = (&'static str, fn(&PatchReport) -> bool, fn(&PatchReport, &mut Vec<String>) -> String);

const LISTS: [List; 7] = [
    ("Removed upstreamed", |patch| patch.outcome == OutcomeName::Upstreamed, upstreamed),
    ("Resolved by hand", |patch| is_resolved(patch) && !is_accepted(patch), |_, _| String::new()),
    ("Accepted proposals", |patch| is_resolved(patch) && is_accepted(patch), accepted),
    ("Accepted as they came out", |patch| is_left_over(patch) && is_accepted(patch), left_over),
    ("Left out", |patch| patch.outcome == OutcomeName::LeftOut, reason),
    ("Refreshed", |patch| patch.outcome == OutcomeName::Refreshed, |_, _| String::new()),
    ("Not carried", |patch| is_waiting(patch), |patch, _| format!(": {}", patch.outcome.as_str())),
];

fn is_resolved(patch: &PatchReport) -> bool {
    patch.outcome == OutcomeName::Resolved
}

fn is_left_over(patch: &PatchReport) -> bool {
    matches!(patch.outcome, OutcomeName::Partial | OutcomeName::Emptied)
}

fn is_accepted(patch: &PatchReport) -> bool {
    patch.decision.as_ref().is_some_and(|decision| decision.kind == "accepted")
}

fn is_waiting(patch: &PatchReport) -> bool {
    summary::is_open(patch) || patch.outcome == OutcomeName::Blocked
}

fn file(patch: &PatchReport) -> String {
    if patch.part == 0 { patch.file.clone() } else { format!("{} (patch {})", patch.file, patch.part + 1) }
}

/// The commit that the target has instead, or else what proves that it has the patch.
fn upstreamed(patch: &PatchReport, references: &mut Vec<String>) -> String {
    match (&patch.evidence, &patch.proof) {
        (Some(found), _) => {
            references.push(summary::evidence(found));
            format!(" [{}]", references.len())
        }
        (None, Some(proof)) => format!(": {}", summary::proof(&proof.kind)),
        (None, None) => String::new(),
    }
}

fn accepted(patch: &PatchReport, _: &mut Vec<String>) -> String {
    let strategy = patch.decision.as_ref().and_then(|decision| decision.strategy.as_ref());
    strategy.map_or_else(String::new, |strategy| format!(" ({strategy})"))
}

fn left_over(patch: &PatchReport, _: &mut Vec<String>) -> String {
    if patch.detail.is_empty() { String::new() } else { format!(": {}", patch.detail) }
}

fn reason(patch: &PatchReport, _: &mut Vec<String>) -> String {
    let reason = patch.decision.as_ref().and_then(|decision| decision.reason.as_ref());
    reason.map_or_else(|| ": no reason was given".to_owned(), |reason| format!(": {reason}"))
}

/// The gate, as far as it was checked, and what was not.
fn proof(report: &BumpReport) -> String {
    let mut text = String::new();
    if let Some(gate) = &report.gate {
        text.push('\n');
        text += &wrap(&format!("Checked: {}.", safe(&summary::gate(gate))), 0, 2, &VIEW);
        text += &wrap(&format!("Tree: {}", safe(&report.tree)), 0, 2, &VIEW);
    } else {
        text.push('\n');
    }
    for fact in summary::not_checked(report) {
        text += &wrap(&format!("Not checked: {}.", safe(&fact)), 0, 2, &VIEW);
    }
    if let Some((_, url)) = summary::changelogs(report).last() {
        text.extend(["\n", url, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_bump_with_decisions_reads_so() {
        assert_eq!(
            message(&[&sample::decided()]),
            "\
kernel: bump 6.6.x to 6.6.14

6.6.x from v6.6.13 to v6.6.14: 4 kept (1 same, 1 refreshed, 2 resolved),
1 dropped (upstream), 2 left out, 0 conflicts.

Removed upstreamed:
  0006-f.patch [1]

Resolved by hand:
  0002-b.patch

Accepted proposals:
  0003-c.patch (adjacency)

Left out:
  0004-d.patch: the driver is gone
  0005-e.patch: no reason was given

Refreshed:
  0007-g.patch

[1] dddddddddddd net: fix it (it names the patch's origin)

Checked: git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb.
Tree: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
Not checked: nothing was built, booted or tested.

https://cdn.kernel.org/pub/linux/kernel/v6.x/ChangeLog-6.6.14
"
        );
    }

    #[test]
    fn a_smooth_bump_says_so() {
        let text = message(&[&sample::landing()]);
        assert!(text.contains("\nAll patches automatically rebased.\n"), "{text}");
        assert!(!message(&[&sample::decided()]).contains("automatically"));
    }

    #[test]
    fn what_was_not_checked_is_not_claimed() {
        let mut report = sample::landing();
        report.history = None;
        report.gate.as_mut().expect("a gate").patch = "not checked".into();
        let text = message(&[&report]);
        assert!(text.contains("Checked: holds as far as it was checked: git am bbbbbbbbbbbb"), "{text}");
        assert!(text.contains("\nNot checked: patch -F0: not checked.\n"), "{text}");
        assert!(text.contains("Not checked: no history"), "{text}");
        report.gate = None;
        assert!(!message(&[&report]).contains("\nChecked:"));
    }

    #[test]
    fn several_sets_share_a_commit() {
        let mut other = sample::landing();
        other.series = Some("6.1.x".into());
        other.target.tag = "v6.1.80".into();
        let text = message(&[&other, &sample::landing()]);
        assert!(text.starts_with("kernel: bump 6.1.x to 6.1.80, 6.6.x to 6.6.14\n\n6.1.x from"), "{text}");
        let many = vec![sample::landing(); 5];
        let text = message(&many.iter().collect::<Vec<_>>());
        assert!(text.starts_with("kernel: bump 5 patch sets\n"), "{text}");
    }

    #[test]
    fn hostile_text_stays_a_line_and_no_line_has_trailing_blanks() {
        for report in [sample::hostile(), sample::stopping(), sample::decided()] {
            let text = message(&[&report]);
            assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text}");
            assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
            assert!(!text.lines().any(|line| line.starts_with("kernel: forged")), "{text}");
            let wide =
                |line: &&str| line.chars().count() > WIDTH && line.trim().contains(' ') && !line.contains("\\u{");
            assert_eq!(text.lines().find(wide), None);
        }
    }
}
