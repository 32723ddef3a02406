//! The table of all patches.

use kpatch::ops::report::BumpReport;

use super::super::summary;
use super::markup::Markup;
use super::{anchor, badge, in_order};

/// One row for each patch, those that need eyes most first.
pub(super) fn show(report: &BumpReport, which: usize, html: &mut Markup) {
    html.element("div", &[("class", "scroll")], |html| {
        html.element("table", &[("class", "patches")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for name in ["#", "outcome", "patch", "why", "offset"] {
                        html.line("th", "", name);
                    }
                });
            });
            html.element("tbody", &[], |html| {
                for (at, patch) in in_order(report) {
                    html.element("tr", &[], |html| {
                        html.line("td", "number", &summary::number(patch));
                        html.element("td", &[], |html| badge(patch, html));
                        let target = format!("#{}", anchor(which, at));
                        html.element("td", &[("class", "subject")], |html| {
                            html.element("a", &[("href", &target), ("title", &patch.file)], |a| a.text(&patch.subject));
                        });
                        html.line("td", "why", &summary::why(patch));
                        let offset = if patch.max_offset == 0 { String::new() } else { patch.max_offset.to_string() };
                        html.line("td", "offset", &offset);
                    });
                }
            });
        });
    });
}
