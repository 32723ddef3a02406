//! The manual pages and `docs/cli.md`, both from what clap knows.

use std::fmt::Write as _;
use std::io;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::cli;
use crate::commands;
use crate::exit::Exit;
use crate::render::lint::rules;

/// What the environment says, besides the variables that stand for options.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("KITSRC", "The kit, as --kit."),
    ("LINUXSRC", "The linux tree, as --linux."),
    ("KPATCH_CACHE", "The directory of the cache."),
    ("XDG_CACHE_HOME", "The cache is in kpatch/ below it, or below ~/.cache, unless KPATCH_CACHE says otherwise."),
    ("KPATCH_MIRROR", "The place of kernel.org's files, as mirror below [sources] in kpatch.toml."),
    ("KPATCH_ARCHIVE", "The archive of mailing lists, as archive below [sources] in kpatch.toml."),
    ("KPATCH_RELEASES", "The list of the kernel's releases, as releases in kpatch.toml."),
    ("KPATCH_VULNS", "A clone of the kernel's vulns.git, as vulns below [sources] in kpatch.toml."),
    ("KPATCH_CA_FILE", "Certificates of authorities in PEM that are trusted beside the system's."),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "The way to the web for add, check and ChangeLogs."),
    ("GIT_EDITOR, VISUAL, EDITOR", "The editor of edit, as git-var(1) says."),
    ("NO_COLOR", "If set and not empty, --color=auto means never."),
];

const FILES: &[(&str, &str)] = &[
    ("kernel/", "In the kit: configs and patch files of each series; a directory with it is a kit."),
    (
        "kpatch.toml",
        "In the kit: where the linux tree is, and where series keep their patches, if not in the usual place.",
    ),
    (
        "<TAG>-linuxkit",
        "A branch in the linux tree: the patch set of a series on its release, one commit for each patch.",
    ),
    ("~/.cache/kpatch/", "Releases fetched from a URL, one bare repository for each URL; ChangeLogs in changelogs/."),
];

/// The pages, each with its file name; `kpatch.1` comes first. The same on every day and in every terminal.
pub(crate) fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    for command in all() {
        let name = page_name(&command);
        let mut page = Vec::new();
        write_page(&command, &mut page)?;
        pages.push((format!("{name}.1"), page));
    }
    pages.push(("kpatch-rules.7".to_owned(), rules::page()?));
    Ok(pages)
}

/// The help of every verb as one markdown document.
pub(crate) fn markdown() -> String {
    let mut text = "# The command line of kpatch\n\nWritten from the program's own help. \
                    `KPATCH_BLESS=1 cargo test docs` writes it anew.\n"
        .to_owned();
    for mut command in all() {
        let name = full_name(&command);
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n"));
    }
    text.push_str("\n## Exit codes\n\n| code | meaning |\n|---:|---|\n");
    for exit in Exit::ALL {
        let _ = writeln!(text, "| {} | {} |", exit.code(), exit.meaning());
    }
    text
}

/// The program and all its verbs, each before its own.
fn all() -> Vec<clap::Command> {
    fn collect(command: &clap::Command, list: &mut Vec<clap::Command>) {
        list.push(command.clone());
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            collect(verb, list);
        }
    }
    let mut command = cli::command().disable_help_subcommand(true).term_width(100);
    command.build();
    let mut list = Vec::new();
    collect(&command, &mut list);
    list
}

/// For example `kpatch source fetch`.
fn full_name(command: &clap::Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// For example `kpatch-source-fetch`.
fn page_name(command: &clap::Command) -> String {
    full_name(command).replace(' ', "-")
}

fn write_page(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let name = page_name(command);
    let version = concat!("kpatch ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name.to_uppercase()).source(version).manual("kpatch manual");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        entry(&mut roff, &exit.code().to_string(), exit.meaning());
    }
    for (section, entries) in [("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)] {
        roff.control("SH", [section]);
        for (term, text) in entries {
            entry(&mut roff, term, text);
        }
    }
    roff.control("SH", ["EXAMPLES"]);
    for (line, purpose) in commands::examples(&full_name(command)) {
        entry(&mut roff, line, &format!("{purpose}."));
    }
    roff.control("SH", ["SEE ALSO"]);
    let others = ["kpatch", "git-am", "git-format-patch", "git-range-diff", "patch"];
    let others = others.iter().filter(|other| **other != name);
    let list: Vec<_> = others.map(|other| format!("{other}(1)")).collect();
    roff.text([italic(list.join(", "))]);
    roff.to_writer(page)
}

fn entry(roff: &mut Roff, term: &str, text: &str) {
    roff.control("TP", []).text([bold(term)]).text([roman(text)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_with_all_sections() {
        let pages = pages().expect("written to memory");
        assert_eq!(pages[0].0, "kpatch.1");
        assert!(pages.iter().any(|(name, _)| name == "kpatch-source-fetch.1"));
        assert!(pages.iter().any(|(name, _)| name == "kpatch-rules.7"));
        for (name, page) in pages.iter().filter(|(name, _)| name.ends_with(".1")) {
            let page = String::from_utf8_lossy(page);
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES"] {
                assert!(page.contains(&format!(".SH {section}\n")), "{name} lacks {section}");
            }
        }
    }
}
