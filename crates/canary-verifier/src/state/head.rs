//! The small files of a target's state. Reading is strict: every member, no other.

use canary_format::checkpoint::MAX_LEAVES;
use canary_format::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CachedCheckpoint, Validators};
use crate::evidence::{Seen, Silence};

/// The greatest size of a head, in bytes: a checkpoint, and a silence for every issue.
pub(super) const MAX_HEAD: u64 = 4 << 20;

const STATE_TYPE: &str = "warrant-canary/state/v1";

/// Which envelopes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaves {
    /// Another file is begun where the envelopes do not extend those of the one before.
    pub(super) generation: u64,
    pub(super) count: u64,
    /// How much of the file they fill.
    pub(super) bytes: u64,
}

impl Leaves {
    pub(super) fn file_name(&self) -> String {
        format!("leaves.{}", self.generation)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    state: String,
    pub(super) target: String,
    pub(super) leaves: Leaves,
    checkpoint: String,
    grown_at: Option<Instant>,
    heartbeat_at: Option<Instant>,
    obtained_at: Option<Instant>,
    silences: Vec<KeptSilence>,
    newest_instant: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSilence {
    after_issue: u64,
    first: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Instant>,
    ended: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone, Copy)]
struct Instant(Timestamp);

impl TryFrom<String> for Instant {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Timestamp::parse(&text).map(Self).ok_or("not an instant")
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.0.to_string()
    }
}

impl Head {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let head: Self = serde_json::from_slice(bytes).ok()?;
        let within = head.leaves.count <= MAX_LEAVES && head.silences.len() as u64 <= MAX_LEAVES;
        (head.state == STATE_TYPE && within).then_some(head)
    }

    pub(super) fn of(target: &str, leaves: Leaves, seen: &Seen) -> Self {
        let silence = |s: &Silence| KeptSilence {
            after_issue: s.after_issue,
            first: Instant(s.first),
            last: Some(Instant(s.last)),
            ended: s.ended.map(Instant),
        };
        Self {
            state: STATE_TYPE.to_owned(),
            target: target.to_owned(),
            leaves,
            checkpoint: String::from_utf8_lossy(&seen.checkpoint).into_owned(),
            grown_at: seen.grown_at.map(Instant),
            heartbeat_at: seen.heartbeat_at.map(Instant),
            obtained_at: seen.obtained_at.map(Instant),
            silences: seen.silences.iter().map(silence).collect(),
            newest_instant: seen.newest_instant.map(Instant),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("members are strings and integers")
    }

    pub(super) fn into_seen(self, leaves: Vec<Vec<u8>>) -> (Seen, Leaves) {
        let silence = |s: KeptSilence| Silence {
            after_issue: s.after_issue,
            first: s.first.0,
            last: s.last.map_or(s.first.0, |at| at.0),
            ended: s.ended.map(|at| at.0),
        };
        let seen = Seen {
            leaves,
            checkpoint: self.checkpoint.into_bytes(),
            grown_at: self.grown_at.map(|at| at.0),
            heartbeat_at: self.heartbeat_at.map(|at| at.0),
            obtained_at: self.obtained_at.map(|at| at.0),
            silences: self.silences.into_iter().map(silence).collect(),
            newest_instant: self.newest_instant.map(|at| at.0),
        };
        (seen, self.leaves)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptCheckpoint {
    checkpoint: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

pub(super) fn parse_checkpoint(bytes: &[u8]) -> Option<CachedCheckpoint> {
    let kept: KeptCheckpoint = serde_json::from_slice(bytes).ok()?;
    let validators = Validators { etag: kept.etag, last_modified: kept.last_modified };
    Some(CachedCheckpoint { bytes: kept.checkpoint.into_bytes(), validators })
}

/// `None` where the checkpoint is not text.
pub(super) fn encode_checkpoint(cached: &CachedCheckpoint) -> Option<Vec<u8>> {
    let kept = KeptCheckpoint {
        checkpoint: String::from_utf8(cached.bytes.clone()).ok()?,
        etag: cached.validators.etag.clone(),
        last_modified: cached.validators.last_modified.clone(),
    };
    Some(serde_json::to_vec_pretty(&kept).expect("members are strings"))
}
