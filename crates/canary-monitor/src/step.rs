//! One step of a target: (policy, memory, observation, vantage, now) gives (memory, changes, events,
//! wake). A pure function; everything the monitor decides about a target is decided here.

mod event;
mod hold;

use canary_verifier::report::{Code, Severity};

pub use self::event::{Event, EventKind};
use crate::axes::{self, Patience, patience};
use crate::episode::{self, Change, Turn};
use crate::memory::{Doubt, Key, Memory};
use crate::notice::inert;
use crate::observe::{Observation, Outcome, Said, Standing, Stated};
use crate::policy::Policy;
use crate::route::Language;
use crate::schedule;
use crate::target::TargetId;
use crate::vantage::{Clock, Network, Vantage};
use crate::wording;

/// Stored instants further ahead than this were written under a wrong clock.
const AHEAD: i64 = 120;

/// What a step decides about: everything but the observation.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The target.
    pub id: TargetId,
    /// Its policy.
    pub policy: &'a Policy,
    /// The monitor's own condition.
    pub vantage: Vantage,
    /// Which findings a silence holds back now.
    pub held: &'a dyn Fn(Code) -> bool,
    /// The instant.
    pub now: i64,
}

/// What a step decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to keep.
    pub memory: Memory,
    /// What to tell; empty for nothing.
    pub changes: Vec<Change>,
    /// What to add to the target's timeline.
    pub events: Vec<Event>,
    /// When to look at this target again.
    pub wake: i64,
}

/// Whether the target is to be asked, now that it woke.
pub fn wants_check(policy: &Policy, memory: &Memory, now: i64) -> bool {
    let Some(asked) = memory.asked_at.filter(|&asked| asked <= now + AHEAD) else { return true };
    let wanted = hold::looks(memory, policy, now).into_iter().flatten();
    wanted.filter(|&at| at <= now).any(|at| asked < at)
        || (!hold::is_held(memory, now) && ask_at(memory, policy).is_none_or(|at| now >= at))
}

/// When the target's turn to be asked comes: no later than the policy in force allows, whatever it was when
/// that turn was planned.
fn ask_at(memory: &Memory, policy: &Policy) -> Option<i64> {
    let planned = memory.ask_at?;
    let latest = memory.asked_at.map(|asked| asked + schedule::longest(policy.interval));
    let at = latest.map_or(planned, |latest| latest.min(planned));
    Some(at.max(memory.hold_until.unwrap_or(at)))
}

/// Takes a step.
pub fn step(scene: Scene<'_>, memory: &Memory, observation: Option<&Observation>) -> Step {
    let Scene { id, policy, vantage, now, .. } = scene;
    let mut memory = sane(memory.clone(), now);
    let mut events = Vec::new();
    let observation = observation.filter(|seen| seen.outcome != Outcome::NotAsked);
    let looked = match observation {
        Some(observation) => look(&mut memory, scene, observation, &mut events),
        None => Look::None,
    };
    let mut findings = findings(&memory, now);
    if vantage.clock == Clock::Disputed {
        for finding in findings.iter_mut().filter(|finding| axes::needs_clock(finding.code)) {
            finding.message = format!("{}; {}", finding.message, wording::doubt(Language::En));
        }
    }
    let believed = believe(&mut memory, scene, &findings, looked);
    let frozen = |code: Code| {
        (axes::needs_clock(code) && vantage.clock == Clock::Doubtful)
            || (patience(code) == Patience::Confirm && vantage.network == Network::Down)
    };
    for finding in believed.iter().filter(|finding| !frozen(finding.code)) {
        let open = memory.episodes.len();
        episode::assert(&mut memory, id, finding, now);
        if memory.episodes.len() > open {
            events.push(event(now, EventKind::Opened, &finding.code, &finding.about));
        }
    }
    let held = |code: Code| frozen(code) || (scene.held)(code);
    let mut changes = Vec::new();
    for index in (0..memory.episodes.len()).rev() {
        let key = memory.episodes[index].key.clone();
        if findings.iter().any(|f| f.code == key.code && f.about == key.about) {
            continue;
        }
        let lapse = memory.episodes.iter().find(|episode| episode.key.code == Code::Lapsed);
        if let (Code::Overdue, Some(lapse)) = (key.code, lapse) {
            // It gives way to what is told now at the latest; a silence about that leaves it open.
            let told = lapse.told_at.is_some() || !held(Code::Lapsed);
            if told || memory.episodes[index].told_at.is_none() {
                let closed = episode::close(&mut memory, index, now);
                changes.extend(closed.told_at.map(|_| Change::of(Turn::Resolved, &closed)));
            }
        } else if looked == Look::Reached
            && !frozen(key.code)
            && let Some(closed) = episode::clean(&mut memory, policy, index, now)
        {
            events.push(event(now, EventKind::Resolved, &key.code, &key.about));
            if closed.told_at.is_some() {
                changes.push(Change::of(Turn::Resolved, &closed));
            }
        }
    }
    let mut told = episode::tell(&mut memory, policy, &held, now);
    told.append(&mut changes);
    if !told.is_empty() {
        memory.notices += 1;
    }
    let wake = plan(&mut memory, scene, observation);
    Step { memory, changes: told, events, wake }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    None,
    Failed,
    Frozen,
    Reached,
}

fn look(
    memory: &mut Memory,
    scene: Scene<'_>,
    seen: &Observation,
    events: &mut Vec<Event>,
) -> Look {
    let Scene { policy, vantage, now, .. } = scene;
    let unreachable = matches!(seen.outcome, Outcome::Unreachable(_));
    // Without a network of one's own, nobody looked.
    if !(unreachable && vantage.network == Network::Down) {
        // It was left alone on purpose for as long as its host asked.
        let since = memory.looked_at.map(|last| last.max(hold::ended(memory, now)));
        if let Some(since) = since.filter(|since| now - since > 2 * policy.interval + 120) {
            memory.gap.get_or_insert((since, now));
        }
        // A clock that jumps is no time in which nobody looked, until it is believed.
        if let Some((since, until)) = memory.gap.take_if(|_| vantage.clock == Clock::Sure) {
            let detail = (until - since).to_string();
            events.push(Event { at: since, kind: EventKind::WatchGap, detail });
        }
        memory.first_look.get_or_insert(now);
        memory.looked_at = Some(now);
    }
    memory.asked_at = Some(now);
    memory.hold_until = hold::until(seen, now);
    for finding in &seen.besides {
        let said = memory.said.get_or_insert_default();
        said.findings.retain(|f| f.code != finding.code || f.about != finding.about);
        said.findings.push(finding.clone());
    }
    if let Outcome::Unreachable(reason) = &seen.outcome {
        let told = memory.episodes.iter().any(|e| e.key.code == Code::Unreachable);
        if vantage.network == Network::Down && !told {
            (memory.failures, memory.failing_since) = (0, None);
            (memory.unread, memory.unread_since) = (0, None);
            memory.reason = Some(reason.clone());
            return Look::Frozen;
        }
        not_read(memory, now);
        if memory.failures == 0 {
            events.push(Event { at: now, kind: EventKind::Lost, detail: inert(reason) });
        }
        memory.failures = memory.failures.saturating_add(1);
        memory.failing_since.get_or_insert(now);
        memory.reason = Some(reason.clone());
        return Look::Failed;
    }
    if memory.failures > 0 {
        events.push(Event { at: now, kind: EventKind::Reached, detail: String::new() });
    }
    (memory.failures, memory.failing_since, memory.reason) = (0, None, None);
    memory.reached_at = Some(now);
    memory.answers = memory.answers.saturating_add(1);
    if let Some(checker) = &seen.checker {
        memory.checker.clone_from(checker);
    }
    match &seen.outcome {
        Outcome::Said(said) if passes(said) => not_read(memory, now),
        _ => {
            memory.read_at = Some(now);
            (memory.unread, memory.unread_since) = (0, None);
        }
    }
    match &seen.outcome {
        Outcome::Said(said) => {
            let number = |said: &Said| said.issue.as_ref().map(|issue| issue.number);
            if let Some(new) =
                number(said).filter(|_| number(said) > memory.said.as_ref().and_then(number))
            {
                events.push(Event { at: now, kind: EventKind::Issue, detail: new.to_string() });
            }
            events.extend(noted(memory.said.as_ref(), said, now));
            memory.said = Some(merge(memory.said.take(), (**said).clone()));
        }
        _ => {
            if let Some(said) = &mut memory.said {
                said.findings.retain(|f| !is_passing(f.code));
                if said.issue.is_some() {
                    said.standing = Standing::Authentic;
                }
            }
        }
    }
    Look::Reached
}

/// What is new and raises no alert: a fact that was added, a counter that has another value.
fn noted(before: Option<&Said>, said: &Said, now: i64) -> Vec<Event> {
    let known = |finding: &Stated| {
        let old = before.map_or(&[][..], |said| &said.findings);
        old.iter().any(|f| f.code == finding.code && f.about == finding.about)
    };
    let mild = said.findings.iter().filter(|f| f.severity == Severity::Alive && !known(f));
    mild.map(|f| event(now, EventKind::Noted, &f.code, &f.about)).collect()
}

fn not_read(memory: &mut Memory, now: i64) {
    memory.unread = memory.unread.saturating_add(1);
    memory.unread_since.get_or_insert(now);
}

/// What may be a passing error of the host: it does not wipe out what was said before.
fn is_passing(code: Code) -> bool {
    matches!(code, Code::Missing | Code::Malformed | Code::TooLarge)
}

fn passes(said: &Said) -> bool {
    said.standing != Standing::Authentic
        && (said.standing == Standing::Missing || said.findings.iter().any(|f| is_passing(f.code)))
}

fn merge(old: Option<Said>, new: Said) -> Said {
    match old {
        Some(old) if passes(&new) => {
            let mut findings = new.findings;
            let kept = old.findings.into_iter().filter(|f| !is_passing(f.code));
            for finding in kept {
                if !findings.iter().any(|f| f.code == finding.code && f.about == finding.about) {
                    findings.push(finding);
                }
            }
            Said { standing: new.standing, findings, ..old }
        }
        Some(old) if new.issue.is_none() => {
            Said { issue: old.issue, heartbeat: old.heartbeat, fact_list: old.fact_list, ..new }
        }
        _ => new,
    }
}

/// Everything that is so now, believed or not.
fn findings(memory: &Memory, now: i64) -> Vec<Stated> {
    let mut all = Vec::new();
    if let Some(said) = &memory.said {
        let stated = said.findings.iter().filter(|f| patience(f.code) != Patience::Deadline);
        all.extend(stated.cloned());
        if said.standing == Standing::Missing && !all.iter().any(|f| f.code == Code::Missing) {
            let message = "the host answers that there is no canary".to_owned();
            all.push(stated_as(Code::Missing, Severity::Alarm, message));
        }
        all.extend(axes::deadlines(said, now).into_iter().map(|(_, finding)| finding));
    }
    if memory.failures > 0 {
        let reason = memory.reason.as_deref().unwrap_or("no answer");
        all.push(stated_as(Code::Unreachable, Severity::Unknown, reason.to_owned()));
    }
    all.retain(|finding| finding.severity != Severity::Alive);
    all
}

fn stated_as(code: Code, severity: Severity, message: String) -> Stated {
    Stated { code, severity, about: String::new(), message }
}

/// Those that may alert: each has had the patience that it is due.
fn believe(
    memory: &mut Memory,
    scene: Scene<'_>,
    findings: &[Stated],
    looked: Look,
) -> Vec<Stated> {
    let Scene { policy, vantage, now, .. } = scene;
    let mut doubts = Vec::new();
    let mut believed = Vec::new();
    for finding in findings {
        let ripe = match patience(finding.code) {
            Patience::None => true,
            Patience::Deadline => deadline_is_ripe(memory, scene, finding),
            Patience::Confirm => {
                let key = Key { code: finding.code, about: finding.about.clone() };
                let before = memory.doubts.iter().find(|doubt| doubt.key == key);
                let mut doubt =
                    before.cloned().unwrap_or(Doubt { key: key.clone(), since: now, checks: 0 });
                let of_transport = finding.code == Code::Unreachable;
                let shown =
                    if of_transport { looked == Look::Failed } else { looked == Look::Reached };
                if vantage.network == Network::Down {
                    doubt = Doubt { key: key.clone(), since: now, checks: 0 };
                } else if shown {
                    doubt.checks = doubt.checks.saturating_add(1);
                }
                let after =
                    if of_transport { policy.unreachable_after } else { policy.missing_after };
                let enough = doubt.checks >= policy.confirm_checks
                    || (of_transport && doubt.checks > 1 && hold::puts_off(memory, policy, now));
                let waited = now - doubt.since;
                let fair = match vantage.network {
                    Network::Up => waited >= after,
                    // Too few others were heard of late. In an interval they would have been.
                    Network::Undecided => waited >= after.max(policy.interval),
                    Network::Down => false,
                };
                let ripe = enough && fair;
                doubts.push(doubt);
                ripe
            }
        };
        if ripe {
            believed.push(finding.clone());
        }
    }
    memory.doubts = doubts;
    believed
}

/// A date that passed counts once a canary was read at or after it; or, where none can be read, because
/// the host does not answer or answers something else, after a while no longer than an interval.
fn deadline_is_ripe(memory: &Memory, scene: Scene<'_>, finding: &Stated) -> bool {
    let Scene { policy, vantage, now, .. } = scene;
    let Some(said) = &memory.said else { return false };
    let passed = axes::deadlines(said, now);
    let Some((date, _)) = passed.iter().find(|(_, f)| f.code == finding.code) else { return false };
    if memory.read_at.is_some_and(|read| read > *date) {
        return true;
    }
    let waited = now - memory.unread_since.map_or(*date, |since| since.max(*date));
    let tried = memory.unread >= policy.confirm_checks
        || (memory.unread > 0 && waited > policy.interval / 2)
        || hold::is_held(memory, now);
    let fair = match vantage.network {
        Network::Up => waited > grace(policy),
        Network::Undecided => waited >= policy.interval,
        Network::Down => false,
    };
    tried && fair
}

/// How long a passed date waits for a canary that cannot be read, in seconds: as long as not being
/// reachable itself does, and always less than an interval.
fn grace(policy: &Policy) -> i64 {
    policy.unreachable_after.clamp(5, (policy.interval * 3 / 4).max(5))
}

fn plan(memory: &mut Memory, scene: Scene<'_>, observation: Option<&Observation>) -> i64 {
    let Scene { id, policy, vantage, now, .. } = scene;
    if observation.is_some() {
        let unsure = memory.doubts.iter().map(|doubt| doubt.checks.max(1)).max();
        let cleaning = memory.episodes.iter().map(|episode| episode.clean).filter(|&n| n > 0).max();
        let tries = memory.failures.max(unsure.unwrap_or(0)).max(cleaning.unwrap_or(0));
        let frozen = vantage.network == Network::Down || vantage.clock != Clock::Sure;
        let slot = schedule::next_slot(id, policy.interval, now);
        let at = match (tries, frozen) {
            (0, false) => slot,
            (0, true) => slot.min(now + (policy.interval / 8).clamp(30, 1_800)),
            (tries, _) => {
                slot.min(now + schedule::backoff(id, tries, longest_wait(memory, policy)))
            }
        };
        memory.ask_at = Some(at.max(memory.hold_until.unwrap_or(at)));
    }
    let ask = ask_at(memory, policy).unwrap_or(now + policy.interval);
    let deadline = memory.said.as_ref().and_then(|said| axes::next_deadline(said, now));
    let reminder = memory.episodes.iter().filter_map(|e| episode::reminder_at(e, policy)).min();
    let [_, _, away] = hold::looks(memory, policy, now);
    let ripening = [ripening(memory, policy, now), away].map(|at| at.filter(|&at| at > now));
    // A silence ends, or is taken out of the configuration, at an instant that is not known here.
    let held = memory.episodes.iter().any(|e| episode::has_news(e) && (scene.held)(e.key.code));
    [deadline.map(|date| date + 1), reminder.map(|at| at.max(now + 60)), held.then_some(now + 60)]
        .into_iter()
        .chain(ripening)
        .flatten()
        .fold(ask, i64::min)
        .max(now + 1)
}

/// When a date that has passed is told where no canary can be read.
fn ripening(memory: &Memory, policy: &Policy, now: i64) -> Option<i64> {
    let date = memory.said.as_ref().and_then(|said| axes::last_deadline(said, now))?;
    Some(memory.unread_since.map_or(date, |since| since.max(date)) + grace(policy) + 1)
}

/// The longest wait between two tries. Until trouble of transport is believed, it is no longer than a sixth
/// of the time that belief takes, so that a host that comes back for so long is noticed.
fn longest_wait(memory: &Memory, policy: &Policy) -> i64 {
    let told = memory.episodes.iter().any(|episode| episode.key.code == Code::Unreachable);
    match memory.failures > 0 && !told {
        true => policy.interval.min((policy.unreachable_after / 6).max(60)),
        false => policy.interval,
    }
}

fn event(at: i64, kind: EventKind, code: &Code, about: &str) -> Event {
    let detail =
        if about.is_empty() { code.to_string() } else { format!("{code} {}", inert(about)) };
    Event { at, kind, detail }
}

/// Instants stored under a clock that was ahead are brought back to now.
fn sane(mut memory: Memory, now: i64) -> Memory {
    let bound = |at: &mut Option<i64>| {
        if at.is_some_and(|at| at > now + AHEAD) {
            *at = Some(now);
        }
    };
    bound(&mut memory.reached_at);
    bound(&mut memory.read_at);
    bound(&mut memory.unread_since);
    bound(&mut memory.asked_at);
    bound(&mut memory.first_look);
    bound(&mut memory.looked_at);
    bound(&mut memory.failing_since);
    memory.gap.take_if(|(_, until)| *until > now + AHEAD);
    for doubt in &mut memory.doubts {
        doubt.since = doubt.since.min(now);
    }
    for episode in &mut memory.episodes {
        bound(&mut episode.told_at);
        bound(&mut episode.clean_since);
    }
    memory
}

#[cfg(test)]
mod tests;
