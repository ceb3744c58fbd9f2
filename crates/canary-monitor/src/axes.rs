//! The two axes, never merged: what the canary says, and whether it could be reached
//! (`verdicts.md` §2). All arithmetic, no clock.

use canary_verifier::report::{Code, Severity, State};

use crate::memory::Memory;
use crate::observe::{Said, Standing, Stated};

/// Whether a finding waits for confirmation before it alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Never: it is signed evidence, or the lack of it in authentic evidence.
    None,
    /// It may be the transport's, a cache's or a passing error's doing.
    Confirm,
    /// It follows from a signed date: believed after a look at or after that date.
    Deadline,
}

/// How much patience a finding gets.
pub fn patience(code: Code) -> Patience {
    match code {
        Code::Unreachable
        | Code::Missing
        | Code::Malformed
        | Code::TooLarge
        | Code::MirrorFailed => Patience::Confirm,
        Code::Overdue | Code::Lapsed | Code::HeartbeatStale => Patience::Deadline,
        _ => Patience::None,
    }
}

/// Whether a finding comes out of the comparison of a date with the clock.
pub fn needs_clock(code: Code) -> bool {
    patience(code) == Patience::Deadline || matches!(code, Code::FutureDated | Code::ClockSuspect)
}

/// The findings that signed dates give at this instant, and the date that each follows from.
pub fn deadlines(said: &Said, now: i64) -> Vec<(i64, Stated)> {
    let mut found = Vec::new();
    if let Some(issue) = &said.issue {
        let (number, about) = (issue.number, String::new());
        if now > issue.expires {
            let message = format!("issue {number} has lapsed and nothing newer was seen");
            found.push((
                issue.expires,
                Stated { code: Code::Lapsed, severity: Severity::Alarm, about, message },
            ));
        } else if now > issue.next_due {
            let message = format!("the issue after number {number} is overdue");
            found.push((
                issue.next_due,
                Stated { code: Code::Overdue, severity: Severity::Attention, about, message },
            ));
        }
    }
    if let Some(heartbeat) = said.heartbeat {
        let stale = heartbeat.at.saturating_add(heartbeat.max_age);
        let silent = heartbeat.at.saturating_add((heartbeat.max_age * 2).max(48 * 3_600));
        if now > stale {
            let (since, severity) =
                if now > silent { (silent, Severity::Alarm) } else { (stale, Severity::Attention) };
            let message = "the newest heartbeat is older than declared".to_owned();
            let code = Code::HeartbeatStale;
            found.push((since, Stated { code, severity, about: String::new(), message }));
        }
    }
    found
}

/// The first signed date after this instant at which something changes by itself.
pub fn next_deadline(said: &Said, now: i64) -> Option<i64> {
    dates(said).into_iter().filter(|&date| date >= now).min()
}

/// The last signed date that has passed.
pub fn last_deadline(said: &Said, now: i64) -> Option<i64> {
    dates(said).into_iter().filter(|&date| date < now).max()
}

fn dates(said: &Said) -> Vec<i64> {
    let issue = said.issue.iter().flat_map(|issue| [issue.next_due, issue.expires]);
    let heartbeat = said.heartbeat.iter().flat_map(|heartbeat| {
        [
            heartbeat.at.saturating_add(heartbeat.max_age),
            heartbeat.at.saturating_add((heartbeat.max_age * 2).max(48 * 3_600)),
        ]
    });
    issue.chain(heartbeat).collect()
}

/// The state at this instant (`verdicts.md` §2): lapse needs no fetch.
pub fn state(memory: &Memory, now: i64) -> State {
    let Some(said) = &memory.said else { return State::Unreachable };
    let by_dates = said.issue.as_ref().map(|issue| {
        if now > issue.expires {
            State::Lapsed
        } else if now > issue.next_due {
            State::Overdue
        } else {
            State::Live
        }
    });
    match (said.standing, by_dates) {
        (Standing::Unverified, _) => State::Unverified,
        (_, Some(State::Lapsed)) => State::Lapsed,
        (Standing::Missing, _) => State::Missing,
        (_, None) => State::Unverified,
        (Standing::Authentic, Some(_)) if memory.failures > 0 => State::Unreachable,
        (Standing::Authentic, Some(state)) => state,
    }
}

/// The worst of what is open; and where the state is none of a canary that lives, at least that nothing
/// can be concluded yet: what waits for confirmation is not alive meanwhile.
pub fn severity(memory: &Memory, now: i64) -> Severity {
    let floor = match state(memory, now) {
        State::Live => Severity::Alive,
        State::Overdue => Severity::Attention,
        _ => Severity::Unknown,
    };
    memory.episodes.iter().map(|episode| episode.severity).fold(floor, Ord::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Dates, Heartbeat};

    fn said() -> Said {
        Said {
            standing: Standing::Authentic,
            issue: Some(Dates {
                number: 3,
                digest: String::new(),
                as_of: 0,
                next_due: 100,
                expires: 200,
            }),
            ..Said::default()
        }
    }

    #[test]
    fn silence_is_arithmetic_to_the_second() {
        let memory = Memory { said: Some(said()), ..Memory::default() };
        let states: Vec<State> =
            [100, 101, 200, 201].into_iter().map(|now| state(&memory, now)).collect();
        assert_eq!(states, [State::Live, State::Overdue, State::Overdue, State::Lapsed]);
        assert_eq!(next_deadline(&said(), 100), Some(100));
        assert_eq!(next_deadline(&said(), 101), Some(200));
        assert_eq!(next_deadline(&said(), 201), None);
    }

    #[test]
    fn lapse_is_said_even_while_out_of_reach_and_reach_does_not_make_silence() {
        let memory = Memory { said: Some(said()), failures: 9, ..Memory::default() };
        assert_eq!(state(&memory, 50), State::Unreachable);
        assert_eq!(state(&memory, 201), State::Lapsed);
    }

    #[test]
    fn what_waits_for_confirmation_is_not_alive_meanwhile() {
        let severity = |memory: Memory, now| severity(&memory, now);
        let live = || Memory { said: Some(said()), ..Memory::default() };
        assert_eq!(severity(Memory::default(), 50), Severity::Unknown);
        assert_eq!(severity(live(), 50), Severity::Alive);
        assert_eq!(severity(live(), 101), Severity::Attention);
        assert_eq!(severity(live(), 201), Severity::Unknown);
        assert_eq!(severity(Memory { failures: 1, ..live() }, 50), Severity::Unknown);
        let said = Said { standing: Standing::Missing, ..said() };
        assert_eq!(severity(Memory { said: Some(said), ..live() }, 50), Severity::Unknown);
    }

    #[test]
    fn a_heartbeat_grows_stale_and_then_silent() {
        let said = Said { heartbeat: Some(Heartbeat { at: 0, max_age: 3_600 }), ..said() };
        let at = |now| {
            let found = deadlines(&said, now);
            found.iter().find(|(_, f)| f.code == Code::HeartbeatStale).map(|(_, f)| f.severity)
        };
        assert_eq!(at(3_600), None);
        assert_eq!(at(3_601), Some(Severity::Attention));
        assert_eq!(at(48 * 3_600 + 1), Some(Severity::Alarm));
    }
}
