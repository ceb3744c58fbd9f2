//! A text taken apart into headings, list items and paragraphs.

/// What a heading announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The statements themselves; also where there is no heading.
    Statements,
    /// Announcements beside the statements.
    Announcements,
    /// Disclaimers, footnotes, explanations.
    Notes,
    /// Headlines, block hashes and the like: proof that the text is not older.
    Freshness,
}

/// A list item or a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) section: Section,
    /// Its words, white space made single.
    pub(crate) text: String,
    pub(crate) item: bool,
}

impl Piece {
    /// Its sentences. A list item's first sentence and the rest are apart too.
    pub(crate) fn sentences(&self) -> Vec<&str> {
        sentences(&self.text)
    }
}

/// The pieces of a text, in order. Linear in its length.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut found: Vec<Piece> = Vec::new();
    let mut section = Section::Statements;
    let mut open: Option<Piece> = None;
    let mut blank = true;
    let mut item_indent = 0;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.is_empty() {
            blank = true;
            at += 1;
            continue;
        }
        if is_rule(bare) || bare.starts_with("```") || bare.starts_with("~~~") {
            close(&mut open, &mut found);
            blank = true;
            at += 1;
            continue;
        }
        let underlined =
            lines.get(at + 1).is_some_and(|next| is_rule(next.trim()) && next.trim().len() >= 3)
                && !is_item(bare);
        if let Some(title) = heading(bare, underlined, blank, lines.get(at + 1).copied()) {
            close(&mut open, &mut found);
            section = section_of(title, section);
            at += 1 + usize::from(underlined);
            blank = true;
            continue;
        }
        if let Some(words) = item(bare) {
            close(&mut open, &mut found);
            open = Some(Piece { section, text: words.to_owned(), item: true });
            item_indent = indent;
        } else {
            let joins = open.as_ref().is_some_and(|piece| {
                let apart = blank
                    || is_label(bare)
                    || ends_a_label_line(&piece.text) && is_label(&piece.text);
                !apart
                    || blank
                        && piece.item
                        && (indent > item_indent
                            || piece.text.ends_with(':')
                                && bare.len() < 80
                                && looks_like_data(bare))
            });
            if joins {
                if let Some(piece) = &mut open {
                    piece.text.push(' ');
                    push_words(&mut piece.text, bare);
                }
            } else {
                close(&mut open, &mut found);
                let mut text = String::new();
                push_words(&mut text, bare);
                open = Some(Piece { section, text, item: false });
            }
        }
        blank = false;
        at += 1;
    }
    close(&mut open, &mut found);
    found
}

fn close(open: &mut Option<Piece>, found: &mut Vec<Piece>) {
    if let Some(mut piece) = open.take() {
        piece.text = piece.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !piece.text.is_empty() {
            found.push(piece);
        }
    }
}

fn push_words(out: &mut String, line: &str) {
    out.push_str(line);
}

/// A line of one repeated sign: an underline or a rule.
fn is_rule(line: &str) -> bool {
    let mut signs = line.chars().filter(|c| !c.is_whitespace());
    let Some(first) = signs.next() else { return false };
    line.len() >= 3
        && matches!(first, '-' | '=' | '*' | '_' | '~' | '#' | '+' | '─' | '═')
        && signs.all(|c| c == first)
}

fn heading<'a>(
    line: &'a str,
    underlined: bool,
    after_blank: bool,
    next: Option<&str>,
) -> Option<&'a str> {
    let strip = |c: char| {
        matches!(c, '#' | '*' | '_' | '=' | '-' | '[' | ']' | '<' | '>' | '~' | ':' | '+')
            || c.is_whitespace()
    };
    let title = line.trim_matches(strip);
    if title.is_empty() || title.len() > 120 {
        return None;
    }
    let marked = line.starts_with('#') && line.trim_start_matches('#').starts_with(' ')
        || (line.starts_with("==")
            || line.starts_with("--")
            || line.starts_with("**") && line.ends_with("**")
            || line.starts_with("__") && line.ends_with("__"))
            && line.ends_with(|c: char| strip(c));
    if underlined || marked {
        return Some(title);
    }
    let words = title.split_whitespace().count();
    let next_blank = next.is_none_or(|next| next.trim().is_empty());
    let letters = title.chars().any(char::is_alphabetic);
    let capitals = letters
        && !title.chars().any(char::is_lowercase)
        && words <= 8
        && title.len() >= 4
        && !title.chars().any(|c| c.is_ascii_digit());
    // A short line on its own that ends in a colon, or says what a section is, is a heading; a lone date is not.
    let alone = after_blank
        && words <= 6
        && (line.ends_with(':') && named(title).is_some()
            || next_blank && named(title).is_some() && !line.ends_with('.'));
    (after_blank && capitals && !line.ends_with('.') || alone).then_some(title)
}

fn section_of(title: &str, before: Section) -> Section {
    match named(title) {
        Some(section) => section,
        // A heading inside the proof of freshness ("Source: …") stays there; any other begins something new.
        None if before == Section::Freshness && title.to_lowercase().contains("source") => before,
        None => Section::Statements,
    }
}

/// What a title says of its section, where it says so.
fn named(title: &str) -> Option<Section> {
    let title = title.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
    if has(&[
        "fresh",
        "proof of",
        "news",
        "headline",
        "block hash",
        "blockchain",
        "recent block",
        "randomness",
        "timestamp",
        "bitcoin",
        "monero",
        "rss",
        "feeds",
    ]) {
        return Some(Section::Freshness);
    }
    if has(&[
        "what is",
        "what's",
        "how to",
        "how do",
        "how it",
        "why",
        "about",
        "explain",
        "disclaimer",
        "footnote",
        "notes",
        "faq",
        "question",
        "verif",
        "contact",
        "background",
        "references",
        "links",
        "archive",
        "history",
        "previous",
        "signature",
        "public key",
        "pgp",
        "gpg",
        "key fingerprint",
        "further",
        "credits",
        "license",
        "interpret",
        "legal basis",
        "limitations",
    ]) {
        return Some(Section::Notes);
    }
    if has(&["announcement", "special note", "incidents", "remarks", "corrections", "errata"]) {
        return Some(Section::Announcements);
    }
    if has(&["statement", "canary", "declaration", "affirm", "assert", "facts", "status", "certif"])
    {
        return Some(Section::Statements);
    }
    None
}

fn is_item(line: &str) -> bool {
    item(line).is_some()
}

/// The words of a list item, its bullet, number or letter taken off.
fn item(line: &str) -> Option<&str> {
    let bullet =
        line.strip_prefix(['-', '*', '•', '·', '‣', '–', '—', '✓', '✔', '☑', '✅', '►', '→', '+']);
    if let Some(rest) = bullet {
        let rest = rest.trim_start_matches(['\u{fe0f}', '.']);
        return rest
            .starts_with(char::is_whitespace)
            .then(|| rest.trim_start())
            .filter(|rest| !rest.is_empty())
            .map(checked);
    }
    let body = line.strip_prefix(['(', '[']).unwrap_or(line);
    let marker = body.find(['.', ')', ']', ':'])?;
    let number = &body[..marker];
    let numbered =
        (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let lettered = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_lowercase())
        || number.len() <= 4
            && !number.is_empty()
            && number.bytes().all(|byte| matches!(byte, b'i' | b'v' | b'x'));
    let colon = body[marker..].starts_with(':');
    if !numbered && (colon || !lettered) {
        return None;
    }
    let rest = &body[marker + 1..];
    rest.starts_with(char::is_whitespace)
        .then(|| rest.trim_start())
        .filter(|rest| !rest.is_empty())
        .map(checked)
}

/// Task-list boxes are not words.
fn checked(rest: &str) -> &str {
    ["[x] ", "[X] ", "[ ] "].iter().find_map(|mark| rest.strip_prefix(mark)).unwrap_or(rest)
}

/// A line such as `Expires: 2026-05-23`: a word or three, a colon, and a value.
fn is_label(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, value)| {
        let name = name.trim_matches(['*', '_', ' ']);
        name.split_whitespace().count() <= 4
            && name.len() <= 40
            && !name.is_empty()
            && !value.trim().is_empty()
            && name.starts_with(|c: char| {
                c.is_uppercase() || c.is_ascii_lowercase() && name.contains(['_', '-'])
            })
            && !value.starts_with("//")
    })
}

/// A label's value that is complete on its line: short, and without the comma of a list that goes on.
fn ends_a_label_line(text: &str) -> bool {
    text.len() < 60 && !text.ends_with(',') || text.ends_with('\\')
}

fn looks_like_data(line: &str) -> bool {
    line.split_whitespace().all(|word| {
        word.len() >= 2 && word.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | 'x'))
    })
}

/// Sentences of a text: at full stops, question and exclamation marks that a space and a capital follow.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    const SHORT: [&str; 16] = [
        "e.g", "i.e", "etc", "inc", "no", "mr", "ms", "dr", "st", "vs", "approx", "u.s", "ltd",
        "llc", "co", "corp",
    ];
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if !matches!(c, '.' | '!' | '?' | '。' | ';') {
            continue;
        }
        let end = at + c.len_utf8();
        let mut rest = text[end..].chars();
        let gap = rest.next();
        if c != '。' && !gap.is_none_or(char::is_whitespace) {
            continue;
        }
        let next = rest.find(|c| !c.is_whitespace());
        let last = text[start..at].rsplit([' ', '(']).next().unwrap_or("").to_lowercase();
        let abbreviated = c == '.' && (SHORT.contains(&last.as_str()) || last.len() == 1 && last.bytes().all(|b| b.is_ascii_alphabetic()))
            // "October 03. 2018": a day with a full stop.
            || c == '.' && last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit()) && next.is_some_and(|c| c.is_ascii_digit());
        if abbreviated || c == '.' && next.is_some_and(char::is_lowercase) {
            continue;
        }
        found.push(text[start..end].trim());
        start = end;
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}
