//! Durations: a number and `s`, `m`, `h` or `d`.

/// Seconds of a duration such as `90s`, `15m`, `1h` or `7d`; `None` for any other form.
pub fn parse_duration(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || number.len() > 9 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok().map(|number| number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_with_a_unit() {
        assert_eq!(parse_duration("90s"), Some(90));
        assert_eq!(parse_duration("7d"), Some(604_800));
        for wrong in ["", "s", "1", "1w", "-1s", "1.5h", "1 h", "9999999999d", "１s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
