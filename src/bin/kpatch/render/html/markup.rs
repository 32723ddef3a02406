//! Writing HTML: names of elements and attributes are ours, everything else is text and cannot become markup.

use super::super::{safe, safe_code};

/// A piece of a page.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// The finished piece.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Text of a line, harmless: control and bidi characters show as what they are.
    pub(super) fn text(&mut self, text: &str) {
        self.escaped(&safe(text));
    }

    /// A line of a file: as [`Markup::text`], but tabs stay.
    pub(super) fn code(&mut self, line: &str) {
        self.escaped(&safe_code(line));
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
    }

    /// An element without an end, such as `meta`.
    pub(super) fn void(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.push(' ');
            self.0.push_str(key);
            if !value.is_empty() {
                self.0.push_str("=\"");
                self.text(value);
                self.0.push('"');
            }
        }
        self.0.push('>');
    }

    /// An element with what is inside it.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.void(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        // Where a line end means nothing, it makes the source readable.
        if matches!(name, "p" | "li" | "tr" | "table" | "section" | "details" | "summary" | "figure" | "head" | "div") {
            self.0.push('\n');
        }
    }

    /// An element that holds text alone.
    pub(super) fn line(&mut self, name: &'static str, class: &'static str, text: &str) {
        let class = [("class", class)];
        self.element(name, if class[0].1.is_empty() { &[] } else { &class }, |inside| inside.text(text));
    }

    /// Lines of a file in a `pre`.
    pub(super) fn lines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.element("pre", &[], |pre| {
            for (at, line) in lines.into_iter().enumerate() {
                // The first line end inside of a `pre` does not count.
                pre.0.push_str(if at == 0 && !line.is_empty() { "" } else { "\n" });
                pre.code(line);
            }
        });
    }

    /// Text of this program's own that is markup already: the document type and the style sheet.
    pub(super) fn own(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_our_own_names_is_markup() {
        let mut html = Markup::default();
        html.element("a", &[("href", "#\"><script>"), ("hidden", "")], |a| a.text("<b>&lt;'\x1b\u{202e}\n"));
        assert_eq!(
            html.into_string(),
            "<a href=\"#&quot;&gt;&lt;script&gt;\" hidden>&lt;b&gt;&amp;lt;&#39;\\u{1b}\\u{202e}\\u{a}</a>"
        );
    }

    #[test]
    fn lines_keep_their_tabs_and_empty_first_lines() {
        let mut html = Markup::default();
        html.lines(["\tif", "", "<x>"]);
        html.lines(["", "a"]);
        assert_eq!(html.into_string(), "<pre>\tif\n\n&lt;x&gt;</pre><pre>\n\na</pre>");
    }
}
