//! Dates of languages that do not part words, brought into the form that the other readers take:
//! `截至2026年11月1日` becomes `截至 2026-11-1 `, `每季度` becomes ` quarterly `.

use std::borrow::Cow;

/// How often, in words of these languages; of two that fit at one place the longer comes first.
const HABITS: [(&str, &str); 21] = [
    ("每三个月", "every three months"),
    ("每三個月", "every three months"),
    ("每六个月", "every six months"),
    ("每六個月", "every six months"),
    ("每两周", "every two weeks"),
    ("每兩週", "every two weeks"),
    ("每半年", "every six months"),
    ("每个季度", "quarterly"),
    ("每季度", "quarterly"),
    ("每季", "quarterly"),
    ("每个月", "monthly"),
    ("每個月", "monthly"),
    ("每月", "monthly"),
    ("毎月", "monthly"),
    ("每星期", "weekly"),
    ("每周", "weekly"),
    ("每週", "weekly"),
    ("毎週", "weekly"),
    ("每天", "daily"),
    ("每日", "daily"),
    ("毎日", "daily"),
];

/// What counts, after `每` and a number.
const UNITS: [(&str, &str); 7] = [
    ("个月", "months"),
    ("個月", "months"),
    ("か月", "months"),
    ("天", "days"),
    ("日", "days"),
    ("周", "weeks"),
    ("週", "weeks"),
];

/// What parts words.
const BLANK: [char; 2] = [' ', '\u{3000}'];

/// The text with its dates and habits in figures and words that stand alone.
pub(super) fn parted(text: &str) -> Cow<'_, str> {
    if !text.contains(['年', '每', '毎']) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut last = ' ';
    while let Some(c) = rest.chars().next() {
        if let Some((said, length)) = habit(rest) {
            out.extend([" ", &said, " "]);
            rest = &rest[length..];
            last = ' ';
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let next = rest.trim_start_matches(BLANK);
        let said = match c {
            '年' | '月' if last.is_ascii_digit() => {
                // `2026年 11月 1日` is one date.
                rest = next;
                '-'
            }
            '日' | '号' | '號' if last.is_ascii_digit() => ' ',
            blank
                if BLANK.contains(&blank)
                    && last.is_ascii_digit()
                    && next.starts_with(['年', '月', '日']) =>
            {
                rest = next;
                continue;
            }
            other => other,
        };
        // A date begins a word of its own.
        if said.is_ascii_digit() && last.is_alphabetic() && !last.is_ascii() {
            out.push(' ');
        }
        out.push(said);
        last = said;
    }
    out.into()
}

fn habit(rest: &str) -> Option<(String, usize)> {
    if let Some((word, said)) = HABITS.iter().find(|(word, _)| rest.starts_with(word)) {
        return Some(((*said).to_owned(), word.len()));
    }
    let after = rest.strip_prefix(['每', '毎'])?.trim_start();
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = after.split_at(digits.min(4));
    let unit = unit.trim_start();
    let (word, said) = UNITS.iter().find(|(word, _)| unit.starts_with(word))?;
    let length = rest.len() - unit.len() + word.len();
    (!number.is_empty()).then(|| (format!("every {number} {said}"), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_habits_stand_alone() {
        for (text, parted_text) in [
            ("截至2026年11月1日，本公司", "截至 2026-11-1 ，本公司"),
            ("2026 年 10 月 1 日", "2026-10-1 "),
            ("2026年 11月 1日", "2026-11-1 "),
            ("本声明每季度更新一次", "本声明 quarterly 更新一次"),
            ("每14天更新", " every 14 days 更新"),
            ("每 3 个月", " every 3 months "),
            ("每股", "每股"),
            ("每", "每"),
            ("never 5", "never 5"),
        ] {
            assert_eq!(parted(text), parted_text, "{text}");
        }
    }
}
