//! Two sides of one series that cannot both be true, and who put their name to both.
//!
//! This is for a third party that trusts neither side: it takes nothing but the two, and shows what
//! the signatures in them show.

use std::collections::BTreeMap;

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::digest::Digest;
use canary_format::key::Fingerprint;
use canary_format::merkle::{TreeHash, leaf_hash, root};
use canary_format::time::Timestamp;
use serde::Serialize;

use super::findings::Findings;
use super::series::{self, Leaves, VerifiedIssue};
use crate::report::Person;
use crate::witness::WitnessPolicy;

/// What one vantage point was shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// The number of the first envelope.
    pub first: u64,
    /// The envelopes, in order and without gaps; none where only a checkpoint was seen.
    pub envelopes: Vec<Vec<u8>>,
    /// The checkpoint over them.
    pub checkpoint: Option<Vec<u8>>,
}

impl Side {
    pub(super) fn of(series: &[VerifiedIssue], checkpoint: Option<&Checkpoint>) -> Self {
        Self {
            first: series.first().map_or(1, |issue| issue.issue().number),
            envelopes: series.iter().map(|issue| issue.envelope().bytes().to_vec()).collect(),
            checkpoint: checkpoint.map(|checkpoint| checkpoint.to_string().into_bytes()),
        }
    }
}

/// What cannot both be true, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The series' origin.
    pub origin: String,
    /// Two payloads under one number, the first such.
    pub payloads: Option<TwoPayloads>,
    /// Two trees of which neither extends the other.
    pub trees: Option<TwoTrees>,
}

/// Two authentic payloads under one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TwoPayloads {
    /// The number that both carry.
    pub number: u64,
    /// Their digests.
    pub digests: [Digest; 2],
    /// Whether both follow the same issue: then one roster's quorum signed both.
    pub same_predecessor: bool,
    /// Keys that signed both.
    pub signed_both: Vec<SignedBoth>,
    /// The persons who signed each.
    pub affirmed_by: [Vec<Person>; 2],
}

/// A key that signed both payloads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SignedBoth {
    /// Whose it is, as the rosters say.
    pub name: String,
    /// The key.
    pub key: Fingerprint,
}

/// Two trees of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TwoTrees {
    /// Their sizes.
    pub sizes: [u64; 2],
    /// The name and the key of the log, where it signed both.
    pub log_key: Option<Fingerprint>,
    /// When the heartbeat's key cosigned each, where it did.
    pub heartbeats: [Option<Timestamp>; 2],
    /// Witnesses of the policy that cosigned both.
    pub witnesses: Vec<String>,
}

/// What two sides show together; `None` where both can be true, or where nothing ties them to one
/// series.
pub fn contradiction(
    ours: &Side,
    theirs: &Side,
    policy: Option<&WitnessPolicy>,
) -> Option<Contradiction> {
    let sides = [Read::of(ours), Read::of(theirs)];
    let origin = sides[0].origin()?;
    if sides[1].origin()? != origin {
        return None;
    }
    let payloads = two_payloads(&sides);
    let trees = two_trees(&sides, policy);
    (payloads.is_some() || trees.is_some()).then(|| Contradiction {
        origin: origin.to_owned(),
        payloads,
        trees,
    })
}

/// A side as far as it is authentic on its own word.
struct Read {
    series: Vec<VerifiedIssue>,
    /// The hashes of all leaves, where they are at hand from the first on.
    hashes: Option<Vec<TreeHash>>,
    checkpoint: Option<Checkpoint>,
}

impl Read {
    fn of(side: &Side) -> Self {
        let leaves = Leaves::new(side.first.saturating_sub(1), &side.envelopes);
        let series = series::verify(leaves, None, &mut Findings::default());
        let is_whole = side.first == 1 && !side.envelopes.is_empty();
        Self {
            series,
            hashes: is_whole.then(|| side.envelopes.iter().map(|leaf| leaf_hash(leaf)).collect()),
            checkpoint: side.checkpoint.as_ref().and_then(|bytes| Checkpoint::parse(bytes).ok()),
        }
    }

    fn origin(&self) -> Option<&str> {
        let issue = self.series.last().map(|issue| issue.issue().origin.as_str());
        issue.or(self.checkpoint.as_ref().map(Checkpoint::origin))
    }

    fn issue(&self, number: u64) -> Option<&VerifiedIssue> {
        self.series.iter().find(|issue| issue.issue().number == number)
    }

    /// The keys that signed an issue, by their owner's name. Authentic issues hold no signature of a
    /// known key that fails.
    fn signers(&self, issue: &VerifiedIssue) -> BTreeMap<Fingerprint, String> {
        let before = self.issue(issue.issue().number.saturating_sub(1));
        let rosters = [Some(issue), before].into_iter().flatten();
        let keys: BTreeMap<Fingerprint, String> = rosters
            .flat_map(|issue| &issue.issue().roster.signers)
            .flat_map(|signer| signer.keys.iter().map(|key| (key.fingerprint(), &signer.name)))
            .map(|(key, name)| (key, name.clone()))
            .collect();
        let signatures = issue.envelope().signatures().iter();
        signatures
            .filter_map(|entry| Some((entry.keyid, keys.get(&entry.keyid)?.clone())))
            .collect()
    }
}

fn two_payloads(sides: &[Read; 2]) -> Option<TwoPayloads> {
    let [ours, theirs] = sides;
    let (one, other) = ours.series.iter().find_map(|issue| {
        let other = theirs.issue(issue.issue().number)?;
        (other.digest() != issue.digest()).then_some((issue, other))
    })?;
    let number = one.issue().number;
    let before = number.checked_sub(1);
    let previous = |side: &Read| Some(side.issue(before?)?.digest());
    let theirs_signed = theirs.signers(other);
    let signed_both = ours
        .signers(one)
        .into_iter()
        .filter(|(key, _)| theirs_signed.contains_key(key))
        .map(|(key, name)| SignedBoth { name, key })
        .collect();
    Some(TwoPayloads {
        number,
        digests: [one.digest(), other.digest()],
        same_predecessor: previous(ours).is_some() && previous(ours) == previous(theirs),
        signed_both,
        affirmed_by: [one.affirmed_by().to_vec(), other.affirmed_by().to_vec()],
    })
}

fn two_trees(sides: &[Read; 2], policy: Option<&WitnessPolicy>) -> Option<TwoTrees> {
    let [ours, theirs] = [sides[0].checkpoint.as_ref()?, sides[1].checkpoint.as_ref()?];
    let differ = match ours.size() == theirs.size() {
        true => ours.root() != theirs.root(),
        false => {
            let (smaller, larger) = match ours.size() < theirs.size() {
                true => (ours, &sides[1]),
                false => (theirs, &sides[0]),
            };
            // The larger side's own leaves must give its root: then they say what it extends.
            let hashes = larger.hashes.as_ref()?;
            let whole = larger.checkpoint.as_ref()?;
            let size = usize::try_from(smaller.size()).ok()?;
            hashes.len() as u64 == whole.size()
                && root(hashes) == whole.root()
                && root(hashes.get(..size)?) != smaller.root()
        }
    };
    if !differ {
        return None;
    }
    let newest = sides.iter().find_map(|side| side.series.last());
    let keys = sides.iter().flat_map(|side| &side.series).map(|issue| &issue.issue().log.key);
    let signed =
        |checkpoint: &Checkpoint, key| checkpoint.check_signature(key) == LineCheck::Verifies(());
    // Without the log's signature on both anyone could have made one of them.
    let log_key = keys.into_iter().find(|key| signed(ours, key) && signed(theirs, key));
    let heartbeat = newest.and_then(|newest| newest.issue().log.heartbeat.as_ref());
    let beat = |checkpoint: &Checkpoint| match checkpoint.check_cosignature(&heartbeat?.key) {
        LineCheck::Verifies(times) => times.into_iter().max(),
        _ => None,
    };
    let cosigned = |checkpoint: &Checkpoint, witness: &crate::witness::Witness| {
        matches!(witness.key.check(checkpoint), LineCheck::Verifies(_))
    };
    let witnesses = policy.map_or(&[][..], WitnessPolicy::witnesses).iter();
    let witnesses: Vec<_> = witnesses
        .filter(|witness| cosigned(ours, witness) && cosigned(theirs, witness))
        .map(|witness| witness.key.name().to_owned())
        .collect();
    let shown = log_key.is_some() || !witnesses.is_empty();
    shown.then(|| TwoTrees {
        sizes: [ours.size(), theirs.size()],
        log_key: log_key.map(|key| key.key().fingerprint()),
        heartbeats: [beat(ours), beat(theirs)],
        witnesses,
    })
}
