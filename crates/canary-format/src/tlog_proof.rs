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
