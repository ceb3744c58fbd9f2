//! JSON canaries signed with Ed25519 over their members in sorted order.
//!
//! There is no one standard: the signature stands in the object itself, over the object without it, or beside the
//! member that it covers. The bytes signed are that value's JSON with sorted members, compact or as Python writes
//! it by default. Each of these forms has exactly one value behind it, so trying them changes nothing in what a
//! valid signature says.

use canary_format::digest::Digest;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Map, Value};

use crate::dates::{Dates, instant_of};
use crate::prose::{Statement, Tone};
use crate::reading::{Issue, Kind, Outcome, Published, Reading, Signed};
use crate::trust::{Key, Trust};

/// The most signatures of one document.
const MAX_SIGNATURES: usize = 16;
/// The most members that become statements.
const MAX_MEMBERS: usize = 256;

/// Members that hold a signature.
const SIGNATURES: [&str; 5] =
    ["signature", "sig", "signature_ed25519", "ed25519_signature", "signatures"];
/// Members that describe the signature; some sign them, some leave them out.
const ABOUT: [&str; 9] =
    ["public_key", "publickey", "pubkey", "key", "key_id", "keyid", "kid", "algorithm", "alg"];
/// Names of members that hold the date of issue.
const ISSUED: [&str; 13] = [
    "issued",
    "issued_at",
    "as_of",
    "date",
    "timestamp",
    "created",
    "created_at",
    "published",
    "published_at",
    "updated",
    "last_updated",
    "release",
    "signed_at",
];

/// Names of members that hold the date by which the next is due.
const ENDS: [&str; 9] = [
    "expires",
    "expires_at",
    "expiry",
    "valid_until",
    "next_update",
    "next_due",
    "next",
    "next_canary",
    "valid_to",
];

/// Names of other members that state nothing.
const PLAIN: [&str; 4] = ["version", "freshness", "nonce", "sequence"];

/// Members that hold what is signed, where it is not the object itself.
const INNER: [&str; 7] = ["canary", "payload", "data", "statement", "message", "body", "content"];

/// Whether a document carries a signature member.
pub(crate) fn recognised(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.keys().any(|name| SIGNATURES.contains(&name.to_lowercase().as_str()))
    })
}

/// Reads a publication as signed JSON.
pub(crate) fn read(published: &Published<'_>, trust: &Trust) -> Reading {
    crate::json::reading(published, "a JSON canary", || document(published, trust))
}

/// Checks signatures only.
pub(crate) fn check(published: &Published<'_>, trust: &Trust) -> Vec<Signed> {
    if published.body.len() > crate::json::MAX_DOCUMENT {
        return Vec::new();
    }
    let Ok(Value::Object(object)) = crate::json::parse(published.body) else { return Vec::new() };
    let forms = forms(&object);
    let found = signatures(&object).unwrap_or_default();
    found.iter().map(|signature| one(signature, &forms, trust).0).collect()
}

fn document(published: &Published<'_>, trust: &Trust) -> Result<Issue, String> {
    let value = crate::json::parse(published.body)?;
    let object = value.as_object().ok_or("not an object")?;
    let found = signatures(object)?;
    let forms = forms(object);
    let mut covered: Option<&Value> = None;
    let mut signed = Vec::new();
    for signature in &found {
        let (one, form) = one(signature, &forms, trust);
        if one.outcome == Outcome::Good {
            covered = form;
        }
        signed.push(one);
    }
    // Where nothing verifies, the largest candidate is what a reader sees.
    let content = covered
        .or_else(|| forms.first().map(|form| &form.value))
        .ok_or("nothing that could be signed")?;
    let mut statements = Vec::new();
    members(content, "", &mut statements);
    let named = |names: &[&str]| find(content, names, 0);
    let issued = named(&ISSUED);
    let ends = named(&ENDS);
    let dates = Dates::stated(issued, ends);
    let text = serde_json::to_string_pretty(content).unwrap_or_default();
    Ok(Issue {
        kind: Kind::SignedJson,
        source: published.source.to_owned(),
        digest: Digest::of(published.body),
        text,
        signatures: signed,
        statements,
        announcement: None,
        dates,
        seen: published.seen,
        remarks: Vec::new(),
        fields: Vec::new(),
        letters: Vec::new(),
    })
}

fn signatures(object: &Map<String, Value>) -> Result<Vec<Signature>, String> {
    let mut found = Vec::new();
    for (_, value) in
        object.iter().filter(|(name, _)| SIGNATURES.contains(&name.to_lowercase().as_str()))
    {
        let all: Vec<&Value> = match value {
            Value::Array(all) => all.iter().collect(),
            Value::Object(map)
                if map.values().all(Value::is_string)
                    && !map
                        .keys()
                        .any(|name| SIGNATURES.contains(&name.as_str()) || name == "value") =>
            {
                map.values().collect()
            }
            one => vec![one],
        };
        for one in all.into_iter().take(MAX_SIGNATURES) {
            let text = one
                .as_str()
                .or_else(|| {
                    ["signature", "sig", "value"]
                        .iter()
                        .find_map(|name| one.get(*name))
                        .and_then(Value::as_str)
                })
                .ok_or("a signature that is not a string")?;
            let bare = text.strip_prefix("ed25519:").unwrap_or(text);
            let bytes = crate::bytes::hex_or_base64(bare.trim())
                .ok_or("a signature that is neither hex nor base64")?;
            found.push(
                Signature::from_slice(&bytes).map_err(|_| "a signature that is not 64 bytes")?,
            );
        }
    }
    if found.is_empty() { Err("no signature".into()) } else { Ok(found) }
}

/// A candidate for what was signed: the value, and its bytes in each way of writing.
struct Form {
    value: Value,
    bytes: Vec<Vec<u8>>,
}

fn forms(object: &Map<String, Value>) -> Vec<Form> {
    let without = |also: &[&str]| {
        Value::Object(
            object
                .iter()
                .filter(|(name, _)| {
                    let name = name.to_lowercase();
                    !SIGNATURES.contains(&name.as_str()) && !also.contains(&name.as_str())
                })
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    };
    let mut values = vec![without(&[])];
    if object.keys().any(|name| ABOUT.contains(&name.to_lowercase().as_str())) {
        values.push(without(&ABOUT));
    }
    values.extend(
        object
            .iter()
            .filter(|(name, value)| {
                INNER.contains(&name.to_lowercase().as_str())
                    && (value.is_object() || value.is_string())
            })
            .map(|(_, value)| value.clone()),
    );
    values
        .into_iter()
        .map(|value| {
            let mut bytes = vec![
                written(&value, "", "", false),
                written(&value, " ", " ", true),
                written(&value, "", "", true),
                written(&value, " ", " ", false),
            ];
            if let Value::String(text) = &value {
                bytes = vec![text.clone().into_bytes()];
            }
            bytes.dedup();
            Form { value, bytes }
        })
        .collect()
}

/// JSON with sorted members. Python escapes what is not ASCII unless told otherwise.
fn written(value: &Value, after_comma: &str, after_colon: &str, ascii: bool) -> Vec<u8> {
    let mut out = String::new();
    write(value, after_comma, after_colon, ascii, &mut out);
    out.into_bytes()
}

fn write(value: &Value, after_comma: &str, after_colon: &str, ascii: bool, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            out.push('{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                    out.push_str(after_comma);
                }
                string(name, ascii, out);
                out.push(':');
                out.push_str(after_colon);
                write(&map[name], after_comma, after_colon, ascii, out);
            }
            out.push('}');
        }
        Value::Array(all) => {
            out.push('[');
            for (at, one) in all.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                    out.push_str(after_comma);
                }
                write(one, after_comma, after_colon, ascii, out);
            }
            out.push(']');
        }
        Value::String(text) => string(text, ascii, out),
        other => out.push_str(&other.to_string()),
    }
}

fn string(text: &str, ascii: bool, out: &mut String) {
    let plain = serde_json::to_string(text).unwrap_or_default();
    if !ascii {
        out.push_str(&plain);
        return;
    }
    for c in plain.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

fn one<'a>(signature: &Signature, forms: &'a [Form], trust: &Trust) -> (Signed, Option<&'a Value>) {
    let mut signed = Signed::unknown("unnamed".into());
    let keys = trust.keys().filter_map(|(person, key)| match key {
        Key::Ed25519(key) => Some((person, **key)),
        Key::Numbered(_) | Key::OpenPgp(_) | Key::Ssh(_) => None,
    });
    let mut named = Vec::new();
    for (person, key) in keys {
        if let Some(form) = forms.iter().find(|form| covers(&key, form, signature)) {
            signed.person = Some(person.name.clone());
            signed.key = crate::bytes::hex(key.as_bytes());
            signed.outcome = Outcome::Good;
            return (signed, Some(&form.value));
        }
        named.push((person, key));
    }
    // The signature does not say whose it is. With one key named, it is that key's that fails.
    if let [(person, key)] = named[..] {
        signed.person = Some(person.name.clone());
        signed.key = crate::bytes::hex(key.as_bytes());
        signed.outcome = Outcome::Bad;
    }
    (signed, None)
}

fn covers(key: &VerifyingKey, form: &Form, signature: &Signature) -> bool {
    form.bytes.iter().any(|bytes| key.verify_strict(bytes, signature).is_ok())
}

/// Members become statements named by their path; strings in lists become one each.
fn members(value: &Value, path: &str, statements: &mut Vec<Statement>) {
    let joined =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let lower = name.to_lowercase();
                let dull =
                    [&ISSUED[..], &ENDS, &PLAIN].iter().any(|all| all.contains(&lower.as_str()))
                        || ABOUT.contains(&lower.as_str())
                        || lower.contains("block")
                        || lower.contains("headline")
                        || lower.contains("news");
                if !dull && statements.len() < MAX_MEMBERS && path.len() < 200 {
                    members(inner, &joined(name), statements);
                }
            }
        }
        Value::Array(all) => {
            for inner in all.iter().take(MAX_MEMBERS) {
                match inner {
                    Value::String(text) if statements.len() < MAX_MEMBERS => {
                        statements.push(Statement::new(text, Tone::Fact))
                    }
                    Value::Object(map) => {
                        let id = ["id", "code", "name"]
                            .iter()
                            .find_map(|name| map.get(*name))
                            .and_then(Value::as_str);
                        let text = ["text", "statement", "claim", "description"]
                            .iter()
                            .find_map(|name| map.get(*name))
                            .and_then(Value::as_str);
                        match (id, text) {
                            (Some(id), Some(text)) => {
                                statements.push(Statement::named(id, text, Tone::Fact));
                                // Whatever else is said of it ("value": false) is part of what is affirmed.
                                for (name, more) in map
                                    .iter()
                                    .filter(|(_, more)| more.is_boolean() || more.is_number())
                                {
                                    statements.push(Statement::named(
                                        &format!("{id}.{name}"),
                                        &format!("{id} {name}: {more}"),
                                        Tone::Fact,
                                    ));
                                }
                            }
                            _ => members(inner, path, statements),
                        }
                    }
                    _ => {}
                }
            }
            statements.truncate(MAX_MEMBERS);
        }
        Value::String(text) => {
            // A longer text holds sentences of its own.
            if text.len() > 60 || text.contains('\n') {
                statements.extend(crate::prose::read(text).statements);
                statements.truncate(MAX_MEMBERS);
            } else {
                statements.push(Statement::named(path, &format!("{path}: {text}"), Tone::Fact));
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::Null => {
            statements.push(Statement::named(path, &format!("{path}: {value}"), Tone::Fact))
        }
    }
}

/// The first instant among members of these names, in the order of the names; one level of nesting is looked into.
fn find(value: &Value, names: &[&str], depth: usize) -> Option<crate::Timestamp> {
    let object = value.as_object()?;
    let own = names
        .iter()
        .find_map(|name| {
            object.iter().find(|(has, _)| has.to_lowercase().replace('-', "_") == *name)
        })
        .and_then(|(_, value)| match value {
            Value::String(text) => instant_of(text),
            Value::Number(number) => {
                number.as_i64().filter(|seconds| *seconds > 0).map(|seconds| {
                    // Milliseconds are told by their size.
                    crate::Timestamp::from_unix(if seconds > 100_000_000_000 {
                        seconds / 1000
                    } else {
                        seconds
                    })
                })
            }
            _ => None,
        });
    own.or_else(|| {
        (depth < 1)
            .then(|| object.values().find_map(|inner| find(inner, names, depth + 1)))
            .flatten()
    })
}
