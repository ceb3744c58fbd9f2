//! The single-file form: C2SP `tlog-proof`, with the envelope as its extra data (`format.md` §8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, MAX_CHECKPOINT, parse_decimal};
use crate::envelope::MAX_ENVELOPE;
use crate::merkle::{ProofError, TreeHash, leaf_hash, verify_inclusion};
use crate::refusal::{Refusal, Rule};

/// The greatest size of a proof file, in bytes: an envelope in base64, sixty-four hashes and a
/// checkpoint.
pub const MAX_PROOF: usize = MAX_ENVELOPE.div_ceil(3) * 4 + 64 * 45 + MAX_CHECKPOINT + 256;

/// The greatest size of a file of several proofs, in bytes: that of a whole site (§9).
pub const MAX_FILE: usize = 256 << 20;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A `tlog-proof`, as it was received: nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The extra data: here, the envelope's bytes.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index: the number less one.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upward.
    pub hashes: Vec<TreeHash>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

impl TlogProof {
    /// Whether these bytes begin as a `tlog-proof` does.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(HEADER.as_bytes())
    }

    /// Reads a proof of at most [`MAX_PROOF`] bytes.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_PROOF {
            return Err(Refusal::TooLarge { what: "the proof", limit: MAX_PROOF });
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| Refusal::malformed("proof", Rule::Utf8))?;
        let refuse = |line: usize, form| {
            Err(Refusal::malformed(format!("proof line {line}"), Rule::Form(form)))
        };
        let Some((head, checkpoint)) = text.split_once("\n\n") else {
            return refuse(1, "an empty line before the checkpoint");
        };
        let mut lines =
            head.split('\n').enumerate().map(|(index, line)| (index + 1, line)).peekable();
        if lines.next() != Some((1, HEADER)) {
            return refuse(1, HEADER);
        }
        let mut extra = None;
        if let Some((number, encoded)) =
            lines.peek().and_then(|(number, line)| Some((*number, line.strip_prefix("extra ")?)))
        {
            let Ok(bytes) = STANDARD.decode(encoded) else {
                return refuse(number, "extra data in base64");
            };
            extra = Some(bytes);
            lines.next();
        }
        let (number, line) = lines.next().unwrap_or((2, ""));
        let Some(index) = line.strip_prefix("index ").and_then(parse_decimal) else {
            return refuse(number, "index and a number in decimal");
        };
        let mut hashes = Vec::new();
        for (number, line) in lines {
            match STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok()) {
                Some(hash) if hashes.len() < 64 => hashes.push(TreeHash(hash)),
                Some(_) => return refuse(number, "at most 64 hashes"),
                None => return refuse(number, "a hash of 32 bytes in base64"),
            }
        }
        let checkpoint = Checkpoint::parse(checkpoint.as_bytes())?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Reads one or more proofs, one after the other, of at most [`MAX_FILE`] bytes in all: the
    /// newest issue's first, each further one of the issue before, all under one checkpoint.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, and in which proof.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, Refusal> {
        if bytes.len() > MAX_FILE {
            return Err(Refusal::TooLarge { what: "the file", limit: MAX_FILE });
        }
        let mut proofs: Vec<Self> = Vec::new();
        for part in parts(bytes) {
            let proof = Self::parse(part)?;
            if let Some(newer) = proofs.last() {
                let place = || format!("proof {}", proofs.len() + 1);
                if proof.checkpoint != newer.checkpoint {
                    let rule = Rule::Relation("every proof has the same checkpoint");
                    return Err(Refusal::malformed(place(), rule));
                }
                if Some(proof.index) != newer.index.checked_sub(1) {
                    let rule = Rule::Relation("each proof is of the issue before");
                    return Err(Refusal::malformed(place(), rule));
                }
            }
            proofs.push(proof);
        }
        Ok(proofs)
    }

    /// Verifies that this leaf is the one that the proof speaks of. Says nothing of who signed.
    ///
    /// # Errors
    ///
    /// Why the proof does not show it.
    pub fn verify(&self, leaf: &[u8]) -> Result<(), ProofError> {
        let size = self.checkpoint.size();
        verify_inclusion(leaf_hash(leaf), self.index, size, &self.hashes, self.checkpoint.root())
    }
}

/// The proofs in a file. One begins where its header follows a signature line; a checkpoint always
/// follows an empty line, so that no origin can be taken for a header.
fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let header = format!("\n{HEADER}\n").into_bytes();
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let part = rest.take()?;
        let mut from = 0;
        while let Some(found) = find(&part[from..], &header) {
            let end = from + found + 1;
            let line = part[..end - 1].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            if !line.is_empty() {
                rest = Some(&part[end..]);
                return Some(&part[..end]);
            }
            from = end;
        }
        Some(part)
    })
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{inclusion_proof, root};

    fn proofs(origin: &str, count: u8) -> Vec<TlogProof> {
        let leaves: Vec<_> = (0..count).map(|n| leaf_hash(&[n])).collect();
        let mut checkpoint = Checkpoint::new(origin, u64::from(count), root(&leaves));
        checkpoint.note_mut().push(crate::note::NoteSignature {
            name: "log".into(),
            id: [1; 4],
            signature: vec![2; 64],
        });
        let proof = |n: u8| TlogProof {
            extra: Some(vec![n]),
            index: u64::from(n),
            hashes: inclusion_proof(&leaves, usize::from(n)).unwrap(),
            checkpoint: checkpoint.clone(),
        };
        (0..count).rev().map(proof).collect()
    }

    fn text(proofs: &[TlogProof]) -> String {
        proofs.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn several_proofs_read_back_and_one_is_a_plain_file() {
        for origin in ["example.com/log", HEADER] {
            let all = proofs(origin, 5);
            let read = TlogProof::parse_all(text(&all).as_bytes()).unwrap();
            assert_eq!(read, all);
            assert!(read.iter().all(|proof| proof.verify(proof.extra.as_ref().unwrap()).is_ok()));
            let plain = text(&all[..1]);
            assert_eq!(TlogProof::parse_all(plain.as_bytes()).unwrap(), all[..1]);
            assert_eq!(TlogProof::parse(plain.as_bytes()).unwrap(), all[0]);
        }
    }

    #[test]
    fn proofs_out_of_order_or_of_other_trees_are_refused() {
        let all = proofs("example.com/log", 5);
        let reversed: Vec<_> = all.iter().rev().cloned().collect();
        let gap = [all[0].clone(), all[2].clone()];
        let twice = [all[0].clone(), all[0].clone()];
        let other = [all[0].clone(), proofs("example.com/other", 5)[1].clone()];
        for refused in [&reversed[..], &gap, &twice, &other] {
            assert!(TlogProof::parse_all(text(refused).as_bytes()).is_err());
        }
        let cut = text(&all);
        assert!(TlogProof::parse_all(&cut.as_bytes()[..cut.len() - 1]).is_err());
        assert!(TlogProof::parse_all(b"").is_err());
    }
}
