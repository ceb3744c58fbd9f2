//! The roster and its quorum (`format.md` §2.4).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::json::At;
use crate::key::{Fingerprint, PublicKey};
use crate::refusal::{Refusal, Rule};

/// Who may sign. Equality is that of the parsed JSON: order counts, and an absent member differs
/// from one that states its default (§4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Roster {
    /// How many distinct persons make a quorum.
    pub threshold: u64,
    /// The persons.
    pub signers: Vec<Signer>,
    /// From how many distinct jurisdictions the persons of a quorum come; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_jurisdictions: Option<u64>,
}

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Unique in the roster.
    pub name: String,
    /// What the person is at the publisher.
    pub role: String,
    /// ISO 3166-1 alpha-2.
    pub jurisdiction: String,
    /// 1–4 keys; together they count as one person.
    pub keys: Vec<PublicKey>,
}

/// How many persons and jurisdictions signed, of those that a roster asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuorumCount {
    /// Distinct persons by whom a signature verified.
    pub persons: usize,
    /// How many the roster asks for.
    pub threshold: u64,
    /// Distinct jurisdictions of those persons.
    pub jurisdictions: usize,
    /// How many the roster asks for.
    pub min_jurisdictions: u64,
}

impl Roster {
    /// The person whose key this is.
    pub fn signer(&self, keyid: Fingerprint) -> Option<&Signer> {
        self.signers.iter().find(|signer| signer.keys.iter().any(|key| key.fingerprint() == keyid))
    }

    /// All keys of all persons.
    pub fn keys(&self) -> impl Iterator<Item = PublicKey> {
        self.signers.iter().flat_map(|signer| signer.keys.iter().copied())
    }

    /// Counts the persons whose key is among these, each once, whatever the number of keys.
    pub fn count(&self, verified: &BTreeSet<PublicKey>) -> QuorumCount {
        let signed = || {
            let signed = |signer: &&Signer| signer.keys.iter().any(|key| verified.contains(key));
            self.signers.iter().filter(signed)
        };
        let jurisdictions: BTreeSet<&str> =
            signed().map(|signer| signer.jurisdiction.as_str()).collect();
        QuorumCount {
            persons: signed().count(),
            threshold: self.threshold,
            jurisdictions: jurisdictions.len(),
            min_jurisdictions: self.min_jurisdictions.unwrap_or(1),
        }
    }

    pub(crate) fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["threshold", "signers", "min_jurisdictions"])?;
        let list = members.required("signers")?;
        let signers = list.list(1, 16, Signer::read)?;
        let mut names = BTreeSet::new();
        if let Some(twice) = signers.iter().find(|signer| !names.insert(&signer.name)) {
            return list.refuse(Rule::Repeated(twice.name.clone()));
        }
        let most = i64::try_from(signers.len()).expect("at most sixteen");
        let threshold = members.required("threshold")?.integer(1, most)?;
        let min = members.optional("min_jurisdictions");
        let min = min.map(|min| min.integer(1, threshold)).transpose()?;
        Ok(Self {
            threshold: threshold.unsigned_abs(),
            signers,
            min_jurisdictions: min.map(i64::unsigned_abs),
        })
    }
}

impl Signer {
    fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["name", "role", "jurisdiction", "keys"])?;
        let key = |at: At<'_, '_>| {
            PublicKey::from_openssh(at.string()?).map_or_else(
                || {
                    at.refuse(Rule::Form(
                        "an OpenSSH public key: ssh-ed25519 and base64, no comment",
                    ))
                },
                Ok,
            )
        };
        Ok(Self {
            name: members.required("name")?.line(1, 200)?.to_owned(),
            role: members.required("role")?.line(1, 200)?.to_owned(),
            jurisdiction: members.required("jurisdiction")?.jurisdiction()?,
            keys: members.required("keys")?.list(1, 4, key)?,
        })
    }
}

impl QuorumCount {
    /// Whether the persons who signed are a quorum: enough of them, from enough jurisdictions.
    /// Where more than enough signed, some `threshold` of them come from `min_jurisdictions`
    /// exactly when all of them together do, since that number is at most the threshold.
    pub fn is_quorum(&self) -> bool {
        self.persons as u64 >= self.threshold && self.jurisdictions as u64 >= self.min_jurisdictions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(threshold: u64, min: u64) -> Roster {
        let signer = |name: &str, jurisdiction: &str, keys: &[u8]| Signer {
            name: name.into(),
            role: "officer".into(),
            jurisdiction: jurisdiction.into(),
            keys: keys.iter().map(|key| PublicKey([*key; 32])).collect(),
        };
        Roster {
            threshold,
            signers: vec![
                signer("Ada", "DE", &[1, 2]),
                signer("Bo", "DE", &[3]),
                signer("Chen", "SG", &[4]),
            ],
            min_jurisdictions: Some(min),
        }
    }

    fn quorum(roster: &Roster, keys: &[u8]) -> bool {
        roster.count(&keys.iter().map(|key| PublicKey([*key; 32])).collect()).is_quorum()
    }

    #[test]
    fn persons_count_not_keys() {
        assert!(!quorum(&roster(2, 1), &[1, 2]));
        assert!(quorum(&roster(2, 1), &[1, 3]));
        assert!(!quorum(&roster(1, 1), &[9]));
    }

    #[test]
    fn jurisdictions_count_apart() {
        assert!(!quorum(&roster(2, 2), &[1, 2, 3]));
        assert!(quorum(&roster(2, 2), &[1, 3, 4]));
        assert!(quorum(&roster(2, 2), &[1, 4]));
        assert!(!quorum(&roster(3, 2), &[1, 4]));
    }
}
