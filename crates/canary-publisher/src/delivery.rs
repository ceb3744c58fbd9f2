//! One publication to several places at once: one that fails does not spoil the others.

use std::thread;

use canary_format::time::Timestamp;

use crate::publish::{Publication, ReadBack, ReadBackError};
use crate::store::{Store, StoreError};
use crate::target::Target;
use crate::update::{UpdateError, Updated};

/// How often a place is begun again where another run changed it meanwhile.
const ATTEMPTS: u32 = 3;

/// Whether places are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// They are, and read back.
    Write,
    /// What would be written is found out.
    Preview,
}

/// What came of one place.
#[derive(Debug)]
pub struct Delivered {
    /// The target's name.
    pub target: String,
    /// What was done, or why it failed. What the place held before is unharmed then.
    pub result: Result<Done, DeliveryError>,
}

/// What was done with a place, or would be.
#[derive(Debug)]
pub struct Done {
    /// What the publication brought.
    pub updated: Updated,
    /// The paths of earlier issues that were missing or had other bytes there, and were put back.
    pub mended: Vec<String>,
}

/// Why a place does not hold the publication.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// It was not brought up to date.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// It was, and reads back otherwise.
    #[error("what was written does not read back")]
    ReadBack(#[from] ReadBackError),
    /// The run itself failed.
    #[error("the run for this target ended early")]
    Ended,
}

/// A target that does not take a publication, by its name, and why.
pub type Refusing = (String, UpdateError);

/// Looks at every target of a run before a draft becomes an issue. One that shows other issues under this
/// origin, or a later heartbeat, speaks against all: signed once more under the same number, an issue would
/// fork the series. Any other failure is that target's own, unless every one of them fails.
///
/// # Errors
///
/// The first target that speaks against it, and what it shows.
pub fn look(
    publication: &Publication,
    targets: &[Target],
    now: impl Fn() -> Timestamp + Sync,
) -> Result<(), Refusing> {
    let refusing = refusing(publication, targets, now);
    let all = refusing.len() == targets.len();
    match refusing.into_iter().find(|(_, error)| all || speaks_against(error)) {
        Some(first) => Err(first),
        None => Ok(()),
    }
}

/// Looks in the same way at targets that the run does not write: what they show is the series too. Gives
/// those that could not be looked at.
///
/// # Errors
///
/// The first target that speaks against it, and what it shows.
pub fn look_elsewhere(
    publication: &Publication,
    others: &[Target],
    now: impl Fn() -> Timestamp + Sync,
) -> Result<Vec<Refusing>, Refusing> {
    let mut unseen = Vec::new();
    for (target, error) in refusing(publication, others, now) {
        if speaks_against(&error) {
            return Err((target, error));
        }
        unseen.push((target, error));
    }
    Ok(unseen)
}

fn speaks_against(error: &UpdateError) -> bool {
    use UpdateError::{Ahead, Clock, Diverged, Store};
    // Whoever writes there now may be publishing another issue of the same number.
    let is_written = matches!(error, Store(StoreError::Busy { .. } | StoreError::Moved));
    let is_other = matches!(error, Store(StoreError::Conflict { .. }));
    is_written || is_other || matches!(error, Diverged { .. } | Ahead { .. } | Clock(_))
}

/// The targets that would not take a publication, in their order. Nothing is written.
fn refusing(
    publication: &Publication,
    targets: &[Target],
    now: impl Fn() -> Timestamp + Sync,
) -> Vec<Refusing> {
    let now = &now;
    let look = |target: &Target| {
        let mut store = target.preview(now())?;
        publication.look(&mut store)
    };
    let looked: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = targets.iter().map(|target| scope.spawn(move || look(target))).collect();
        // Where a thread ended early the target has not spoken; writing to it says what is wrong.
        runs.into_iter().map(|run| run.join().unwrap_or(Ok(()))).collect()
    });
    let names = targets.iter().map(|target| target.name.clone());
    names.zip(looked).filter_map(|(name, looked)| Some((name, looked.err()?))).collect()
}

/// Brings every target up to date, each on a thread of its own, and reads each back. `now` gives the
/// instant of judging.
pub fn deliver(
    publication: &Publication,
    targets: &[Target],
    delivery: Delivery,
    now: impl Fn() -> Timestamp + Sync,
) -> Vec<Delivered> {
    let now = &now;
    thread::scope(|scope| {
        let runs: Vec<_> = targets
            .iter()
            .map(|target| {
                let run = move || match delivery {
                    Delivery::Write => write(publication, target, now),
                    Delivery::Preview => preview(publication, target, now),
                };
                (target.name.clone(), scope.spawn(run))
            })
            .collect();
        let ended = |(target, run): (String, thread::ScopedJoinHandle<'_, _>)| {
            let result = run.join().unwrap_or(Err(DeliveryError::Ended));
            Delivered { target, result }
        };
        runs.into_iter().map(ended).collect()
    })
}

fn write(
    publication: &Publication,
    target: &Target,
    now: &dyn Fn() -> Timestamp,
) -> Result<Done, DeliveryError> {
    let mut attempt = 1;
    loop {
        let result = write_once(publication, target, now);
        match result {
            Err(DeliveryError::Update(UpdateError::Store(StoreError::Moved)))
                if attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            result => return result,
        }
    }
}

fn write_once(
    publication: &Publication,
    target: &Target,
    now: &dyn Fn() -> Timestamp,
) -> Result<Done, DeliveryError> {
    let mut store = target.open(now()).map_err(UpdateError::Store)?;
    let updated = publication.write(store.as_mut())?;
    let ReadBack { mended, .. } = publication.read_back(store.as_mut(), now())?;
    Ok(Done { updated, mended })
}

fn preview(
    publication: &Publication,
    target: &Target,
    now: &dyn Fn() -> Timestamp,
) -> Result<Done, DeliveryError> {
    let mut store = target.preview(now()).map_err(UpdateError::Store)?;
    let updated = publication.write(&mut store as &mut dyn Store)?;
    Ok(Done { updated, mended: Vec::new() })
}
