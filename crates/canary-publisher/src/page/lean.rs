//! Sources as they are served: without comments, indentation and the spaces that only people need.

/// A script of this crate. Line ends stay, so that no statement is joined to the next one.
pub(super) fn script(source: &str) -> String {
    let mut lean = Lean::default();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' => {
                lean.space(Space::Blank);
                1
            }
            '\n' => {
                lean.space(Space::LineEnd);
                1
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if lean.expects_value() => lean.take(rest, pattern(rest)),
            '"' | '\'' | '`' => lean.take(rest, quoted(rest, first)),
            _ => lean.take(rest, first.len_utf8()),
        };
        rest = &rest[length..];
    }
    lean.out.push('\n');
    lean.out
}

/// A style of this crate. No string in it has one of the pairs that are joined.
pub(super) fn style(source: &str) -> String {
    let comment = |line: &str| line.starts_with("/*") && line.ends_with("*/");
    let lines = source.lines().map(str::trim).filter(|line| !comment(line));
    let joined = [(": ", ":"), ("; ", ";"), (", ", ","), (" {", "{"), ("{ ", "{"), (" }", "}")];
    lines.map(|line| joined.iter().fold(line.to_owned(), |l, (a, b)| l.replace(a, b))).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Space {
    #[default]
    None,
    Blank,
    LineEnd,
}

#[derive(Default)]
struct Lean {
    out: String,
    /// White space since the last thing taken.
    pending: Space,
}

impl Lean {
    fn space(&mut self, space: Space) {
        self.pending = self.pending.max(space);
    }

    fn take(&mut self, rest: &str, length: usize) -> usize {
        let taken = &rest[..length];
        let (before, after) = (self.out.chars().last(), taken.chars().next());
        let kept = match (self.pending, before, after) {
            (Space::LineEnd, Some(_), _) => Some('\n'),
            (Space::Blank, Some(before), Some(after)) => {
                let joined = is_word(before) && is_word(after);
                let operators = before == after && "+-".contains(before);
                (joined || operators).then_some(' ')
            }
            _ => None,
        };
        self.out.extend(kept);
        self.out.push_str(taken);
        self.pending = Space::None;
        length
    }

    /// Whether a slash begins a regular expression here, rather than a division.
    fn expects_value(&self) -> bool {
        let last = self.out.chars().last();
        self.out.ends_with("return")
            || last.is_none_or(|last| "(,=:[!&|?{};+-*%~^<>".contains(last))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of a regular expression. A slash within brackets does not end it.
fn pattern(text: &str) -> usize {
    let (mut escaped, mut within) = (false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => within = true,
            ']' => within = false,
            '/' if !within => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a string. No template of the sources has another one within.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_meaning_stays() {
        for (source, lean) in [
            ("  const a = b + c; // said\n\n  return a;\n", "const a=b+c;\nreturn a;\n"),
            (
                "x = \"a // b  c\" + 'd  \\' e' + `f  ${g} h`",
                "x=\"a // b  c\"+'d  \\' e'+`f  ${g} h`\n",
            ),
            ("if (/[/ ]x \\/ y/.test(a) && b / c / d)", "if(/[/ ]x \\/ y/.test(a)&&b/c/d)\n"),
            ("return /a  b/g", "return/a  b/g\n"),
            ("a + +b - -c", "a+ +b- -c\n"),
            ("for (const x of [1, 2]) typeof x", "for(const x of[1,2])typeof x\n"),
            ("// only\nlet a\nlet b", "let a\nlet b\n"),
        ] {
            assert_eq!(script(source), lean);
        }
    }

    #[test]
    fn styles_lose_comments_and_indentation() {
        let source = "/* said */\na, b + c {\n  d: e; f: \" · \"; }\n";
        assert_eq!(style(source), "a,b + c{d:e;f:\" · \";}");
    }
}
