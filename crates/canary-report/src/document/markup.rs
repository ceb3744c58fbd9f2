//! Markup in which only literals of this crate are markup: everything else goes in escaped.

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

    /// ` name="number"`.
    pub(super) fn number(&mut self, name: &'static str, value: i64) -> &mut Self {
        self.attr(name, &value.to_string())
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

// Also what XML asks for. Control characters from a stack or a file's name have no place in a page.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "\"'><script>alert(1)</script><!--&amp;\u{1b}";
        let mut out = Markup::default();
        out.raw("<p").attr("title", hostile).raw(">").text(hostile).raw("</p>");
        let out = out.into_string();
        assert!(!out.contains("<script") && !out.contains("<!--") && !out.contains('\u{1b}'));
        assert_eq!(out.matches('<').count(), 2);
    }
}
