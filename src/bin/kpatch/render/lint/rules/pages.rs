//! The reference of the rules, in markdown and as a manual page.

use std::fmt::Write as _;
use std::io;

use clap_mangen::roff::{Roff, bold, italic, roman};

use kpatch::lint::{PROFILES, Profile, RULES, Rule, Sample};

use super::super::super::escape::fence;
use super::{facts, headed, level_word, lines};
use crate::render::about::{self, anchor, prose};
use crate::render::check;
use crate::render::lint::way;

const ABOUT: &str = "What kpatch lint holds patches and patch sets to. Each rule has an id that never changes, and a name; \
                     both stand for it in kpatch.toml, in waivers and on the command line.";

/// `docs/rules.md`.
pub(crate) fn markdown() -> String {
    let mut text = format!(
        "# The rules of kpatch lint\n\nWritten from the rules themselves. `KPATCH_BLESS=1 cargo test docs` writes it \
         anew.\n\n{}\n\n| id | name | severity | fix | what it checks |\n|---|---|---|---|---|\n",
        prose(ABOUT)
    );
    for rule in RULES.iter() {
        let fix = rule.fix.map_or_else(|| "by hand".to_owned(), |class| format!("`{}`", way(class)));
        let [severity, summary] = [rule.about.severity.word(), rule.about.summary].map(prose);
        let _ = writeln!(
            text,
            "| [{}](#{}) | {} | {severity} | {fix} | {summary} |",
            rule.about.id,
            anchor(&rule.about),
            rule.about.name
        );
    }
    text += "\n## Profiles\n\nA profile is the custom of a place: which rules count there, and how much.\n\n\
             | profile | whose custom | rules that count otherwise |\n|---|---|---|\n";
    for profile in PROFILES {
        let _ = writeln!(text, "| {} | {} | {} |", profile.name, prose(profile.about), levels(profile));
    }
    text += "\n## Rules\n";
    RULES.iter().for_each(|rule| text += &section(rule));
    text + &check::rules_markdown()
}

/// For example `D001 warning, D004 off`.
fn levels(profile: &Profile) -> String {
    let words = profile.levels.iter().map(|(id, level)| format!("{id} {}", level_word(*level)));
    words.collect::<Vec<_>>().join(", ")
}

fn section(rule: &Rule) -> String {
    let mut text = about::section(&rule.about, &facts(rule));
    for (title, sample) in [("Good", &rule.good), ("Bad", &rule.bad)] {
        let _ = write!(text, "\n{}\n\n", headed(title, sample));
        if let Sample::Words(words) = sample {
            let _ = writeln!(text, "> {}", prose(words));
        } else {
            let lines = lines(sample);
            let fence = fence(&lines);
            let _ = writeln!(text, "{fence}text\n{}\n{fence}", lines.join("\n"));
        }
    }
    text
}

/// kpatch-rules(7).
pub(crate) fn page() -> io::Result<Vec<u8>> {
    let mut roff = Roff::new();
    let version = concat!("kpatch ", env!("CARGO_PKG_VERSION"));
    roff.control("TH", ["KPATCH-RULES", "7", "", version, "kpatch manual"]);
    roff.control("SH", ["NAME"]).text([roman("kpatch-rules - what kpatch lint holds patches to")]);
    roff.control("SH", ["DESCRIPTION"]).text([roman(ABOUT)]);
    roff.control("SH", ["PROFILES"]);
    roff.text([roman("A profile is the custom of a place: which rules count there, and how much.")]);
    for profile in PROFILES {
        let words = format!("{}. Rules that count otherwise: {}.", profile.about, levels(profile));
        roff.control("TP", []).text([bold(profile.name)]).text([roman(words)]);
    }
    roff.control("SH", ["RULES"]);
    RULES.iter().for_each(|rule| describe(&mut roff, rule));
    check::rules_page(&mut roff);
    roff.control("SH", ["SEE ALSO"]).text([italic("kpatch(1), kpatch-lint(1), git-am(1), git-format-patch(1)")]);
    let mut page = Vec::new();
    roff.to_writer(&mut page)?;
    Ok(page)
}

fn describe(roff: &mut Roff, rule: &Rule) {
    about::describe(roff, &rule.about, &facts(rule));
    for (title, sample) in [("Good", &rule.good), ("Bad", &rule.bad)] {
        roff.control("PP", []).text([roman(headed(title, sample))]);
        roff.control("RS", ["4"]);
        if let Sample::Words(words) = sample {
            roff.text([roman(*words)]);
        } else {
            roff.control("nf", []);
            for line in lines(sample) {
                // An empty text line would be none.
                if line.is_empty() {
                    roff.control("sp", [])
                } else {
                    roff.text([roman(line)])
                };
            }
            roff.control("fi", []);
        }
        roff.control("RE", []);
    }
}
