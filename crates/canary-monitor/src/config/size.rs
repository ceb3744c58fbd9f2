//! Sizes: a number and `B`, `KiB`, `MiB` or `GiB`.

/// Bytes of a size such as `500KiB` or `64MiB`; `None` for any other form.
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number < 1 << 30)?;
    Some(number << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_with_a_unit() {
        assert_eq!(parse_size("64MiB"), Some(64 << 20));
        assert_eq!(parse_size("1B"), Some(1));
        for wrong in ["", "MiB", "64", "64 MiB", "64MB", "-1B", "1.5GiB", "99999999999GiB"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }
}
