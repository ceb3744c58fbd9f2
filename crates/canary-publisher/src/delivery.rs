//! One publication to several places at once: one that fails does not spoil the others.

use std::thread;

use canary_format::time::Timestamp;

use crate::publish::{Publication, ReadBackError};
use crate::store::{Store, StoreError};
use crate::target::Target;
use crate::update::{Depth, UpdateError, Updated};

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
    pub result: Result<Updated, DeliveryError>,
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
) -> Result<Updated, DeliveryError> {
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
) -> Result<Updated, DeliveryError> {
    let mut store = target.open(now()).map_err(UpdateError::Store)?;
    let mut updated = publication.write(store.as_mut(), Depth::Growth)?;
    if publication.read_back_growth(store.as_mut(), &updated, now()).is_err() {
        // Files that an earlier run wrote are gone or changed: every one is looked at.
        let mended = publication.write(store.as_mut(), Depth::Everything)?;
        updated.written.extend(mended.written);
        publication.read_back(store.as_mut(), now())?;
    }
    Ok(updated)
}

fn preview(
    publication: &Publication,
    target: &Target,
    now: &dyn Fn() -> Timestamp,
) -> Result<Updated, DeliveryError> {
    let mut store = target.preview(now()).map_err(UpdateError::Store)?;
    Ok(publication.write(&mut store as &mut dyn Store, Depth::Growth)?)
}
