//! Of which format a target is.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use canary_dialects::reading::Kind;
use canary_dialects::trust::Trust;
use canary_format::digest::Digest;

/// The format of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// A site of the native format.
    #[default]
    Native,
    /// A published text of another format.
    Dialect(Arc<Dialect>),
}

impl Form {
    /// The other format, where it is one.
    pub fn dialect(&self) -> Option<&Arc<Dialect>> {
        match self {
            Self::Native => None,
            Self::Dialect(dialect) => Some(dialect),
        }
    }
}

/// How a text of another format is read. Keys are those that the user named: none is fetched.
#[derive(Debug, Clone)]
pub struct Dialect {
    kind: Option<Kind>,
    trust: Trust,
    cadence: Option<String>,
    signatures: Vec<String>,
    keys: Vec<KeyFile>,
    /// Of all of the above: keys have no order of their own.
    identity: Digest,
}

/// A file of public keys, as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Whose keys they are; `None` for a file of allowed signers, which says so itself.
    pub person: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Dialect {
    /// A dialect: without `kind` it is recognised by the text's own marks. `cadence` is the trust's, as
    /// the user wrote it; `signatures` are URLs of detached signatures.
    pub fn new(
        kind: Option<Kind>,
        trust: Trust,
        cadence: Option<String>,
        signatures: Vec<String>,
        keys: Vec<KeyFile>,
    ) -> Self {
        let mut named = Vec::new();
        let mut part = |bytes: &[u8]| named.extend_from_slice(&Digest::of(bytes).0);
        part(kind.map_or("", Kind::name).as_bytes());
        part(trust.namespace.as_bytes());
        part(trust.threshold.to_string().as_bytes());
        part(cadence.as_deref().unwrap_or("").as_bytes());
        for url in &signatures {
            part(url.as_bytes());
        }
        part(b"");
        for file in &keys {
            part(file.person.as_deref().unwrap_or("").as_bytes());
            part(&file.bytes);
        }
        let identity = Digest::of(&named);
        Self { kind, trust, cadence, signatures, keys, identity }
    }

    /// Which dialect, where the user names it.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Whose signatures count.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// How often an issue is due, as the user wrote it.
    pub fn cadence(&self) -> Option<&str> {
        self.cadence.as_deref()
    }

    /// Where detached signatures are.
    pub fn signatures(&self) -> &[String] {
        &self.signatures
    }

    /// The key files.
    pub fn keys(&self) -> &[KeyFile] {
        &self.keys
    }

    /// What all of it comes to: another value where anything differs.
    pub fn identity(&self) -> Digest {
        self.identity
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Dialect {}

impl Hash for Dialect {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.0.hash(state);
    }
}
