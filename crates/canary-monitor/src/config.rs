//! `watch.toml`: one file or a directory of them. Every mistake is named with its line and column, and
//! fields that are not known are refused.

mod dialect;
mod duration;
mod list;
mod mistake;
mod reader;
mod sections;
mod silences;
mod sinks;
mod size;
mod targets;
mod trust;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use self::duration::parse_duration;
pub use self::mistake::{ConfigError, Mistake};
use self::reader::bounded;
use self::sections::Sections;
pub use self::size::parse_size;
use crate::fleet::{Fleet, FleetBuilder};
use crate::route::Route;
use crate::silence::Silence;
use crate::sinks::{Secret, SinkConfig};
use crate::store::postgres::Address;

/// The greatest size of a file of the configuration, in bytes.
const MAX_FILE: usize = 16 << 20;

/// Everything that `canary watch` is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where state is kept: `sqlite:` and a path, or `postgres://`.
    pub store: StoreUrl,
    /// The password for PostgreSQL, where it is not in its usual places.
    pub store_password: Option<Secret>,
    /// Caps on what runs at once.
    pub limits: Limits,
    /// URLs whose answers show that the monitor's own network works.
    pub controls: Vec<String>,
    /// What to tell that the monitor is alive, and how often.
    pub dead_man: Option<DeadMan>,
    /// Where notices go.
    pub sinks: Vec<SinkConfig>,
    /// Which notices go where.
    pub routes: Vec<Route>,
    /// When what is held back.
    pub silences: Vec<Silence>,
    /// What is kept, and for how long.
    pub retention: Retention,
    /// From how many targets on the metrics are sums, not one line a target.
    pub aggregate_from: usize,
    /// A file for node_exporter's textfile collector.
    pub textfile: Option<PathBuf>,
    /// What a trust file names and cannot be watched, with the reason.
    pub left_out: Vec<String>,
    /// What may be meant so, and is no mistake.
    pub remarks: Vec<Mistake>,
    /// What is watched.
    pub fleet: Fleet,
}

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<Address>),
}

impl StoreUrl {
    /// Reads `sqlite:` and a path, or `postgres://`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a line for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let address = Address::parse(text);
            return address.map(|it| Self::Postgres(Box::new(it))).map_err(|e| in_words(&e));
        }
        match text.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).into())),
            None => {
                Err("a store is sqlite:<path> or postgres://<user>@<host>/<database>".to_owned())
            }
        }
    }
}

fn in_words(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", in_words(source)),
        None => error.to_string(),
    }
}

/// Caps on what runs at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Checks at once.
    pub concurrency: usize,
    /// Checks at once to one host.
    pub per_host: usize,
    /// Seconds that one check may take.
    pub check_timeout: i64,
}

/// A dead-man ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadMan {
    /// What to GET.
    pub url: String,
    /// How often, in seconds.
    pub every: i64,
}

/// What is kept, and for how long, in seconds; `None` for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How many bytes of new bodies one target may add in a day.
    pub evidence_per_day: u64,
    /// Bodies that no target's present state rests on.
    pub evidence: Option<i64>,
    /// Lines of timelines.
    pub events: Option<i64>,
    /// Notices that were sent.
    pub notices: Option<i64>,
}

impl Default for Retention {
    /// Everything for ever; 64 MiB a day of one target.
    fn default() -> Self {
        Self { evidence_per_day: 64 << 20, evidence: None, events: None, notices: None }
    }
}

impl Config {
    /// Reads a file, or every `*.toml` of a directory in the order of their names. `own_trust` is the
    /// user's own trust file, for `[[trust]]` without a path.
    ///
    /// # Errors
    ///
    /// Every mistake found, or the file that cannot be read.
    pub fn read(path: &Path, own_trust: Option<&Path>) -> Result<Self, ConfigError> {
        let mut sections = Sections::default();
        let mut fleet = FleetBuilder::default();
        let mut mistakes = Vec::new();
        for file in files(path)? {
            let bytes = read(&file)?;
            match Mistake::text(&file, &bytes) {
                Ok(text) => sections.read(&file, text, &mut mistakes),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        sections.settle(own_trust, &mut fleet, &mut mistakes);
        let fleet = fleet.build();
        sections.check_silences(&fleet, &mut mistakes);
        if mistakes.is_empty() {
            Ok(sections.into_config(fleet))
        } else {
            Err(ConfigError::Mistakes(mistakes))
        }
    }

    /// Whether a sink has this name.
    pub fn has_sink(&self, name: &str) -> bool {
        self.sinks.iter().any(|sink| sink.name == name)
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let large = || io::Error::other("larger than 16 MiB: name large fleets in a [[list]]");
    let read = bounded(path, MAX_FILE).and_then(|bytes| bytes.ok_or_else(large));
    read.map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
