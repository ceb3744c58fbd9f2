//! A pinned OpenPGP certificate: which of its keys may sign, and from when to when.

use std::io::Read as _;

use pgp::armor::Dearmor;
use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::packet::{PublicKey, PublicSubkey, RevocationCode, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{Fingerprint, KeyDetails, KeyId, PublicParams, Tag};

use crate::Timestamp;
use crate::trust::KeyError;

/// The most certificates in one file.
const MAX_CERTIFICATES: usize = 64;
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
/// The most self-signatures of one key that are checked.
const MAX_SELF_SIGNATURES: usize = 64;

/// A certificate whose own signatures were checked when it was read.
#[derive(Debug, Clone)]
pub struct Certificate {
    fingerprint: Fingerprint,
    pub(crate) keys: Vec<SigningKey>,
}

/// One key of a certificate that may sign texts.
#[derive(Debug, Clone)]
pub(crate) struct SigningKey {
    pub(crate) material: Material,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) revoked: Option<Revoked>,
    pub(crate) may_sign: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Material {
    Primary(Box<PublicKey>),
    Sub(Box<PublicSubkey>),
}

/// A revocation. A hard one (key lost to others, or no reason given) ends every signature, whenever it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) at: Timestamp,
    pub(crate) hard: bool,
}

impl Material {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Primary(key) => key.fingerprint(),
            Self::Sub(key) => key.fingerprint(),
        }
    }

    pub(crate) fn id(&self) -> KeyId {
        match self {
            Self::Primary(key) => key.legacy_key_id(),
            Self::Sub(key) => key.legacy_key_id(),
        }
    }

    pub(crate) fn verifies(&self, signature: &Signature, text: &[u8]) -> bool {
        match self {
            Self::Primary(key) => signature.verify(&**key, text).is_ok(),
            Self::Sub(key) => signature.verify(&**key, text).is_ok(),
        }
    }
}

impl Certificate {
    /// The primary key's fingerprint, in upper-case hex as `gpg` prints it.
    pub fn fingerprint(&self) -> String {
        format!("{:X}", self.fingerprint)
    }

    /// Reads the certificates of a file, armoured or not.
    ///
    /// # Errors
    /// Where there is none, or one that is damaged or whose RSA key is larger than 8,192 bits.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, KeyError> {
        let mut found = Vec::new();
        let blocks = match bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            true => vec![bytes.to_vec()],
            false => dearmoured(bytes)?,
        };
        for packets in &blocks {
            // Of the same type of reader as signatures: the library is compiled once for each.
            let keys = SignedPublicKey::from_bytes_many(packets.as_slice()).map_err(damaged)?;
            for key in keys.take(MAX_CERTIFICATES) {
                let key = key.map_err(damaged)?;
                let subkeys = key.public_subkeys.iter().map(|sub| sub.key.public_params());
                if subkeys.chain([key.primary_key.public_params()]).any(oversized) {
                    return Err(damaged("RSA key larger than 8192 bits"));
                }
                found.push(Self::checked(&key));
            }
        }
        if found.is_empty() { Err(KeyError::Unknown) } else { Ok(found) }
    }

    fn checked(key: &SignedPublicKey) -> Self {
        let primary = &key.primary_key;
        let created = at(primary.created_at());
        let own = own_statements(key);
        let newest = own.iter().max_by_key(|signature| signature.created());
        let revoked = key
            .details
            .revocation_signatures
            .iter()
            .take(MAX_SELF_SIGNATURES)
            .filter(|signature| {
                signature.typ() == Some(SignatureType::KeyRevocation)
                    && signature.verify_key(primary).is_ok()
            })
            .map(revocation)
            .min_by_key(|revoked| (!revoked.hard, revoked.at));
        let expires = newest.and_then(|signature| end(created, signature));
        let mut keys = vec![SigningKey {
            material: Material::Primary(Box::new(primary.clone())),
            created,
            expires,
            revoked,
            may_sign: newest.is_some_and(|signature| signs(signature)),
        }];
        for sub in &key.public_subkeys {
            let valid = |kind: SignatureType| {
                sub.signatures.iter().take(MAX_SELF_SIGNATURES).filter(move |signature| {
                    signature.typ() == Some(kind)
                        && signature.verify_subkey_binding(primary, &sub.key).is_ok()
                })
            };
            let Some(binding) =
                valid(SignatureType::SubkeyBinding).max_by_key(|signature| signature.created())
            else {
                continue;
            };
            // A subkey that signs must itself have signed that it belongs here; else anybody's key could be claimed.
            let claimed = binding.key_flags().sign()
                && binding
                    .embedded_signature()
                    .is_some_and(|back| back.verify_primary_key_binding(&sub.key, primary).is_ok());
            let own_created = at(sub.key.created_at());
            let own_revoked = valid(SignatureType::SubkeyRevocation)
                .map(revocation)
                .min_by_key(|revoked| (!revoked.hard, revoked.at));
            keys.push(SigningKey {
                material: Material::Sub(Box::new(sub.key.clone())),
                created: own_created,
                expires: [expires, end(own_created, binding)].into_iter().flatten().min(),
                revoked: [revoked, own_revoked]
                    .into_iter()
                    .flatten()
                    .min_by_key(|revoked| (!revoked.hard, revoked.at)),
                may_sign: claimed,
            });
        }
        Self { fingerprint: primary.fingerprint(), keys }
    }
}

/// Checked before the key is used for anything: what a check costs grows with the square of its size.
/// What each armoured block holds: a key file may have several, one after the other.
fn dearmoured(bytes: &[u8]) -> Result<Vec<Vec<u8>>, KeyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| KeyError::Unknown)?;
    let blocks = text.match_indices(BEGIN).take(MAX_CERTIFICATES);
    let read = blocks.map(|(at, _)| {
        let mut packets = Vec::new();
        Dearmor::new(&text.as_bytes()[at..]).read_to_end(&mut packets).map_err(damaged)?;
        Ok(packets)
    });
    read.collect()
}

fn damaged(why: impl std::fmt::Display) -> KeyError {
    KeyError::Damaged { form: "OpenPGP", why: why.to_string() }
}

fn oversized(key: &PublicParams) -> bool {
    // The modulus, an exponent of 33 bits, and two lengths.
    const MOST: usize = 1024 + 5 + 2 * 2;
    matches!(key, PublicParams::RSA(_)) && key.write_len() > MOST
}

/// The key's valid statements about itself: direct signatures and those over its names.
fn own_statements(key: &SignedPublicKey) -> Vec<&Signature> {
    let primary = &key.primary_key;
    let id = primary.legacy_key_id();
    let own =
        |signature: &&Signature| signature.issuer_key_id().into_iter().all(|issuer| *issuer == id);
    let direct = key.details.direct_signatures.iter().filter(own).take(MAX_SELF_SIGNATURES).filter(
        |signature| {
            signature.typ() == Some(SignatureType::Key) && signature.verify_key(primary).is_ok()
        },
    );
    let names = key.details.users.iter().take(MAX_SELF_SIGNATURES).flat_map(|user| {
        user.signatures.iter().filter(own).take(MAX_SELF_SIGNATURES).filter(|signature| {
            signature.is_certification()
                && signature.typ() != Some(SignatureType::CertRevocation)
                && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        })
    });
    direct.chain(names).collect()
}

fn signs(signature: &Signature) -> bool {
    let flags = signature.key_flags();
    // Keys older than flags say nothing at all, and then may do everything.
    flags.sign()
        || !(flags.certify()
            || flags.encrypt_comms()
            || flags.encrypt_storage()
            || flags.authentication())
}

fn revocation(signature: &Signature) -> Revoked {
    let soft = matches!(
        signature.revocation_reason_code(),
        Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired)
    );
    Revoked { at: signature.created().map_or(Timestamp::MIN, at), hard: !soft }
}

fn end(created: Timestamp, signature: &Signature) -> Option<Timestamp> {
    signature
        .key_expiration_time()
        .map(|length| i64::from(length.as_secs()))
        .filter(|length| *length > 0)
        .map(|length| created.plus(length))
}

pub(crate) fn at(time: pgp::types::Timestamp) -> Timestamp {
    Timestamp::from_unix(i64::from(time.as_secs()))
}
