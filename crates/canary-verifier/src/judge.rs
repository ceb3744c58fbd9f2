//! Judging: evidence, trust, what was seen before and an instant give one report.
//!
//! A pure function: no clock, input, output or environment. The steps are those of
//! `docs/spec/verdicts.md` §6; each failing one adds findings, and later ones still run on whatever
//! remains authentic.

mod contradiction;
mod dates;
mod facts;
mod findings;
mod freshness;
mod in_parallel;
mod kept;
mod log;
mod mirrors;
mod obtained;
mod particulars;
mod reach;
mod series;
mod witness_copies;

use canary_format::checkpoint::Checkpoint;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;

pub use self::contradiction::{
    Contradiction, Side, SignedBoth, TwoPayloads, TwoTrees, contradiction,
};
use self::findings::Findings;
use self::kept::{Answer, Kept, silences};
use self::log::{Signed, Standing, Witnessed};
pub use self::mirrors::Fork;
use self::mirrors::Ours;
use self::obtained::{Reach, RootCheck, Served};
use self::reach::{PinReach, acknowledged, reach};
use self::series::Leaves;
pub use self::series::{VerifiedIssue, VerifiedTree};
pub use self::witness_copies::WitnessCopy;
use crate::evidence::{Evidence, Seen, Source, Trust};
use crate::report::{
    Ages, Code, IssueSummary, LIMITS, REPORT_TYPE, Report, Severity, State, Subject,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Clocks may differ by so many seconds.
const CLOCK_TOLERANCE: i64 = 600;

/// A report, and what it rests on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Judgement {
    /// What is concluded.
    pub report: Report,
    /// Every authentic issue, in order; the newest is last.
    pub series: Vec<VerifiedIssue>,
    /// What is to be kept as seen, where it differs from before.
    pub seen: Option<Seen>,
    /// Both envelopes of every fork found.
    pub forks: Vec<Fork>,
    /// Both sides of whatever cannot both be true: evidence for a third party.
    pub contradictions: Vec<[Side; 2]>,
    /// The tree of the site judged, where every issue in it is authentic: for [`judge_again`].
    pub verified: Option<VerifiedTree>,
    /// The checkpoint judged.
    checkpoint: Option<Checkpoint>,
    newest_time_proof: Option<Timestamp>,
}

impl Judgement {
    /// The checkpoint judged, as it was received; nothing about it is verified but what the report
    /// does not deny.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// The newest instant that a beacon, a witness or the heartbeat shows what was judged to be of.
    pub fn newest_time_proof(&self) -> Option<Timestamp> {
        self.newest_time_proof
    }
}

/// Judges evidence at an instant. The same four inputs give the same judgement, always.
pub fn judge(evidence: &Evidence, trust: &Trust, seen: Option<&Seen>, now: Timestamp) -> Judgement {
    judge_again(evidence, trust, seen, None, now)
}

/// As [`judge`], with the same judgement, and less work where a site still begins with a tree that was
/// verified: the signatures of its issues are not checked again. All else is.
pub fn judge_again(
    evidence: &Evidence,
    trust: &Trust,
    seen: Option<&Seen>,
    verified: Option<&VerifiedTree>,
    now: Timestamp,
) -> Judgement {
    let mut findings = Findings::default();
    let seen = seen.filter(|seen| !seen.leaves.is_empty());

    // Fetched bounded; parse the checkpoint; leaves and root.
    let mut served = Served::read(&evidence.source, &mut findings);
    if let (Some(seen), Source::Proof(_) | Source::Envelope(_)) = (seen, &evidence.source) {
        served.after_seen(seen, &mut findings);
    }
    if let Some(tree) = verified {
        served.begin_with(tree);
    }

    // Consistency with what was seen.
    let standing = Standing::of(&served, seen, now, &mut findings);

    // Parse envelopes; chain and quorums from the pin, or from the first issue at hand.
    let (reach, pin) = reach(&served, seen, standing, trust.pin.as_ref(), &mut findings);
    let served_series = match served.leaves() {
        Some(leaves) if reach == PinReach::Reached => series::verify(leaves, pin, &mut findings),
        _ => Vec::new(),
    };

    acknowledged(&served, standing, reach, trust, evidence, &mut findings);

    // The newest log key signed the checkpoint.
    let signed = match (&served.checkpoint, served_series.last()) {
        (Some(checkpoint), Some(newest)) => {
            log::signature(checkpoint, newest.issue(), &mut findings)
        }
        _ => Signed::No,
    };
    let verified = served.verified_tree(served_series.len());
    let is_of_the_log = signed == Signed::Yes && served.root == RootCheck::Fits;
    let served_side = (standing == Standing::Inconsistent)
        .then(|| Side::of(&served_series, served.checkpoint.as_ref()));
    // An older tree's heartbeat is that of its own newest issue.
    let served_newest = served_series.last().cloned();
    let (series, mut forks) =
        with_seen(served_series, seen, standing, trust.pin.as_ref(), &mut findings);
    // Evidence is what people or the log's key signed: bytes that anyone can make are not kept.
    let mut differing = served_side.filter(|_| is_of_the_log || !forks.is_empty());
    if let (Some(checkpoint), None, Some(seen)) = (&served.checkpoint, served.leaves(), seen)
        && log::alone(checkpoint, seen, &series, now, &mut findings) == Standing::Inconsistent
    {
        differing = Some(Side::of(&[], Some(checkpoint)));
    }
    let mut contradictions = Vec::new();
    if let (Some(seen), Some(served)) = (seen, differing) {
        let before = Side {
            first: 1,
            envelopes: seen.leaves.clone(),
            checkpoint: Some(seen.checkpoint.clone()),
        };
        contradictions.push([served, before]);
    }
    let advances = is_of_the_log
        && matches!(standing, Standing::New | Standing::Extends)
        && series.last().map(number) == served.checkpoint.as_ref().map(Checkpoint::size);

    // Heartbeat and witnesses.
    let seen_checkpoint = seen.and_then(|seen| Checkpoint::parse(&seen.checkpoint).ok());
    let checkpoint = match standing {
        Standing::CatchingUp => seen_checkpoint,
        _ if served.reach == Reach::Obtained => served.checkpoint.clone(),
        _ => None,
    };
    let of_checkpoint = match standing {
        Standing::Rollback => served_newest.as_ref(),
        _ => series.last(),
    };
    let heartbeats = match (&checkpoint, of_checkpoint) {
        (Some(checkpoint), Some(newest)) => log::heartbeats(checkpoint, newest.issue()),
        _ => Vec::new(),
    };
    let heartbeat_at = log::newest_present(&heartbeats, now);
    if let (Some(_), Some(newest)) = (&checkpoint, of_checkpoint) {
        log::heartbeat(newest.issue(), heartbeat_at, now, &mut findings);
    }
    let newest_issue = series.last().map(VerifiedIssue::issue);
    let witnessed = match &evidence.source {
        Source::Envelope(_) => Witnessed::default(),
        _ => log::witnesses(checkpoint.as_ref(), newest_issue, trust, now, &mut findings),
    };

    // Mirrors, before the state: what one of them has newer was found.
    let ours = match (&evidence.source, served.reach) {
        (Source::Site(_), Reach::Obtained) => Ours::Served,
        _ => Ours::OfBefore,
    };
    let compared =
        mirrors::judge(&evidence.mirrors, trust.pin.as_ref(), (&series, ours), now, &mut findings);
    for (found, theirs) in compared.differing {
        forks.extend(found);
        contradictions.push([Side::of(&series, checkpoint.as_ref()), theirs]);
    }

    // Dates.
    let since_baseline = &series[baseline(&series, trust)..];
    let beacon = freshness::judge(since_baseline, trust, &mut findings);
    // An instant that neither the publisher, nor one witness, nor half of the named time servers
    // can make, or that was accepted before: where the clock lies behind it, deadlines are judged by it.
    let seen_instant = seen.and_then(|seen| seen.newest_instant);
    let vouched = beacon.max(witnessed.quorum_at).max(seen_instant).max(trust.time.earliest);
    let deadline_instant = dates::later_of(now, vouched);
    let newer = compared.newer.as_deref();
    let state = state(&served, series.last(), newer, deadline_instant, &mut findings);
    if let Some(newest) = series.last() {
        dates::future(newest, beacon, now, &mut findings);
    }
    dates::clock(
        vouched.max(witnessed.newest).max(heartbeats.iter().copied().max()),
        trust.time.latest,
        now,
        &mut findings,
    );
    dates::interval(since_baseline, trust, &mut findings);
    let answer = match served.reach {
        Reach::Missing => Answer::Nothing,
        Reach::Obtained
            if is_of_the_log && matches!(standing, Standing::New | Standing::Extends) =>
        {
            Answer::Nothing
        }
        _ => Answer::Doubtful,
    };
    let silences = silences(seen, answer, series.last(), evidence);
    let gaps = dates::gaps(&series, &silences, evidence.obtained_at);
    dates::resumed(&gaps, since_baseline, &mut findings);

    // Facts, counters and rosters against the baseline.
    facts::judge(&series, series.len() - since_baseline.len(), &mut findings);
    particulars::judge(since_baseline, &mut findings);

    // A heartbeat ahead of now is not among these, nor is one witness: neither can push time.
    let newest_instant = vouched.max(heartbeat_at);
    let cosigned = witnessed.summaries.iter().map(|witness| witness.at).max();
    let newest_time_proof = beacon.max(cosigned).max(heartbeat_at);
    let kept = Kept { obtained_at: evidence.obtained_at, silences, heartbeat_at, newest_instant };
    let seen = match (served.leaves().filter(|leaves| leaves.offset == 0), &served.checkpoint) {
        (Some(leaves), Some(checkpoint)) if advances => Some(kept.served(seen, leaves, checkpoint)),
        _ => seen.map(|seen| kept.on_record(seen)),
    };

    let findings = findings.in_order();
    let newest = series.last();
    let report = Report {
        report: REPORT_TYPE,
        at: now,
        subject: Subject {
            origin: newest.map(|newest| newest.issue().origin.clone()).or_else(|| {
                served.checkpoint.as_ref().map(|checkpoint| checkpoint.origin().to_owned())
            }),
            url: evidence.url.clone().or_else(|| trust.pin.as_ref().map(|pin| pin.url.clone())),
            pin: trust.pin.clone(),
        },
        severity: findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Alive),
        state,
        findings,
        issue: newest.map(summary),
        affirmed_by: newest.map(|newest| newest.affirmed_by().to_vec()).unwrap_or_default(),
        ages: Ages {
            human: newest.map(|newest| now.since(newest.issue().as_of)),
            heartbeat: heartbeat_at.map(|at| now.since(at)),
            observation: observed_at(&served, evidence, seen.as_ref()).map(|at| now.since(at)),
        },
        facts: facts::summaries(&series),
        log: checkpoint
            .as_ref()
            .map(|checkpoint| log::summary(checkpoint, heartbeat_at, witnessed.summaries)),
        gaps,
        limits: LIMITS,
    };
    Judgement {
        report,
        series,
        seen,
        forks,
        contradictions,
        verified,
        checkpoint,
        newest_time_proof,
    }
}

/// The series to judge, of the one served and the one seen before, and the forks between them.
fn with_seen(
    served: Vec<VerifiedIssue>,
    seen: Option<&Seen>,
    standing: Standing,
    pin: Option<&Pin>,
    findings: &mut Findings,
) -> (Vec<VerifiedIssue>, Vec<Fork>) {
    let Some(seen) = seen else {
        return (served, Vec::new());
    };
    if standing == Standing::Extends && served.len() >= seen.leaves.len() {
        return (served, Vec::new());
    }
    let leaves = Leaves::new(0, &seen.leaves);
    // What does not reach the pinned issue is authentic on no word that the user has.
    let before = match pin.filter(|pin| pin.number > leaves.last()) {
        Some(_) => Vec::new(),
        None => series::verify(leaves, pin, &mut Findings::default()),
    };
    let forks = match standing {
        Standing::Inconsistent => mirrors::compare(&served, &before, None, findings),
        _ => Vec::new(),
    };
    let newer_is_served = served.last().map(number) > before.last().map(number);
    (if newer_is_served { served } else { before }, forks)
}

/// The index of the baseline: the later of the pinned issue and the newest acknowledged one, or the
/// first.
fn baseline(series: &[VerifiedIssue], trust: &Trust) -> usize {
    let pinned = trust.pin.as_ref().map(|pin| pin.number);
    let from = pinned.max(trust.acknowledged).unwrap_or(1);
    let index = series.iter().position(|issue| number(issue) >= from);
    index.unwrap_or(series.len().saturating_sub(1))
}

/// The state, and its finding. `newer` says where an authentic issue after the newest was found.
fn state(
    served: &Served<'_>,
    newest: Option<&VerifiedIssue>,
    newer: Option<&str>,
    now: Timestamp,
    findings: &mut Findings,
) -> State {
    let dated = newest.map(|newest| dates::state(newest, now));
    let state = match (served.reach, dated) {
        (Reach::Obtained, Some(state)) => state,
        (Reach::Obtained, None) => State::Unverified,
        // As far as seen: its own `expires` has passed, and nothing newer could be had.
        (_, Some(State::Lapsed)) if newer.is_none() => State::Lapsed,
        (Reach::Missing, _) => State::Missing,
        (Reach::Unreachable, _) => State::Unreachable,
    };
    if let Some(newer) = newer {
        findings.say_more(&[Code::Missing, Code::Unreachable], newer);
    }
    findings.extend(newest.and_then(|newest| dates::state_finding(newest, state, newer)));
    state
}

/// When what is judged was obtained.
fn observed_at(served: &Served<'_>, evidence: &Evidence, seen: Option<&Seen>) -> Option<Timestamp> {
    match served.reach {
        Reach::Obtained => Some(evidence.obtained_at),
        _ => seen.and_then(|seen| seen.obtained_at),
    }
}

fn number(verified: &VerifiedIssue) -> u64 {
    verified.issue().number
}

fn summary(newest: &VerifiedIssue) -> IssueSummary {
    let issue = newest.issue();
    IssueSummary {
        number: issue.number,
        digest: newest.digest(),
        as_of: issue.as_of,
        next_due: issue.next_due,
        expires: issue.expires,
    }
}
