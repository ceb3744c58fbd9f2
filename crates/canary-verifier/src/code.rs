//! The closed list of findings (`verdicts.md` §3).

use serde::{Deserialize, Serialize};

/// What a finding says; a code never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

    // Codes of canaries in other formats (`docs/spec/dialects.md`). The native judge never gives them.
    /// Nothing in this canary is signed.
    Unsigned,
    /// A signature by a key that the user did not name.
    UnknownSigner,
    /// A signature rests on a digest whose collisions are practical.
    SignatureWeakHash,
    /// A signature rests on a digest under which anybody can forge, and does not count.
    SignatureRefused,
    /// A signature says of itself that it has ended.
    SignatureExpired,
    /// A signature was made for another purpose.
    SignaturePurpose,
    /// The key had ended when the signature was made.
    SignerKeyExpired,
    /// The key has ended since the signature was made.
    SignerKeyExpiredSince,
    /// The key was revoked when the signature was made, or in a way that ends every signature.
    SignerKeyRevoked,
    /// The key was revoked since the signature was made, for a reason that leaves older ones valid.
    SignerKeyRevokedSince,
    /// The key could not make such a signature: too young, or not for signing.
    SignerKeyInvalid,
    /// The words leave the deadline open, or give none.
    DeadlineUndefined,
    /// The words give no date of issue.
    DateUndefined,
    /// The date of issue and the time of signing lie well apart.
    DatesDisagree,
    /// An issue came after the deadline that the one before it gave.
    IssuedLate,
    /// An issue came before the window that the one before it announced.
    IssuedEarly,
    /// A text under the same date was replaced by another.
    Corrected,
    /// Words under a heading for announcements.
    Announcement,
    /// A signed text was published beside the issue, and is none itself.
    Accompanied,
    /// Words stand outside of what is signed.
    WordsOutside,
    /// Several signed texts stand in one publication.
    SeveralSpans,
    /// Fields are signed one by one, and nothing binds them together.
    FieldsUnbound,
    /// A field that nobody signed.
    FieldUnsigned,
    /// Fields of different issues are put together.
    FieldsSpliced,
    /// The key that the canary names as its panic key has signed.
    PanicKeySigned,
}

impl Code {
    /// Whether it says that signed statements contradict each other, or are not authentic.
    pub fn is_authenticity(self) -> bool {
        matches!(
            self,
            Self::BadSignature
                | Self::QuorumShort
                | Self::PinMismatch
                | Self::ChainBroken
                | Self::LogInconsistent
                | Self::CheckpointUnsigned
                | Self::Rollback
                | Self::Fork
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = serde_json::to_value(self).expect("a unit variant is a string");
        f.pad(name.as_str().expect("a unit variant is a string"))
    }
}
