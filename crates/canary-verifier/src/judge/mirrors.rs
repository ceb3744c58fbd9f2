//! The same series elsewhere: mirrors that the user named (`verdicts.md` §3).

use canary_format::checkpoint::Checkpoint;
use canary_format::issue::Issue;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;

use super::contradiction::Side;
use super::findings::Findings;
use super::log::{self, Signed};
use super::obtained::Served;
use super::series::{self, Leaves, VerifiedIssue};
use super::{DAY, HOUR};
use crate::evidence::Mirror;
use crate::report::{Code, Finding, Severity};

/// Two authentic payloads under one number: both envelopes, kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The number that both carry.
    pub number: u64,
    /// The envelope of the series judged.
    pub ours: Vec<u8>,
    /// The other envelope.
    pub theirs: Vec<u8>,
    /// Where the other was obtained; `None` where it was seen before.
    pub url: Option<String>,
}

/// Whether the series judged is what a site serves now, so that a mirror can be ahead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    /// It is.
    Served,
    /// A file, which is of its time, or what was seen before.
    OfBefore,
}

/// What the mirrors show.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What was found at each that differs.
    pub(super) differing: Vec<(Vec<Fork>, Side)>,
    /// Which has an authentic issue after the newest of ours, in words.
    pub(super) newer: Option<String>,
}

/// Compares every mirror with the series judged.
pub(super) fn judge(
    mirrors: &[Mirror],
    pin: Option<&Pin>,
    (ours, as_of): (&[VerifiedIssue], Ours),
    now: Timestamp,
    findings: &mut Findings,
) -> Compared {
    let mut compared = Compared::default();
    for mirror in mirrors {
        let mut theirs = Findings::default();
        let (series, checkpoint) = authentic(mirror, pin, ours, &mut theirs);
        let worst = theirs.in_order().into_iter().next();
        if let Some(worst) = &worst {
            let message = format!("the mirror is not used: {}", worst.message);
            findings.push(
                Finding::new(Code::MirrorFailed, Severity::Attention, message).url(&mirror.url),
            );
        }
        let mut differences = Findings::default();
        let forks = compare(ours, &series, Some(&mirror.url), &mut differences);
        // Two payloads that people signed are a fork whatever else is wrong there. Another envelope over one
        // payload can be made by anyone: it counts where the log's key put its name to it.
        if worst.is_some() {
            differences.keep_only(Code::Fork);
        }
        if let (None, Some(checkpoint)) = (&worst, &checkpoint)
            && differences.is_empty()
            && let Some(newest) = newer(ours, &series)
        {
            let words = format!(
                "the mirror {} has issue {} as of {}",
                mirror.url, newest.number, newest.as_of
            );
            compared.newer.get_or_insert(words);
            if as_of == Ours::Served {
                let ahead = ahead(ours, &series, checkpoint, now);
                findings.extend(ahead.map(|finding| finding.url(&mirror.url)));
            }
        }
        findings.extend(differences.in_order());
        if worst.is_some() && forks.is_empty() {
            continue;
        }
        let differs = |other: &VerifiedIssue| {
            let number = other.issue().number;
            let issue = ours.iter().find(|issue| issue.issue().number == number);
            issue.is_some_and(|issue| issue.envelope().bytes() != other.envelope().bytes())
        };
        if series.iter().any(differs) {
            compared.differing.push((forks, Side::of(&series, checkpoint.as_ref())));
        }
    }
    compared
}

/// A mirror's newest issue, where it comes after ours.
fn newer<'s>(ours: &[VerifiedIssue], theirs: &'s [VerifiedIssue]) -> Option<&'s Issue> {
    let newest = theirs.last()?.issue();
    (newest.number > ours.last()?.issue().number).then_some(newest)
}

/// What is to be said of a mirror whose log begins with ours and goes on. That ours is an older copy is
/// certain once the longer one has been there for an hour; its newer issues may have been dated a while
/// before they were published.
fn ahead(
    ours: &[VerifiedIssue],
    theirs: &[VerifiedIssue],
    checkpoint: &Checkpoint,
    now: Timestamp,
) -> Option<Finding> {
    let (here, newest) = (ours.last()?.issue(), theirs.last()?.issue());
    let first = theirs.iter().find(|other| other.issue().number > here.number)?.issue();
    let shown = log::heartbeats(checkpoint, newest).into_iter().min();
    let is_old = now.since(first.as_of) > DAY || shown.is_some_and(|at| now.since(at) > HOUR);
    let message = format!(
        "issue {} is the newest here, and the mirror has issue {} as of {}",
        here.number, newest.number, newest.as_of
    );
    let finding = match is_old {
        true => Finding::new(Code::Rollback, Severity::Alarm, message),
        false => Finding::new(Code::MirrorFailed, Severity::Attention, message),
    };
    Some(finding.issue(here.number))
}

/// Compares two authentic series: two payloads under one number are a fork, two envelopes of one
/// payload are two logs that cannot both be the publisher's.
pub(super) fn compare(
    ours: &[VerifiedIssue],
    theirs: &[VerifiedIssue],
    url: Option<&str>,
    findings: &mut Findings,
) -> Vec<Fork> {
    let mut forks = Vec::new();
    for other in theirs {
        let number = other.issue().number;
        let Some(issue) = ours.iter().find(|issue| issue.issue().number == number) else {
            continue;
        };
        let place = url.map_or("seen before".to_owned(), |url| format!("at {url}"));
        let finding = if issue.digest() != other.digest() {
            forks.push(Fork {
                number,
                ours: issue.envelope().bytes().to_vec(),
                theirs: other.envelope().bytes().to_vec(),
                url: url.map(str::to_owned),
            });
            let message =
                format!("issue {number} is {} here and {} {place}", issue.digest(), other.digest());
            Finding::new(Code::Fork, Severity::Alarm, message)
        } else if issue.envelope().bytes() != other.envelope().bytes() {
            let message = format!("issue {number} has another envelope {place}");
            Finding::new(Code::LogInconsistent, Severity::Alarm, message)
        } else {
            continue;
        };
        let finding = finding.issue(number);
        findings.push(if let Some(url) = url { finding.url(url) } else { finding });
    }
    forks
}

/// Whether these are our own first leaves, and no more.
fn is_behind(leaves: Leaves<'_>, ours: &[VerifiedIssue]) -> bool {
    if ours.is_empty() {
        return false;
    }
    let ours = ours.iter().map(|issue| (issue.issue().number, issue.envelope().bytes()));
    (1..).zip(leaves.bytes.iter().map(Vec::as_slice)).zip(ours).all(|(theirs, ours)| theirs == ours)
}

/// The mirror's series, or findings that say why it has none.
fn authentic(
    mirror: &Mirror,
    pin: Option<&Pin>,
    ours: &[VerifiedIssue],
    findings: &mut Findings,
) -> (Vec<VerifiedIssue>, Option<Checkpoint>) {
    let served = Served::site(&mirror.site, findings);
    let (Some(checkpoint), Some(leaves)) = (&served.checkpoint, served.leaves()) else {
        return (Vec::new(), None);
    };
    if let Some(pin) = pin.filter(|pin| pin.number > leaves.last()) {
        if is_behind(leaves, ours) {
            return (Vec::new(), None);
        }
        let message = format!("its log ends before the pinned issue {}", pin.number);
        findings.add(Code::Rollback, Severity::Alarm, message);
        return (Vec::new(), None);
    }
    let series = series::verify(leaves, pin, findings);
    if let (Some(newest), Some(here)) = (series.last(), ours.last())
        && newest.issue().origin != here.issue().origin
    {
        let (origin, here) = (&newest.issue().origin, &here.issue().origin);
        let message = format!("it is the series {origin}, not {here}");
        findings.add(Code::ChainBroken, Severity::Alarm, message);
        return (Vec::new(), None);
    }
    if let Some(newest) = series.last() {
        let _: Signed = log::signature(checkpoint, newest.issue(), findings);
    }
    (series, served.checkpoint.clone())
}
