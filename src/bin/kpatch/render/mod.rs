//! Reports for people and programs. Whatever comes from a patch, a tag or a path is made harmless here.

mod about;
mod advice;
pub(crate) mod bisect;
pub(crate) mod boot;
pub(crate) mod build;
pub(crate) mod builder;
pub(crate) mod bump;
pub(crate) mod change_set;
pub(crate) mod check;
pub(crate) mod commit_message;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
mod escape;
pub(crate) mod export;
pub(crate) mod foreign;
pub(crate) mod html;
pub(crate) mod images;
pub(crate) mod import;
pub(crate) mod json;
pub(crate) mod kconfig;
pub(crate) mod kit;
mod letters;
pub(crate) mod lint;
pub(crate) mod markdown;
mod markers;
pub(crate) mod matrix;
pub(crate) mod module;
pub(crate) mod new_series;
pub(crate) mod outdated;
pub(crate) mod overview;
pub(crate) mod push;
pub(crate) mod question;
mod releases;
pub(crate) mod retire;
pub(crate) mod rt;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod stopped;
mod style;
mod summary;
mod table;
mod three_way;
pub(crate) mod update_yaml;
pub(crate) mod verify;
pub(crate) mod watch;

pub(crate) use style::{Paint, Style};

use kpatch::text::visible;

/// How text is to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Columns.
    pub(crate) width: usize,
    /// Colour or none.
    pub(crate) paint: Paint,
    /// How much to say.
    pub(crate) detail: Detail,
}

/// How much of a report to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// The title and the counts.
    Head,
    /// What needs eyes.
    Usual,
    /// Everything.
    Full,
}

/// `text` for a terminal.
fn safe(text: &str) -> String {
    visible(text.as_bytes())
}

/// A line of a file for a terminal: as [`safe`], but tabs stay.
fn safe_code(line: &str) -> String {
    line.split('\t').map(safe).collect::<Vec<_>>().join("\t")
}

/// The beginning of an object id, as long as git shows it for Linux.
fn short(id: &str) -> String {
    safe(id).chars().take(12).collect()
}

/// `1 patch`, `2 patches`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The series and its base, or the base alone for a bare directory of patches.
fn place(series: Option<&str>, base: &str) -> String {
    match series {
        Some(series) => format!("{} on {}", safe(series), safe(base)),
        None => format!("patches on {}", safe(base)),
    }
}

#[cfg(test)]
mod tests {
    use super::{safe, safe_code, short};

    #[test]
    fn nothing_forges_a_terminal() {
        assert_eq!(safe("a\x1b]0;x\x07\tb"), "a\\u{1b}]0;x\\u{7}\\u{9}b");
        assert_eq!(safe_code("\tif (x)\x1b[2J\r"), "\tif (x)\\u{1b}[2J\\u{d}");
        assert_eq!(short("0123456789abcdef0123456789abcdef01234567"), "0123456789ab");
    }
}
