//! What was seen of targets asked lately, so that an unchanged canary costs the store no reading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use canary_verifier::evidence::Seen;

use super::kept::Kept;
use crate::target::TargetId;

/// At most so many bytes of leaves are kept.
const MOST: usize = 64 << 20;

#[derive(Debug, Default)]
pub(super) struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<TargetId, Entry>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    leaves: Option<[u8; 32]>,
    checkpoint: Option<[u8; 32]>,
    seen: Arc<Seen>,
    bytes: usize,
    used: u64,
}

impl Recent {
    pub(super) fn find(&self, id: TargetId, kept: &Kept) -> Option<Arc<Seen>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let clock = inner.clock;
        let entry = inner.entries.get_mut(&id)?;
        if entry.leaves != kept.leaves || entry.checkpoint != kept.checkpoint {
            return None;
        }
        entry.used = clock;
        if kept.tells_the_same(&entry.seen) {
            return Some(Arc::clone(&entry.seen));
        }
        // The instants in the store are another worker's.
        let Seen { leaves, checkpoint, .. } = &*entry.seen;
        Some(Arc::new(kept.seen(leaves.clone(), checkpoint.clone())))
    }

    pub(super) fn keep(&self, id: TargetId, kept: &Kept, seen: Arc<Seen>) {
        let bytes = seen.leaves.iter().map(Vec::len).sum::<usize>() + seen.checkpoint.len() + 256;
        if bytes > MOST / 4 {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let used = inner.clock;
        let entry = Entry { leaves: kept.leaves, checkpoint: kept.checkpoint, seen, bytes, used };
        if let Some(old) = inner.entries.insert(id, entry) {
            inner.bytes -= old.bytes;
        }
        inner.bytes += bytes;
        if inner.bytes > MOST {
            inner.forget_older_half();
        }
    }
}

impl Inner {
    fn forget_older_half(&mut self) {
        let mut used: Vec<u64> = self.entries.values().map(|entry| entry.used).collect();
        used.sort_unstable();
        let middle = used.get(used.len() / 2).copied().unwrap_or(0);
        self.entries.retain(|_, entry| entry.used > middle);
        self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
    }
}
