//! The closed list of findings (`verdicts.md` §3).

use serde::Serialize;

/// What a finding says; a code never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Code {
    /// Bytes break a rule of the format.
    Malformed,
    /// A size limit of the format is exceeded.
    TooLarge,
    /// A known key's signature does not verify.
    BadSignature,
    /// No quorum of a roster that must sign.
    QuorumShort,
    /// The pinned issue's digest differs.
    PinMismatch,
    /// Nothing binds what was obtained but its own word.
    Unpinned,
    /// Number, previous digest, order of dates or origin does not follow.
    ChainBroken,
    /// The leaves and the checkpoint, or what was seen before, do not fit.
    LogInconsistent,
    /// The newest authentic issue's log key did not sign the checkpoint.
    CheckpointUnsigned,
    /// Older than what was seen before.
    Rollback,
    /// Two authentic payloads under one number.
    Fork,
    /// A mirror could not be read or is not authentic.
    MirrorFailed,
    /// The newest heartbeat is too old.
    HeartbeatStale,
    /// A heartbeat is declared and there is none.
    HeartbeatMissing,
    /// The verifier's witness policy is not met.
    WitnessShort,
    /// `as_of` lies in the future.
    FutureDated,
    /// A verified instant lies in the future.
    ClockSuspect,
    /// The state, as a finding.
    Overdue,
    /// The state, as a finding.
    Lapsed,
    /// The state, as a finding.
    Missing,
    /// The state, as a finding.
    Unreachable,
    /// The series went on after a lapse.
    Resumed,
    /// A fact is not affirmed any more, unannounced.
    FactAbsent,
    /// A fact is not affirmed any more, as announced.
    FactRetired,
    /// The newest issue announces that a fact will not be affirmed any more.
    RetirementAnnounced,
    /// A fact's words differ from those affirmed before.
    FactReworded,
    /// A fact's scope lies within the one before.
    ScopeNarrowed,
    /// A fact's scope contains the one before.
    ScopeWidened,
    /// A fact's scope neither contains the one before nor lies within it.
    ScopeChanged,
    /// A new id.
    FactAdded,
    /// A fact is affirmed again after an absence, in the same words.
    FactReaffirmed,
    /// A counter has another value for another period.
    CounterChanged,
    /// A counter is expressed differently.
    CounterRepresentationChanged,
    /// The publisher's particulars differ.
    PublisherChanged,
    /// The log's or the heartbeat's key differs.
    LogChanged,
    /// The roster differs.
    RosterChanged,
    /// There is no verifiable not-before evidence.
    FreshnessMissing,
    /// The newest evidence is well before `as_of`.
    FreshnessStale,
    /// Evidence fails, or lies after `as_of`.
    FreshnessInvalid,
    /// An issue is valid for longer than the verifier accepts.
    LongInterval,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = serde_json::to_value(self).expect("a unit variant is a string");
        f.pad(name.as_str().expect("a unit variant is a string"))
    }
}
