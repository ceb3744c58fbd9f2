//! A target in one line, for the status page, `--once` and JUnit.

use canary_format::time::Timestamp;
use canary_verifier::report::{Code, Severity, State};
use serde::Serialize;

use crate::axes;
use crate::memory::Memory;
use crate::notice::instant;
use crate::store::Stored;
use crate::target::TargetId;

/// A target in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// What the canary says, by its signed dates.
    pub state: State,
    /// The worst that is open.
    pub severity: Severity,
    /// Whether it could be reached when last asked.
    pub reached: Reached,
    /// When it was last reached.
    pub reached_at: Option<String>,
    /// The newest authentic issue.
    pub issue: Option<u64>,
    /// When people last affirmed.
    pub as_of: Option<String>,
    /// When the next is due.
    pub next_due: Option<String>,
    /// When it lapses.
    pub expires: Option<String>,
    /// When the next is due, to sort by: what has no date comes last.
    #[serde(skip)]
    pub due_at: i64,
    /// Bodies that were not kept today, over the day's limit.
    #[serde(skip_serializing_if = "is_none")]
    pub evidence_left_out: u64,
    /// What is open.
    pub open: Vec<Open>,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The other axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// It could.
    Yes,
    /// It could not.
    No,
    /// It was not asked yet.
    Never,
}

/// An open episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub about: String,
    /// What was observed.
    pub message: String,
    /// Since when.
    pub since: String,
}

/// A date that the words give: where a canary of another format gives none, there is none.
fn stated(at: i64) -> Option<String> {
    (at < Timestamp::MAX.unix()).then(|| instant(at))
}

/// The line of a target at an instant.
pub fn line(stored: &Stored, now: i64) -> Line {
    line_of(stored.id, &stored.url, &stored.name, &stored.memory, now)
}

/// The line of a target of which this is known.
pub fn line_of(id: TargetId, url: &str, name: &str, memory: &Memory, now: i64) -> Line {
    let issue = memory.said.as_ref().and_then(|said| said.issue.as_ref());
    Line {
        id: id.to_string(),
        name: name.to_owned(),
        url: url.to_owned(),
        state: axes::state(memory, now),
        severity: axes::severity(memory, now),
        reached: match (memory.asked_at, memory.failures) {
            (None, _) => Reached::Never,
            (Some(_), 0) => Reached::Yes,
            (Some(_), _) => Reached::No,
        },
        reached_at: memory.reached_at.map(instant),
        issue: issue.map(|issue| issue.number),
        as_of: issue.map(|issue| instant(issue.as_of)),
        next_due: issue.and_then(|issue| stated(issue.next_due)),
        expires: issue.and_then(|issue| stated(issue.expires)),
        due_at: issue.map_or(i64::MAX, |issue| issue.next_due),
        evidence_left_out: match memory.evidence.day == now.div_euclid(86_400) {
            true => memory.evidence.left_out,
            false => 0,
        },
        open: memory
            .episodes
            .iter()
            .map(|episode| Open {
                code: episode.key.code,
                severity: episode.severity,
                about: episode.key.about.clone(),
                message: episode.message.clone(),
                since: instant(episode.opened_at),
            })
            .collect(),
    }
}

impl Line {
    /// For a terminal, on one line.
    pub fn in_words(&self) -> String {
        let due = self.next_due.as_deref().unwrap_or("unknown");
        let codes: Vec<String> = self.open.iter().map(|open| open.code.to_string()).collect();
        let open = if codes.is_empty() { String::new() } else { format!("  {}", codes.join(" ")) };
        let name = crate::notice::inert(&self.name);
        format!("{:<9}  {:<11}  due {due}  {name}{open}", self.severity, self.state)
    }
}
