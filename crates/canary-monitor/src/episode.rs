//! Episodes: one per target and finding, opened, reminded, resolved.

use std::collections::BTreeMap;

use canary_format::digest::Digest;
use canary_verifier::report::{Code, Severity};
use serde::{Deserialize, Serialize};

use crate::memory::{Closed, Episode, Key, Memory};
use crate::observe::Stated;
use crate::policy::Policy;
use crate::route::Language;
use crate::target::TargetId;

/// For how long a closed episode is remembered, in seconds.
pub const FLAP_WINDOW: i64 = 7 * 86_400;
/// How long a finding that came back must stay away before it is resolved again; doubles each time.
const DAMPING: i64 = 1_800;
const MAX_CLOSED: usize = 32;

/// What happened to an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// The finding is there.
    Opened,
    /// It is still there.
    Reminder,
    /// Its severity is another.
    Changed,
    /// It is not there any more.
    Resolved,
}

/// A turn of one episode, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happened.
    pub turn: Turn,
    /// The episode.
    pub episode: String,
    /// Its finding.
    pub code: Code,
    /// How bad it is; at the end, how bad it was last told to be.
    pub severity: Severity,
    /// How bad it was told to be before this, where that is another severity.
    pub was: Option<Severity>,
    /// The worst that it was ever told to be, this time included: who was told of that is told how it goes
    /// on.
    pub worst: Severity,
    /// What it is about.
    pub about: String,
    /// What was observed.
    pub message: String,
    /// When it was opened.
    pub since: i64,
    /// The sinks that were told of it before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told_to: BTreeMap<String, Language>,
}

impl Change {
    /// A turn of an episode, before it is noted as told.
    pub(crate) fn of(turn: Turn, episode: &Episode) -> Self {
        let severity = match turn {
            Turn::Resolved => episode.told(),
            _ => episode.severity,
        };
        let told = episode.told_severity.map(|_| episode.worst_told());
        let worst = told.map_or(severity, |worst| worst.max(severity));
        Self {
            turn,
            episode: episode.id.clone(),
            code: episode.key.code,
            severity,
            was: episode.told_severity.filter(|told| *told != severity),
            worst,
            about: episode.key.about.clone(),
            message: episode.message.clone(),
            since: episode.opened_at,
            told_to: episode.told_to.clone(),
        }
    }
}

/// Opens an episode for a finding, or brings the open one up to date.
pub(crate) fn assert(memory: &mut Memory, id: TargetId, finding: &Stated, now: i64) {
    let key = Key { code: finding.code, about: finding.about.clone() };
    if let Some(episode) = memory.episodes.iter_mut().find(|episode| episode.key == key) {
        episode.severity = finding.severity;
        episode.message.clone_from(&finding.message);
        (episode.clean, episode.clean_since) = (0, None);
        return;
    }
    let reopened = memory
        .closed
        .iter()
        .find(|closed| closed.key == key && now - closed.at < FLAP_WINDOW)
        .map_or(0, |closed| closed.reopened + 1);
    memory.closed.retain(|closed| closed.key != key && now - closed.at < FLAP_WINDOW);
    let named = format!("{id} {} {} {now} {reopened}", key.code, key.about);
    memory.episodes.push(Episode {
        id: short_hex(named.as_bytes()),
        key,
        severity: finding.severity,
        message: finding.message.clone(),
        opened_at: now,
        told_at: None,
        told_severity: None,
        worst_told: None,
        told_to: BTreeMap::new(),
        clean: 0,
        clean_since: None,
        reminders: 0,
        reopened,
    });
}

/// A look that did not show the finding: resolves its episode after enough of them.
pub(crate) fn clean(
    memory: &mut Memory,
    policy: &Policy,
    index: usize,
    now: i64,
) -> Option<Episode> {
    let episode = &mut memory.episodes[index];
    episode.clean += 1;
    let since = *episode.clean_since.get_or_insert(now);
    let damping = match episode.reopened {
        0 => 0,
        times => DAMPING << times.min(8),
    };
    if episode.clean < policy.resolve_checks || now - since < damping {
        return None;
    }
    Some(close(memory, index, now))
}

/// Closes an episode, remembering it for a while.
pub(crate) fn close(memory: &mut Memory, index: usize, now: i64) -> Episode {
    let episode = memory.episodes.remove(index);
    if memory.closed.len() == MAX_CLOSED {
        memory.closed.remove(0);
    }
    memory.closed.push(Closed { key: episode.key.clone(), at: now, reopened: episode.reopened });
    episode
}

/// What is to be told of the open episodes now: those not told yet, those whose severity changed, and
/// reminders that are due. `held` says which a silence holds back.
pub(crate) fn tell(
    memory: &mut Memory,
    policy: &Policy,
    held: &dyn Fn(Code) -> bool,
    now: i64,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for episode in &mut memory.episodes {
        if episode.severity == Severity::Alive || held(episode.key.code) {
            continue;
        }
        let turn = match (episode.told_at, episode.told_severity) {
            (None, _) => Turn::Opened,
            (_, severity) if severity != Some(episode.severity) => Turn::Changed,
            (Some(_), _) if reminder_at(episode, policy).is_some_and(|at| now >= at) => {
                episode.reminders += 1;
                Turn::Reminder
            }
            _ => continue,
        };
        let change = Change::of(turn, episode);
        episode.told_at = Some(now);
        episode.told_severity = Some(change.severity);
        episode.worst_told = Some(change.worst);
        changes.push(change);
    }
    changes
}

/// Whether an open episode, or its severity, is not told yet.
pub(crate) fn has_news(episode: &Episode) -> bool {
    episode.severity != Severity::Alive
        && (episode.told_at.is_none() || episode.told_severity != Some(episode.severity))
}

/// When an open episode is to be said again: after the policy's time, then twice that, up to sixteen
/// times it.
pub(crate) fn reminder_at(episode: &Episode, policy: &Policy) -> Option<i64> {
    let after = match episode.severity {
        Severity::Alarm | Severity::Unknown => policy.remind_alarm,
        Severity::Attention => policy.remind_attention,
        Severity::Alive => return None,
    };
    Some(episode.told_at? + (after << episode.reminders.min(4)))
}

/// 32 hex digits of the SHA-256.
pub(crate) fn short_hex(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    digest["sha256:".len()..][..32].to_owned()
}
