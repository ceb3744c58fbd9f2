//! Episodes of the monitor itself: its network, its clock, and the times when it did not run.

use std::collections::BTreeMap;

use canary_verifier::report::{Code, Severity, State};

use crate::episode::{Change, Turn, short_hex};
use crate::memory::{Episode, Key, Memory};
use crate::target::TargetId;
use crate::vantage::{Clock, Network, Vantage};

/// For how long trouble must last before it is told, in seconds.
const CONFIRM: i64 = 120;
const REMIND: i64 = 86_400;

/// What can be wrong with the monitor itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Every control URL is out of reach; or most targets are, and no control URL says otherwise.
    Network,
    /// The clock jumped, or differs from most hosts'.
    Clock,
    /// It did not run for a while.
    Gap,
}

impl Trouble {
    /// Its word, in the place where a target's finding names what it is about.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "monitor-network",
            Self::Clock => "monitor-clock",
            Self::Gap => "monitor-gap",
        }
    }

    /// The trouble that a finding is about, where it is the monitor's own.
    pub fn of(about: &str) -> Option<Self> {
        [Self::Network, Self::Clock, Self::Gap].into_iter().find(|t| t.word() == about)
    }

    fn code(self) -> Code {
        match self {
            Self::Clock => Code::ClockSuspect,
            Self::Network | Self::Gap => Code::Unreachable,
        }
    }
}

/// The identity under which a worker's own state is kept.
pub fn own_id(worker: &str) -> TargetId {
    TargetId::of(&format!("monitor:{worker}"))
}

/// The state that notices about the monitor itself carry.
pub const OWN_STATE: State = State::Unreachable;

/// Opens, reminds and resolves the monitor's own episodes. `gap` is how long it had not run, told once.
pub fn step(
    id: TargetId,
    memory: &Memory,
    vantage: Vantage,
    gap: Option<i64>,
    now: i64,
) -> (Memory, Vec<Change>) {
    let mut memory = memory.clone();
    let mut changes = Vec::new();
    let troubles = [
        (
            Trouble::Network,
            match vantage.network {
                Network::Down => Some(true),
                Network::Up => Some(false),
                Network::Undecided => None,
            },
        ),
        (Trouble::Clock, Some(vantage.clock != Clock::Sure)),
    ];
    for (trouble, there) in troubles {
        let open = memory.episodes.iter().position(|episode| episode.key.about == trouble.word());
        match (open, there) {
            (None, Some(true)) => memory.episodes.push(episode(id, trouble, String::new(), now)),
            (Some(index), Some(false)) => {
                let closed = memory.episodes.remove(index);
                if closed.told_at.is_some() {
                    changes.push(Change::of(Turn::Resolved, &closed));
                }
            }
            _ => {}
        }
    }
    for episode in &mut memory.episodes {
        let turn = match episode.told_at {
            None if now - episode.opened_at >= CONFIRM => Turn::Opened,
            Some(told) if now - told >= REMIND => Turn::Reminder,
            _ => continue,
        };
        episode.told_at = Some(now);
        changes.push(Change::of(turn, episode));
    }
    if let Some(seconds) = gap {
        let message = format!("not running for {} minutes", seconds / 60);
        changes.push(Change::of(Turn::Opened, &episode(id, Trouble::Gap, message, now)));
    }
    if !changes.is_empty() {
        memory.notices += 1;
    }
    (memory, changes)
}

fn episode(id: TargetId, trouble: Trouble, message: String, now: i64) -> Episode {
    Episode {
        id: short_hex(format!("{id} {} {now}", trouble.word()).as_bytes()),
        key: Key { code: trouble.code(), about: trouble.word().to_owned() },
        severity: Severity::Unknown,
        message,
        opened_at: now,
        told_at: None,
        told_severity: None,
        worst_told: None,
        told_to: BTreeMap::new(),
        clean: 0,
        clean_since: None,
        reminders: 0,
        reopened: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alert_after_it_lasted_and_one_when_it_is_over() {
        let id = own_id("a");
        let down = Vantage { network: Network::Down, clock: Clock::Sure };
        let mut memory = Memory::default();
        let mut told = Vec::new();
        for (now, vantage) in [
            (0, down),
            (60, down),
            (130, down),
            (200, down),
            (300, Vantage::GOOD),
            (400, Vantage::GOOD),
        ] {
            let (next, changes) = step(id, &memory, vantage, None, now);
            memory = next;
            told.extend(changes.into_iter().map(|change| (now, change.turn)));
        }
        assert_eq!(told, [(130, Turn::Opened), (300, Turn::Resolved)]);
    }

    #[test]
    fn trouble_that_passes_is_not_told() {
        let id = own_id("a");
        let down = Vantage { network: Network::Down, clock: Clock::Sure };
        let (memory, _) = step(id, &Memory::default(), down, None, 0);
        let (memory, changes) = step(id, &memory, Vantage::GOOD, None, 60);
        assert!(changes.is_empty() && memory.episodes.is_empty());
    }
}
