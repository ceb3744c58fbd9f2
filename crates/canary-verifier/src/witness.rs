//! Which witnesses a verifier asks for: the C2SP `tlog-policy` file.
//!
//! ```
//! use canary_verifier::witness::WitnessPolicy;
//!
//! let policy = WitnessPolicy::parse(b"quorum none\n")?;
//! assert!(policy.quorum_at(&[]).is_met());
//! # Ok::<(), canary_format::refusal::Refusal>(())
//! ```

mod parse;

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::cosigner::Cosigner;
use canary_format::note::VerifierKey;
use canary_format::time::Timestamp;

pub use self::parse::MAX_POLICY;

/// A trust policy: logs, witnesses, and the rule that says which of them are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPolicy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A log that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the key's name is the log's origin.
    pub key: LogKey,
    /// Where it is, where the policy says so in UTF-8.
    pub url: Option<String>,
}

/// The key of a log in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogKey {
    /// Type `0x01`, as the logs of this format have.
    Note(VerifierKey),
    /// A log that signs with cosignatures.
    Cosigner(Cosigner),
}

/// A witness that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its key. The name that reports give is the key's.
    pub key: Cosigner,
    /// Where it is, where the policy says so in UTF-8.
    pub url: Option<String>,
}

/// So many of these.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

/// A witness or a group, by its place in its list. A group's members come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// Since when enough witnesses have vouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// The policy asks for no witness.
    NotAsked,
    /// Enough have: the newest instant that enough of them put their name to.
    Met(Timestamp),
    /// They are too few.
    Short,
}

impl Quorum {
    /// Whether the policy's rule is satisfied.
    pub fn is_met(self) -> bool {
        self != Self::Short
    }
}

impl WitnessPolicy {
    /// The policy's logs. Where there are none, the log is known from elsewhere.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The policy's witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether one of the policy's logs signed this checkpoint, or the policy lists none.
    pub fn knows_log_of(&self, checkpoint: &Checkpoint) -> bool {
        let signed = |log: &PolicyLog| match &log.key {
            LogKey::Note(key) => {
                key.name() == checkpoint.origin()
                    && checkpoint.check_signature(key) == LineCheck::Verifies(())
            }
            LogKey::Cosigner(key) => {
                key.name() == checkpoint.origin()
                    && matches!(key.check(checkpoint), LineCheck::Verifies(_))
            }
        };
        self.logs.is_empty() || self.logs.iter().any(signed)
    }

    /// Judges the quorum, given for each witness the newest instant at which it cosigned. Witnesses
    /// past the end of the list did not.
    pub fn quorum_at(&self, cosigned: &[Option<Timestamp>]) -> Quorum {
        let Some(quorum) = self.quorum else {
            return Quorum::NotAsked;
        };
        let mut groups: Vec<Option<Timestamp>> = Vec::with_capacity(self.groups.len());
        let at = |member: &Member, groups: &[Option<Timestamp>]| match *member {
            Member::Witness(index) => cosigned.get(index).copied().flatten(),
            Member::Group(index) => groups.get(index).copied().flatten(),
        };
        for group in &self.groups {
            // The threshold-th newest: so many members vouch for that instant or a later one.
            let mut times: Vec<_> =
                group.members.iter().filter_map(|member| at(member, &groups)).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            groups.push(times.get(group.threshold - 1).copied());
        }
        at(&quorum, &groups).map_or(Quorum::Short, Quorum::Met)
    }
}
