//! Why `canary.toml` cannot be read, without a word of its text: somebody may have put a secret where
//! none belongs.

use canary_format::text::place;

/// Where `canary.toml` is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("canary.toml line {line} column {column}: {message}")]
pub struct Misread {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What the reader expected.
    pub message: String,
}

impl Misread {
    pub(crate) fn of(source: &str, error: &toml::de::Error) -> Self {
        let (line, column) = place(source, error.span().map_or(0, |span| span.start));
        let message = error.message().replace('\n', ", ");
        // "invalid type: string "…", expected a map" quotes the value.
        let message = match message.rsplit_once(", expected ") {
            Some((found, expected)) if found.starts_with("invalid ") => {
                format!("expected {expected}")
            }
            _ => message,
        };
        Self { line, column, message }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::target::Target;
    use crate::witnesses::Witness;

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_the_text() {
        for (text, place, expected) in [
            (
                "[targets]\np = { url = 's3://b/x', secret_key = 'hunter2' }\n",
                "line 2",
                "an address, or a table",
            ),
            (
                "[targets]\np = { to = 's3://b/x', secret_key = 'hunter2' }\n",
                "line 2",
                "an address, or a table",
            ),
            ("targets = 'hunter2, expected hunter2'\n", "line 1 column 11", "expected a map"),
            ("[targets]\np = 's3://b/x' hunter2\n", "line 2 column 16", "expected"),
            ("a = 1\n[targets]\np = \"hunter2\n", "line 3", "expected"),
        ] {
            let error = Target::all_named(text, Path::new("")).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2"), "{said}");
            assert!(said.contains(place) && said.contains(expected), "{text}: {said}");
        }
        for text in [
            "[[witnesses]]\nkey = 'hunter2'\nurl = 'https://w.example/'\n",
            "[[witnesses]]\nkey = 'x'\nurl = 'https://w.example/'\ntoken = 'hunter2'\n",
            "witnesses = 'hunter2'\n",
        ] {
            let error = Witness::all_named(text).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
