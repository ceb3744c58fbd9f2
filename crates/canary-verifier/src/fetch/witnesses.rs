//! The witnesses' own copies of a log's newest checkpoint (C2SP `tlog-witness`, monitoring).

use canary_format::checkpoint::MAX_CHECKPOINT;
use canary_format::digest::Digest;

use super::Fetcher;
use crate::judge::WitnessCopy;
use crate::target::Prefix;
use crate::witness::{Witness, WitnessPolicy};

impl Fetcher {
    /// Asks every witness of a policy that says where it is, at once, for the newest checkpoint that
    /// it cosigned for this origin. Only the policy, which the user wrote, says where that is.
    pub async fn witness_copies(&self, policy: &WitnessPolicy, origin: &str) -> Vec<WitnessCopy> {
        let at = |witness: &Witness| {
            let prefix = Prefix::parse(witness.url.as_deref()?).ok()?;
            Some((witness.key.clone(), prefix))
        };
        let (keys, prefixes): (Vec<_>, Vec<_>) = policy.witnesses().iter().filter_map(at).unzip();
        let hash = Digest::of(origin.as_bytes()).to_string();
        let path = format!("{}/checkpoint", hash.trim_start_matches("sha256:"));
        let copies = self.objects(&prefixes, &path, MAX_CHECKPOINT as u64).await;
        let copy = |((key, prefix), checkpoint): ((_, Prefix), _)| WitnessCopy {
            key,
            url: prefix.join(&path).to_string(),
            checkpoint,
        };
        keys.into_iter().zip(prefixes).zip(copies).map(copy).collect()
    }
}
