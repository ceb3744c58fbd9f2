//! Which issues are authentic: parsed, chained and signed by a quorum (`format.md` §2–§4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use canary_format::digest::Digest;
use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::key::{ExpandedKey, PublicKey, Signature};
use canary_format::merkle::{TreeHash, root};
use canary_format::pin::Pin;
use canary_format::refusal::Refusal;
use canary_format::roster::{QuorumCount, Roster, Signer};

use super::findings::{Findings, refused};
use super::in_parallel::in_parallel;
use crate::report::{Code, Finding, Person, Severity};

/// An authentic issue. Only the verifier makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIssue {
    parsed: Arc<Parsed>,
    affirmed_by: Vec<Person>,
}

impl VerifiedIssue {
    /// What was signed, parsed.
    pub fn issue(&self) -> &Issue {
        &self.parsed.issue
    }

    /// What was received.
    pub fn envelope(&self) -> &Envelope {
        &self.parsed.envelope
    }

    /// The digest of the payload.
    pub fn digest(&self) -> Digest {
        self.parsed.digest
    }

    /// The persons whose signatures verified: those of its own roster, then those of the previous.
    pub fn affirmed_by(&self) -> &[Person] {
        &self.affirmed_by
    }
}

/// A tree whose every issue, from the first to the last, was found authentic. Where its leaves are met
/// again, their signatures need not be checked again. Only the verifier makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedTree {
    size: usize,
    root: TreeHash,
}

impl VerifiedTree {
    /// Over leaves of which the whole series was found authentic.
    pub(super) fn over(hashes: &[TreeHash]) -> Self {
        Self { size: hashes.len(), root: root(hashes) }
    }

    /// How many of these leaves, from the first on, are those of the tree: all of its own, or none.
    pub(super) fn size_within(&self, hashes: &[TreeHash]) -> usize {
        let is_this = |own: &&[TreeHash]| root(own) == self.root;
        hashes.get(..self.size).filter(is_this).map_or(0, <[TreeHash]>::len)
    }
}

/// Leaves in order, the first of them the one after `offset` others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaves<'a> {
    pub(super) offset: u64,
    pub(super) bytes: &'a [Vec<u8>],
    /// The only leaf, where it had to be parsed to know its number.
    pub(super) parsed: Option<&'a Arc<Parsed>>,
    /// Of so many, from the first on, the signatures verified before.
    pub(super) verified: usize,
}

impl<'a> Leaves<'a> {
    /// Leaves of which none is parsed.
    pub(super) fn new(offset: u64, bytes: &'a [Vec<u8>]) -> Self {
        Self { offset, bytes, parsed: None, verified: 0 }
    }

    /// The number of the last issue; that before the first where there are none.
    pub(super) fn last(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// The authentic issues among these leaves, in order and without gaps.
///
/// From the pinned issue on, or from the first where there is no pin, every rule must hold: the
/// first issue that breaks one gives its findings and ends the series. Issues before the pinned one
/// belong to the series as far back as they verify too; where one does not, that is history.
pub(super) fn verify(
    leaves: Leaves<'_>,
    pin: Option<&Pin>,
    findings: &mut Findings,
) -> Vec<VerifiedIssue> {
    let parsed = match leaves.parsed {
        Some(only) => vec![Ok(only.clone())],
        None => in_parallel(leaves.bytes, |(), _, leaf| Parsed::parse(leaf).map(Arc::new)),
    };
    let before = |index: usize| parsed[..index].last()?.as_deref().ok();
    let signatures = in_parallel(&parsed, |keys: &mut Keys, index, parsed| {
        let parsed = parsed.as_ref().ok()?;
        let checked = if index < leaves.verified { Checked::Before } else { Checked::Now(keys) };
        Some(Signatures::of(parsed, before(index), checked))
    });
    let must_hold_from = pin.map_or(0, |pin| pin.number);
    let mut series = Vec::new();
    for (index, (parsed, signatures)) in parsed.iter().zip(&signatures).enumerate() {
        let number = leaves.offset + index as u64 + 1;
        let verified = match (parsed, signatures) {
            (Ok(parsed), Some(signatures)) => {
                parsed.check(number, before(index), signatures, pin).map(|()| VerifiedIssue {
                    parsed: parsed.clone(),
                    affirmed_by: signatures.persons(parsed.rosters(before(index))),
                })
            }
            (Err(refusal), _) => Err(vec![refused(refusal).issue(number)]),
            (Ok(_), None) => unreachable!("the signatures of every issue that parses are checked"),
        };
        match verified {
            Ok(issue) => series.push(issue),
            Err(_) if number < must_hold_from => series.clear(),
            Err(broken) => {
                findings.extend(broken);
                // Without the pinned issue nothing binds what comes before it.
                if number == must_hold_from {
                    series.clear();
                }
                break;
            }
        }
    }
    series
}

/// A leaf that parses; nothing about it has been verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    envelope: Envelope,
    pub(super) issue: Issue,
    digest: Digest,
}

impl Parsed {
    pub(super) fn parse(leaf: &[u8]) -> Result<Self, Refusal> {
        let envelope = Envelope::parse(leaf)?;
        let issue = Issue::parse(envelope.payload())?;
        let digest = envelope.digest();
        Ok(Self { envelope, issue, digest })
    }

    fn check(
        &self,
        number: u64,
        before: Option<&Self>,
        signatures: &Signatures,
        pin: Option<&Pin>,
    ) -> Result<(), Vec<Finding>> {
        let mut broken = Vec::new();
        broken.extend(pin.and_then(|pin| self.check_pin(number, pin)));
        broken.extend(self.check_chain(number, before));
        broken.extend(signatures.check(number, self.rosters(before)));
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }

    fn check_pin(&self, number: u64, pin: &Pin) -> Option<Finding> {
        let differs = pin.number == number && pin.digest != self.digest;
        let message = || {
            format!("issue {number} has the digest {}, the pin names {}", self.digest, pin.digest)
        };
        differs.then(|| Finding::new(Code::PinMismatch, Severity::Alarm, message()).issue(number))
    }

    /// `format.md` §4: number, previous digest, origin and the order of `as_of`.
    fn check_chain(&self, number: u64, before: Option<&Self>) -> Vec<Finding> {
        let mut broken = Vec::new();
        let mut say = |message: String| {
            broken.push(Finding::new(Code::ChainBroken, Severity::Alarm, message).issue(number));
        };
        if self.issue.number != number {
            say(format!("the leaf of issue {number} holds number {}", self.issue.number));
        }
        let Some(before) = before else {
            return broken;
        };
        if self.issue.previous != Some(before.digest) {
            say(format!(
                "previous of issue {number} is not the digest of the issue before, {}",
                before.digest
            ));
        }
        if self.issue.origin != before.issue.origin {
            say(format!(
                "the origin of issue {number} is not that of the issue before: {}",
                self.issue.origin
            ));
        }
        if self.issue.as_of <= before.issue.as_of {
            let (this, that) = (self.issue.as_of, before.issue.as_of);
            say(format!(
                "as_of of issue {number}, {this}, is not later than that of the issue before, {that}"
            ));
        }
        broken
    }

    /// The rosters in question: this issue's own, and the previous one's.
    fn rosters<'a>(&'a self, before: Option<&'a Self>) -> Rosters<'a> {
        Rosters { own: &self.issue.roster, previous: before.map(|before| &before.issue.roster) }
    }
}

/// The rosters whose quorum an issue may need.
#[derive(Clone, Copy)]
struct Rosters<'a> {
    own: &'a Roster,
    previous: Option<&'a Roster>,
}

impl<'a> Rosters<'a> {
    fn signers(self) -> impl Iterator<Item = &'a Signer> {
        self.own.signers.iter().chain(self.previous.into_iter().flat_map(|roster| &roster.signers))
    }
}

/// When the signatures of an envelope are checked.
enum Checked<'a> {
    /// Every one of these keys was found to verify, in this place of this series.
    Before,
    Now(&'a mut Keys),
}

impl Checked<'_> {
    fn verifies(&mut self, key: PublicKey, signed: &[u8], signature: &Signature) -> bool {
        let Self::Now(keys) = self else { return true };
        let expanded = keys.entry(key).or_insert_with(|| key.expand());
        expanded.as_ref().is_some_and(|key| key.verify(signed, signature))
    }
}

/// What the signatures of one envelope show, for the keys of the rosters in question.
struct Signatures {
    verified: BTreeSet<PublicKey>,
    failed: Vec<String>,
}

impl Signatures {
    fn of(parsed: &Parsed, before: Option<&Parsed>, mut checked: Checked<'_>) -> Self {
        let signed = parsed.envelope.signed_bytes();
        let mut known = BTreeMap::new();
        for signer in parsed.rosters(before).signers() {
            known.extend(signer.keys.iter().map(|key| (key.fingerprint(), (*key, signer))));
        }
        let mut result = Self { verified: BTreeSet::new(), failed: Vec::new() };
        for entry in parsed.envelope.signatures() {
            let Some((key, signer)) = known.get(&entry.keyid) else {
                continue;
            };
            if checked.verifies(*key, &signed, &entry.signature) {
                result.verified.insert(*key);
            } else {
                result.failed.push(signer.name.clone());
            }
        }
        result
    }

    /// One signature of a known key that does not verify refuses the envelope (`format.md` §3);
    /// otherwise each roster that must sign has its quorum (§4).
    fn check(&self, number: u64, rosters: Rosters<'_>) -> Vec<Finding> {
        if !self.failed.is_empty() {
            let bad = |name: &String| {
                let message =
                    format!("a signature of issue {number} by a key of {name} does not verify");
                Finding::new(Code::BadSignature, Severity::Alarm, message)
                    .issue(number)
                    .signer(name)
            };
            return self.failed.iter().map(bad).collect();
        }
        let own_must_sign = rosters.previous.is_none_or(|previous| previous != rosters.own);
        let previous = rosters.previous.map(|roster| (roster, "the roster of the issue before"));
        let own = own_must_sign.then_some((rosters.own, "its own roster"));
        let short = previous.into_iter().chain(own).filter_map(|(roster, which)| {
            let count = roster.count(&self.verified);
            (!count.is_quorum()).then(|| quorum_short(number, count, which))
        });
        short.collect()
    }

    fn persons(&self, rosters: Rosters<'_>) -> Vec<Person> {
        let mut persons: Vec<Person> = Vec::new();
        for signer in rosters.signers() {
            let signed = signer.keys.iter().any(|key| self.verified.contains(key));
            if signed && persons.iter().all(|person| person.name != signer.name) {
                persons.push(Person {
                    name: signer.name.clone(),
                    role: signer.role.clone(),
                    jurisdiction: signer.jurisdiction.clone(),
                });
            }
        }
        persons
    }
}

fn quorum_short(number: u64, count: QuorumCount, which: &str) -> Finding {
    let QuorumCount { persons, threshold, jurisdictions, min_jurisdictions, .. } = count;
    let message = format!(
        "issue {number} is signed by {persons} of the {threshold} persons that {which} asks for, \
         from {jurisdictions} of {min_jurisdictions} jurisdictions"
    );
    Finding::new(Code::QuorumShort, Severity::Alarm, message).issue(number)
}

/// Decoded keys: the same few sign a whole series.
type Keys = BTreeMap<PublicKey, Option<ExpandedKey>>;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use canary_format::merkle::leaf_hash;

    use super::*;

    const LEAF: &str = include_str!("../../../../tests/vectors/alive/site/issues/0001.json");

    /// That it is looked up at all can be seen only where the verifier is made to have erred before.
    #[test]
    fn the_signatures_of_a_verified_tree_are_not_checked_again() {
        let at = LEAF.rfind("\"sig\": \"").unwrap() + 8;
        let other = if &LEAF[at..=at] == "A" { "B" } else { "A" };
        let (before, after) = (&LEAF.as_bytes()[..at], &LEAF.as_bytes()[at + 1..]);
        let forged = [before, other.as_bytes(), after].concat();
        let hash = leaf_hash(&forged);
        let leaves = [forged];
        let series = |tree: VerifiedTree| {
            let verified = tree.size_within(&[hash]);
            let leaves = Leaves { verified, ..Leaves::new(0, &leaves) };
            verify(leaves, None, &mut Findings::default()).len()
        };
        assert_eq!(series(VerifiedTree::over(&[hash])), 1);
        assert_eq!(series(VerifiedTree::over(&[leaf_hash(LEAF.as_bytes())])), 0);
        assert_eq!(series(VerifiedTree::over(&[hash, hash])), 0);
    }
}
