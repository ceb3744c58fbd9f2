//! Words of a sentence as date readers see them.

use chrono::Weekday;

/// One word: lower case, without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) raw: &'a str,
    pub(crate) text: String,
    /// A comma, colon or full stop stood behind it.
    pub(crate) pause: bool,
}

impl Word<'_> {
    /// A number in digits, with or without an ordinal ending (`5th`), or in words up to ninety.
    pub(crate) fn number(&self) -> Option<u32> {
        let text = self.text.as_str();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if !digits.is_empty()
            && digits.len() <= 6
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return matches!(&text[digits.len()..], "" | "st" | "nd" | "rd" | "th" | "er")
                .then(|| digits.parse().ok())?;
        }
        NUMBERS.iter().find(|(word, _)| *word == text).map(|(_, number)| *number)
    }

    /// A number that ranks: `5th`, `first`, `last` as zero.
    pub(crate) fn ordinal(&self) -> Option<u32> {
        if self.text == "last" || self.text == "final" {
            return Some(0);
        }
        if let Some((_, number)) = ORDINALS.iter().find(|(word, _)| *word == self.text) {
            return Some(*number);
        }
        self.text
            .ends_with(|c: char| c.is_ascii_alphabetic())
            .then(|| self.number())
            .flatten()
            .filter(|_| self.text.starts_with(|c: char| c.is_ascii_digit()))
    }

    pub(crate) fn month(&self) -> Option<u32> {
        let text = self.text.as_str();
        MONTHS.iter().position(|names| names.contains(&text)).map(|at| at as u32 + 1)
    }

    pub(crate) fn weekday(&self) -> Option<Weekday> {
        let text = self.text.trim_end_matches('s');
        let all = [
            (Weekday::Mon, "monday", "mon"),
            (Weekday::Tue, "tuesday", "tue"),
            (Weekday::Wed, "wednesday", "wed"),
            (Weekday::Thu, "thursday", "thu"),
            (Weekday::Fri, "friday", "fri"),
            (Weekday::Sat, "saturday", "sat"),
            (Weekday::Sun, "sunday", "sun"),
        ];
        all.into_iter()
            .find(|(_, long, short)| {
                text == *long || text == *short || self.text == "tues" && *short == "tue"
            })
            .map(|(day, ..)| day)
    }
}

/// The words of a text. Every byte is looked at once.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '·' | '|' | '–' | '—'))
        .filter_map(|raw| {
            let edge = |c: char| !c.is_alphanumeric() && c != '#' && c != '+';
            let word =
                raw.trim_start_matches(edge).trim_end_matches(|c: char| !c.is_alphanumeric());
            let pause = raw.ends_with([',', ':', ';', '.', ')']);
            (!word.is_empty()).then(|| Word { raw: word, text: word.to_lowercase(), pause })
        })
        .collect()
}

const NUMBERS: [(&str, u32); 26] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("eighteen", 18),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("forty-five", 45),
    ("sixty", 60),
    ("ninety", 90),
    ("other", 2),
];

const ORDINALS: [(&str, u32); 12] = [
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("fifteenth", 15),
    ("twentieth", 20),
];

/// English, and the other languages in which month names are written out most often.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "jänner", "janvier", "enero", "gennaio", "januari", "janeiro"],
    &["february", "feb", "februar", "février", "febrero", "febbraio", "februari", "fevereiro"],
    &["march", "mar", "märz", "mars", "marzo", "maart", "março"],
    &["april", "apr", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "mei", "maio"],
    &["june", "jun", "juni", "juin", "junio", "giugno", "junho"],
    &["july", "jul", "juli", "juillet", "julio", "luglio", "julho"],
    &["august", "aug", "août", "agosto", "augustus"],
    &["september", "sep", "sept", "septembre", "septiembre", "settembre", "setembro"],
    &["october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "outubro"],
    &["november", "nov", "novembre", "noviembre", "novembro"],
    &["december", "dec", "dezember", "dez", "décembre", "diciembre", "dicembre", "dezembro"],
];
