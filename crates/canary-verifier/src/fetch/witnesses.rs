//! The witnesses' own copies of a log's newest checkpoint (C2SP `tlog-witness`, monitoring).

use std::time::Duration;

use canary_format::checkpoint::MAX_CHECKPOINT;
use canary_format::digest::Digest;

use super::Fetcher;
use crate::judge::WitnessCopy;
use crate::target::Prefix;
use crate::witness::{Witness, WitnessPolicy};

/// How long a witness is waited for at most: what it says comes on top of what the canary says.
const WAIT: Duration = Duration::from_secs(10);

impl Fetcher {
    /// Asks every witness of a policy that says where it is, at once, for the newest checkpoint that
    /// it cosigned for this origin, within ten seconds. Only the policy, which the user wrote, says
    /// where that is.
    pub async fn witness_copies(&self, policy: &WitnessPolicy, origin: &str) -> Vec<WitnessCopy> {
        self.copies_of(policy.witnesses(), origin).await
    }

    /// The same of some witnesses.
    pub async fn copies_of<'a>(
        &self,
        witnesses: impl IntoIterator<Item = &'a Witness>,
        origin: &str,
    ) -> Vec<WitnessCopy> {
        let at = |witness: &Witness| {
            let prefix = Prefix::parse(witness.url.as_deref()?).ok()?;
            Some((witness.key.clone(), prefix))
        };
        let (keys, prefixes): (Vec<_>, Vec<_>) = witnesses.into_iter().filter_map(at).unzip();
        let hash = Digest::of(origin.as_bytes()).to_string();
        let path = format!("{}/checkpoint", hash.trim_start_matches("sha256:"));
        let wait = WAIT.min(self.limits.deadline);
        let copies = self.objects_within(&prefixes, &path, MAX_CHECKPOINT as u64, wait).await;
        let copy = |((key, prefix), checkpoint): ((_, Prefix), _)| WitnessCopy {
            key,
            url: prefix.join(&path).to_string(),
            checkpoint,
        };
        keys.into_iter().zip(prefixes).zip(copies).map(copy).collect()
    }
}
