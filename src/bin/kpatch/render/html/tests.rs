use std::collections::HashSet;

use scraper::{ElementRef, Html, Selector};

use super::super::{safe, sample};
use super::*;

/// Every element that a page may have, with the attributes that it may have; `class` and `id` besides.
const OURS: &[(&str, &[&str])] = &[
    ("html", &["lang"]),
    ("head", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("title", &[]),
    ("style", &[]),
    ("body", &[]),
    ("footer", &[]),
    ("section", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("p", &[]),
    ("a", &["href", "rel", "title"]),
    ("span", &[]),
    ("code", &[]),
    ("pre", &[]),
    ("ul", &[]),
    ("li", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("dd", &[]),
    ("div", &[]),
    ("details", &["open"]),
    ("summary", &[]),
    ("figure", &[]),
    ("figcaption", &[]),
    ("table", &[]),
    ("colgroup", &[]),
    ("col", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &[]),
    ("th", &[]),
    ("td", &["colspan"]),
    ("del", &[]),
    ("ins", &[]),
];

fn samples() -> Vec<Vec<BumpReport>> {
    let all = vec![sample::landing(), sample::stopping(), sample::hazardous(), sample::decided(), sample::hostile()];
    all.iter().map(|report| vec![report.clone()]).chain([all.clone(), Vec::new()]).collect()
}

fn parsed(reports: &[BumpReport]) -> Html {
    let document = Html::parse_document(&page(reports));
    assert!(document.errors.is_empty(), "{:?}", document.errors);
    document
}

fn all<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    document.select(&Selector::parse(selector).expect("a selector")).collect()
}

fn text(element: &ElementRef<'_>) -> String {
    element.text().collect()
}

#[test]
fn only_our_elements_and_attributes_are_there() {
    for reports in samples() {
        let document = parsed(&reports);
        for element in all(&document, "*") {
            let name = element.value().name();
            let known = OURS.iter().find(|(ours, _)| *ours == name);
            let (_, attributes) = known.unwrap_or_else(|| panic!("<{name}> is not ours"));
            for (key, value) in element.value().attrs() {
                assert!(["class", "id"].contains(&key) || attributes.contains(&key), "<{name} {key}={value}>");
                let ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " -".contains(c);
                assert!(!["class", "id"].contains(&key) || value.chars().all(ours), "<{name} {key}={value}>");
            }
        }
    }
}

#[test]
fn every_patch_is_shown_and_can_be_reached() {
    for reports in samples() {
        let document = parsed(&reports);
        let patches: Vec<&PatchReport> = reports.iter().flat_map(|report| &report.patches).collect();
        assert_eq!(all(&document, "details.patch").len(), patches.len());
        assert_eq!(all(&document, "table.patches tbody tr").len(), patches.len());
        let ids: Vec<&str> = all(&document, "[id]").iter().filter_map(|element| element.value().id()).collect();
        let known: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "an id stands twice: {ids:?}");
        for link in all(&document, "a") {
            let target = link.value().attr("href").expect("a link leads somewhere");
            let within = target.strip_prefix('#').is_some_and(|id| known.contains(id));
            assert!(within || target.starts_with("https://cdn.kernel.org/pub/linux/kernel/v"), "{target}");
        }
        let subjects: HashSet<String> = all(&document, "table.patches td.subject").iter().map(text).collect();
        assert!(patches.iter().all(|patch| subjects.contains(&safe(&patch.subject))), "{subjects:?}");
    }
}

#[test]
fn hostile_text_is_text() {
    let mut report = sample::hostile();
    let evil = "</script></style></details><img src=x onerror=alert(1)>&lt;\"'\u{202e}\x1b[2J\u{0}--><!--]]>";
    report.patches[0].subject = evil.into();
    report.patches[0].file = evil.into();
    report.patches[0].proposals[0].files[0].diff = format!("@@ -1 +1 @@ {evil}\n-{evil}\n+x{evil}\n");
    report.patches[0].conflicts[0].path = evil.into();
    let page = page(&[report.clone()]);
    assert!(!page.contains(|c: char| (c.is_control() && !"\n\t".contains(c)) || c == '\u{202e}'), "{page}");
    let document = parsed(&[report]);
    assert!(all(&document, "script, img, iframe, object, form, input, svg, base").is_empty());
    assert_eq!(text(&all(&document, "td.subject")[0]), safe(evil));
    assert_eq!(text(&all(&document, "details.patch > summary .file")[0]), safe(evil));
    let cells: Vec<String> = all(&document, "table.diff td.old").iter().map(text).collect();
    assert!(cells.contains(&safe(evil)), "{cells:?}");
}

#[test]
fn the_page_forbids_to_load_and_to_run_anything() {
    let page = page(&[sample::stopping()]);
    let policy = page.find("Content-Security-Policy").expect("a policy");
    assert!(policy < page.find("<style").expect("a style sheet"), "the policy stands before what it governs");
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;;"));
    let document = parsed(&[sample::stopping()]);
    assert!(all(&document, "[src], [style], link, script").is_empty());
    assert!(!include_str!("style.css").contains("url(") && !include_str!("style.css").contains("@import"));
}

#[test]
fn what_waits_is_unfolded_and_shown_in_versions() {
    let document = parsed(&[sample::hazardous()]);
    let open: Vec<String> = all(&document, "details.patch[open] > summary .file").iter().map(text).collect();
    assert_eq!(open, ["0003-c.patch", "0008-h.patch", "0004-d.patch"]);
    let names: Vec<String> = all(&document, "#patch-1-3 figcaption").iter().map(text).collect();
    assert_eq!(names, ["base", "upstream", "patch", "proposed", "base", "upstream", "patch", "proposed"]);
    let proposed: Vec<String> = all(&document, "#patch-1-3 figure.proposed pre").iter().map(text).collect();
    assert_eq!(proposed, ["ours\ntheirs", "ours theirs"]);
    assert_eq!(all(&document, "#patch-1-3 table.diff").len(), 2);
    assert!(text(&all(&document, "#patch-1-8 li")[0]).contains("drivers/e.c:30: the patch adds these lines"));
}

#[test]
fn without_proposals_the_markers_make_the_versions() {
    let mut report = sample::stopping();
    report.patches[2].proposals.clear();
    let document = parsed(&[report]);
    let versions: Vec<String> = all(&document, "#patch-1-3 figure pre").iter().map(text).collect();
    assert_eq!(versions, ["base", "ours", "theirs"]);
}
