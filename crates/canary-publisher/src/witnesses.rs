//! Witnesses: submits a new checkpoint with its consistency proof and gathers their cosignatures
//! (C2SP `tlog-witness`).
//!
//! A witness that is down, lies or stalls holds nothing up: the checkpoint is published with the
//! cosignatures that verify, and the next run asks again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::{Checkpoint, LineCheck, parse_decimal};
use canary_format::cosigner::Cosigner;
use canary_format::merkle::{TreeHash, consistency_proof};
use canary_format::note::NoteSignature;
use canary_format::time::Timestamp;
use canary_verifier::fetch::{Fetcher, Posted};
use canary_verifier::target::Prefix;
use futures_util::future::join_all;
use serde::Deserialize;

use crate::checkpoint::CLOCK_TOLERANCE;
use crate::misread::Misread;

/// More than the cosignatures of any witness: both kinds, for a few names.
const MAX_ANSWER: u64 = 65_536;

/// The most witnesses of a publisher.
const MAX_WITNESSES: usize = 32;

/// A sibling run may move a witness on between its answer and the next request, so many times.
const MAX_CONFLICTS: usize = 3;

/// A witness that a publisher submits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its key.
    pub key: Cosigner,
    /// Its submission prefix.
    pub url: Prefix,
}

/// What came of one submission.
#[derive(Debug)]
pub struct Submitted {
    /// The name of the witness's key.
    pub witness: String,
    /// Its cosignature lines, verified, or why there is none.
    pub result: Result<Vec<NoteSignature>, WitnessError>,
}

/// Why a witness gave no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// It could not be reached.
    #[error("{0}")]
    Unreachable(String),
    /// It does not serve this log.
    #[error("it does not serve this origin")]
    UnknownOrigin,
    /// It trusts another key for this log.
    #[error("it trusts another log key for this origin")]
    UnknownKey,
    /// It cosigned a larger tree than the one submitted.
    #[error("it cosigned a tree of {cosigned} leaves, and this one has {size}")]
    Ahead {
        /// What it cosigned.
        cosigned: u64,
        /// What was submitted.
        size: u64,
    },
    /// It cosigned a tree that the submitted one does not extend.
    #[error("it cosigned another tree, which this one does not extend")]
    Inconsistent,
    /// It answered otherwise than the protocol says.
    #[error("it answered with status {0}")]
    Status(u16),
    /// What it answered is no cosignature of its key, at this time, over this checkpoint.
    #[error("its answer holds no cosignature that verifies")]
    NotACosignature,
}

/// Why the witnesses of `canary.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessesError {
    /// The file is not TOML, or a witness has another form.
    #[error(transparent)]
    Config(#[from] Misread),
    /// A key is not a cosigner's. It is not repeated: it might be the private one.
    #[error("witness {0} of canary.toml: `key` is no verifier key of type 0x04 or 0x06")]
    Key(usize),
    /// A URL is not one. It is not repeated: it might hold a token.
    #[error(
        "witness {0} of canary.toml: `url` is no https://HOST/PATH without user, password and query"
    )]
    Url(usize),
    /// The same key stands there twice.
    #[error("the witness stands there twice: {0}")]
    Twice(String),
    /// There are too many.
    #[error("more than {MAX_WITNESSES} witnesses")]
    TooMany,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    witnesses: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    url: String,
}

impl Witness {
    /// The witnesses under `[[witnesses]]` in the text of `canary.toml`; none where it has none.
    ///
    /// # Errors
    ///
    /// The first that cannot be used.
    pub fn all_named(text: &str) -> Result<Vec<Self>, WitnessesError> {
        let file: File = toml::from_str(text).map_err(|error| Misread::of(text, &error))?;
        let mut witnesses: Vec<Self> = Vec::new();
        for (number, Entry { key, url }) in (1..).zip(file.witnesses) {
            let parsed = Cosigner::parse(&key).ok_or(WitnessesError::Key(number))?;
            if witnesses.iter().any(|other| other.key.key_bytes() == parsed.key_bytes()) {
                return Err(WitnessesError::Twice(key));
            }
            let url = Prefix::parse(&url).map_err(|_| WitnessesError::Url(number))?;
            witnesses.push(Self { key: parsed, url });
        }
        match witnesses.len() > MAX_WITNESSES {
            true => Err(WitnessesError::TooMany),
            false => Ok(witnesses),
        }
    }
}

/// Submits the signed checkpoint over these leaves to every witness at once, and waits for each as
/// long as the fetcher's deadline. `published` is how many leaves the tree had that they cosigned
/// last, as far as is known; `now` is when the cosignatures must be of.
pub async fn gather(
    fetcher: &Fetcher,
    witnesses: &[Witness],
    checkpoint: &Checkpoint,
    leaves: &[TreeHash],
    published: u64,
    now: Timestamp,
) -> Vec<Submitted> {
    let submission = Submission { fetcher, checkpoint, leaves, now };
    let one = async |witness: &Witness| Submitted {
        witness: witness.key.name().to_owned(),
        result: submission.to(witness, published).await,
    };
    join_all(witnesses.iter().map(one)).await
}

struct Submission<'a> {
    fetcher: &'a Fetcher,
    checkpoint: &'a Checkpoint,
    leaves: &'a [TreeHash],
    now: Timestamp,
}

impl Submission<'_> {
    async fn to(
        &self,
        witness: &Witness,
        published: u64,
    ) -> Result<Vec<NoteSignature>, WitnessError> {
        let size = self.checkpoint.size();
        let mut old = published.min(size);
        for _ in 0..=MAX_CONFLICTS {
            let body = self.body(old).ok_or(WitnessError::Inconsistent)?;
            let posted = self.fetcher.post(&witness.url, "add-checkpoint", body, MAX_ANSWER).await;
            let posted = posted.map_err(WitnessError::Unreachable)?;
            match posted.status {
                200 => return self.cosignatures(witness, &posted),
                // It says what it cosigned last; the proof must begin there.
                409 => match cosigned_size(&posted) {
                    Some(cosigned) if cosigned > size => {
                        return Err(WitnessError::Ahead { cosigned, size });
                    }
                    Some(cosigned) if cosigned != old => old = cosigned,
                    _ => return Err(WitnessError::Status(409)),
                },
                403 => return Err(WitnessError::UnknownKey),
                404 => return Err(WitnessError::UnknownOrigin),
                422 => return Err(WitnessError::Inconsistent),
                status => return Err(WitnessError::Status(status)),
            }
        }
        Err(WitnessError::Status(409))
    }

    /// The body of add-checkpoint, with the proof from a tree of `old` leaves.
    fn body(&self, old: u64) -> Option<String> {
        let proof = consistency_proof(self.leaves, usize::try_from(old).ok()?).ok()?;
        let proof: String = proof.iter().map(|hash| STANDARD.encode(hash.0) + "\n").collect();
        Some(format!("old {old}\n{proof}\n{}", self.checkpoint))
    }

    /// The lines of the witness's key, each of which verifies and is of this time.
    fn cosignatures(
        &self,
        witness: &Witness,
        posted: &Posted,
    ) -> Result<Vec<NoteSignature>, WitnessError> {
        let text = std::str::from_utf8(&posted.body).map_err(|_| WitnessError::NotACosignature)?;
        let mut lines = Vec::new();
        for line in text.lines().filter_map(NoteSignature::parse) {
            let mut alone = self.checkpoint.clone();
            alone.note_mut().clear();
            alone.note_mut().push(line.clone());
            if let LineCheck::Verifies(times) = witness.key.check(&alone)
                && times.iter().all(|at| at.since(self.now).abs() <= CLOCK_TOLERANCE)
            {
                lines.push(line);
            }
        }
        if lines.is_empty() { Err(WitnessError::NotACosignature) } else { Ok(lines) }
    }
}

fn cosigned_size(posted: &Posted) -> Option<u64> {
    let is_size = posted.content_type == "text/x.tlog.size";
    let text = std::str::from_utf8(&posted.body).ok()?;
    is_size.then(|| parse_decimal(text.strip_suffix('\n')?))?
}
