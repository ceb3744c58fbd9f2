//! Two languages: everything that a report says of its own is there in English and Chinese.

use std::collections::BTreeMap;

use serde::Serialize;

/// A language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// The short tag in a file's name.
    pub fn file_tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick<'t>(self, english: &'t str, chinese: &'t str) -> &'t str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The text for a reader of this language among signed texts by tag, and its tag: one in the
    /// language, else one in English, else the first.
    pub fn choose(self, texts: &BTreeMap<String, String>) -> Option<(&str, &str)> {
        let of = |wanted: &str| {
            texts.iter().find(|(tag, _)| {
                let primary = tag.split('-').next().unwrap_or_default();
                primary.eq_ignore_ascii_case(wanted)
            })
        };
        let wanted = self.pick("en", "zh");
        let found = of(wanted).or_else(|| of("en")).or_else(|| texts.iter().next());
        found.map(|(tag, text)| (tag.as_str(), text.as_str()))
    }

    /// How long a time is, for people: its two greatest units.
    pub fn duration(self, seconds: i64) -> String {
        let units =
            [(86_400, "d", "天"), (3_600, "h", "小时"), (60, "min", "分钟"), (1, "s", "秒")];
        let seconds = seconds.max(0);
        let first = units.iter().position(|(unit, ..)| seconds >= *unit).unwrap_or(3);
        let mut left = seconds;
        let mut parts = Vec::new();
        for (unit, english, chinese) in &units[first..units.len().min(first + 2)] {
            let count = left / unit;
            left %= unit;
            if count > 0 || parts.is_empty() {
                parts.push(format!("{count} {}", self.pick(english, chinese)));
            }
        }
        parts.join(" ")
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bilingual {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Bilingual {
    /// A sentence in both languages.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { en: english.into(), zh: chinese.into() }
    }

    /// The one for this language.
    pub fn get(&self, language: Language) -> &str {
        language.pick(&self.en, &self.zh)
    }
}

/// The limits of `verdicts.md` §5 in Chinese; [`canary_verifier::report::LIMITS`] has the English.
pub const LIMITS_ZH: &str = "有效的声明并不表明：没有数据被访问、任何法律得到遵守、所述属实，或签署人是自由的。它表明：具名的密钥在此时间确认了这些文字，且自您的基线以来，曾确认的内容没有消失。没有见证人时，任何验证者都无法发现：全体签署人对两位读者签署两种说法；有见证人时：说谎的全体签署人。";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        assert_eq!(Language::English.duration(0), "0 s");
        assert_eq!(Language::English.duration(86_400), "1 d");
        assert_eq!(Language::English.duration(90_061), "1 d 1 h");
        assert_eq!(Language::Chinese.duration(3_660), "1 小时 1 分钟");
    }

    #[test]
    fn the_reader_s_language_is_chosen_then_english() {
        let texts = |tags: &[&str]| {
            tags.iter().map(|tag| ((*tag).to_owned(), format!("in {tag}"))).collect()
        };
        let chosen = |language: Language, tags: &[&str]| {
            language.choose(&texts(tags)).map(|(tag, _)| tag.to_owned())
        };
        assert_eq!(chosen(Language::Chinese, &["de", "en", "zh-Hans"]).unwrap(), "zh-Hans");
        assert_eq!(chosen(Language::Chinese, &["de", "en"]).unwrap(), "en");
        assert_eq!(chosen(Language::English, &["de", "zh"]).unwrap(), "de");
    }
}
