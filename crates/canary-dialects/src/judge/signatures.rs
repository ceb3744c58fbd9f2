//! Who signed, and what is to be said of each signature at an instant.

use std::collections::BTreeSet;

use canary_verifier::report::{Code, Finding, Severity};

use crate::Timestamp;
use crate::reading::{Issue, Outcome, Signed};
use crate::trust::Trust;

/// What the signatures of one issue come to.
pub(crate) struct Quorum {
    pub(crate) persons: BTreeSet<String>,
    pub(crate) authentic: bool,
}

/// Judges the signatures of an issue whose own time is `own`, as of an instant.
pub(crate) fn quorum(
    number: u64,
    issue: &Issue,
    trust: &Trust,
    own: Timestamp,
    at: Timestamp,
    findings: &mut Vec<Finding>,
) -> Quorum {
    let mut persons = BTreeSet::new();
    for signed in &issue.signatures {
        if one(number, signed, own, at, findings) {
            persons.extend(signed.person.clone());
        }
    }
    if !issue.kind.is_signed() && trust.persons.is_empty() {
        findings.push(
            Finding::new(
                Code::Unsigned,
                Severity::Attention,
                "nothing here is signed: anyone who can write to the place can change the words",
            )
            .issue(number),
        );
        return Quorum { persons, authentic: true };
    }
    let need = trust.threshold.max(1);
    let authentic = persons.len() >= need;
    if !authentic {
        let hint =
            if trust.persons.is_empty() { "; no keys are named to check them by" } else { "" };
        let unsigned = if issue.kind.is_signed() { "" } else { "; nothing here is signed" };
        let message =
            format!("signed by {} of the {need} persons needed{hint}{unsigned}", persons.len());
        findings.push(Finding::new(Code::QuorumShort, Severity::Alarm, message).issue(number));
    }
    Quorum { persons, authentic }
}

/// Judges one signature; whether it counts for its person.
fn one(
    number: u64,
    signed: &Signed,
    own: Timestamp,
    at: Timestamp,
    findings: &mut Vec<Finding>,
) -> bool {
    let who = signed.person.clone().unwrap_or_else(|| signed.key.clone());
    let mut say = |code, severity, message: String| {
        findings.push(Finding::new(code, severity, message).issue(number).signer(who.clone()));
    };
    let key = &signed.key;
    match outcome(signed, own) {
        Outcome::Good => {}
        Outcome::Bad => {
            say(
                Code::BadSignature,
                Severity::Alarm,
                format!("the signature by key {key} does not verify over this text"),
            );
            return false;
        }
        Outcome::UnknownKey => {
            say(
                Code::UnknownSigner,
                Severity::Attention,
                format!("signed by key {key}, which is not among the keys named; ignored"),
            );
            return false;
        }
        Outcome::KeyExpired => {
            let when = signed.key_expires.map(|end| format!(" on {end}")).unwrap_or_default();
            say(
                Code::SignerKeyExpired,
                Severity::Attention,
                format!("key {key} had ended{when} when the signature was made; it does not count"),
            );
            return false;
        }
        Outcome::KeyRevoked => {
            let when =
                signed.key_revoked.map(|since| format!(" (dated {since})")).unwrap_or_default();
            say(
                Code::SignerKeyRevoked,
                Severity::Alarm,
                format!("key {key} is revoked{when}; the signature does not count"),
            );
            return false;
        }
        Outcome::KeyNotValid => {
            say(
                Code::SignerKeyInvalid,
                Severity::Attention,
                format!(
                    "key {key} could not make this signature at the time stated; it does not count"
                ),
            );
            return false;
        }
        Outcome::OtherPurpose => {
            say(
                Code::SignaturePurpose,
                Severity::Attention,
                format!(
                    "the signature by key {key} was made for another purpose; it does not count"
                ),
            );
            return false;
        }
        Outcome::Refused => {
            say(
                Code::SignatureRefused,
                Severity::Alarm,
                format!(
                    "the signature by key {key} uses a digest that proves nothing; it does not count"
                ),
            );
            return false;
        }
    }
    if signed.weak_hash {
        say(
            Code::SignatureWeakHash,
            Severity::Attention,
            format!("the signature by key {key} rests on SHA-1"),
        );
    }
    if signed.ends_at.is_some_and(|end| end <= at) {
        let end = signed.ends_at.map(|end| end.to_string()).unwrap_or_default();
        say(
            Code::SignatureExpired,
            Severity::Attention,
            format!("the signature by key {key} ended {end} by its own word; it does not count"),
        );
        return false;
    }
    if let Some(end) = signed.key_expires.filter(|end| *end <= at) {
        say(
            Code::SignerKeyExpiredSince,
            Severity::Attention,
            format!("key {key} ended {end}, after this signature was made"),
        );
    }
    if let Some(since) = signed.key_revoked.filter(|since| *since <= at) {
        say(
            Code::SignerKeyRevokedSince,
            Severity::Attention,
            format!("key {key} was withdrawn {since}, after this signature was made"),
        );
    }
    true
}

/// What the check gave. A signature that says nothing of its time is of its issue's.
fn outcome(signed: &Signed, own: Timestamp) -> Outcome {
    if signed.outcome != Outcome::Good || signed.made_at.is_some() {
        return signed.outcome;
    }
    if signed.key_begins.is_some_and(|begins| own < begins) {
        return Outcome::KeyNotValid;
    }
    // OpenSSH takes a key up to and with the second named as its end.
    if signed.key_expires.is_some_and(|end| end < own) {
        return Outcome::KeyExpired;
    }
    Outcome::Good
}

/// Everyone whose name stands on the issue, whether the signature holds or not.
pub(crate) fn signers(issue: &Issue) -> BTreeSet<String> {
    issue.signatures.iter().filter_map(|signed| signed.person.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_without_a_time_is_held_against_its_issues() {
        let at = |day: &str| Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap();
        let signed = Signed {
            outcome: Outcome::Good,
            key_begins: Some(at("2025-01-01")),
            key_expires: Some(at("2026-01-01")),
            ..Signed::unknown("key".into())
        };
        for (own, expected) in [
            ("2024-12-31", Outcome::KeyNotValid),
            ("2025-01-01", Outcome::Good),
            ("2026-01-01", Outcome::Good),
            ("2026-01-02", Outcome::KeyExpired),
        ] {
            assert_eq!(outcome(&signed, at(own)), expected, "{own}");
        }
        let dated = Signed { made_at: Some(at("2025-06-01")), ..signed };
        assert_eq!(outcome(&dated, at("2026-01-02")), Outcome::Good);
    }
}
