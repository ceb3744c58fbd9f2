//! CanaryTail: JSON in which every field is signed on its own.
//!
//! Two shapes are in the wild: `version` inside the claim with keys as strings, and `version` beside the claim
//! with keys as objects (role, name, key, required) and a count of signers. Names may be in capitals.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::digest::Digest;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Map, Value};

use crate::dates::{Dates, instant_of};
use crate::prose::{Statement, Tone};
use crate::reading::{Issue, Kind, Outcome, Published, Reading, Remark, Signed};
use crate::trust::{Key, Trust};

/// The most signers in one document.
const MAX_SIGNERS: usize = 64;

/// The closed list of codes, each with the words that its presence stands for.
pub(crate) const CODES: [(&str, &str); 10] = [
    ("war", "No warrants"),
    ("gag", "No gag orders"),
    ("subp", "No subpoenas"),
    ("trap", "No trap and trace orders"),
    ("cease", "No court order to cease operations"),
    ("duress", "No coercion, blackmail, or otherwise operating under duress"),
    ("raid", "No raids with high confidence that nothing useful was seized"),
    ("seize", "No raids with low confidence that nothing useful was seized"),
    ("xcred", "No compromised credentials"),
    ("xopers", "No compromised operations"),
];

/// Whether a text is such a document.
pub(crate) fn recognised(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    let Some(Value::Object(claim)) = member(object, "canary") else { return false };
    member(claim, "codes").is_some() && member(object, "signatures").is_some_and(Value::is_object)
}

/// Reads a publication as CanaryTail.
pub(crate) fn read(published: &Published<'_>, trust: &Trust) -> Reading {
    crate::json::reading(published, "a CanaryTail document", || document(published, trust))
}

fn document(published: &Published<'_>, trust: &Trust) -> Result<Issue, String> {
    let value = crate::json::parse(published.body)?;
    let object = value.as_object().ok_or("not an object")?;
    let claim = member(object, "canary").and_then(Value::as_object).ok_or("no member canary")?;
    let signatures =
        member(object, "signatures").and_then(Value::as_object).ok_or("no member signatures")?;
    if signatures.len() > MAX_SIGNERS {
        return Err("more signers than are read".into());
    }
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in claim {
        fields.insert(
            name.to_lowercase(),
            as_signed(value).ok_or_else(|| format!("field {name} has no signed form"))?,
        );
    }
    if let Some(version) = member(object, "version") {
        fields.insert(
            "version".into(),
            as_signed(version).ok_or("field version has no signed form")?,
        );
    }
    let mut remarks = vec![Remark::FieldsUnbound];
    let panic = fields.get("panickey").cloned().filter(|key| !key.is_empty());
    let mut signed = Vec::new();
    let mut covered: BTreeMap<&String, bool> = fields.keys().map(|name| (name, false)).collect();
    for (encoded, set) in signatures {
        let set = set.as_object().ok_or("signatures of a key are not an object")?;
        if panic.as_ref() == Some(encoded) {
            if pinned_or(encoded).is_some_and(|key| set_holds(&key, set, &fields)) {
                remarks.push(Remark::PanicKey(encoded.clone()));
            }
            continue;
        }
        let one = signer(encoded, set, &fields, trust);
        if one.outcome == Outcome::Good {
            for name in set.keys() {
                if let Some(seen) = covered.get_mut(&name.to_lowercase()) {
                    *seen = true;
                }
            }
        }
        signed.push(one);
    }
    if signed.iter().any(|one| one.outcome == Outcome::Good) {
        remarks.extend(
            covered
                .iter()
                .filter(|(_, seen)| !**seen)
                .map(|(name, _)| Remark::FieldUnsigned((*name).clone())),
        );
    }
    own_quorum(claim, signatures, &fields, &mut remarks);
    let codes: Vec<String> = member(claim, "codes")
        .and_then(Value::as_array)
        .ok_or("codes are not an array")?
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_lowercase)
        .collect();
    let mut statements = Vec::new();
    for (code, words) in CODES {
        if codes.iter().any(|present| present == code) {
            statements.push(Statement::named(code, words, Tone::Fact));
        } else {
            remarks.push(Remark::CodeAbsent(code.to_owned()));
        }
    }
    for code in codes.iter().filter(|code| !CODES.iter().any(|(known, _)| known == code)).take(64) {
        statements.push(Statement::named(code, code, Tone::Fact));
    }
    let when = |name: &str| fields.get(name).and_then(|text| instant_of(text));
    let dates = Dates::stated(when("release"), when("expiry"));
    let text = format!(
        "{}\n",
        fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    Ok(Issue {
        kind: Kind::CanaryTail,
        source: published.source.to_owned(),
        digest: Digest::of(published.body),
        text,
        signatures: signed,
        statements,
        announcement: None,
        dates,
        seen: published.seen,
        remarks,
        fields: fields.into_iter().collect(),
        letters: Vec::new(),
    })
}

fn signer(
    encoded: &str,
    set: &Map<String, Value>,
    fields: &BTreeMap<String, String>,
    trust: &Trust,
) -> Signed {
    let mut signed = Signed::unknown(encoded.chars().take(100).collect());
    let Some(claimed) = pinned_or(encoded) else { return signed };
    for (person, key) in trust.keys() {
        let Key::Ed25519(key) = key else { continue };
        if **key == claimed {
            signed.person = Some(person.name.clone());
            signed.outcome = if set_holds(key, set, fields) { Outcome::Good } else { Outcome::Bad };
            break;
        }
    }
    signed
}

fn pinned_or(encoded: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = STANDARD.decode(encoded).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

/// Every signature of the set verifies over its field, and there is at least one for the codes and the dates.
fn set_holds(
    key: &VerifyingKey,
    set: &Map<String, Value>,
    fields: &BTreeMap<String, String>,
) -> bool {
    let needed = ["codes", "release", "expiry"];
    let names: Vec<String> = set.keys().map(|name| name.to_lowercase()).collect();
    needed.iter().all(|name| names.iter().any(|has| has == name))
        && set.iter().all(|(name, signature)| {
            // Fields that the document leaves out were signed as empty.
            let value = fields.get(&name.to_lowercase()).map_or("", String::as_str);
            signature
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok())
                .and_then(|bytes| Signature::from_slice(&bytes).ok())
                .is_some_and(|signature| key.verify_strict(value.as_bytes(), &signature).is_ok())
        })
}

/// The document's own rule: `min_signers`, and keys marked as required.
fn own_quorum(
    claim: &Map<String, Value>,
    signatures: &Map<String, Value>,
    fields: &BTreeMap<String, String>,
    remarks: &mut Vec<Remark>,
) {
    let Some(keys) = member(claim, "pubkeys").and_then(Value::as_array) else { return };
    let need = member(claim, "min_signers").and_then(Value::as_u64).unwrap_or(0) as usize;
    let (mut have, mut missing) = (0, 0);
    for listed in keys.iter().take(MAX_SIGNERS) {
        let encoded = listed
            .as_str()
            .or_else(|| listed.get("key").and_then(Value::as_str))
            .unwrap_or_default();
        let holds = pinned_or(encoded)
            .zip(signatures.get(encoded).and_then(Value::as_object))
            .is_some_and(|(key, set)| set_holds(&key, set, fields));
        have += usize::from(holds);
        missing +=
            usize::from(!holds && listed.get("required").and_then(Value::as_bool) == Some(true));
    }
    if have < need || missing > 0 {
        remarks.push(Remark::OwnQuorum(have, need.max(have + missing)));
    }
}

/// The text that is signed for a field: strings as they are, lists of strings apart by spaces, and objects as the
/// reference client prints them (`[{role name key required} …]`).
fn as_signed(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Value::Array(all) => {
            let each: Option<Vec<String>> = all
                .iter()
                .map(|one| {
                    let object = one.as_object()?;
                    let parts = ["role", "signer", "name", "key", "required"]
                        .iter()
                        .filter_map(|name| object.get(*name));
                    let words: Option<Vec<String>> = parts.map(as_signed).collect();
                    Some(format!("{{{}}}", words?.join(" ")))
                })
                .collect();
            Some(format!("[{}]", each?.join(" ")))
        }
        Value::Object(_) => None,
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get(&name.to_uppercase()))
}

/// What two observations show together: fields of one issue that are put together from others.
///
/// `earlier` are authentic observations in the order of their release. A splice shows in two ways: two documents
/// of the same release that differ in another field, and a field that goes back to a value which a newer release
/// had already replaced.
pub(crate) fn spliced(earlier: &[&Issue], now: &Issue) -> Option<String> {
    let field = |issue: &Issue, name: &str| {
        issue.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let release = field(now, "release")?;
    for before in earlier.iter().rev() {
        if field(before, "release").as_deref() == Some(release.as_str()) {
            let other = ["codes", "expiry", "freshness", "pubkeys", "panickey", "domain"]
                .into_iter()
                .find(|name| field(before, name) != field(now, name));
            if let Some(name) = other {
                return Some(format!(
                    "{name} differs from another observation of the same release"
                ));
            }
        }
    }
    for name in ["expiry", "freshness", "codes"] {
        let value = field(now, name)?;
        let last = earlier.last().and_then(|issue| field(issue, name));
        if last.as_ref() == Some(&value)
            || earlier.last().is_none_or(|issue| field(issue, "release") == Some(release.clone()))
        {
            continue;
        }
        // The client writes codes in chance order: the same order coming back is the same signature coming back.
        if name == "codes" && in_order(&value) {
            continue;
        }
        let returned =
            earlier.iter().rev().skip(1).any(|issue| field(issue, name).as_ref() == Some(&value));
        if returned && !value.is_empty() {
            return Some(format!(
                "{name} is that of an earlier release, which a later one had replaced"
            ));
        }
    }
    None
}

fn in_order(codes: &str) -> bool {
    let all: Vec<&str> = codes.split(' ').collect();
    let place = |code: &&str| CODES.iter().position(|(known, _)| known == code);
    all.is_sorted() || all.is_sorted_by_key(place)
}
