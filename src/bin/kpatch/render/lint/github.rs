//! Findings as GitHub Actions' workflow commands, which become annotations of a pull request.

use std::fmt::Write as _;

use kpatch::finding::{Finding, Severity};
use kpatch::ops::lint::report::LintRun;

use super::super::safe;
use super::{Total, WAIVERS, complaint, findings};

/// A command for each finding that counts and is as bad as `from`, and one line of plain text with the numbers.
pub(crate) fn github(run: &LintRun, from: Severity) -> String {
    let shown = findings(run).filter(|finding| finding.waived.is_none() && finding.severity >= from);
    let mut text: String = shown.map(command).collect();
    for waiver in &run.waivers {
        let (title, words) = (property("waiver"), data(&[&complaint(waiver)]));
        let _ = writeln!(text, "::warning file={WAIVERS},line={},title={title}::{words}", waiver.line);
    }
    // No name of a set stands here: it could make a command of the line.
    text + &Total::of(&run.reports).words() + "\n"
}

fn command(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Info => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let mut properties = format!("file={}", property(&finding.path));
    let places = [("line", finding.line), ("col", finding.column), ("endColumn", finding.end_column)];
    for (key, value) in places.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))) {
        let _ = write!(properties, ",{key}={value}");
    }
    let title = property(&format!("{} {}", finding.rule, finding.name));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    let words: Vec<String> = std::iter::once(finding.message.clone()).chain(help).collect();
    format!("::{level} {properties},title={title}::{}\n", data(&words.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Lines of a message.
fn data(lines: &[&str]) -> String {
    let escaped = |line: &&str| safe(line).replace('%', "%25");
    lines.iter().map(escaped).collect::<Vec<_>>().join("%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    safe(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn commands_read_so() {
        assert_eq!(
            github(&sample::run(), Severity::Info),
            "\
::error file=patches/0001-mm-fix.patch,line=4,col=10,endColumn=17,title=D001 missing-signed-off-by::no 'Signed-off-by:' line%0Ahelp: ask its author for one
::warning file=patches/0001-mm-fix.patch,line=4,title=D001 missing-signed-off-by::the line ends with blanks
::notice file=patches,title=D001 missing-signed-off-by::a gap between 0001 and 0003%0Ahelp: ask its author for one
::warning file=kpatch.toml,line=12,title=waiver::the waiver of M003 for '0002-net.patch' waives nothing
1 error, 1 warning, 1 note in 3 files; 1 can be fixed with --fix, 1 more with --unsafe-fixes; 1 waived; 12 in the baseline
"
        );
        assert_eq!(github(&sample::run(), Severity::Error).matches("::error file").count(), 1);
        assert!(!github(&sample::run(), Severity::Error).contains("blanks"));
    }

    #[test]
    fn a_finding_is_one_command_whatever_it_says() {
        let text = github(&sample::hostile(), Severity::Info);
        assert!(sample::is_harmless(&text), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "::error file=a b%2Cc%3Ad%25\\u{a}%3A%3Aerror%3A%3Ap.patch,line=7,col=2,endColumn=900,\
             title=D001\\u{a}%3A%3Aerror%3A%3Ar n%2Ca%3Ame\\u{a}::\
             @everyone #1 GH-2\\u{a}::error::x\\u{d}##[error]y\\u{1b}[2J\\u{202e}</details>|`%250A%0A\
             help: @everyone #1 GH-2\\u{a}::error::x\\u{d}##[error]y\\u{1b}[2J\\u{202e}</details>|`%250A"
        );
        assert!(lines[1].starts_with("::warning file=kpatch.toml,line=1,title=waiver::the waiver of @everyone"));
        assert_eq!(lines[2..], ["1 error in 3 files; 1 waived"]);
    }
}
