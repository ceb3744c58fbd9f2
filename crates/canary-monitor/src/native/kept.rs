//! What the checker keeps in a target's memory: digests of bodies, not the bodies.

use canary_format::digest::Digest;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Seen, Silence};
use canary_verifier::state::{CachedCheckpoint, Validators};
use serde::{Deserialize, Serialize};

/// `Seen`, by digests; and the last checkpoint received, to ask with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Of the list of the leaves' digests, itself a body.
    #[serde(with = "hex")]
    pub(super) leaves: Option<[u8; 32]>,
    /// Of the checkpoint over them.
    #[serde(with = "hex")]
    pub(super) checkpoint: Option<[u8; 32]>,
    grown_at: Option<i64>,
    heartbeat_at: Option<i64>,
    obtained_at: Option<i64>,
    newest_instant: Option<i64>,
    silences: Vec<(u64, i64, Option<i64>)>,
    /// The last fetch of each silence, where it is not the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent_until: Vec<(u64, i64)>,
    asked: Option<Asked>,
    /// What the last judging went by.
    pub(super) judged_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    checkpoint: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Kept {
    /// `leaves` is the digest of the list of its leaves' digests.
    pub(super) fn of(seen: &Seen, leaves: [u8; 32]) -> Self {
        let unix = |at: Option<Timestamp>| at.map(Timestamp::unix);
        Self {
            leaves: Some(leaves),
            checkpoint: Some(Digest::of(&seen.checkpoint).0),
            grown_at: unix(seen.grown_at),
            heartbeat_at: unix(seen.heartbeat_at),
            obtained_at: unix(seen.obtained_at),
            newest_instant: unix(seen.newest_instant),
            silences: seen
                .silences
                .iter()
                .map(|silence| (silence.after_issue, silence.first.unix(), unix(silence.ended)))
                .collect(),
            silent_until: seen
                .silences
                .iter()
                .filter(|silence| silence.last > silence.first)
                .map(|silence| (silence.after_issue, silence.last.unix()))
                .collect(),
            asked: None,
            judged_by: None,
        }
    }

    pub(super) fn seen(&self, leaves: Vec<Vec<u8>>, checkpoint: Vec<u8>) -> Seen {
        let at = |unix: Option<i64>| unix.map(Timestamp::from_unix);
        let last = |issue: u64| {
            let of_issue = self.silent_until.iter().find(|(after, _)| *after == issue);
            of_issue.map(|(_, last)| Timestamp::from_unix(*last))
        };
        Seen {
            leaves,
            checkpoint,
            grown_at: at(self.grown_at),
            heartbeat_at: at(self.heartbeat_at),
            obtained_at: at(self.obtained_at),
            newest_instant: at(self.newest_instant),
            silences: self
                .silences
                .iter()
                .map(|&(after_issue, first, ended)| Silence {
                    after_issue,
                    first: Timestamp::from_unix(first),
                    last: last(after_issue).unwrap_or(Timestamp::from_unix(first)),
                    ended: at(ended),
                })
                .collect(),
        }
    }

    /// Whether the instants are those of a value in memory.
    pub(super) fn tells_the_same(&self, seen: &Seen) -> bool {
        let instants = self.seen(Vec::new(), Vec::new());
        instants.grown_at == seen.grown_at
            && instants.heartbeat_at == seen.heartbeat_at
            && instants.obtained_at == seen.obtained_at
            && instants.newest_instant == seen.newest_instant
            && instants.silences == seen.silences
    }

    pub(super) fn cache(&mut self, cached: Option<CachedCheckpoint>) {
        self.asked = cached.and_then(|cached| {
            let checkpoint = String::from_utf8(cached.bytes).ok()?;
            let Validators { etag, last_modified } = cached.validators;
            Some(Asked { checkpoint, etag, last_modified })
        });
    }

    pub(super) fn cached(&self) -> Option<CachedCheckpoint> {
        let asked = self.asked.as_ref()?;
        let validators =
            Validators { etag: asked.etag.clone(), last_modified: asked.last_modified.clone() };
        Some(CachedCheckpoint { bytes: asked.checkpoint.clone().into_bytes(), validators })
    }
}

/// Digests as hex: retention looks for them in the stored text.
mod hex {
    use canary_format::digest::Digest;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        digest: &Option<[u8; 32]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.collect_str(&Digest(*digest)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| Digest::parse(&text)).map(|digest| digest.0))
    }
}
