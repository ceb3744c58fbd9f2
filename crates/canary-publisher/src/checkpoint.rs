//! The tree head that the publisher's machines sign (`format.md` §5).

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::issue::LogKeys;
use canary_format::key::Fingerprint;
use canary_format::merkle::TreeHash;
use canary_format::note::NoteSignature;
use canary_format::time::Timestamp;

use crate::machine_key::MachineKey;

/// Clocks may differ by so many seconds: verifiers take a heartbeat or cosignature that lies no further
/// ahead of theirs.
pub(crate) const CLOCK_TOLERANCE: i64 = 600;

/// What becomes of a published heartbeat that lies further ahead of the clock than clocks differ. To
/// verifiers it is no heartbeat, until that instant has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FutureHeartbeat {
    /// It stays, and nothing is signed: the clock at hand may be the wrong one.
    Keep,
    /// It is replaced: somebody looked, and the clock at hand is right.
    Replace,
}

/// The keys that a publishing machine holds.
#[derive(Debug)]
pub struct MachineKeys {
    /// Signs checkpoints.
    pub log: MachineKey,
    /// Cosigns them, where the newest issue declares a heartbeat.
    pub heartbeat: Option<MachineKey>,
}

/// Why a checkpoint cannot be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key at hand is not the one that the newest issue names.
    #[error("{} holds {held}, and the newest issue names {named}", path.display())]
    OtherKey {
        /// The key file.
        path: std::path::PathBuf,
        /// The fingerprint of the key in it.
        held: Fingerprint,
        /// The fingerprint of the key that the issue names.
        named: Fingerprint,
    },
    /// The newest issue declares a heartbeat, and there is no key for it.
    #[error("the newest issue declares a heartbeat and there is no heartbeat key")]
    NoHeartbeatKey,
    /// The newest issue declares no heartbeat.
    #[error("the newest issue declares no heartbeat")]
    NotDeclared,
    /// The clock is a little behind the heartbeat that is already published: time never goes back.
    #[error("the clock says {now}, before the published heartbeat of {published}")]
    ClockBehind {
        /// What the clock says.
        now: Timestamp,
        /// The newest heartbeat published.
        published: Timestamp,
    },
    /// The clock is further behind the published heartbeat than clocks differ: one of them is wrong.
    #[error("the clock says {now}, and the published heartbeat is of {published}")]
    HeartbeatAhead {
        /// What the clock says.
        now: Timestamp,
        /// The newest heartbeat published.
        published: Timestamp,
    },
    /// The clock is behind the newest issue.
    #[error("the clock says {now}, before the newest issue, which is of {as_of}")]
    BeforeIssue {
        /// What the clock says.
        now: Timestamp,
        /// The instant of the newest issue.
        as_of: Timestamp,
    },
}

/// Signs the checkpoint of a tree with the log key and, where one is declared, the heartbeat's.
///
/// # Errors
///
/// Where a key at hand is not the one declared.
pub(crate) fn sign(
    origin: &str,
    size: u64,
    root: TreeHash,
    declared: &LogKeys,
    keys: &MachineKeys,
    now: Timestamp,
) -> Result<Checkpoint, SignError> {
    let mut checkpoint = Checkpoint::new(origin, size, root);
    same_key(&keys.log, declared.key.key().fingerprint())?;
    let signature = keys.log.sign(checkpoint.note().text().as_bytes());
    checkpoint.note_mut().push(NoteSignature::new(&declared.key, signature.0.to_vec()));
    if declared.heartbeat.is_some() {
        let key = keys.heartbeat.as_ref().ok_or(SignError::NoHeartbeatKey)?;
        cosign(&mut checkpoint, declared, key, now)?;
    }
    Ok(checkpoint)
}

/// Sets the heartbeat of a checkpoint to this instant; every other line stays.
///
/// # Errors
///
/// Where no heartbeat is declared, or the key is another.
pub(crate) fn cosign(
    checkpoint: &mut Checkpoint,
    declared: &LogKeys,
    key: &MachineKey,
    now: Timestamp,
) -> Result<(), SignError> {
    let heartbeat = declared.heartbeat.as_ref().ok_or(SignError::NotDeclared)?;
    same_key(key, heartbeat.key.key().fingerprint())?;
    let signature = key.sign(&checkpoint.cosigned_bytes(now));
    let line = Checkpoint::cosignature_line(&heartbeat.key, now, &signature);
    let note = checkpoint.note_mut();
    note.remove(&heartbeat.key);
    note.push(line);
    Ok(())
}

/// Refuses to sign at an instant earlier than the heartbeat on a published checkpoint.
///
/// # Errors
///
/// [`SignError::ClockBehind`]; [`SignError::HeartbeatAhead`] where the one there is to be kept.
pub(crate) fn not_before_published(
    published: &Checkpoint,
    declared: &LogKeys,
    now: Timestamp,
    future: FutureHeartbeat,
) -> Result<(), SignError> {
    let Some(heartbeat) = &declared.heartbeat else { return Ok(()) };
    let LineCheck::Verifies(times) = published.check_cosignature(&heartbeat.key) else {
        return Ok(());
    };
    match times.into_iter().max() {
        Some(published) if published.since(now) > CLOCK_TOLERANCE => match future {
            FutureHeartbeat::Keep => Err(SignError::HeartbeatAhead { now, published }),
            FutureHeartbeat::Replace => Ok(()),
        },
        Some(published) if published > now => Err(SignError::ClockBehind { now, published }),
        _ => Ok(()),
    }
}

/// Refuses to sign at an instant earlier than the newest issue's own, further than clocks differ.
///
/// # Errors
///
/// [`SignError::BeforeIssue`].
pub(crate) fn not_before_issue(as_of: Timestamp, now: Timestamp) -> Result<(), SignError> {
    match as_of.since(now) > CLOCK_TOLERANCE {
        true => Err(SignError::BeforeIssue { now, as_of }),
        false => Ok(()),
    }
}

fn same_key(key: &MachineKey, named: Fingerprint) -> Result<(), SignError> {
    let held = key.public().fingerprint();
    let path = key.path().to_owned();
    if held == named { Ok(()) } else { Err(SignError::OtherKey { path, held, named }) }
}
