//! Which issue each target holds, as the runs of `canary publish` found it: an issue that is in the
//! series and on no target is not published.

use std::collections::BTreeMap;
use std::path::Path;

use canary_format::layout::DELIVERED;
use canary_publisher::delivery::Delivered;
use canary_signer::durable::{self, Access, Lock, WriteError};
use serde::{Deserialize, Serialize};

/// The greatest size of the file, in bytes.
const MAX_RECORD: u64 = 1 << 20;

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Record {
    /// The newest issue that was delivered to a target and read back; 0 where none was, which says
    /// nothing about what the target holds.
    targets: BTreeMap<String, u64>,
}

/// Keeps what came of a run, durably. A target that failed holds what it held before.
pub(super) fn record(folder: &Path, issue: u64, run: &[Delivered]) -> Result<(), WriteError> {
    let path = folder.join(DELIVERED);
    durable::make_folder(canary_durable::folder_of(&path), Access::Shared)?;
    let _lock = Lock::of(&path)?;
    let before = read(folder);
    let mut targets = before.clone().unwrap_or_default();
    for delivered in run {
        let held = targets.entry(delivered.target.clone()).or_default();
        if delivered.result.is_ok() {
            *held = issue;
        }
    }
    if before.as_ref() == Some(&targets) {
        return Ok(());
    }
    let mut text = serde_json::to_vec_pretty(&Record { targets }).expect("names and numbers");
    text.push(b'\n');
    durable::replace(&path, &text, Access::Shared)
}

/// What is on record; `None` where nothing is, or nothing that can be read.
pub(super) fn read(folder: &Path) -> Option<BTreeMap<String, u64>> {
    let bytes = durable::read_if_there(&folder.join(DELIVERED), MAX_RECORD).ok()??;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    (!record.targets.is_empty()).then_some(record.targets)
}

#[cfg(test)]
mod tests {
    use canary_publisher::delivery::DeliveryError;

    use super::*;

    #[test]
    fn a_target_that_failed_holds_what_it_held_before() {
        let folder = tempfile::tempdir().unwrap();
        let failed = |target: &str| Delivered {
            target: target.to_owned(),
            result: Err(DeliveryError::Ended),
        };
        assert_eq!(read(folder.path()), None);
        record(folder.path(), 1, &[failed("never")]).unwrap();
        std::fs::write(folder.path().join(DELIVERED), r#"{"targets":{"site":5}}"#).unwrap();
        record(folder.path(), 6, &[failed("site"), failed("never")]).unwrap();
        let held = [("site".to_owned(), 5), ("never".to_owned(), 0)];
        assert_eq!(read(folder.path()), Some(held.into()));
        std::fs::write(folder.path().join(DELIVERED), "{").unwrap();
        assert_eq!(read(folder.path()), None);
    }
}
