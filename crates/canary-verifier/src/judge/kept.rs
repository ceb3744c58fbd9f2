//! What of an observation is kept as seen, and which fetches are put on record (`verdicts.md` §3, `RESUMED`).

use canary_format::checkpoint::Checkpoint;
use canary_format::time::Timestamp;

use super::series::{Leaves, VerifiedIssue};
use crate::evidence::{Evidence, Obtained, Seen, Silence, Source};

/// What a fetch says of issues newer than those judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// That there are none: the host has no canary, or the log's own newest tree ends there.
    Nothing,
    /// Nothing: no answer, an older tree, or bytes that are not the log's.
    Doubtful,
}

/// Fetches on record that found nothing newer than a lapsed issue, this one included.
pub(super) fn silences(
    seen: Option<&Seen>,
    answer: Answer,
    newest: Option<&VerifiedIssue>,
    evidence: &Evidence,
) -> Vec<Silence> {
    let obtained_at = evidence.obtained_at;
    let mut silences = seen.map(|seen| seen.silences.clone()).unwrap_or_default();
    // Of a path where nothing is, nothing says that it was a file and no site.
    let of_site = matches!(evidence.source, Source::Site(_) | Source::Envelope(Obtained::Missing));
    let asked = of_site && answer == Answer::Nothing;
    let Some(newest) = newest.filter(|_| asked) else {
        return silences;
    };
    let issue = newest.issue();
    // A clock that was ahead put on record what was no fetch of that time: a newer issue shows it.
    silences.retain(|silence| {
        let goes_on = silence.after_issue < issue.number && silence.ended.is_none();
        !goes_on || silence.first <= obtained_at
    });
    for silence in silences.iter_mut().filter(|silence| silence.after_issue < issue.number) {
        let ended = *silence.ended.get_or_insert(obtained_at);
        silence.last = silence.last.min(ended);
    }
    if obtained_at > issue.expires {
        match silences.iter_mut().find(|silence| silence.after_issue == issue.number) {
            Some(silence) => {
                silence.first = silence.first.min(obtained_at);
                silence.last = silence.last.max(obtained_at);
            }
            None => silences.push(Silence {
                after_issue: issue.number,
                first: obtained_at,
                last: obtained_at,
                ended: None,
            }),
        }
    }
    silences
}

/// What of this observation is to be kept.
pub(super) struct Kept {
    pub(super) obtained_at: Timestamp,
    pub(super) silences: Vec<Silence>,
    pub(super) heartbeat_at: Option<Timestamp>,
    pub(super) newest_instant: Option<Timestamp>,
}

impl Kept {
    /// What was served is authentic and consistent: it is what was seen from now on.
    pub(super) fn served(
        self,
        seen: Option<&Seen>,
        leaves: Leaves<'_>,
        checkpoint: &Checkpoint,
    ) -> Seen {
        let grown = seen.is_none_or(|seen| seen.leaves.len() < leaves.bytes.len());
        Seen {
            leaves: leaves.bytes.to_vec(),
            checkpoint: checkpoint.to_string().into_bytes(),
            grown_at: if grown {
                Some(self.obtained_at)
            } else {
                seen.and_then(|seen| seen.grown_at)
            },
            heartbeat_at: self.heartbeat_at.max(seen.and_then(|seen| seen.heartbeat_at)),
            obtained_at: Some(self.obtained_at),
            silences: self.silences,
            newest_instant: self.newest_instant,
        }
    }

    /// What was seen stays; that nothing newer was found is on record.
    pub(super) fn on_record(self, seen: &Seen) -> Seen {
        Seen { silences: self.silences, newest_instant: self.newest_instant, ..seen.clone() }
    }
}
