//! The reports of `config` as text.

mod change;
mod check;
mod split;
mod why;

pub(crate) use change::{refresh, set};
pub(crate) use check::check;
pub(crate) use split::{diff, split};
pub(crate) use why::why;

use kpatch::ops::config::OptionReport;

use super::{Style, View, safe};

/// An option that differs: `-` goes, `+` comes, the others change.
fn option_line(option: &OptionReport, view: &View) -> String {
    let (style, line) = change_line(&option.name, option.old.as_deref(), option.new.as_deref());
    view.paint.paint(style, &line)
}

/// The line on what no configuration has a compiler's answer to; nothing if there is none.
fn assumed(names: &[String], view: &View) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names.iter().map(|name| safe(name)).collect();
    let words = format!("    assumed of the compiler, which was never asked: {}", names.join(", "));
    [&*view.paint.paint(Style::Warn, &words), "\n"].concat()
}

fn change_line(name: &str, old: Option<&str>, new: Option<&str>) -> (Style, String) {
    let name = safe(name);
    match (old, new) {
        (Some(old), None) => (Style::Bad, format!("-{name} {}", safe(old))),
        (None, Some(new)) => (Style::Good, format!("+{name} {}", safe(new))),
        (old, new) => {
            let word = |value: Option<&str>| value.map(safe).unwrap_or_default();
            (Style::Plain, format!(" {name} {} -> {}", word(old), word(new)))
        }
    }
}
