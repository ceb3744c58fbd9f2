//! How far what was obtained reaches: to the pin, and to what the user acknowledged.

use canary_format::checkpoint::Checkpoint;
use canary_format::pin::Pin;

use super::findings::Findings;
use super::log::Standing;
use super::obtained::Served;
use crate::evidence::{Evidence, Seen, Source, Trust};
use crate::report::{Code, Severity};

/// Whether the pin can be held against what was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PinReach {
    /// The series is judged, from the pinned issue or on its own word.
    Reached,
    /// Everything obtained is older than the pinned issue.
    Beyond,
}

/// The pin to judge with: none where there is none, or where a file cannot reach it.
pub(super) fn reach<'t>(
    served: &Served<'_>,
    seen: Option<&Seen>,
    standing: Standing,
    pin: Option<&'t Pin>,
    findings: &mut Findings,
) -> (PinReach, Option<&'t Pin>) {
    let Some(leaves) = served.leaves() else {
        return (PinReach::Reached, None);
    };
    let Some(pin) = pin else {
        if seen.is_none() || leaves.offset > 0 {
            let message = "no pin, and never seen before: authentic only on its own word";
            findings.add(Code::Unpinned, Severity::Attention, message);
        }
        return (PinReach::Reached, None);
    };
    let tree_end = served.checkpoint.as_ref().map(Checkpoint::size);
    if tree_end.is_some_and(|size| size < pin.number) {
        let is_seen = seen.is_some_and(|seen| seen.leaves.len() as u64 >= pin.number);
        if standing == Standing::CatchingUp && is_seen {
            return (PinReach::Beyond, None);
        }
        let message = format!("the log ends before the pinned issue {}", pin.number);
        findings.add(Code::Rollback, Severity::Alarm, message);
        return (PinReach::Beyond, None);
    }
    if pin.number <= leaves.offset || pin.number > leaves.last() {
        let message = format!(
            "the file does not reach the pinned issue {}: authentic only on its own word",
            pin.number
        );
        findings.add(Code::Unpinned, Severity::Attention, message);
        return (PinReach::Reached, None);
    }
    (PinReach::Reached, Some(pin))
}

/// `ROLLBACK`, where a site ends before the issue that the user acknowledged. What was seen says the same where
/// it is kept.
pub(super) fn acknowledged(
    served: &Served<'_>,
    standing: Standing,
    reach: PinReach,
    trust: &Trust,
    evidence: &Evidence,
    findings: &mut Findings,
) {
    let is_known = matches!(standing, Standing::CatchingUp | Standing::Rollback);
    if is_known || reach == PinReach::Beyond || !matches!(evidence.source, Source::Site(_)) {
        return;
    }
    let tree_end = served.checkpoint.as_ref().map(Checkpoint::size);
    if let (Some(number), Some(size)) = (trust.acknowledged, tree_end)
        && size < number
    {
        let message = format!("the log ends before issue {number}, which was acknowledged");
        findings.add(Code::Rollback, Severity::Alarm, message);
    }
}
