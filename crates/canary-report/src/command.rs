//! The commands with which anyone checks again.

use canary_format::time::Timestamp;

/// `canary verify` on a target, as of an instant, without any state.
pub fn verify(target: &str, pin: Option<&str>, at: Timestamp) -> String {
    let pin = pin.map(|pin| format!(" --pin {}", quoted(pin))).unwrap_or_default();
    format!("canary verify {}{pin} --at {at} --no-state", quoted(target))
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
