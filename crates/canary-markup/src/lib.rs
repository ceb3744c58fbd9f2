//! HTML, SVG and XML in which nothing but a program's own literals is markup: everything else goes in
//! escaped. Pages, badges, feeds and reports show text that others signed.
//!
//! ```
//! use canary_markup::Markup;
//! let mut page = Markup::default();
//! page.raw("<p").attr("title", "\"><script>").raw(">").text("a < b").raw("</p>");
//! assert_eq!(page.into_string(), "<p title=\"&quot;&gt;&lt;script&gt;\">a &lt; b</p>");
//! ```
//!
//! Not shown: that a value is safe where it stands. An address in `href` is the caller's to choose.

#![forbid(unsafe_code)]

use serde_json::Value;

/// A document that grows. [`Markup::raw`] takes nothing but literals, so no signed text can become markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Markup written in the program.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Character data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// ` name="value"`.
    pub fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        escape(value, &mut self.0);
        self.0.push('"');
        self
    }

    /// ` name="number"`.
    pub fn number(&mut self, name: &'static str, value: i64) -> &mut Self {
        self.attr(name, &value.to_string())
    }

    /// A script, a style or a document of the program's own.
    pub fn asset(&mut self, asset: &Asset) -> &mut Self {
        self.0.push_str(&asset.0);
        self
    }

    /// A data block: JSON in which no character can end the element that holds it.
    pub fn data(&mut self, value: &Value) -> &mut Self {
        for c in value.to_string().chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.0.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                _ => self.0.push(c),
            }
        }
        self
    }

    /// The document.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Text that the program's own files hold, not a publisher's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset(pub String);

// Also what XML asks for. Control characters have no place in a page, and these two none in XML.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_attribute_or_data_becomes_markup() {
        let hostile = "\"'><script>alert(1)</script><!--&amp;\u{1b}";
        let mut out = Markup::default();
        out.raw("<p").attr("title", hostile).raw(">").text(hostile).raw("</p><script>");
        out.data(&Value::from(hostile)).raw("</script>");
        let out = out.into_string();
        assert_eq!(out.matches("<script>").count(), 1);
        assert_eq!(out.matches("</script>").count(), 1);
        assert!(out.starts_with("<p title=\"&quot;&#39;&gt;&lt;script&gt;"));
        assert!(!out.contains("<!--") && !out.contains('\u{1b}'));
        assert!(out.contains("&amp;amp;"));
        assert_eq!(out.matches('<').count(), 4);
    }

    #[test]
    fn what_no_xml_may_hold_is_replaced() {
        let mut out = Markup::default();
        out.attr("a", "\u{fffe}").text("\u{ffff}\0\u{10ffff}");
        assert_eq!(out.into_string(), " a=\"\u{fffd}\"\u{fffd}\u{fffd}\u{10ffff}");
    }
}
