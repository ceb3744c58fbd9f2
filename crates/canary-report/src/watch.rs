//! The watcher's own record: when it looked, and when nobody looked.

use canary_format::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// The value of `record`.
pub const WATCH_TYPE: &str = "warrant-canary/watch/v1";

/// The greatest size of a watch record, in bytes.
pub const MAX_WATCH: usize = 16 << 20;

/// What a monitor says about its own looking (`docs/spec/reports.md` §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRecord {
    /// Always [`WATCH_TYPE`].
    pub record: String,
    /// The monitor's own name, as it is to be shown.
    pub watcher: String,
    /// The origin of the series looked at, where it is known.
    pub origin: Option<String>,
    /// The address looked at.
    pub url: String,
    /// The first look.
    #[serde(deserialize_with = "timestamp")]
    pub from: Timestamp,
    /// The last look.
    #[serde(deserialize_with = "timestamp")]
    pub to: Timestamp,
    /// Seconds between looks, as planned.
    pub interval: u64,
    /// How many looks got an answer, where the watcher says it of this time.
    pub looks: Option<u64>,
    /// Times in which nobody looked.
    pub gaps: Vec<WatchGap>,
}

/// A time in which nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchGap {
    /// The last look before it.
    #[serde(deserialize_with = "timestamp")]
    pub from: Timestamp,
    /// The first look after it.
    #[serde(deserialize_with = "timestamp")]
    pub to: Timestamp,
}

/// A watch record that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The file is too large.
    #[error("the watch record is larger than {MAX_WATCH} bytes")]
    TooLarge,
    /// The file is not of the documented form.
    #[error("the watch record does not read as JSON of the documented form")]
    Form(#[source] serde_json::Error),
    /// Another kind of record.
    #[error("not a watch record of a known version: {0}")]
    Type(String),
    /// An end before its start.
    #[error("a time in the watch record ends before it starts, at {0}")]
    Order(Timestamp),
}

impl WatchRecord {
    /// Reads a watch record.
    ///
    /// # Errors
    ///
    /// The first rule of `docs/spec/reports.md` §5 that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, WatchError> {
        if bytes.len() > MAX_WATCH {
            return Err(WatchError::TooLarge);
        }
        let mut record: Self = serde_json::from_slice(bytes).map_err(WatchError::Form)?;
        if record.record != WATCH_TYPE {
            return Err(WatchError::Type(record.record));
        }
        let spans = record.gaps.iter().map(|gap| (gap.from, gap.to));
        if let Some((from, _)) =
            spans.chain([(record.from, record.to)]).find(|(from, to)| to < from)
        {
            return Err(WatchError::Order(from));
        }
        record.gaps.sort();
        Ok(record)
    }
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("not an instant written YYYY-MM-DDTHH:MM:SSZ: {text}"))
    })
}
