//! The tree head: C2SP `tlog-checkpoint` and `tlog-cosignature` (`format.md` §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::Signature;
use crate::merkle::TreeHash;
use crate::note::{KeyKind, Note, NoteSignature, VerifierKey};
use crate::refusal::{Refusal, Rule};
use crate::time::Timestamp;

/// The greatest size of a checkpoint with its signature lines, in bytes (§9).
pub const MAX_CHECKPOINT: usize = 65_536;

/// The greatest number of leaves that a reader takes (§9).
pub const MAX_LEAVES: u64 = 16_384;

/// A checkpoint as it was received: what it claims, and signature lines not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: TreeHash,
    note: Note,
}

/// What the signature lines of one key show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineCheck<T> {
    /// There is no line of the key.
    Absent,
    /// There is a line of the key that does not verify.
    Fails,
    /// Every line of the key verifies.
    Verifies(T),
}

impl Checkpoint {
    /// A checkpoint of this tree, without signatures yet.
    pub fn new(origin: &str, size: u64, root: TreeHash) -> Self {
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.0));
        Self { origin: origin.to_owned(), size, root, note: Note::unsigned(text) }
    }

    /// Reads a signed checkpoint of at most 65,536 bytes, without extension lines.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let checkpoint = Self::parse_of_any_log(bytes)?;
        if checkpoint.note.text().split_terminator('\n').nth(3).is_some() {
            return Err(refusal(4, "an empty line: extension lines are not allowed"));
        }
        if !is_origin(&checkpoint.origin) {
            let form = "an origin: 1 to 200 bytes of printable ASCII without space or '+'";
            return Err(refusal(1, form));
        }
        Ok(checkpoint)
    }

    /// Reads a signed checkpoint of at most 65,536 bytes as C2SP `tlog-checkpoint` defines it: any
    /// origin that is not empty, and extension lines. Witnesses serve logs of every kind.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the line.
    pub fn parse_of_any_log(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_CHECKPOINT {
            let what = "the checkpoint";
            return Err(Refusal::TooLarge { what, limit: MAX_CHECKPOINT });
        }
        let note = Note::parse(bytes, "checkpoint")?;
        let mut lines = note.text().split_terminator('\n');
        let mut next = || lines.next().unwrap_or_default();
        let (origin, size, root) = (next(), next(), next());
        if origin.is_empty() {
            return Err(refusal(1, "an origin"));
        }
        let Some(count) = parse_decimal(size) else {
            return Err(refusal(2, "the number of leaves in decimal"));
        };
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let Some(root) = root else {
            return Err(refusal(3, "the root hash, 32 bytes in base64"));
        };
        if let Some(empty) = lines.position(str::is_empty) {
            return Err(refusal(empty + 4, "an extension line that is not empty"));
        }
        Ok(Self { origin: origin.to_owned(), size: count, root: TreeHash(root), note })
    }

    /// The log's origin line.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree's root.
    pub fn root(&self) -> TreeHash {
        self.root
    }

    /// The signed note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The signed note, to add signature lines to.
    pub fn note_mut(&mut self) -> &mut Note {
        &mut self.note
    }

    /// Checks the lines of a log key: every one must verify (§9).
    pub fn check_signature(&self, key: &VerifierKey) -> LineCheck<()> {
        let mut result = LineCheck::Absent;
        for line in self.note.lines_of(key) {
            let signature = <[u8; 64]>::try_from(line.signature.as_slice());
            let verifies = key.kind() == KeyKind::Note
                && signature.is_ok_and(|signature| {
                    key.key().verify(self.note.text().as_bytes(), &Signature(signature))
                });
            if !verifies {
                return LineCheck::Fails;
            }
            result = LineCheck::Verifies(());
        }
        result
    }

    /// Checks the cosignatures of a key and gives the verified times, as the lines stand. A line
    /// that fails counts as absent (§9); `Fails` says that only such lines are there.
    pub fn check_cosignature(&self, key: &VerifierKey) -> LineCheck<Vec<Timestamp>> {
        let lines: Vec<_> =
            self.note.lines_of(key).map(|line| self.cosigned_at(key, line)).collect();
        let verified: Vec<Timestamp> = lines.iter().copied().flatten().collect();
        match (lines.is_empty(), verified.is_empty()) {
            (true, _) => LineCheck::Absent,
            (false, true) => LineCheck::Fails,
            (false, false) => LineCheck::Verifies(verified),
        }
    }

    fn cosigned_at(&self, key: &VerifierKey, line: &NoteSignature) -> Option<Timestamp> {
        let (seconds, signature) = line.signature.split_first_chunk::<8>()?;
        let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
        let signature = Signature(signature.try_into().ok()?);
        let at = Timestamp::from_unix(seconds);
        let verifies = key.kind() == KeyKind::Cosignature
            && at.unix() == seconds
            && key.key().verify(&self.cosigned_bytes(at), &signature);
        verifies.then_some(at)
    }

    /// The bytes that a cosignature at this instant signs.
    pub fn cosigned_bytes(&self, at: Timestamp) -> Vec<u8> {
        format!("cosignature/v1\ntime {}\n{}", at.unix(), self.note.text()).into_bytes()
    }

    /// The signature line for a cosignature made at this instant over [`Self::cosigned_bytes`].
    pub fn cosignature_line(
        key: &VerifierKey,
        at: Timestamp,
        signature: &Signature,
    ) -> NoteSignature {
        let seconds = at.unix().to_be_bytes();
        NoteSignature::new(key, [seconds.as_slice(), &signature.0].concat())
    }
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.note.fmt(f)
    }
}

fn refusal(line: usize, form: &'static str) -> Refusal {
    Refusal::malformed(format!("checkpoint line {line}"), Rule::Form(form))
}

/// An origin: 1–200 bytes of printable ASCII without space or `+` (`format.md` §2).
pub fn is_origin(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+')
}

/// ASCII decimal without leading zeros or sign, as C2SP documents write numbers; at most 2^63−1.
pub fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits)
        .then(|| text.parse().ok())?
        .filter(|number| i64::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKPOINT: &str = "canary.holdout.example/main\n3\nGEc/pImpE9SesPCuYi9zadVczReIV+N5FeLpNkI0v4c=\n\n— canary.holdout.example/main vDGhPmdzNFo53FJ+Tlht7gyq3ptLmlv+M4EPg+9REkVzXOKDxWpLCECPr5Bdjlrf0O8+s0j+QOgO1xKPyaRgs8+2MA0=\n— canary.holdout.example/main/heartbeat 8qlyqgAAAABppUOAjs9+V9oiOC4pbVtfZITlUiKg/1agZ3YHeRIb5DKjNHghMkwN8DtOj9KXOY81KbM2rRCQllgk/N94S9BMt0C2Bw==\n";
    const LOG: &str =
        "canary.holdout.example/main+bc31a13e+AcrYYqctRraGC4NWshX4Irkj3DzoMjVNfWrF1DmQNb4V";
    const HEARTBEAT: &str = "canary.holdout.example/main/heartbeat+f2a972aa+BApcUpsS7h6ouJPg/KJMOSgC843o5Qi/ODgx00qCApZL";

    #[test]
    fn a_checkpoint_of_another_implementation_verifies() {
        let checkpoint = Checkpoint::parse(CHECKPOINT.as_bytes()).unwrap();
        assert_eq!(checkpoint.to_string(), CHECKPOINT);
        assert_eq!(checkpoint.size(), 3);
        let log = VerifierKey::parse(LOG).unwrap();
        assert_eq!(checkpoint.check_signature(&log), LineCheck::Verifies(()));
        let heartbeat = VerifierKey::parse(HEARTBEAT).unwrap();
        assert_eq!(
            checkpoint.check_cosignature(&heartbeat),
            LineCheck::Verifies(vec![Timestamp::parse("2026-03-02T08:00:00Z").unwrap()])
        );
        assert_eq!(checkpoint.check_signature(&heartbeat), LineCheck::Fails);
    }

    #[test]
    fn one_failing_line_of_the_log_key_is_enough() {
        let log = VerifierKey::parse(LOG).unwrap();
        let forged = CHECKPOINT.replacen("vDGhPmdz", "vDGhPmdy", 1);
        let both = CHECKPOINT.to_owned() + forged.lines().nth(4).unwrap() + "\n";
        for text in [forged, both] {
            let checkpoint = Checkpoint::parse(text.as_bytes()).unwrap();
            assert_eq!(checkpoint.check_signature(&log), LineCheck::Fails);
        }
        let unsigned = CHECKPOINT.replacen("vDGhPmdz", "vDGhQmdz", 1);
        let checkpoint = Checkpoint::parse(unsigned.as_bytes()).unwrap();
        assert_eq!(checkpoint.check_signature(&log), LineCheck::Absent);
    }

    #[test]
    fn a_changed_cosignature_time_does_not_verify() {
        let heartbeat = VerifierKey::parse(HEARTBEAT).unwrap();
        let moved = CHECKPOINT.replace("8qlyqgAAAABppUOA", "8qlyqgAAAABppUOB");
        let checkpoint = Checkpoint::parse(moved.as_bytes()).unwrap();
        assert_eq!(checkpoint.check_cosignature(&heartbeat), LineCheck::Fails);
    }

    #[test]
    fn checkpoints_of_other_logs_are_read_only_where_asked_for() {
        let extended = CHECKPOINT.replacen("v4c=\n\n", "v4c=\nextension\n\n", 1);
        let named =
            CHECKPOINT.replacen("canary.holdout.example/main\n", "go.sum database tree\n", 1);
        for text in [&extended, &named] {
            let checkpoint = Checkpoint::parse_of_any_log(text.as_bytes()).unwrap();
            assert_eq!((checkpoint.to_string(), checkpoint.size()), (text.clone(), 3));
            assert!(Checkpoint::parse(text.as_bytes()).is_err());
        }
        for text in [
            CHECKPOINT.replacen("canary.holdout.example/main\n", "\n", 1),
            CHECKPOINT.replacen("v4c=\n\n", "v4c=\n\nextension\n\n", 1),
        ] {
            assert!(Checkpoint::parse_of_any_log(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn each_line_has_one_form() {
        for (from, to) in [
            ("main\n3", "ma in\n3"),
            ("\n3\n", "\n03\n"),
            ("\n3\n", "\n+3\n"),
            ("\n3\n", "\n9223372036854775808\n"),
            ("v4c=\n\n", "v4c\n\n"),
            ("v4c=\n\n", "v4c=\nextension\n\n"),
            ("canary.holdout.example/main\n3\n", "3\n"),
        ] {
            let changed = CHECKPOINT.replacen(from, to, 1);
            assert!(Checkpoint::parse(changed.as_bytes()).is_err(), "{changed}");
        }
    }
}
