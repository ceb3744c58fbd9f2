//! The report: what a verifier concludes, and nothing about causes (`verdicts.md` §1–§4).

use canary_format::digest::Digest;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::code::Code;

/// The value of `report`.
pub const REPORT_TYPE: &str = "warrant-canary/report/v1";

/// What a live canary does not show; part of every report for people (`verdicts.md` §5).
pub const LIMITS: &str = "What a live canary does not show: that no data was accessed, that any law was complied with, that a statement is true, or that its signers were free. It shows that named keys affirmed these words at this time, and that nothing affirmed earlier has disappeared since your baseline. Out of any verifier's reach without witnesses: a publisher whose whole quorum signs two stories for two readers; with them: a quorum that lies.";

/// How bad it is; the order is from best to worst (`verdicts.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Everything checked holds.
    Alive,
    /// Look at it; nothing has fallen silent unexpectedly.
    Attention,
    /// Nothing can be concluded.
    Unknown,
    /// A canary, or part of it, is silent, altered or not authentic.
    Alarm,
}

impl Severity {
    /// The exit status of the command: 0, 1, 2 or 3.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Alive => 0,
            Self::Attention => 1,
            Self::Alarm => 2,
            Self::Unknown => 3,
        }
    }

    /// The word of a Nagios plugin.
    pub fn nagios_word(self) -> &'static str {
        match self {
            Self::Alive => "OK",
            Self::Attention => "WARNING",
            Self::Alarm => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Alive => "alive",
            Self::Attention => "attention",
            Self::Alarm => "alarm",
            Self::Unknown => "unknown",
        })
    }
}

/// The state of the canary, from its newest authentic issue (`verdicts.md` §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Now is at most `next_due`.
    Live,
    /// Now is past `next_due` and at most `expires`.
    Overdue,
    /// Now is past `expires`.
    Lapsed,
    /// The host says that there is no canary, or the local path is not there.
    Missing,
    /// The canary could not be fetched.
    Unreachable,
    /// What was served is not an authentic canary.
    Unverified,
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Live => "LIVE",
            Self::Overdue => "OVERDUE",
            Self::Lapsed => "LAPSED",
            Self::Missing => "MISSING",
            Self::Unreachable => "UNREACHABLE",
            Self::Unverified => "UNVERIFIED",
        })
    }
}

/// One thing observed (`verdicts.md` §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which, of a closed list.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What was observed, in words that name no cause.
    pub message: String,
    /// The number of the issue that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<u64>,
    /// The id of the fact, counter or promise that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The person or key that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The instant from which it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The address that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Finding {
    /// A finding with a message, about nothing more yet.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            severity,
            message,
            issue: None,
            fact: None,
            signer: None,
            since: None,
            url: None,
        }
    }

    /// The same, about an issue.
    #[must_use]
    pub fn issue(self, number: u64) -> Self {
        Self { issue: Some(number), ..self }
    }

    /// The same, about a fact or counter.
    #[must_use]
    pub fn fact(self, id: &str) -> Self {
        Self { fact: Some(id.to_owned()), ..self }
    }

    /// The same, about a person or key.
    #[must_use]
    pub fn signer(self, name: impl Into<String>) -> Self {
        Self { signer: Some(name.into()), ..self }
    }

    /// The same, so from an instant on.
    #[must_use]
    pub fn since(self, since: Timestamp) -> Self {
        Self { since: Some(since), ..self }
    }

    /// The same, about an address.
    #[must_use]
    pub fn url(self, url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..self }
    }
}

/// What a verifier concludes at one instant (`verdicts.md` §4). A pure function of what was
/// obtained, what is trusted, what was seen before and that instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Always [`REPORT_TYPE`].
    pub report: &'static str,
    /// The judging instant.
    pub at: Timestamp,
    /// What was judged.
    pub subject: Subject,
    /// The worst of the findings.
    pub severity: Severity,
    /// The state of the canary.
    pub state: State,
    /// Worst first, then by issue and id.
    pub findings: Vec<Finding>,
    /// The newest authentic issue.
    pub issue: Option<IssueSummary>,
    /// The persons whose signatures on it verified.
    pub affirmed_by: Vec<Person>,
    /// How old things are, in seconds.
    pub ages: Ages,
    /// Every fact ever seen.
    pub facts: Vec<FactSummary>,
    /// The log, where there is one.
    pub log: Option<LogSummary>,
    /// Lapses in the history.
    pub gaps: Vec<Gap>,
    /// [`LIMITS`].
    pub limits: &'static str,
}

/// What was judged; each part where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Subject {
    /// The origin of the series.
    pub origin: Option<String>,
    /// The URL prefix.
    pub url: Option<String>,
    /// The pin.
    pub pin: Option<Pin>,
}

/// The newest authentic issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueSummary {
    /// Its number.
    pub number: u64,
    /// The digest of its payload.
    pub digest: Digest,
    /// The instant that its facts are affirmed for.
    pub as_of: Timestamp,
    /// When the next issue is due.
    pub next_due: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// A person whose signature verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Person {
    /// As in the roster.
    pub name: String,
    /// As in the roster.
    pub role: String,
    /// ISO 3166-1 alpha-2.
    pub jurisdiction: String,
}

/// Seconds since; null where unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Ages {
    /// Since people last affirmed: the newest `as_of`.
    pub human: Option<i64>,
    /// Since the newest verified heartbeat.
    pub heartbeat: Option<i64>,
    /// Since the evidence judged was obtained.
    pub observation: Option<i64>,
}

/// A fact's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactSummary {
    /// Its id.
    pub id: String,
    /// Whether it is affirmed now.
    pub state: FactState,
    /// The `as_of` of the first issue that affirms it.
    pub first_affirmed: Timestamp,
    /// The `as_of` of the last issue that affirms it.
    pub last_affirmed: Timestamp,
    /// The SHA-256 of its words: the JSON of `text`, `tense` and `since` as last affirmed.
    pub digest: Digest,
}

/// Whether a fact is affirmed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FactState {
    /// The newest authentic issue affirms it.
    Affirmed,
    /// It does not, and this was not announced.
    Absent,
    /// It does not, as announced a full interval before.
    Retired,
}

/// The log's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// How many leaves.
    pub size: u64,
    /// The root hash, in base64.
    pub root: String,
    /// The newest verified heartbeat.
    pub heartbeat_at: Option<Timestamp>,
    /// Witnesses whose cosignatures verified.
    pub witnesses: Vec<WitnessSummary>,
}

/// A witness whose cosignature verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessSummary {
    /// The name of its key.
    pub name: String,
    /// Its earliest cosignature of this tree at hand: the newest issue existed by then.
    pub first: Timestamp,
    /// Its newest cosignature of this tree that does not lie ahead of now.
    pub at: Timestamp,
}

/// A lapse in the history: it stays there for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// When the earlier issue lapsed.
    pub from: Timestamp,
    /// When the series went on.
    pub to: Timestamp,
    /// The number of the earlier issue.
    pub after_issue: u64,
}
