//! `canary.toml`: who speaks, what is said, who signs and where it is published.
//!
//! The file is strict: an unknown name is refused, with its line and column, so that a misspelt
//! `facts` never silently says less. It holds no secret.

mod entry;
mod problem;
mod resolve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use canary_format::envelope::Envelope;
use canary_format::issue::{IssueContent, NotBefore};
use canary_format::layout;
use canary_format::note::VerifierKey;
use canary_format::time::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use self::entry::{
    CounterEntry, FactEntry, LogEntry, PromiseEntry, PublisherEntry, RetiringEntry, RosterEntry,
    ScopeEntry,
};
pub use self::problem::{ConfigError, Problem};
use self::resolve::Resolver;
use crate::cadence::Profile;
use crate::durable;

/// The greatest size of `canary.toml`, in bytes.
pub const MAX_CONFIG: usize = 1 << 20;

/// The drand relays that are asked for evidence unless `canary.toml` names others.
pub const DRAND_RELAYS: [&str; 3] =
    ["https://api.drand.sh/", "https://api2.drand.sh/", "https://drand.cloudflare.com/"];

/// A publisher's `canary.toml`, read and resolved.
#[derive(Debug, Clone)]
pub struct Config {
    folder: PathBuf,
    source: String,
    file: File,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    origin: String,
    publisher: PublisherEntry,
    cadence: CadenceEntry,
    #[serde(default)]
    scope: ScopeEntry,
    #[serde(default)]
    facts: Vec<Spanned<FactEntry>>,
    #[serde(default)]
    promises: Vec<Spanned<PromiseEntry>>,
    #[serde(default)]
    counters: Vec<Spanned<CounterEntry>>,
    #[serde(default)]
    retiring: Vec<Spanned<RetiringEntry>>,
    roster: RosterEntry,
    log: LogEntry,
    #[serde(default)]
    targets: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    evidence: EvidenceEntry,
    /// Whom publishing submits checkpoints to: its own affair.
    #[serde(default, rename = "witnesses")]
    _witnesses: Vec<toml::Table>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CadenceEntry {
    profile: Profile,
    grace_hours: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceEntry {
    drand: Option<Vec<String>>,
}

impl Config {
    /// Reads `canary.toml` of a publisher's folder, and the public key files that it names.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or the first thing in it that is wrong, with line and column.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let bytes = durable::read(&folder.join(layout::CONFIG), MAX_CONFIG as u64)?;
        let text = String::from_utf8(bytes).map_err(|_| ConfigError::Utf8)?;
        Self::parse(text, folder)
    }

    /// Reads the text of a `canary.toml`; the public key files that it names lie below `folder`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with line and column.
    pub fn parse(text: String, folder: &Path) -> Result<Self, ConfigError> {
        let file: File =
            toml::from_str(&text).map_err(|error| ConfigError::syntax(&text, &error))?;
        let config = Self { folder: folder.to_owned(), source: text, file };
        for target in config.file.targets.values() {
            if holds_credentials(target.get_ref()) {
                return Err(config.problem(target, Problem::Credentials));
            }
        }
        Ok(config)
    }

    /// What the next issue says, at an instant, after the newest envelope of the series.
    ///
    /// # Errors
    ///
    /// The first entry that does not make sense, with line and column. The rules of the format are
    /// checked by [`Draft::new`](crate::draft::Draft::new).
    pub fn content(
        &self,
        previous: Option<(&Envelope, u64)>,
        as_of: Timestamp,
        evidence: Vec<NotBefore>,
    ) -> Result<IssueContent, ConfigError> {
        let resolve = Resolver { config: self, publisher: self.file.publisher.resolve() };
        let cadence = &self.file.cadence;
        let next_due = cadence.profile.next_due(as_of);
        let grace = cadence.grace_hours.map_or(cadence.profile.grace(), |h| i64::from(h) * 3_600);
        let facts = resolve.each(&self.file.facts, Resolver::fact)?;
        let promises = resolve.each(&self.file.promises, Resolver::promise)?;
        let counters = resolve.each(&self.file.counters, Resolver::counter)?;
        let retiring = self.file.retiring.iter().map(|entry| resolve.retiring(entry, &facts));
        let retiring: Vec<_> = retiring.collect::<Result<_, _>>()?;
        let number = previous.map_or(1, |(_, number)| number.saturating_add(1));
        Ok(IssueContent {
            origin: self.file.origin.clone(),
            number,
            previous: previous.map(|(envelope, _)| envelope.digest()),
            as_of,
            next_due,
            expires: next_due.plus(grace),
            promises: some_unless_empty(promises),
            counters: some_unless_empty(counters),
            retiring: some_unless_empty(retiring),
            not_before: some_unless_empty(evidence),
            roster: resolve.roster(&self.file.roster)?,
            log: resolve.log(&self.file.log)?,
            publisher: resolve.publisher,
            facts,
        })
    }

    /// The log's origin line.
    pub fn origin(&self) -> &str {
        &self.file.origin
    }

    /// The URL prefix under which the series is published.
    pub fn canonical_url(&self) -> &str {
        &self.file.publisher.canonical_url
    }

    /// How often issues appear.
    pub fn profile(&self) -> Profile {
        self.file.cadence.profile
    }

    /// The log's verifier key.
    ///
    /// # Errors
    ///
    /// The key is not of its form.
    pub fn log_key(&self) -> Result<VerifierKey, ConfigError> {
        let key = &self.file.log.key;
        VerifierKey::parse(key.get_ref()).ok_or_else(|| self.problem(key, Problem::VerifierKey))
    }

    /// The drand relays to ask for evidence, in order.
    pub fn drand_relays(&self) -> Vec<String> {
        let named = self.file.evidence.drand.clone();
        named.unwrap_or_else(|| DRAND_RELAYS.map(str::to_owned).to_vec())
    }

    fn problem<T>(&self, at: &Spanned<T>, problem: Problem) -> ConfigError {
        ConfigError::value(&self.source, at.span().start, problem)
    }
}

/// An absent list and an empty one are different issues: without entries the member is absent.
fn some_unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Whether a target carries a password or a token: credentials belong to the environment. What
/// else a target is made of is for `publish` to read.
fn holds_credentials(target: &toml::Value) -> bool {
    match target {
        toml::Value::String(url) => is_secret_url(url),
        toml::Value::Array(list) => list.iter().any(holds_credentials),
        toml::Value::Table(table) => {
            table.iter().any(|(name, value)| names_secret(name) || holds_credentials(value))
        }
        _ => false,
    }
}

fn is_secret_url(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    password || url.split_once('?').is_some_and(|(_, query)| names_secret(query))
}

fn names_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = ["secret", "token", "password", "signature", "access_key", "accesskey"];
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests;
