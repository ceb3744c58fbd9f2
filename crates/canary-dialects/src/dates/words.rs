//! Words of a sentence as date readers see them.

use chrono::Weekday;

/// One word: lower case, without the punctuation around it, and what it can stand for in a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) raw: &'a str,
    pub(crate) text: String,
    /// A comma, colon or full stop stood behind it.
    pub(crate) pause: bool,
    // Every reader asks again what a word stands for.
    number: Option<u32>,
    ordinal: Option<u32>,
    month: Option<u32>,
    weekday: Option<Weekday>,
}

impl<'a> Word<'a> {
    fn new(raw: &'a str, pause: bool) -> Self {
        let text = raw.to_lowercase();
        Self {
            raw,
            pause,
            number: number(&text),
            ordinal: ordinal(&text),
            month: month(&text),
            weekday: weekday(&text),
            text,
        }
    }

    /// A number in digits, with or without an ordinal ending (`5th`), or in words up to ninety.
    pub(crate) fn number(&self) -> Option<u32> {
        self.number
    }

    /// A number that ranks: `5th`, `first`, `last` as zero.
    pub(crate) fn ordinal(&self) -> Option<u32> {
        self.ordinal
    }

    /// A month by its name, from 1.
    pub(crate) fn month(&self) -> Option<u32> {
        self.month
    }

    pub(crate) fn weekday(&self) -> Option<Weekday> {
        self.weekday
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
            (!word.is_empty()).then(|| Word::new(word, pause))
        })
        .collect()
}

/// A number in digits, with or without an ordinal ending, or in words.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return matches!(&text[digits.len()..], "" | "st" | "nd" | "rd" | "th" | "er")
            .then(|| digits.parse().ok())?;
    }
    Some(match text {
        "a" | "an" | "one" => 1,
        "two" | "other" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "eighteen" => 18,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "forty-five" => 45,
        "sixty" => 60,
        "ninety" => 90,
        _ => return None,
    })
}

fn ordinal(text: &str) -> Option<u32> {
    Some(match text {
        "last" | "final" => 0,
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        "sixth" => 6,
        "seventh" => 7,
        "eighth" => 8,
        "ninth" => 9,
        "tenth" => 10,
        "fifteenth" => 15,
        "twentieth" => 20,
        _ => {
            return (text.starts_with(|c: char| c.is_ascii_digit())
                && text.ends_with(|c: char| c.is_ascii_alphabetic()))
            .then(|| number(text))
            .flatten();
        }
    })
}

/// English, and the other languages in which month names are written out most often.
pub(crate) fn month(text: &str) -> Option<u32> {
    Some(match text {
        "january" | "jan" | "januar" | "jänner" | "janvier" | "enero" | "gennaio" | "januari"
        | "janeiro" => 1,
        "february" | "feb" | "februar" | "février" | "febrero" | "febbraio" | "februari"
        | "fevereiro" => 2,
        "march" | "mar" | "märz" | "mars" | "marzo" | "maart" | "março" => 3,
        "april" | "apr" | "avril" | "abril" | "aprile" => 4,
        "may" | "mai" | "mayo" | "maggio" | "mei" | "maio" => 5,
        "june" | "jun" | "juni" | "juin" | "junio" | "giugno" | "junho" => 6,
        "july" | "jul" | "juli" | "juillet" | "julio" | "luglio" | "julho" => 7,
        "august" | "aug" | "août" | "agosto" | "augustus" => 8,
        "september" | "sep" | "sept" | "septembre" | "septiembre" | "settembre" | "setembro" => 9,
        "october" | "oct" | "oktober" | "okt" | "octobre" | "octubre" | "ottobre" | "outubro" => 10,
        "november" | "nov" | "novembre" | "noviembre" | "novembro" => 11,
        "december" | "dec" | "dezember" | "dez" | "décembre" | "diciembre" | "dicembre"
        | "dezembro" => 12,
        _ => return None,
    })
}

fn weekday(text: &str) -> Option<Weekday> {
    if text == "tues" {
        return Some(Weekday::Tue);
    }
    Some(match text.trim_end_matches('s') {
        "monday" | "mon" => Weekday::Mon,
        "tuesday" | "tue" => Weekday::Tue,
        "wednesday" | "wed" => Weekday::Wed,
        "thursday" | "thu" => Weekday::Thu,
        "friday" | "fri" => Weekday::Fri,
        "saturday" | "sat" => Weekday::Sat,
        "sunday" | "sun" => Weekday::Sun,
        _ => return None,
    })
}
