//! The keys of the publisher's machines (`format.md` §2).

use serde::Serialize;

use crate::json::At;
use crate::note::{KeyKind, VerifierKey};
use crate::refusal::{Refusal, Rule};

/// The keys of the log and of the heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogKeys {
    /// Signs checkpoints; its name is the origin.
    pub key: VerifierKey,
    /// Declared where the publisher's machine says that a tree is still its newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
}

/// The heartbeat's key and greatest age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heartbeat {
    /// Cosigns checkpoints; its name is the origin and `/heartbeat`.
    pub key: VerifierKey,
    /// The greatest age of a fresh heartbeat, in seconds: 3,600 to 2,678,400.
    pub max_age: i64,
}

impl LogKeys {
    pub(super) fn read(at: At<'_, '_>, origin: &str) -> Result<Self, Refusal> {
        let members = at.object(&["key", "heartbeat"])?;
        let heartbeat = members.optional("heartbeat");
        Ok(Self {
            key: members.required("key")?.verifier_key(KeyKind::Note, origin)?,
            heartbeat: heartbeat.map(|at| Heartbeat::read(at, origin)).transpose()?,
        })
    }
}

impl Heartbeat {
    fn read(at: At<'_, '_>, origin: &str) -> Result<Self, Refusal> {
        let members = at.object(&["key", "max_age"])?;
        let name = heartbeat_name(origin);
        Ok(Self {
            key: members.required("key")?.verifier_key(KeyKind::Cosignature, &name)?,
            max_age: members.required("max_age")?.integer(3_600, 2_678_400)?,
        })
    }
}

/// The name of the heartbeat's key.
pub(crate) fn heartbeat_name(origin: &str) -> String {
    format!("{origin}/heartbeat")
}

impl At<'_, '_> {
    fn verifier_key(&self, kind: KeyKind, name: &str) -> Result<VerifierKey, Refusal> {
        match VerifierKey::parse(self.string()?) {
            Some(key) if key.kind() != kind => self.refuse(Rule::Form(match kind {
                KeyKind::Note => "a verifier key of type 0x01",
                KeyKind::Cosignature => "a verifier key of type 0x04",
            })),
            Some(key) if key.name() != name => self.refuse(Rule::Relation(match kind {
                KeyKind::Note => "the key's name is not the origin",
                KeyKind::Cosignature => "the key's name is not the origin and \"/heartbeat\"",
            })),
            Some(key) => Ok(key),
            None => self.refuse(Rule::Form("a C2SP verifier key whose id is its own")),
        }
    }
}
