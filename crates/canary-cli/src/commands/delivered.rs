//! Which issue each target holds, as the runs of `canary publish` found it: an issue that is in the
//! series and on no target is not published.

use std::collections::BTreeMap;
use std::path::Path;

use canary_format::layout::DELIVERED;
use canary_publisher::target::Target;
use canary_publisher::update::UpdateError;
use canary_signer::durable::{self, Access, Lock, WriteError};
use serde::{Deserialize, Serialize};

/// The greatest size of the file, in bytes.
const MAX_RECORD: u64 = 1 << 20;

#[derive(Default, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    /// The newest issue that was found at a target; 0 where none was, which says nothing about what the
    /// target holds. By its name in `canary.toml`, or else by its place.
    targets: BTreeMap<String, u64>,
    /// Where the named ones were then.
    #[serde(default)]
    places: BTreeMap<String, String>,
}

/// What a run found at a target: the newest issue there, where it could tell.
pub(super) fn found(result: Result<u64, &UpdateError>) -> Option<u64> {
    match result {
        Ok(issue) => Some(issue),
        Err(UpdateError::Ahead { published, .. }) => Some(*published),
        Err(_) => None,
    }
}

/// Keeps what a run found, durably. Where nothing was found a target holds what it held before.
pub(super) fn record(folder: &Path, run: &[(&Target, Option<u64>)]) -> Result<(), WriteError> {
    let path = folder.join(DELIVERED);
    durable::make_folder(canary_durable::folder_of(&path), Access::Shared)?;
    let _lock = Lock::of(&path)?;
    let before = read(folder);
    let mut record = before.clone().unwrap_or_default();
    for (target, found) in run {
        let (name, place) = (called(target), target.address.place());
        if record.places.insert(name.clone(), place.clone()).is_some_and(|known| known != place) {
            record.targets.remove(&name);
        }
        let held = record.targets.entry(name).or_default();
        *held = found.unwrap_or(*held);
    }
    if before.as_ref() == Some(&record) {
        return Ok(());
    }
    let mut text = serde_json::to_vec_pretty(&record).expect("names and numbers");
    text.push(b'\n');
    durable::replace(&path, &text, Access::Shared)
}

/// What a target goes by: its name, or its place where it was only typed.
fn called(target: &Target) -> String {
    if target.is_named() { target.name.clone() } else { target.address.place() }
}

/// What is known of the targets that `canary.toml` names, or where it names none, of all on record. Empty where
/// nothing is on record, or nothing that can be read.
pub(super) fn held(folder: &Path, named: &[Target]) -> BTreeMap<String, u64> {
    let Some(record) = read(folder) else { return BTreeMap::new() };
    if named.is_empty() {
        return record.targets;
    }
    let held = |target: &Target| {
        let place = target.address.place();
        // A record of a place that the name does not mean any more says nothing.
        let there = record.places.get(&target.name).is_none_or(|known| *known == place);
        let named = record.targets.get(&target.name).filter(|_| there);
        named.or_else(|| record.targets.get(&place)).copied().unwrap_or_default()
    };
    named.iter().map(|target| (target.name.clone(), held(target))).collect()
}

fn read(folder: &Path) -> Option<Record> {
    let bytes = durable::read_if_there(&folder.join(DELIVERED), MAX_RECORD).ok()??;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    (!record.targets.is_empty()).then_some(record)
}

#[cfg(test)]
mod tests {
    use canary_publisher::store::StoreError;

    use super::*;

    fn named(config: &str, folder: &Path) -> Vec<Target> {
        Target::all_named(&format!("[targets]\n{config}"), folder).unwrap()
    }

    #[test]
    fn a_target_that_failed_holds_what_it_held_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let targets = named("site = \"www\"\nnever = \"other\"", folder);
        assert!(held(folder, &targets).is_empty());
        let failed = found(Err(&UpdateError::Store(StoreError::Moved)));
        let run: Vec<_> = targets.iter().map(|target| (target, failed)).collect();
        record(folder, &run[..1]).unwrap();
        std::fs::write(folder.join(DELIVERED), r#"{"targets":{"site":5}}"#).unwrap();
        record(folder, &run).unwrap();
        let expected = [("site".to_owned(), 5), ("never".to_owned(), 0)];
        assert_eq!(held(folder, &targets), expected.into());
        let ahead = UpdateError::Ahead { published: 9, held: 6 };
        record(folder, &[(&targets[1], found(Err(&ahead)))]).unwrap();
        assert_eq!(held(folder, &targets)["site"], 9);
        std::fs::write(folder.join(DELIVERED), "{").unwrap();
        assert!(held(folder, &targets).is_empty());
    }

    #[test]
    fn a_name_that_no_run_reached_or_that_means_another_place_now_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let before = named("site = \"www\"", folder);
        record(folder, &[(&before[0], found(Ok(3)))]).unwrap();
        assert_eq!(held(folder, &before)["site"], 3);
        assert_eq!(held(folder, &named("site = \"./x/../www/\"", folder))["site"], 3);
        let now = held(folder, &named("site = \"new\"\nmirror = \"m\"", folder));
        assert_eq!(now, [("site".to_owned(), 0), ("mirror".to_owned(), 0)].into());
    }

    #[test]
    fn one_place_has_one_line_however_it_is_typed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let targets = named("site = \"www\"", folder);
        for text in [folder.join("www"), folder.join("./www/"), folder.join("x/../www")] {
            let typed = Target::parse(text.to_str().unwrap(), &targets).unwrap();
            assert_eq!(typed.name, "site");
            let typed = Target::parse(text.to_str().unwrap(), &[]).unwrap();
            record(folder, &[(&typed, Some(2))]).unwrap();
        }
        assert_eq!(held(folder, &[]).len(), 1);
    }
}
