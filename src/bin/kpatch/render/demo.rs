//! The demo as text and JSON.

use std::fmt::Write as _;

use serde::Serialize;

use kpatch::ops::OpError;
use kpatch::ops::demo::Demo;
use kpatch::ops::report::BumpReport;

use super::advice::quoted;
use super::table::wrap;
use super::{Style, View, bump, json, safe};

#[derive(Serialize)]
struct Envelope<'a> {
    schema: u32,
    verb: &'a str,
    kit: String,
    linux: String,
    reports: &'a [BumpReport],
}

/// The demo for a program.
pub(crate) fn json(demo: &Demo) -> Result<String, OpError> {
    let kit = demo.kit.to_string_lossy().into_owned();
    let linux = demo.linux.to_string_lossy().into_owned();
    json::pretty(&Envelope { schema: json::SCHEMA, verb: "demo", kit, linux, reports: &demo.reports })
}

/// The demo for a person: what was made, what happened, and what to try.
pub(crate) fn text(demo: &Demo, view: &View) -> String {
    let kit = safe(&demo.kit.to_string_lossy());
    let linux = safe(&demo.linux.to_string_lossy());
    let mut text = wrap(&format!("a kit was made in {kit}, and a linux tree in {linux}"), 0, 2, view);
    for report in &demo.reports {
        text.push('\n');
        text += &bump::text(std::slice::from_ref(report), view);
    }
    let _ = writeln!(text, "\n{}", view.paint.paint(Style::Strong, "what to try"));
    for line in ["status", "verify --with-git"] {
        let _ = writeln!(text, "      kpatch --kit {} --linux {} {line}", quoted(&kit), quoted(&linux));
    }
    text
}
