//! A target in one line, for the status page, `--once` and JUnit.

use canary_format::time::Timestamp;
use canary_verifier::report::{Code, Severity, State};
use serde::Serialize;

use crate::axes;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::notice::instant;
use crate::store::{GAP, Stored};
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
    /// When it was last looked at, be it in vain.
    pub looked_at: Option<String>,
    /// Since when nobody has looked at it, where that is longer than looks are apart: what is said of it is
    /// what was so then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen_since: Option<String>,
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

impl Reached {
    /// As of when it was last asked.
    pub fn of(memory: &Memory) -> Self {
        match (memory.asked_at, &memory.reason) {
            (None, _) => Self::Never,
            (Some(_), None) => Self::Yes,
            (Some(_), Some(_)) => Self::No,
        }
    }
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

/// What lines are drawn by: how far apart looks are, and the instant.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The targets, with their intervals.
    pub fleet: &'a Fleet,
    /// The instant.
    pub at: i64,
}

/// The line of a target at an instant.
pub fn line(stored: &Stored, now: Now<'_>) -> Line {
    line_of(stored.id, &stored.url, &stored.name, &stored.memory, now)
}

/// The line of a target of which this is known. Where nobody looks any more, it is not known to be alive.
pub fn line_of(id: TargetId, url: &str, name: &str, memory: &Memory, now: Now<'_>) -> Line {
    let line = as_known(id, url, name, memory, now.at);
    let interval = now.fleet.interval(id).unwrap_or_else(|| now.fleet.longest_interval());
    match unseen_since(memory, interval, now.at) {
        Some(since) => Line {
            severity: line.severity.max(Severity::Unknown),
            unseen_since: Some(instant(since)),
            ..line
        },
        None => line,
    }
}

/// Since when nobody has looked, where that is a watch gap. A host that asks to be left alone is, for so long.
fn unseen_since(memory: &Memory, interval: i64, now: i64) -> Option<i64> {
    let held = memory.hold_until.map_or(i64::MIN, |until| until.min(now));
    let since = memory.looked_at?.max(held);
    (now - since > 2 * interval + GAP).then_some(since)
}

/// The line of a target after a round that began at an instant. Of one that was not reached in it nothing can
/// be concluded, whosever fault that was.
pub fn line_of_round(stored: &Stored, begun: i64, now: i64) -> Line {
    let line = as_known(stored.id, &stored.url, &stored.name, &stored.memory, now);
    let asked = stored.memory.asked_at.is_some_and(|asked| asked >= begun);
    if asked && line.reached == Reached::Yes {
        return line;
    }
    let state = match line.state {
        State::Live | State::Overdue => State::Unreachable,
        state => state,
    };
    Line { state, severity: line.severity.max(Severity::Unknown), ..line }
}

fn as_known(id: TargetId, url: &str, name: &str, memory: &Memory, now: i64) -> Line {
    let issue = memory.said.as_ref().and_then(|said| said.issue.as_ref());
    Line {
        id: id.to_string(),
        name: name.to_owned(),
        url: url.to_owned(),
        state: axes::state(memory, now),
        severity: axes::severity(memory, now),
        reached: Reached::of(memory),
        reached_at: memory.reached_at.map(instant),
        looked_at: memory.looked_at.map(instant),
        unseen_since: None,
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::FleetBuilder;
    use crate::observe::{Dates, Observation, Outcome, Said, Standing};
    use crate::policy::Policy;
    use crate::step::{Scene, step};
    use crate::target::Target;
    use crate::vantage::{Clock, Network, Vantage};

    fn live() -> Outcome {
        let issue =
            Dates { number: 1, digest: String::new(), as_of: 0, next_due: 90_000, expires: 99_000 };
        Outcome::Said(Box::new(Said {
            standing: Standing::Authentic,
            issue: Some(issue),
            ..Said::default()
        }))
    }

    fn asked(memory: &Memory, outcome: Outcome, network: Network, now: i64) -> Memory {
        let vantage = Vantage { network, clock: Clock::Sure };
        let policy = Policy::default();
        let scene = Scene { id: TargetId(1), policy: &policy, vantage, held: &|_| false, now };
        step(scene, memory, Some(&Observation::new(now, outcome))).memory
    }

    #[test]
    fn who_was_not_reached_is_not_said_to_be_whosever_fault_it_was() {
        let stored = |memory| Stored {
            id: TargetId(1),
            url: "https://a.example/".to_owned(),
            name: "a".to_owned(),
            severity: Severity::Alive,
            memory,
        };
        let fleet = Fleet::default();
        let line = |stored: &Stored, at: i64| line(stored, Now { fleet: &fleet, at });
        let read = stored(asked(&Memory::default(), live(), Network::Up, 1_000));
        let said = |line: Line| (line.reached, line.state, line.severity);
        let alive = (Reached::Yes, State::Live, Severity::Alive);
        assert_eq!(said(line(&read, 1_001)), alive);
        assert_eq!(said(line_of_round(&read, 990, 1_001)), alive);
        let unknown = (Reached::Yes, State::Unreachable, Severity::Unknown);
        assert_eq!(said(line_of_round(&read, 1_001, 1_010)), unknown, "not asked in this round");

        let out = Outcome::Unreachable("no connection in time".to_owned());
        let lost = stored(asked(&read.memory, out, Network::Down, 2_000));
        // What it says is as it was while the monitor's own network is down; that it was reached is not.
        assert_eq!(said(line(&lost, 2_001)), (Reached::No, State::Live, Severity::Alive));
        let unknown = (Reached::No, State::Unreachable, Severity::Unknown);
        assert_eq!(said(line_of_round(&lost, 1_990, 2_001)), unknown);
        let lapsed = line_of_round(&lost, 99_500, 99_600);
        assert_eq!(said(lapsed), (Reached::No, State::Lapsed, Severity::Unknown));

        let back = stored(asked(&lost.memory, Outcome::Unchanged, Network::Up, 3_000));
        assert_eq!(said(line_of_round(&back, 2_990, 3_001)), alive);
    }

    #[test]
    fn who_is_not_looked_at_any_more_is_not_said_to_be_alive() {
        let policy = Arc::new(Policy { interval: 3_600, ..Policy::default() });
        let target = Target::new("https://a.example/", policy);
        let mut fleet = FleetBuilder::default();
        fleet.add(&target).expect("the first");
        let fleet = fleet.build();
        let line = |memory: &Memory, at| {
            let line = line_of(target.id, &target.url, "a", memory, Now { fleet: &fleet, at });
            (line.severity, line.unseen_since)
        };
        let read = asked(&Memory::default(), live(), Network::Up, 1_000);
        let last = 1_000 + 2 * 3_600 + GAP;
        assert_eq!(line(&read, last), (Severity::Alive, None));
        assert_eq!(line(&read, last + 1), (Severity::Unknown, Some(instant(1_000))));
        let held = Memory { hold_until: Some(10_000), ..read.clone() };
        assert_eq!(line(&held, 12_000), (Severity::Alive, None), "it asks to be left alone");
        assert_eq!(line(&held, 18_000).1, Some(instant(10_000)));
        assert_eq!(line(&Memory::default(), 12_000), (Severity::Unknown, None), "never asked");
    }
}
