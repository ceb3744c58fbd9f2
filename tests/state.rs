//! State survives being killed, being raced and being damaged.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use canary_format::checkpoint::Checkpoint;
use canary_format::merkle::{leaf_hash, root};
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Seen, Silence};
use canary_verifier::state::{CachedCheckpoint, StateError, Store, TargetState, Validators};

const KEY: &str = "https://example.com/.well-known/canary/";

fn at(day: u32) -> Option<Timestamp> {
    Timestamp::parse(&format!("2026-03-{day:02}T09:00:00Z"))
}

fn seen_by(name: &str, size: usize) -> Seen {
    let leaves: Vec<Vec<u8>> = (0..size).map(|n| format!("{name} {n}").into_bytes()).collect();
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let checkpoint = Checkpoint::new("example.com/log", size as u64, root(&hashes));
    let silences = vec![
        Silence { after_issue: 1, first: at(5).unwrap(), last: at(5).unwrap(), ended: at(6) },
        Silence { after_issue: 2, first: at(7).unwrap(), last: at(9).unwrap(), ended: None },
    ];
    Seen {
        leaves,
        checkpoint: format!("{checkpoint}\u{2014} example.com/log AAAAAAAA\n").into_bytes(),
        grown_at: at(1),
        heartbeat_at: at(2),
        obtained_at: at(3),
        silences,
        newest_instant: None,
    }
}

fn seen(size: usize) -> Seen {
    seen_by("leaf", size)
}

fn store(folder: &tempfile::TempDir) -> TargetState {
    Store::new(folder.path().join("state")).target(KEY)
}

fn size(target: &TargetState) -> usize {
    target.seen().unwrap().map_or(0, |seen| seen.leaves.len())
}

#[test]
fn what_is_kept_reads_back_and_nothing_is_made_by_reading() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    assert_eq!(target.seen().unwrap(), None);
    assert_eq!(target.checkpoint().unwrap(), None);
    assert!(!target.folder().exists());
    for count in [0, 1, 2, 300, 300, 700] {
        target.hold().unwrap().advance(&seen(count)).unwrap();
        assert_eq!(target.seen().unwrap(), Some(seen(count)));
        assert_eq!(target.hold().unwrap().seen(), Some(&seen(count)));
    }
    let other = Store::new(folder.path().join("state")).target("https://example.com/other/");
    assert_eq!(other.seen().unwrap(), None);
}

#[test]
fn envelopes_are_appended_and_never_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    target.hold().unwrap().advance(&seen(3)).unwrap();
    let file = target.folder().join("leaves.0");
    let before = fs::read(&file).unwrap();
    target.hold().unwrap().advance(&seen(4)).unwrap();
    let after = fs::read(&file).unwrap();
    assert!(after.starts_with(&before) && after.len() > before.len());
}

#[test]
fn fewer_leaves_are_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    target.hold().unwrap().advance(&seen(3)).unwrap();
    let back = target.hold().unwrap().advance(&seen(2));
    assert!(matches!(back, Err(StateError::WouldGoBack { kept: 3, new: 2 })));
    assert_eq!(size(&target), 3);
}

#[test]
fn other_leaves_begin_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    target.hold().unwrap().advance(&seen(3)).unwrap();
    target.hold().unwrap().advance(&seen_by("other", 3)).unwrap();
    assert_eq!(target.seen().unwrap(), Some(seen_by("other", 3)));
    assert!(!target.folder().join("leaves.0").exists());
}

/// The files of the state at one instant.
fn snapshot(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_run_killed_at_any_byte_leaves_the_old_state_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    target.hold().unwrap().advance(&seen(3)).unwrap();
    let old = snapshot(target.folder());
    target.hold().unwrap().advance(&seen(5)).unwrap();
    let new = fs::read(target.folder().join("leaves.0")).unwrap();
    let old_length = old.iter().find(|(path, _)| path.ends_with("leaves.0")).unwrap().1.len();
    for written in old_length..=new.len() {
        // The envelopes are written first; the head that counts them was not.
        for (path, bytes) in &old {
            fs::write(path, bytes).unwrap();
        }
        fs::write(target.folder().join("leaves.0"), &new[..written]).unwrap();
        fs::write(target.folder().join(".tmpA1b2C3"), b"{\"state\":").unwrap();
        assert_eq!(target.seen().unwrap(), Some(seen(3)), "{written}");
        target.hold().unwrap().advance(&seen(4)).unwrap();
        assert_eq!(target.seen().unwrap(), Some(seen(4)), "{written}");
    }
}

#[test]
fn damage_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    target.hold().unwrap().advance(&seen(3)).unwrap();
    let whole = snapshot(target.folder());
    let damage = |name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        for (path, bytes) in &whole {
            fs::write(path, bytes).unwrap();
        }
        let path = target.folder().join(name);
        fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
        for result in [target.seen().map(drop), target.hold().map(drop)] {
            match result {
                Err(StateError::Corrupt { path: named, .. }) => assert_eq!(named, path),
                other => panic!("{name}: {other:?}"),
            }
        }
    };
    damage("head.json", &|_| Vec::new());
    damage("head.json", &|bytes| bytes[..bytes.len() / 2].to_vec());
    damage("head.json", &|_| vec![b' '; 5 << 20]);
    let text = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1).into_bytes()
        }
    };
    damage("head.json", &text("state/v1", "state/v2"));
    damage("head.json", &text("example.com/.well", "example.org/.well"));
    damage("head.json", &text("\"target\"", "\"more\": 1, \"target\""));
    damage("head.json", &text("2026-03-01T", "2026-13-01T"));
    damage("leaves.0", &|mut bytes| {
        bytes[2] ^= 1;
        bytes
    });
    damage("leaves.0", &|mut bytes| {
        bytes[0] ^= 1;
        bytes
    });
    damage("leaves.0", &|mut bytes| {
        bytes.pop();
        bytes
    });
    fs::remove_file(target.folder().join("leaves.0")).unwrap();
    assert!(matches!(target.seen(), Err(StateError::Corrupt { .. })));
}

#[test]
fn runs_at_once_take_turns_and_never_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..8 {
                    let mut held = target.hold().unwrap();
                    let next = held.seen().map_or(0, |seen| seen.leaves.len()) + 1;
                    held.advance(&seen(next)).unwrap();
                }
            });
            // A reader sees a whole state at any instant.
            scope.spawn(|| {
                let mut least = 0;
                for _ in 0..20 {
                    let now = size(&target);
                    assert!(now >= least);
                    least = now;
                }
            });
        }
    });
    assert_eq!(target.seen().unwrap(), Some(seen(64)));
}

#[test]
fn the_checkpoint_and_both_sides_of_a_fork_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let target = store(&folder);
    let held = target.hold().unwrap();
    let etag = Some("\"one\"".to_owned());
    let cached = CachedCheckpoint {
        bytes: seen(3).checkpoint,
        validators: Validators { etag, last_modified: None },
    };
    held.keep_checkpoint(&cached).unwrap();
    assert_eq!(target.checkpoint().unwrap(), Some(cached));
    held.keep_fork(2, b"ours").unwrap();
    held.keep_fork(2, b"theirs").unwrap();
    held.keep_fork(2, b"ours").unwrap();
    let forks = snapshot(&target.folder().join("forks"));
    let mut sides: Vec<&[u8]> = forks.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    sides.sort_unstable();
    assert_eq!(sides, [b"ours".as_slice(), b"theirs"]);
    fs::write(target.folder().join("checkpoint.json"), b"{}").unwrap();
    assert!(matches!(target.checkpoint(), Err(StateError::Corrupt { .. })));
}
