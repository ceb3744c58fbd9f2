//! What the judge takes: evidence, trust and what was seen before.

use canary_format::beacon::Chain;
use canary_format::pin::Pin;
use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;

use crate::roughtime::TimeBounds;
use crate::witness::WitnessPolicy;

/// What came of asking for one thing. Absent, unreachable and refused are different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obtained<T> {
    /// It is here, within its limits.
    Got(T),
    /// The host answered 404 or 410, or the local path is not there.
    Missing,
    /// Asking failed: the words say how, without naming a cause beyond the transport.
    Unreachable(String),
    /// It is too large, or its framing breaks a rule.
    Refused(Refusal),
}

/// All that was obtained at one time for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The URL prefix or path that the user named.
    pub url: Option<String>,
    /// When it was obtained.
    pub obtained_at: Timestamp,
    /// What it is.
    pub source: Source,
    /// The same series elsewhere, at addresses that the user named.
    pub mirrors: Vec<Mirror>,
}

/// In which form a canary was obtained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A static site (`format.md` §6).
    Site(Site),
    /// A single file: `tlog-proof` with the envelope (`format.md` §8).
    Proof(Obtained<Vec<u8>>),
    /// A bare envelope: there is no log, heartbeat or witness to judge.
    Envelope(Obtained<Vec<u8>>),
}

/// A static site's inputs to verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The bytes of `checkpoint`.
    pub checkpoint: Obtained<Vec<u8>>,
    /// Every leaf that the checkpoint covers, in order. Not looked at unless the checkpoint is here.
    pub leaves: Obtained<Vec<Vec<u8>>>,
}

/// A mirror that the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its URL prefix or path.
    pub url: String,
    /// What was obtained there.
    pub site: Site,
}

/// What the user trusts and asks for.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The pin.
    pub pin: Option<Pin>,
    /// The newest issue that the user acknowledged: with the pin it makes the baseline.
    pub acknowledged: Option<u64>,
    /// The longest `expires − as_of` without a finding, in days.
    pub max_interval_days: i64,
    /// Whether not-before evidence is asked for.
    pub freshness: Freshness,
    /// Which witnesses must have cosigned.
    pub witnesses: Option<WitnessPolicy>,
    /// The drand chains known.
    pub chains: Vec<Chain>,
    /// What time servers that the user named bear out about now.
    pub time: TimeBounds,
}

/// Whether absent not-before evidence is worth attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Only where the series had some before.
    AsBefore,
    /// Always.
    Required,
}

impl Default for Trust {
    /// No pin, no acknowledgement, 100 days, drand's quicknet, and no time servers.
    fn default() -> Self {
        Self {
            pin: None,
            acknowledged: None,
            max_interval_days: 100,
            freshness: Freshness::AsBefore,
            witnesses: None,
            chains: vec![Chain::quicknet()],
            time: TimeBounds::default(),
        }
    }
}

/// What was seen before of one target. It only ever advances to authentic, consistent evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The leaves of the greatest consistent tree, in order.
    pub leaves: Vec<Vec<u8>>,
    /// The checkpoint over them, as it was received.
    pub checkpoint: Vec<u8>,
    /// When a tree of this size was first seen.
    pub grown_at: Option<Timestamp>,
    /// The newest verified heartbeat.
    pub heartbeat_at: Option<Timestamp>,
    /// When the target was last obtained.
    pub obtained_at: Option<Timestamp>,
    /// Fetches on record that found nothing newer after an issue had lapsed.
    pub silences: Vec<Silence>,
    /// The newest verified instant of any kind: it never goes back.
    pub newest_instant: Option<Timestamp>,
}

/// Fetches after an issue's `expires` that found nothing newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The number of the issue that had lapsed.
    pub after_issue: u64,
    /// The first such fetch.
    pub first: Timestamp,
    /// The last such fetch.
    pub last: Timestamp,
    /// The first fetch that found a newer issue.
    pub ended: Option<Timestamp>,
}
