//! The commands with which anyone checks again.

use canary_format::time::Timestamp;

/// What a reader asks of a canary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The pin.
    pub pin: Option<&'a str>,
    /// The file with the witness policy.
    pub witnesses: Option<&'a str>,
    /// The longest time from affirmation to lapse, in days, where it is not the usual one.
    pub max_interval_days: Option<i64>,
    /// Whether not-before evidence is asked for.
    pub require_freshness: bool,
}

/// `canary verify` on a target, as of an instant, without any state.
pub fn verify(target: &str, pin: Option<&str>, at: Timestamp) -> String {
    verify_as(target, Asked { pin, ..Asked::default() }, at)
}

/// The same, with all that is asked.
pub fn verify_as(target: &str, asked: Asked<'_>, at: Timestamp) -> String {
    let mut command = format!("canary verify {}", quoted(target));
    for (option, word) in [("--pin", asked.pin), ("--witnesses", asked.witnesses)] {
        command += &word.map(|word| format!(" {option} {}", quoted(word))).unwrap_or_default();
    }
    let days = asked.max_interval_days.map(|days| format!(" --max-interval {days}"));
    command += &days.unwrap_or_default();
    if asked.require_freshness {
        command += " --require-freshness";
    }
    format!("{command} --at {at} --no-state")
}

/// `canary history` on a target.
pub fn history(target: &str) -> String {
    format!("canary history {}", quoted(target))
}

/// A word for a POSIX shell, quoted where it must be.
pub fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.:_-=@%+,".contains(&byte);
    if !word.is_empty() && !word.starts_with('-') && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_leaves_its_quotes() {
        assert_eq!(quoted("suppliers/host/site"), "suppliers/host/site");
        assert_eq!(quoted("https://a.example/#1:sha256:x"), "'https://a.example/#1:sha256:x'");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
        assert_eq!(quoted("-x"), "'-x'");
    }
}
