//! Who cosigns checkpoints: C2SP `tlog-cosignature` keys, Ed25519 and ML-DSA-44 (`format.md` §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fips204::ml_dsa_44;
use fips204::traits::{SerDes as _, Verifier as _};
use sha2::{Digest as _, Sha256};

use crate::checkpoint::{Checkpoint, LineCheck};
use crate::note::{KeyKind, VerifierKey, id_hex, is_key_name};
use crate::time::Timestamp;

/// The C2SP signature type of an ML-DSA-44 cosignature.
const ML_DSA_44: u8 = 0x06;

/// A key that cosigns checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cosigner {
    /// Type `0x04`.
    Ed25519(VerifierKey),
    /// Type `0x06`.
    MlDsa44(MlDsaKey),
}

/// An ML-DSA-44 key (FIPS 204) and its name. The bytes need not be a key: such a one verifies
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlDsaKey {
    name: String,
    key: Box<[u8; 1_312]>,
}

impl Cosigner {
    /// Reads a verifier key of type `0x04` or `0x06`, whose key id is the one computed; `None` for
    /// any other.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(key) = VerifierKey::parse(text) {
            return (key.kind() == KeyKind::Cosignature).then_some(Self::Ed25519(key));
        }
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let key = key.strip_prefix(&[ML_DSA_44])?.try_into().ok()?;
        let key =
            MlDsaKey { name: is_key_name(name).then(|| name.to_owned())?, key: Box::new(key) };
        (id == id_hex(key.id())).then_some(Self::MlDsa44(key))
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Ed25519(key) => key.name(),
            Self::MlDsa44(key) => &key.name,
        }
    }

    /// The key's bytes: two cosigners with the same are one.
    pub fn key_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.key().0.to_vec(),
            Self::MlDsa44(key) => key.key.to_vec(),
        }
    }

    /// Checks this key's cosignatures, as [`Checkpoint::check_cosignature`].
    pub fn check(&self, checkpoint: &Checkpoint) -> LineCheck<Vec<Timestamp>> {
        match self {
            Self::Ed25519(key) => checkpoint.check_cosignature(key),
            Self::MlDsa44(key) => key.check(checkpoint),
        }
    }
}

impl std::fmt::Display for Cosigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ed25519(key) => key.fmt(f),
            Self::MlDsa44(key) => {
                let bytes = [&[ML_DSA_44], key.key.as_slice()].concat();
                write!(f, "{}+{}+{}", key.name, id_hex(key.id()), STANDARD.encode(bytes))
            }
        }
    }
}

impl MlDsaKey {
    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ML_DSA_44])
            .chain_update(self.key.as_slice())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn check(&self, checkpoint: &Checkpoint) -> LineCheck<Vec<Timestamp>> {
        let id = self.id();
        let lines = checkpoint.note().signatures().iter();
        let lines: Vec<_> = lines.filter(|line| line.name == self.name && line.id == id).collect();
        if lines.is_empty() {
            return LineCheck::Absent;
        }
        let Ok(key) = ml_dsa_44::PublicKey::try_from_bytes(*self.key) else {
            return LineCheck::Fails;
        };
        let cosigned_at = |signature: &[u8]| {
            let (seconds, signature) = signature.split_first_chunk::<8>()?;
            let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
            let at = Timestamp::from_unix(seconds);
            let message = self.message(checkpoint, at)?;
            // A whole tree's cosignature never leaves its time out (`tlog-witness`).
            let verifies = seconds != 0
                && at.unix() == seconds
                && key.verify(&message, &signature.try_into().ok()?, &[]);
            verifies.then_some(at)
        };
        let verified: Vec<_> =
            lines.iter().filter_map(|line| cosigned_at(&line.signature)).collect();
        match verified.is_empty() {
            true => LineCheck::Fails,
            false => LineCheck::Verifies(verified),
        }
    }

    /// The `cosigned_message` over a whole tree; `None` where a name does not fit its field.
    fn message(&self, checkpoint: &Checkpoint, at: Timestamp) -> Option<Vec<u8>> {
        let mut message = b"subtree/v1\n\0".to_vec();
        message.push(u8::try_from(self.name.len()).ok()?);
        message.extend_from_slice(self.name.as_bytes());
        message.extend_from_slice(&at.unix().to_be_bytes());
        message.push(u8::try_from(checkpoint.origin().len()).ok()?);
        message.extend_from_slice(checkpoint.origin().as_bytes());
        message.extend_from_slice(&0_u64.to_be_bytes());
        message.extend_from_slice(&checkpoint.size().to_be_bytes());
        message.extend_from_slice(&checkpoint.root().0);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use fips204::traits::{KeyGen as _, Signer as _};

    use super::*;
    use crate::merkle::leaf_hash;
    use crate::note::NoteSignature;

    const AT: i64 = 1_772_000_000;

    fn signer() -> (MlDsaKey, ml_dsa_44::PrivateKey) {
        let (public, private) = ml_dsa_44::KG::keygen_from_seed(&[7; 32]);
        (
            MlDsaKey { name: "witness.example/pq".into(), key: Box::new(public.into_bytes()) },
            private,
        )
    }

    fn cosigned(seconds: i64, context: &[u8]) -> (Checkpoint, MlDsaKey) {
        let (key, private) = signer();
        let mut checkpoint = Checkpoint::new("example.com/log", 3, leaf_hash(b"root"));
        let message = key.message(&checkpoint, Timestamp::from_unix(seconds)).unwrap();
        let signature = private.try_sign_with_seed(&[1; 32], &message, context).unwrap();
        checkpoint.note_mut().push(NoteSignature {
            name: key.name.clone(),
            id: key.id(),
            signature: [seconds.to_be_bytes().as_slice(), &signature].concat(),
        });
        (checkpoint, key)
    }

    #[test]
    fn an_ml_dsa_cosignature_verifies_and_gives_its_time() {
        let (checkpoint, key) = cosigned(AT, &[]);
        let cosigner = Cosigner::parse(&Cosigner::MlDsa44(key).to_string()).unwrap();
        let read = Checkpoint::parse(checkpoint.to_string().as_bytes()).unwrap();
        let at = Timestamp::from_unix(AT);
        assert_eq!(cosigner.check(&read), LineCheck::Verifies(vec![at]));
        assert_eq!(cosigner.name(), "witness.example/pq");
    }

    #[test]
    fn another_time_tree_context_or_no_time_does_not() {
        let (mut moved, key) = cosigned(AT, &[]);
        let mut line = moved.note().signatures()[0].clone();
        moved.note_mut().remove_line(&line);
        line.signature[7] ^= 1;
        moved.note_mut().push(line.clone());
        line.signature[7] ^= 1;
        let mut other = Checkpoint::new("example.com/log", 4, leaf_hash(b"root"));
        other.note_mut().push(line);
        for checkpoint in [moved, other, cosigned(AT, b"x").0, cosigned(0, &[]).0] {
            assert_eq!(key.check(&checkpoint), LineCheck::Fails, "{checkpoint}");
        }
    }

    #[test]
    fn the_message_is_laid_out_as_specified() {
        let (checkpoint, key) = cosigned(AT, &[]);
        let message = key.message(&checkpoint, Timestamp::from_unix(AT)).unwrap();
        let layout = [
            b"subtree/v1\n\0".as_slice(),
            b"\x12witness.example/pq",
            &[0, 0, 0, 0, 0x69, 0x9e, 0x93, 0x00],
            b"\x0fexample.com/log",
            &[0; 8],
            &[0, 0, 0, 0, 0, 0, 0, 3],
            &leaf_hash(b"root").0,
        ];
        assert_eq!(message, layout.concat());
    }

    #[test]
    fn other_kinds_and_other_ids_are_refused() {
        let vkey = Cosigner::MlDsa44(signer().0).to_string();
        let id = vkey.split('+').nth(1).unwrap();
        assert_eq!(Cosigner::parse(&vkey.replace(id, "00000000")), None);
        assert_eq!(Cosigner::parse(&vkey[..vkey.len() - 4]), None);
        let log = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert_eq!(Cosigner::parse(log), None);
    }
}
