//! The trees that this process verified: a heartbeat over the same issues costs no signature of theirs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use canary_verifier::judge::VerifiedTree;

use crate::target::TargetId;

/// Of so many targets; each takes less than a hundred bytes.
const MOST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct VerifiedTrees(Mutex<HashMap<TargetId, VerifiedTree>>);

impl VerifiedTrees {
    pub(super) fn find(&self, id: TargetId) -> Option<VerifiedTree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    pub(super) fn keep(&self, id: TargetId, tree: VerifiedTree) {
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.len() == MOST && !trees.contains_key(&id) {
            trees.clear();
        }
        trees.insert(id, tree);
    }
}
