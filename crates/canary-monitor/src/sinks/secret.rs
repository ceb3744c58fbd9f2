//! What is secret is in a variable of the environment or in a file, and read when it is needed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The greatest size of a secret's file, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// A value that is not written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// It is no secret.
    Plain(String),
    /// In an environment variable.
    Env(String),
    /// In a file, without its last line break.
    File(PathBuf),
}

/// Why a secret cannot be had, or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set.
    #[error("environment variable is not set: {0}")]
    Unset(String),
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the secret is empty")]
    Empty,
    /// It begins with `whsec_`, and is not what such a secret is.
    #[error("what follows `whsec_` in the secret is not base64")]
    Base64,
}

impl Secret {
    /// The value, read now.
    ///
    /// # Errors
    ///
    /// [`SecretError`].
    pub fn reveal(&self) -> Result<String, SecretError> {
        let value = match self {
            Self::Plain(value) => value.clone(),
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::Unset(name.clone()))?,
            Self::File(path) => read(path)
                .map_err(|source| SecretError::Unreadable { path: path.clone(), source })?,
        };
        if value.is_empty() { Err(SecretError::Empty) } else { Ok(value) }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let bytes = bounded(path, MAX_FILE)?;
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A regular file's bytes, at most so many.
pub(super) fn bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::other(format!("larger than {limit} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_empty_or_without_an_end() {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let path = folder.path().join("secret");
        let reveal = |text: &str| {
            std::fs::write(&path, text).expect("it is written");
            Secret::File(path.clone()).reveal()
        };
        assert_eq!(reveal("word\r\n").expect("there is one"), "word");
        assert!(matches!(reveal("\n"), Err(SecretError::Empty)));
        let large = "a".repeat(65 << 10);
        assert!(matches!(reveal(&large), Err(SecretError::Unreadable { .. })));
        let folder = Secret::File(folder.path().to_owned()).reveal();
        assert!(matches!(folder, Err(SecretError::Unreadable { .. })));
    }
}
