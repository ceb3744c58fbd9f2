//! A text taken apart into headings, list items and paragraphs.

use crate::prose::tone;

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
    pub(crate) form: Form,
    /// An item whose place makes it a statement, whatever its words: numbered, below words that begin a list, below a
    /// heading for statements, or among items most of which are statements by their words.
    pub(crate) listed: bool,
}

/// How a piece is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Paragraph,
    Heading,
    Bulleted,
    Numbered,
}

impl Form {
    pub(crate) fn is_item(self) -> bool {
        matches!(self, Self::Bulleted | Self::Numbered)
    }
}

impl Piece {
    /// Its sentences. A list item's first sentence and the rest are apart too.
    pub(crate) fn sentences(&self) -> Vec<&str> {
        sentences(&self.text)
    }
}

/// The most pieces of one text.
pub(crate) const MAX_PIECES: usize = 2048;

/// The pieces of a text, in order. Linear in its length.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut found: Vec<Piece> = Vec::new();
    let mut section = Section::Statements;
    let mut open: Option<Piece> = None;
    let mut blank = true;
    let mut item_indent = 0;
    let mut under_statements = false;
    let mut openers = Openers::default();
    let mut at = 0;
    while at < lines.len() && found.len() < MAX_PIECES {
        let line = lines[at];
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.is_empty() {
            blank = true;
            at += 1;
            continue;
        }
        if blank {
            openers = Openers::of(&lines[at..]);
        }
        if let Some(cells) = row(bare) {
            close(&mut open, &mut found);
            // The row above the rule names the columns.
            let names = lines
                .get(at + 1)
                .and_then(|next| row(next.trim()))
                .is_some_and(|cells| cells.is_empty());
            if !names && !cells.is_empty() {
                open = Some(Piece { section, text: cells, form: Form::Bulleted, listed: false });
            }
            blank = false;
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
            under_statements = of_statements(title);
            found.push(Piece {
                section,
                text: title.to_owned(),
                form: Form::Heading,
                listed: false,
            });
            at += 1 + usize::from(underlined);
            blank = true;
            continue;
        }
        if let Some((words, form)) = item(bare) {
            close(&mut open, &mut found);
            open = Some(Piece { section, text: words.to_owned(), form, listed: under_statements });
            item_indent = indent;
        } else if openers.begins(bare) {
            close(&mut open, &mut found);
            let (text, form) = (bare.to_owned(), Form::Bulleted);
            open = Some(Piece { section, text, form, listed: under_statements });
            item_indent = indent;
        } else {
            let joins = open.as_ref().is_some_and(|piece| {
                let is_item = piece.form.is_item();
                let apart = blank
                    || is_label(bare)
                    || ends_a_label_line(&piece.text) && is_label(&piece.text);
                !apart
                    || blank
                        && is_item
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
                under_statements = under_statements && text.ends_with(':');
                open = Some(Piece { section, text, form: Form::Paragraph, listed: false });
            }
        }
        blank = false;
        at += 1;
    }
    close(&mut open, &mut found);
    lists(&mut found);
    found
}

/// Says of each list whether its items are statements by their place, and what the words above it make of it.
fn lists(pieces: &mut [Piece]) {
    let mut at = 0;
    while at < pieces.len() {
        if !pieces[at].form.is_item() {
            at += 1;
            continue;
        }
        let length = pieces[at..].iter().take_while(|piece| piece.form.is_item()).count();
        let (above, list) = pieces[..at + length].split_at_mut(at);
        let lead = above.last().filter(|piece| piece.text.ends_with([':', '：']));
        let told = lead.and_then(|lead| led(&lead.text));
        let by_words = list.iter().filter(|piece| by_its_words(piece)).count();
        let mostly = by_words * 2 >= list.len() && by_words > 0;
        for piece in list.iter_mut() {
            if let Some(section) = told.filter(|_| piece.section == Section::Statements) {
                piece.section = section;
            }
            piece.listed |= lead.is_some() || mostly || piece.form == Form::Numbered;
        }
        at += length;
    }
}

fn by_its_words(piece: &Piece) -> bool {
    let sentences = piece.sentences();
    sentences.first().is_some_and(|first| tone::tone(first, false) == tone::Tone::Fact)
}

/// What the words above a list say that it is, where it is no list of statements.
fn led(words: &str) -> Option<Section> {
    const FRESH: [&str; 14] = [
        "headline",
        "news",
        "top stories",
        "stories",
        "block",
        "front page",
        "rss",
        "feed",
        "current event",
        "world event",
        "public event",
        "international event",
        "recent event",
        "current affairs",
    ];
    let last = sentences(words).pop().unwrap_or_default().to_lowercase();
    if FRESH.iter().any(|word| last.contains(word)) {
        return Some(Section::Freshness);
    }
    let few = last.split_whitespace().count() <= 8;
    named(&last).filter(|section| few && *section == Section::Notes)
}

/// The words with which several lines of one paragraph begin: such lines are statements of their own.
#[derive(Debug, Default)]
struct Openers(Vec<&'static str>);

impl Openers {
    const ALL: [&'static str; 14] = [
        "Zero ",
        "No ",
        "0 ",
        "None ",
        "Never ",
        "Not ",
        "We have ",
        "We've ",
        "We are ",
        "We do ",
        "I have ",
        "I've ",
        "I am ",
        "There have ",
    ];

    /// Of the paragraph that begins here.
    fn of(lines: &[&str]) -> Self {
        let paragraph = || {
            lines.iter().map(|line| line.trim_start()).take_while(|line| !line.is_empty()).take(64)
        };
        let several =
            |opener: &str| paragraph().filter(|line| line.starts_with(opener)).count() > 1;
        Self(Self::ALL.into_iter().filter(|opener| several(opener)).collect())
    }

    fn begins(&self, line: &str) -> bool {
        self.0.iter().any(|opener| line.starts_with(opener))
    }
}

/// The cells of a table's row as one statement: `Gag orders: 0`. Nothing is left of a row of rules.
fn row(line: &str) -> Option<String> {
    let inner = line.strip_prefix('|')?.trim_end();
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.contains('|').then_some(())?;
    let cells: Vec<&str> = inner
        .split('|')
        .map(str::trim)
        .filter(|cell| cell.chars().any(|c| !matches!(c, '-' | ':' | ' ')))
        .collect();
    Some(cells.join(": "))
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
            // Whole sentences are set in bold too.
            || line.split_whitespace().count() <= 8
                && !title.ends_with([':', '.', ','])
                && (line.starts_with("**") && line.ends_with("**")
                    || line.starts_with("__") && line.ends_with("__")))
            && line.ends_with(|c: char| strip(c));
    if underlined || marked {
        return Some(title);
    }
    let words = title.split_whitespace().count();
    let next_blank = next.is_none_or(|next| next.trim().is_empty());
    // Not every script has capitals.
    let capitals = title.chars().any(char::is_uppercase)
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

/// Whether what follows a heading is statements by its word. "Canary" alone is the title of many a whole page.
fn of_statements(title: &str) -> bool {
    let title = title.to_lowercase();
    named(&title) == Some(Section::Statements)
        && ["statement", "declar", "affirm", "assert", "facts", "certif"]
            .iter()
            .any(|word| title.contains(word))
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
fn item(line: &str) -> Option<(&str, Form)> {
    let bullet =
        line.strip_prefix(['-', '*', '•', '·', '‣', '–', '—', '✓', '✔', '☑', '✅', '►', '→', '+']);
    if let Some(rest) = bullet {
        let rest = rest.trim_start_matches(['\u{fe0f}', '.']);
        return rest
            .starts_with(char::is_whitespace)
            .then(|| rest.trim_start())
            .filter(|rest| !rest.is_empty())
            .map(|rest| (checked(rest), Form::Bulleted));
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
        .map(|rest| (checked(rest), Form::Numbered))
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
            || c == '.' && last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit()) && next.is_some_and(|c| c.is_ascii_digit())
            // "5. März", "Mar. 5": a day or a month with a full stop.
            || c == '.' && of_a_date(&last, &text[end..]);
        if abbreviated || matches!(c, '.' | ';') && next.is_some_and(char::is_lowercase) {
            continue;
        }
        found.push(text[start..end].trim());
        start = end;
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn of_a_date(last: &str, rest: &str) -> bool {
    let mut rest = rest.split_whitespace();
    let next = rest.next().unwrap_or_default();
    let month =
        |text: &str| crate::dates::words(text).first().is_some_and(|word| word.month().is_some());
    let number = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let day = next.trim_end_matches([',', '.', 't', 'h', 's', 'n', 'd', 'r']);
    number(last) && month(next) || month(last) && last.len() <= 4 && number(day)
}
