//! Characters, ids, jurisdictions and language tags (`format.md` §2).

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::json::At;
use crate::refusal::{Refusal, Rule};

/// Whether a line feed may stand in the string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    One,
    Many,
}

/// The first rule of §2 on characters that a string breaks.
pub(crate) fn broken_rule(text: &str, lines: Lines) -> Option<Rule> {
    if text.is_ascii() {
        let forbidden =
            |byte: &u8| byte.is_ascii_control() && !(lines == Lines::Many && *byte == b'\n');
        return text.bytes().find(forbidden).map(|byte| Rule::Character(byte.into()));
    }
    let forbidden = |c: &char| !(lines == Lines::Many && *c == '\n') && is_forbidden(*c);
    if let Some(c) = text.chars().find(forbidden) {
        return Some(Rule::Character(c.into()));
    }
    let nfc = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => text.nfc().eq(text.chars()),
    };
    (!nfc).then_some(Rule::NotNfc)
}

/// Control, bidirectional and invisible characters: §2 lists them all.
fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{180e}' | '\u{200b}'
        | '\u{2028}'..='\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

impl<'a> At<'a, '_> {
    /// A string of one line, of `min` to `max` characters.
    pub(crate) fn line(&self, min: usize, max: usize) -> Result<&'a str, Refusal> {
        self.text(min, max, Lines::One)
    }

    pub(crate) fn text(&self, min: usize, max: usize, lines: Lines) -> Result<&'a str, Refusal> {
        let text = self.string()?;
        let found = text.chars().count();
        if !(min..=max).contains(&found) {
            let unit = "characters";
            return self.refuse(Rule::Count { min, max, found, unit });
        }
        match broken_rule(text, lines) {
            Some(rule) => self.refuse(rule),
            None => Ok(text),
        }
    }

    pub(crate) fn id(&self) -> Result<String, Refusal> {
        let id = self.string()?;
        if is_id(id) {
            Ok(id.to_owned())
        } else {
            self.refuse(Rule::Form("an id of 1 to 64 bytes matching [a-z0-9]+([.-][a-z0-9]+)*"))
        }
    }

    pub(crate) fn jurisdiction(&self) -> Result<String, Refusal> {
        let code = self.string()?;
        if is_jurisdiction(code) {
            Ok(code.to_owned())
        } else {
            self.refuse(Rule::Form("two capital letters, as in ISO 3166-1 alpha-2"))
        }
    }

    pub(crate) fn language(&self) -> Result<String, Refusal> {
        let tag = self.string()?;
        if is_language_tag(tag) {
            Ok(tag.to_owned())
        } else {
            self.refuse(Rule::Form("a language tag well-formed by RFC 5646"))
        }
    }

    pub(crate) fn url_prefix(&self) -> Result<String, Refusal> {
        let url = self.string()?;
        if is_url_prefix(url) {
            Ok(url.to_owned())
        } else {
            self.refuse(Rule::Form("an https or http URL prefix ending in '/'"))
        }
    }
}

/// Line and column of a byte in a text, both from 1, the column in characters. At the end where the text has
/// no such byte, or where it lies within a character.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |feed| feed + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// An id: 1–64 bytes matching `[a-z0-9]+([.-][a-z0-9]+)*` (`format.md` §2).
pub fn is_id(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= 64 && text.split(['.', '-']).all(word)
}

/// A jurisdiction: `[A-Z]{2}`, an ISO 3166-1 alpha-2 code by form (`format.md` §2).
pub fn is_jurisdiction(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A language tag that is well-formed by RFC 5646 (`format.md` §2).
pub fn is_language_tag(text: &str) -> bool {
    oxilangtag::LanguageTag::parse(text).is_ok()
}

/// An http or https URL ending in `/`, with a host and no query or fragment (`format.md` §2.1).
pub fn is_url_prefix(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.ends_with('/')
            && !rest.starts_with('/')
            && text.len() <= 2_000
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>?#\\^`{|}".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_hide_or_reorder_are_found() {
        for (text, character) in [
            ("a\u{202e}b", 0x202e),
            ("zero\u{200b}width", 0x200b),
            ("emoji\u{fe0f}", 0xfe0f),
            ("tag\u{e0041}", 0xe0041),
            ("nul\0", 0),
            ("c1é\u{85}", 0x85),
            ("soft\u{ad}hyphen", 0xad),
            ("line\nfeed", 0xa),
        ] {
            assert_eq!(broken_rule(text, Lines::One), Some(Rule::Character(character)), "{text:?}");
        }
        assert_eq!(broken_rule("line\nfeed", Lines::Many), None);
        assert_eq!(broken_rule("ligne\nà é", Lines::Many), None);
        assert_eq!(broken_rule("tab\t", Lines::Many), Some(Rule::Character(0x9)));
    }

    #[test]
    fn only_composed_text_is_text() {
        assert_eq!(broken_rule("e\u{301}", Lines::One), Some(Rule::NotNfc));
        assert_eq!(broken_rule("\u{e9}", Lines::One), None);
        assert_eq!(broken_rule("\u{212b}", Lines::One), Some(Rule::NotNfc));
        // A joiner shapes Indic and Persian words; the format leaves it.
        assert_eq!(broken_rule("\u{915}\u{94d}\u{200d}", Lines::One), None);
    }

    #[test]
    fn ids_are_words_joined_by_dots_and_hyphens() {
        assert!(["keys.own", "net.no-equipment", "0", "a-b.c"].into_iter().all(is_id));
        for id in ["", ".", "a.", "-a", "a..b", "A", "a_b", "é", &"a".repeat(65)] {
            assert!(!is_id(id), "{id}");
        }
    }

    #[test]
    fn language_tags_follow_rfc_5646() {
        assert!(
            ["en", "zh-Hans", "de-CH-1996", "x-private", "i-klingon"]
                .into_iter()
                .all(is_language_tag)
        );
        assert!(!["", "e", "en_US", "zh-", "a-DE", "english1x"].into_iter().any(is_language_tag));
    }

    #[test]
    fn a_url_prefix_has_a_host_and_ends_in_a_slash() {
        assert!(is_url_prefix("https://example.com/.well-known/canary/"));
        assert!(is_url_prefix("http://127.0.0.1:8000/"));
        for url in [
            "https://example.com",
            "https:///x/",
            "ftp://example.com/",
            "https://example.com/?q/",
            "https://example.com/#/",
            "https://exa mple.com/",
            "https://ex\u{e4}mple.com/",
        ] {
            assert!(!is_url_prefix(url), "{url}");
        }
    }

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        let text = "a\n\u{e9}b\n";
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, text.find('b').unwrap()), (2, 2));
        assert_eq!(place(text, text.len()), (3, 1));
        assert_eq!(place(text, 3), (3, 1), "within a character: the end");
        assert_eq!(place(text, 99), (3, 1), "no such byte: the end");
    }
}
