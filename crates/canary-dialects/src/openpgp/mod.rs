//! OpenPGP: cleartext-signed texts with words around them, and detached signatures beside or inside a text.
//!
//! Only what a signature covers counts. Compressed, encrypted and literal packets are refused unopened.

mod armour;
mod certificate;
mod packets;

pub use certificate::Certificate;
pub use packets::PacketError;

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};

use crate::openpgp::armour::{Block, Blocks};
use crate::openpgp::certificate::{SigningKey, at};
use crate::reading::{Outcome, Published, Remark, Signed, Spans};
use crate::trust::{Key, Trust};

/// Whether a text holds an OpenPGP block.
pub(crate) fn recognised(text: &str) -> bool {
    text.contains("-----BEGIN PGP SIGNED MESSAGE-----")
        || text.contains("-----BEGIN PGP SIGNATURE-----")
}

/// Whether bytes beside a text are an OpenPGP signature.
pub(crate) fn recognised_beside(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.contains("-----BEGIN PGP SIGNATURE-----"),
        Err(_) => bytes.first().is_some_and(|byte| matches!(byte, 0x88..=0x8a | 0xc2)),
    }
}

/// Checks the signatures of a publication as OpenPGP.
pub(crate) fn spans(published: &Published<'_>, trust: &Trust) -> Spans {
    let mut reading = Spans::default();
    if !published.beside.is_empty() {
        detached(published, trust, &mut reading);
        return reading;
    }
    let Ok(text) = std::str::from_utf8(published.body) else {
        reading.remarks.push(Remark::Malformed("a text with signatures inside is UTF-8".into()));
        return reading;
    };
    let mut found = armour::blocks(text);
    let clear =
        |found: &Blocks| found.blocks.iter().any(|block| matches!(block, Block::Clear { .. }));
    if !clear(&found) && crate::page::is_markup(text) {
        // In a page the first line of a block stands behind a tag, and signs are written as entities.
        let unmarked = armour::blocks(&crate::page::words(text));
        if clear(&unmarked) {
            found = unmarked;
        }
    }
    inline(trust, found, text, &mut reading);
    reading
}

fn inline(trust: &Trust, found: Blocks, text: &str, reading: &mut Spans) {
    if found.left_out > 0 {
        reading
            .remarks
            .push(Remark::TooLarge(format!("{} blocks more than are read", found.left_out)));
    }
    if found.blocks.is_empty() {
        reading.remarks.push(Remark::Malformed("no OpenPGP signature in this text".into()));
        return;
    }
    let mut lone = Vec::new();
    let mut spans: Vec<(String, Vec<Signed>)> = Vec::new();
    for block in found.blocks {
        match block {
            Block::Broken(why) => reading.remarks.push(Remark::Malformed(why.to_owned())),
            Block::Detached(packets) => lone.push(packets),
            Block::Clear { text, packets } => {
                let hashed = text.replace('\n', "\r\n");
                let signed =
                    check(&packets, hashed.as_bytes(), trust, Covers::Text, &mut reading.remarks);
                // Several people may each sign the same words in a block of their own.
                match spans.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, all)) => all.extend(signed),
                    None => spans.push((text, signed)),
                }
            }
        }
    }
    if spans.is_empty() && !lone.is_empty() {
        // Words, then a detached signature over the very bytes before it.
        let end = text.find("-----BEGIN PGP SIGNATURE-----").unwrap_or(text.len());
        let before = &text[..end];
        let mut signed = Vec::new();
        for packets in lone {
            signed.extend(check_any(&packets, before, trust, &mut reading.remarks));
        }
        spans.push((before.to_owned(), signed));
    } else {
        if found.words_outside || !lone.is_empty() {
            reading.remarks.push(Remark::WordsOutside);
        }
        if spans.len() > 1 {
            reading.remarks.push(Remark::SeveralSpans(spans.len()));
        }
    }
    for (text, signatures) in spans {
        reading.texts.push((text, signatures));
    }
}

/// A signature at the end of a text: over the bytes as they are, or without the line end before the block.
fn check_any(
    packets: &[u8],
    before: &str,
    trust: &Trust,
    remarks: &mut Vec<Remark>,
) -> Vec<Signed> {
    let signed = check(packets, before.as_bytes(), trust, Covers::Anything, remarks);
    if signed.iter().any(|one| one.outcome == Outcome::Bad) {
        let again = check(
            packets,
            before.trim_end_matches(['\r', '\n']).as_bytes(),
            trust,
            Covers::Anything,
            &mut Vec::new(),
        );
        if again.iter().all(|one| one.outcome != Outcome::Bad) {
            return again;
        }
    }
    signed
}

fn detached(published: &Published<'_>, trust: &Trust, reading: &mut Spans) {
    let mut signed = Vec::new();
    for (name, bytes) in published.beside {
        let blocks = match std::str::from_utf8(bytes) {
            Ok(text) => armour::blocks(text).blocks,
            Err(_) => vec![Block::Detached(bytes.to_vec())],
        };
        if blocks.is_empty() {
            reading.remarks.push(Remark::Malformed(format!("no OpenPGP signature in {name}")));
        }
        for block in blocks {
            match block {
                Block::Detached(packets) => {
                    signed.extend(check(
                        &packets,
                        published.body,
                        trust,
                        Covers::Anything,
                        &mut reading.remarks,
                    ));
                }
                Block::Clear { .. } => {
                    reading.remarks.push(Remark::Malformed(format!(
                        "{name} is a signed text, not a signature"
                    )));
                }
                Block::Broken(why) => {
                    reading.remarks.push(Remark::Malformed(format!("{name}: {why}")))
                }
            }
        }
    }
    let text = String::from_utf8_lossy(published.body).into_owned();
    reading.texts.push((text, signed));
}

/// What kinds of signature may cover the bytes in question.
#[derive(Clone, Copy, PartialEq)]
enum Covers {
    Text,
    Anything,
}

fn check(
    packets: &[u8],
    text: &[u8],
    trust: &Trust,
    covers: Covers,
    remarks: &mut Vec<Remark>,
) -> Vec<Signed> {
    let (signatures, unknown) = match packets::signatures(packets) {
        Ok(found) => found,
        Err(PacketError::TooLarge) => {
            remarks.push(Remark::TooLarge(PacketError::TooLarge.to_string()));
            return Vec::new();
        }
        Err(why) => {
            remarks.push(Remark::Malformed(why.to_string()));
            return Vec::new();
        }
    };
    if unknown > 0 {
        remarks.push(Remark::UnknownSignatures(unknown));
    }
    let mut all = Vec::new();
    for signature in &signatures {
        let fits = match signature.typ() {
            Some(SignatureType::Text) => true,
            Some(SignatureType::Binary) => covers == Covers::Anything,
            _ => false,
        };
        if fits {
            all.push(one(signature, text, trust));
        } else {
            remarks
                .push(Remark::Malformed("a signature of a kind that does not cover a text".into()));
        }
    }
    all
}

fn one(signature: &Signature, text: &[u8], trust: &Trust) -> Signed {
    let made_at = signature.created().map(at);
    let mut signed = Signed {
        person: None,
        key: issuer(signature),
        made_at,
        ends_at: made_at.and_then(|made| {
            signature
                .signature_expiration_time()
                .map(|length| i64::from(length.as_secs()))
                .filter(|s| *s > 0)
                .map(|length| made.plus(length))
        }),
        outcome: Outcome::UnknownKey,
        weak_hash: signature.hash_alg() == Some(HashAlgorithm::Sha1),
        key_begins: None,
        key_expires: None,
        key_revoked: None,
    };
    for (person, key) in candidates(signature, trust) {
        signed.person = Some(person.to_owned());
        signed.key = format!("{:X}", key.material.fingerprint());
        signed.key_expires = key.expires;
        signed.key_revoked = key.revoked.map(|revoked| revoked.at);
        signed.outcome = if refused(signature.hash_alg()) {
            Outcome::Refused
        } else if !key.material.verifies(signature, text) {
            Outcome::Bad
        } else {
            standing(key, made_at)
        };
        if signed.outcome != Outcome::Bad {
            break;
        }
    }
    signed
}

/// Whether the key could make a valid signature at the time that the signature states.
fn standing(key: &SigningKey, made_at: Option<crate::Timestamp>) -> Outcome {
    // A signature without a time cannot be placed in the key's life.
    let Some(made) = made_at else { return Outcome::KeyNotValid };
    if !key.may_sign || made < key.created {
        Outcome::KeyNotValid
    } else if key.revoked.is_some_and(|revoked| revoked.hard || revoked.at <= made) {
        Outcome::KeyRevoked
    } else if key.expires.is_some_and(|end| end <= made) {
        Outcome::KeyExpired
    } else {
        Outcome::Good
    }
}

fn candidates<'a>(
    signature: &'a Signature,
    trust: &'a Trust,
) -> impl Iterator<Item = (&'a str, &'a SigningKey)> {
    let (ids, prints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    trust
        .keys()
        .filter_map(|(person, key)| match key {
            Key::OpenPgp(certificate) => Some((person.name.as_str(), certificate)),
            _ => None,
        })
        .flat_map(|(name, certificate)| certificate.keys.iter().map(move |key| (name, key)))
        .filter(move |(_, key)| {
            // A fingerprint is exact; an eight-byte id is only asked where no fingerprint is given.
            if prints.is_empty() {
                ids.is_empty() || ids.iter().any(|id| **id == key.material.id())
            } else {
                prints.iter().any(|print| **print == key.material.fingerprint())
            }
        })
}

fn issuer(signature: &Signature) -> String {
    signature
        .issuer_fingerprint()
        .first()
        .map(|print| format!("{print:X}"))
        .or_else(|| signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase()))
        .unwrap_or_else(|| "unnamed".into())
}

/// SHA-1 is reported and still read, for the histories that have it; digests weaker than it are not.
fn refused(hash: Option<HashAlgorithm>) -> bool {
    !matches!(
        hash,
        Some(
            HashAlgorithm::Sha1
                | HashAlgorithm::Sha224
                | HashAlgorithm::Sha256
                | HashAlgorithm::Sha384
                | HashAlgorithm::Sha512
                | HashAlgorithm::Sha3_256
                | HashAlgorithm::Sha3_512
        )
    )
}
