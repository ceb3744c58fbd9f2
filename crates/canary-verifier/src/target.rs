//! What a user names: a host, a URL prefix, a pin, a directory or a file (`docs/spec/cli.md`).
//!
//! The same words could name a host or a path. The rule, in this order:
//!
//! 1. Text with `://` is a URL; with `#` too, a pin.
//! 2. Text that begins with `.` or `~`, or holds a path separator, is a path, there or not.
//! 3. Text that ends in `.json`, `.tlog-proof` or `.canary` is a path, there or not.
//! 4. Where something of that name is there, it is a path.
//! 5. Anything else is a host, with a port or without.

use std::fmt;
use std::path::{Path, PathBuf};

use canary_format::layout::WELL_KNOWN;
use canary_format::pin::Pin;
use canary_format::refusal::Refusal;
use url::Url;

/// Where a canary is looked for, and the pin where the user gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub place: Place,
    /// The pin, where the target was one.
    pub pin: Option<Pin>,
}

/// Where a canary is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A static site.
    Site(Prefix),
    /// A directory or a file on this machine: nothing is fetched.
    Path(PathBuf),
}

/// An http or https URL that ends in `/`, without credentials, query or fragment.
///
/// Internationalised hosts are in their ASCII form, default ports are left out: two ways to write
/// one prefix give one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Url);

/// Why text names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing was given.
    #[error("the target is empty")]
    Empty,
    /// Not a URL, or not one of a host.
    #[error("not a host or URL: {text:?}")]
    Url {
        /// What was given.
        text: String,
        /// What is wrong with it.
        #[source]
        source: url::ParseError,
    },
    /// A scheme that is neither http nor https.
    #[error("neither http nor https: {0:?}")]
    Scheme(String),
    /// A user name or password in a URL.
    #[error("a URL with a user name or password")]
    Credentials,
    /// A query, or a fragment that is no pin.
    #[error("a URL with a query: {0:?}")]
    Query(String),
    /// A pin that breaks its form.
    #[error("not a pin")]
    Pin(#[source] Refusal),
}

impl Target {
    /// Reads a target by the rule above. `is_there` says whether a path exists.
    ///
    /// # Errors
    ///
    /// Why the text is neither a path nor a host, URL prefix or pin.
    pub fn parse(text: &str, is_there: impl Fn(&Path) -> bool) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.contains("://") {
            return match text.contains('#') {
                true => Pin::parse(text).map_err(TargetError::Pin)?.try_into(),
                false => Ok(Prefix::parse(text)?.into()),
            };
        }
        let path = Path::new(text);
        let written_as_path =
            text.starts_with(['.', '~']) || text.contains(std::path::is_separator);
        let named_as_file =
            [".json", ".tlog-proof", ".canary"].iter().any(|end| text.ends_with(end));
        if written_as_path || named_as_file || is_there(path) {
            return Ok(Self { place: Place::Path(path.to_owned()), pin: None });
        }
        Ok(Prefix::of_host(text)?.into())
    }

    /// The name under which state and trust are kept: the URL prefix, or the path as given.
    pub fn key(&self) -> String {
        match &self.place {
            Place::Site(prefix) => prefix.to_string(),
            Place::Path(path) => path.display().to_string(),
        }
    }
}

impl From<Prefix> for Target {
    fn from(prefix: Prefix) -> Self {
        Self { place: Place::Site(prefix), pin: None }
    }
}

impl TryFrom<Pin> for Target {
    type Error = TargetError;

    fn try_from(pin: Pin) -> Result<Self, TargetError> {
        Ok(Self { place: Place::Site(Prefix::parse(&pin.url)?), pin: Some(pin) })
    }
}

impl Prefix {
    /// Reads a URL prefix; a missing `/` at the end is added. A host alone means its
    /// `/.well-known/canary/` only where no scheme is written: see [`Self::of_host`].
    ///
    /// # Errors
    ///
    /// Why it is not one.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let mut url = Url::parse(text)
            .map_err(|source| TargetError::Url { text: text.to_owned(), source })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(TargetError::Query(text.to_owned()));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// The place where a verifier looks that is given a bare host (`format.md` §6).
    ///
    /// # Errors
    ///
    /// Why it is not a host, with a port or without.
    pub fn of_host(host: &str) -> Result<Self, TargetError> {
        if host.contains(['#', '?', '@', '\\']) || host.contains(char::is_whitespace) {
            let source = url::ParseError::InvalidDomainCharacter;
            return Err(TargetError::Url { text: host.to_owned(), source });
        }
        Self::parse(&format!("https://{host}/{WELL_KNOWN}"))
    }

    /// The URL of an object of the site.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }

    /// The prefix as a URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The prefix as it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Target, TargetError> {
        Target::parse(text, |path| path == Path::new("there.example"))
    }

    fn site(text: &str) -> String {
        match parse(text).unwrap().place {
            Place::Site(prefix) => prefix.to_string(),
            Place::Path(path) => panic!("{text} is a path: {}", path.display()),
        }
    }

    #[test]
    fn hosts_and_prefixes_become_one_form() {
        for (text, prefix) in [
            ("example.com", "https://example.com/.well-known/canary/"),
            ("EXAMPLE.com:8443", "https://example.com:8443/.well-known/canary/"),
            ("bücher.example", "https://xn--bcher-kva.example/.well-known/canary/"),
            ("127.0.0.1:8000", "https://127.0.0.1:8000/.well-known/canary/"),
            ("[::1]:8000", "https://[::1]:8000/.well-known/canary/"),
            ("https://example.com", "https://example.com/"),
            ("https://example.com:443/canary", "https://example.com/canary/"),
            ("http://127.0.0.1:8000/a/../b/", "http://127.0.0.1:8000/b/"),
        ] {
            assert_eq!(site(text), prefix);
        }
    }

    #[test]
    fn what_is_written_as_a_path_or_is_there_is_a_path() {
        for text in [
            "./example.com",
            "site/",
            "/srv/site",
            "..",
            "latest.json",
            "x.canary",
            "a.tlog-proof",
            "there.example",
        ] {
            let place = parse(text).unwrap().place;
            assert_eq!(place, Place::Path(text.into()));
        }
    }

    #[test]
    fn a_pin_holds_its_url() {
        let text = "https://example.com/c/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
        let target = parse(text).unwrap();
        assert_eq!(target.key(), "https://example.com/c/");
        assert_eq!(target.pin.map(|pin| pin.to_string()).as_deref(), Some(text));
    }

    #[test]
    fn what_names_no_target_is_refused() {
        assert_eq!(parse(""), Err(TargetError::Empty));
        assert_eq!(parse("ftp://example.com/"), Err(TargetError::Scheme("ftp".into())));
        assert_eq!(parse("https://me:word@example.com/"), Err(TargetError::Credentials));
        assert!(matches!(parse("https://example.com/?a=b"), Err(TargetError::Query(_))));
        assert!(matches!(parse("https://example.com/#2"), Err(TargetError::Pin(_))));
        for text in ["exa mple.com", "user@example.com", "example.com:port", "https:///", "a?b"] {
            assert!(matches!(parse(text), Err(TargetError::Url { .. })), "{text}");
        }
    }
}
