//! The words of a page: markup taken off, entities undone. Linear in the length of the page.

/// Whether a text is HTML rather than plain words.
pub(crate) fn is_markup(text: &str) -> bool {
    let mut end = text.len().min(4096);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text[..end].to_ascii_lowercase();
    ["<!doctype html", "<html", "<body", "<head", "<pre", "<div", "<p>", "<ul", "<br"]
        .iter()
        .any(|tag| head.contains(tag))
}

/// The words of an HTML page, one block element a paragraph; scripts, styles and comments are left out.
pub(crate) fn words(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    let mut preformatted = 0_usize;
    // Behind the last closing bracket nothing is a tag; knowing where keeps hostile pages linear.
    let tail = html.rfind('>').map_or(html.len(), |last| html.len() - last);
    while let Some(open) = rest.find('<') {
        push(&mut out, &rest[..open], preformatted > 0);
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let starts_a_tag = rest[1..]
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        let close = if starts_a_tag && rest.len() >= tail { rest.find('>') } else { None };
        let Some(close) = close else {
            push(&mut out, "<", preformatted > 0);
            rest = &rest[1..];
            continue;
        };
        let tag = &rest[1..close];
        rest = &rest[close + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .take(16)
            .collect::<String>()
            .to_ascii_lowercase();
        let closing = tag.starts_with('/');
        match name.as_str() {
            "script" | "style" | "template" | "noscript" | "svg" if !closing => {
                let end = format!("</{name}");
                rest = find_ignoring_case(rest, &end).map_or("", |at| &rest[at..]);
            }
            "pre" | "textarea" => {
                preformatted =
                    if closing { preformatted.saturating_sub(1) } else { preformatted + 1 };
                line(&mut out);
            }
            "br" => out.push('\n'),
            "li" if !closing => {
                line(&mut out);
                out.push_str("- ");
            }
            "p" | "div" | "ul" | "ol" | "li" | "section" | "article" | "header" | "footer"
            | "nav" | "main" | "aside" | "blockquote" | "table" | "tr" | "hr" | "dl" | "dt"
            | "dd" | "title" | "head" | "body" | "form" | "figure" => {
                paragraph(&mut out);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                paragraph(&mut out);
                if !closing {
                    out.push_str("## ");
                }
            }
            "td" | "th" => out.push(' '),
            _ => {}
        }
    }
    push(&mut out, rest, preformatted > 0);
    out
}

fn line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn paragraph(out: &mut String) {
    line(out);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

fn push(out: &mut String, text: &str, preformatted: bool) {
    let mut rest = text;
    while !rest.is_empty() {
        let stop = rest.find('&').unwrap_or(rest.len());
        if preformatted {
            out.push_str(&rest[..stop]);
        } else {
            for c in rest[..stop].chars() {
                if !c.is_whitespace() {
                    out.push(c);
                } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
                    out.push(' ');
                }
            }
        }
        rest = &rest[stop..];
        if let Some(after) = rest.strip_prefix('&') {
            match entity(after) {
                Some((c, length)) => {
                    out.push(c);
                    rest = &after[length..];
                }
                None => {
                    out.push('&');
                    rest = after;
                }
            }
        }
    }
}

/// The character of an entity and the length of its name with the semicolon.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[..end];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "hellip" => '…',
        "middot" => '·',
        "bull" => '•',
        "copy" => '©',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))?
        }
    };
    Some((c, end + 1))
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    text.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        let page = "<!DOCTYPE html><html><head><title>C</title><style>p{}</style></head><body><h1>Canary</h1>\
            <p>We   have &lt;never&gt;\n been&nbsp;served.</p><ul><li>one</li><li>two &amp; three</li></ul>\
            <script>if (a<b) {}</script><pre>-----BEGIN\n  kept</pre><!-- not <p> this -->1 < 2</body></html>";
        let words = words(page);
        assert!(is_markup(page));
        for line in [
            "## Canary",
            "We have <never> been served.",
            "- one",
            "- two & three",
            "-----BEGIN",
            "  kept",
            "1 < 2",
        ] {
            assert!(words.lines().any(|l| l.trim_end() == line), "{line:?} in {words:?}");
        }
        assert!(!words.contains("p{}") && !words.contains("a<b") && !words.contains("not"));
    }

    #[test]
    fn hostile_pages_are_one_pass() {
        for piece in ["<", "<!--", "<a", "&", "<pre>", "<script>", "&#x;"] {
            let page = piece.repeat((2 << 20) / piece.len());
            assert!(words(&page).len() <= page.len() + 16, "{piece}");
        }
    }
}
