//! The draft: the issue being signed, with the signatures so far.
//!
//! A draft is one file that people pass on, from machine to machine where keys are kept apart. It
//! holds all that a signer has to see: the payload itself and the previous issue's payload, whose
//! digest the new one names. It is a working file: publishing turns it into an envelope, and
//! nothing but the payload and its signatures goes there.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::digest::Digest;
use canary_format::envelope::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, pae};
use canary_format::issue::{Issue, IssueContent};
use canary_format::key::{Fingerprint, PublicKey, Signature};
use canary_format::refusal::Refusal;
use canary_format::roster::{QuorumCount, Roster, Signer};
use serde::{Deserialize, Serialize};

/// The value of `draft`.
pub const DRAFT_TYPE: &str = "warrant-canary/draft/v1";

/// The greatest size of a draft, in bytes: three payloads whose every byte is escaped.
pub const MAX_DRAFT: u64 = 1 << 20;

/// An issue being signed. Every signature in it verifies under a key that may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    payload: String,
    issue: Issue,
    previous: Option<Previous>,
    first_signed: Option<(String, Issue)>,
    signatures: Vec<EnvelopeSignature>,
}

/// The issue before, as the draft carries it: its digest is the one that the payload names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    payload: String,
    issue: Issue,
}

/// A draft could not be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// The file is larger than any draft.
    #[error("the draft is larger than {MAX_DRAFT} bytes")]
    TooLarge,
    /// The file is not of a draft's form.
    #[error("not a draft")]
    Form(#[source] serde_json::Error),
    /// The file says that it is something else.
    #[error("not a draft of the type {DRAFT_TYPE:?}")]
    Type,
    /// A payload or a signature breaks a rule of the format.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The previous issue's payload is not the one that the payload names.
    #[error("the previous issue in the draft is not the one that the payload follows")]
    Previous,
    /// The instant of the issue is not later than that of the issue before (`format.md` §4).
    #[error("as_of is not later than that of the previous issue")]
    AsOf,
    /// The origin is not that of the issue before (`format.md` §4).
    #[error("origin is not that of the previous issue")]
    Origin,
    /// A signature does not count.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A signature does not count for a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key is in neither roster that has to sign.
    #[error("the key is in no roster that signs this issue: {0}")]
    NotInRoster(Fingerprint),
    /// The signature is not over this payload, or not by this key.
    #[error("the signature does not verify: {0}")]
    BadSignature(Fingerprint),
    /// The signature verifies under no key that may sign.
    #[error("the signature verifies under no key of a roster that signs this issue")]
    NoKey,
    /// The key has signed already.
    #[error("the key has signed already: {0}")]
    Repeated(Fingerprint),
}

/// The signatures are not enough for an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// A roster that has to sign has no quorum yet.
    #[error(
        "no quorum yet: {} of {} persons, {} of {} jurisdictions",
        .0.persons, .0.threshold, .0.jurisdictions, .0.min_jurisdictions
    )]
    QuorumShort(QuorumCount),
    /// The envelope would break a rule of the format.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    draft: String,
    payload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_signed_payload: Option<String>,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    keyid: String,
    sig: String,
}

impl Draft {
    /// A draft of new content without signatures, after the newest envelope of the series.
    ///
    /// # Errors
    ///
    /// The first rule that the content breaks, by itself or as the follower of the previous issue.
    pub fn new(content: IssueContent, previous: Option<&Envelope>) -> Result<Self, DraftError> {
        let (_, payload) = Issue::compose(content)?;
        let previous = previous.map(|envelope| text(envelope.payload())).transpose()?;
        Self::from_parts(text(&payload)?, previous, None, &[])
    }

    /// Reads a draft, and verifies every signature in it.
    ///
    /// # Errors
    ///
    /// The first thing that makes it no draft.
    pub fn parse(bytes: &[u8]) -> Result<Self, DraftError> {
        if bytes.len() as u64 > MAX_DRAFT {
            return Err(DraftError::TooLarge);
        }
        let written: Written = serde_json::from_slice(bytes).map_err(DraftError::Form)?;
        if written.draft != DRAFT_TYPE {
            return Err(DraftError::Type);
        }
        let signatures = written.signatures.iter().map(WrittenSignature::read);
        let signatures: Option<Vec<_>> = signatures.collect();
        let signatures = signatures.ok_or_else(|| {
            DraftError::Form(serde::de::Error::custom("a signature is not of its form"))
        })?;
        let (previous, first) = (written.previous_payload, written.first_signed_payload);
        Self::from_parts(written.payload, previous, first, &signatures)
    }

    fn from_parts(
        payload: String,
        previous: Option<String>,
        first_signed: Option<String>,
        signatures: &[EnvelopeSignature],
    ) -> Result<Self, DraftError> {
        let issue = Issue::parse(payload.as_bytes())?;
        let previous = match (previous, issue.previous) {
            (None, None) => None,
            (Some(payload), Some(digest)) if Digest::of(payload.as_bytes()) == digest => {
                let issue = Issue::parse(payload.as_bytes())?;
                Some(Previous { payload, issue })
            }
            _ => return Err(DraftError::Previous),
        };
        if let Some(Previous { issue: before, .. }) = &previous {
            if before.number.checked_add(1) != Some(issue.number) {
                return Err(DraftError::Previous);
            }
            if before.as_of >= issue.as_of {
                return Err(DraftError::AsOf);
            }
            if before.origin != issue.origin {
                return Err(DraftError::Origin);
            }
        }
        let first_signed = first_signed
            .map(|payload| Issue::parse(payload.as_bytes()).map(|issue| (payload, issue)))
            .transpose()?;
        let mut draft = Self { payload, issue, previous, first_signed, signatures: Vec::new() };
        for signature in signatures {
            draft.add(*signature)?;
        }
        Ok(draft)
    }

    /// The bytes of the draft's file.
    pub fn encode(&self) -> Vec<u8> {
        let sig = |s: &EnvelopeSignature| WrittenSignature {
            keyid: s.keyid.to_string(),
            sig: STANDARD.encode(s.signature.0),
        };
        let written = Written {
            draft: DRAFT_TYPE.to_owned(),
            payload: self.payload.clone(),
            previous_payload: self.previous.as_ref().map(|previous| previous.payload.clone()),
            first_signed_payload: self.first_signed.as_ref().map(|(payload, _)| payload.clone()),
            signatures: self.signatures.iter().map(sig).collect(),
        };
        let mut bytes = serde_json::to_vec_pretty(&written).expect("strings always serialise");
        bytes.push(b'\n');
        bytes
    }

    /// The issue being signed.
    pub fn issue(&self) -> &Issue {
        &self.issue
    }

    /// The exact payload.
    pub fn payload(&self) -> &[u8] {
        self.payload.as_bytes()
    }

    /// The previous issue; none before issue 1.
    pub fn previous(&self) -> Option<&Issue> {
        self.previous.as_ref().map(|previous| &previous.issue)
    }

    /// The issue that the first signature was made over, where the draft is another by now.
    pub fn first_signed(&self) -> Option<&Issue> {
        self.first_signed.as_ref().map(|(_, issue)| issue)
    }

    /// The signatures so far. Each verifies.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// The bytes that each signer's key signs: the DSSE pre-authentication encoding (§3).
    pub fn signed_bytes(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, self.payload())
    }

    /// The rosters that have to reach a quorum, and what each is called (`format.md` §4).
    pub fn rosters(&self) -> Vec<(RosterOf, &Roster)> {
        match self.previous() {
            Some(before) if before.roster == self.issue.roster => {
                vec![(RosterOf::Both, &self.issue.roster)]
            }
            Some(before) => {
                vec![
                    (RosterOf::PreviousIssue, &before.roster),
                    (RosterOf::ThisIssue, &self.issue.roster),
                ]
            }
            None => vec![(RosterOf::ThisIssue, &self.issue.roster)],
        }
    }

    /// The person whose key this is, in a roster that has to sign: the newer one's word first.
    pub fn signer(&self, keyid: Fingerprint) -> Option<&Signer> {
        self.rosters().into_iter().rev().find_map(|(_, roster)| roster.signer(keyid))
    }

    /// A key that may sign, by its fingerprint.
    pub fn key(&self, keyid: Fingerprint) -> Option<PublicKey> {
        let mut keys = self.rosters().into_iter().flat_map(|(_, roster)| roster.keys());
        keys.find(|key| key.fingerprint() == keyid)
    }

    /// Adds a signature that was made over [`Draft::signed_bytes`], here or on another machine.
    ///
    /// # Errors
    ///
    /// A key that may not sign or has signed, or a signature that does not verify.
    pub fn add(&mut self, signature: EnvelopeSignature) -> Result<(), SignatureError> {
        let keyid = signature.keyid;
        let key = self.key(keyid).ok_or(SignatureError::NotInRoster(keyid))?;
        if self.signatures.iter().any(|other| other.keyid == keyid) {
            return Err(SignatureError::Repeated(keyid));
        }
        if !key.verify(&self.signed_bytes(), &signature.signature) {
            return Err(SignatureError::BadSignature(keyid));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Adds a bare signature made by any key that may sign, whichever it verifies under.
    ///
    /// # Errors
    ///
    /// The key has signed already, or the signature verifies under no such key.
    pub fn add_bare(&mut self, signature: Signature) -> Result<Fingerprint, SignatureError> {
        let message = self.signed_bytes();
        let by = {
            let mut keys = self.rosters().into_iter().flat_map(|(_, roster)| roster.keys());
            keys.find(|key| key.verify(&message, &signature))
        };
        let keyid = by.ok_or(SignatureError::NoKey)?.fingerprint();
        self.add(EnvelopeSignature { keyid, signature })?;
        Ok(keyid)
    }

    /// Takes over the signatures of another copy of this draft. `None` where that copy holds
    /// another payload: then nothing is taken over.
    pub fn merge(&mut self, other: &Self) -> Option<usize> {
        if other.payload != self.payload {
            return None;
        }
        let taken = other.signatures.iter().filter(|signature| self.add(**signature).is_ok());
        Some(taken.count())
    }

    /// This draft without some facts. Where one is absent anew, earlier signatures do not count for
    /// the new payload and are gone; what the first of them was made over is kept for the ceremony.
    ///
    /// Nothing else differs but an announcement that an absent fact will retire, which only an
    /// issue that affirms it can make (`format.md` §2).
    ///
    /// # Errors
    ///
    /// None for a draft that was read: the rules of the format bind no member to the facts' number.
    pub fn without(&self, facts: &BTreeSet<String>) -> Result<Self, DraftError> {
        let mut issue = self.issue.clone();
        issue.facts.retain(|fact| !facts.contains(&fact.id));
        if issue.facts.len() == self.issue.facts.len() {
            return Ok(self.clone());
        }
        issue.retiring = issue.retiring.and_then(|mut retiring| {
            retiring.retain(|entry| !facts.contains(&entry.id));
            (!retiring.is_empty()).then_some(retiring)
        });
        let previous = self.previous.as_ref().map(|previous| previous.payload.clone());
        Self::from_parts(text(&issue.encode())?, previous, self.first_payload(), &[])
    }

    /// This draft in place of another whose signatures, if any, do not count for it. What the first
    /// of them was made over is kept for the ceremony.
    #[must_use]
    pub fn in_place_of(mut self, other: &Self) -> Self {
        if other.payload == self.payload {
            return other.clone();
        }
        self.first_signed = other.first_payload().and_then(|payload| {
            let issue = Issue::parse(payload.as_bytes()).ok()?;
            Some((payload, issue))
        });
        self
    }

    fn first_payload(&self) -> Option<String> {
        let first = self.first_signed.as_ref().map(|(payload, _)| payload.clone());
        first.or_else(|| (!self.signatures.is_empty()).then(|| self.payload.clone()))
    }

    /// How far each roster that has to sign has come.
    pub fn standing(&self) -> Vec<Standing<'_>> {
        let signed = |key: &PublicKey| {
            let keyid = key.fingerprint();
            self.signatures.iter().any(|signature| signature.keyid == keyid)
        };
        let standing = |(of, roster): (RosterOf, _)| {
            let roster: &Roster = roster;
            let verified: BTreeSet<PublicKey> = roster.keys().filter(signed).collect();
            let (signed, waiting) = roster
                .signers
                .iter()
                .partition(|person| person.keys.iter().any(|key| verified.contains(key)));
            Standing { of, count: roster.count(&verified), signed, waiting }
        };
        self.rosters().into_iter().map(standing).collect()
    }

    /// The envelope to publish: the payload and its signatures, and nothing else of the draft.
    ///
    /// # Errors
    ///
    /// A roster without a quorum, or an envelope that would break its limits.
    pub fn to_envelope(&self) -> Result<Envelope, EnvelopeError> {
        if let Some(short) = self.standing().iter().find(|standing| !standing.count.is_quorum()) {
            return Err(EnvelopeError::QuorumShort(short.count));
        }
        Ok(Envelope::write(self.payload(), &self.signatures)?)
    }
}

/// Which issue's roster has to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RosterOf {
    /// The previous issue's, which differs from this issue's.
    PreviousIssue,
    /// This issue's own.
    ThisIssue,
    /// Both issues have the same.
    Both,
}

impl fmt::Display for RosterOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreviousIssue => "the previous issue's roster",
            Self::ThisIssue | Self::Both => "the roster",
        })
    }
}

/// How far one roster has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Whose roster it is.
    pub of: RosterOf,
    /// Persons and jurisdictions.
    pub count: QuorumCount,
    /// Who signed.
    pub signed: Vec<&'a Signer>,
    /// Who did not.
    pub waiting: Vec<&'a Signer>,
}

impl<'a> Standing<'a> {
    /// How many more persons it takes at least; `None` where all who are left are not enough.
    pub fn missing(&self) -> Option<u64> {
        let left: BTreeSet<&str> =
            self.waiting_elsewhere().map(|signer| signer.jurisdiction.as_str()).collect();
        let needed = self.missing_jurisdictions();
        let persons = self.count.threshold.saturating_sub(self.count.persons as u64);
        let missing = persons.max(needed);
        let enough = left.len() as u64 >= needed && self.waiting.len() as u64 >= missing;
        enough.then_some(missing)
    }

    /// Those of whom the next can be: where every signature that is missing has to come from another
    /// jurisdiction, only persons of others.
    pub fn helpful(&self) -> Vec<&'a Signer> {
        match self.missing() {
            Some(missing) if missing == self.missing_jurisdictions() && missing > 0 => {
                self.waiting_elsewhere().collect()
            }
            Some(_) => self.waiting.clone(),
            None => Vec::new(),
        }
    }

    fn missing_jurisdictions(&self) -> u64 {
        self.count.min_jurisdictions.saturating_sub(self.count.jurisdictions as u64)
    }

    fn waiting_elsewhere(&self) -> impl Iterator<Item = &'a Signer> {
        let signed = |other: &&Signer| {
            self.signed.iter().any(|signer| signer.jurisdiction == other.jurisdiction)
        };
        self.waiting.iter().copied().filter(move |signer| !signed(signer))
    }
}

impl WrittenSignature {
    fn read(&self) -> Option<EnvelopeSignature> {
        let keyid = Fingerprint::parse(&self.keyid)?;
        let signature = STANDARD.decode(&self.sig).ok()?.try_into().ok()?;
        Some(EnvelopeSignature { keyid, signature: Signature(signature) })
    }
}

/// A payload is UTF-8, or no issue.
fn text(payload: &[u8]) -> Result<String, DraftError> {
    let text = std::str::from_utf8(payload)
        .map_err(|_| Refusal::malformed("payload", canary_format::refusal::Rule::Utf8))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
