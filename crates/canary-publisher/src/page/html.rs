//! Markup in which only literals of this crate are markup: everything else goes in escaped.

use serde_json::Value;

/// A document that grows. `raw` takes nothing but literals, so no signed text can become markup.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup written in this crate.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Character data.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// ` name="value"`.
    pub(super) fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        escape(value, &mut self.0);
        self.0.push('"');
        self
    }

    /// A script, style or document of this crate, from `assets/`.
    pub(super) fn asset(&mut self, asset: &Asset) -> &mut Self {
        self.0.push_str(&asset.0);
        self
    }

    /// A data block: JSON in which no character can end the element that holds it.
    pub(super) fn data(&mut self, value: &Value) -> &mut Self {
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

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Text that was written in this crate, not by a publisher.
pub(super) struct Asset(pub(super) String);

// Also what XML asks for. Control characters cannot occur: the format refuses them.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_attribute_or_data_becomes_markup() {
        let hostile = "\"'><script>alert(1)</script><!--&amp;";
        let mut out = Markup::default();
        out.raw("<p").attr("title", hostile).raw(">").text(hostile).raw("</p><script>");
        out.data(&Value::from(hostile)).raw("</script>");
        let out = out.into_string();
        assert_eq!(out.matches("<script>").count(), 1);
        assert_eq!(out.matches("</script>").count(), 1);
        assert!(out.starts_with("<p title=\"&quot;&#39;&gt;&lt;script&gt;"));
        assert!(!out.contains("<!--"));
        assert!(out.contains("&amp;amp;"));
    }
}
