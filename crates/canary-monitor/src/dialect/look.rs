//! One look at a text of another format: what was published before and what is served now, judged as one
//! series. Pure.

use canary_dialects::dates::Due;
use canary_dialects::dialect::{dialect, recognise};
use canary_dialects::judge::{Context, History, Judged, judge};
use canary_dialects::prose::Tone;
use canary_dialects::reading::{Issue, Kind, Outcome as Check, Published, Reading};
use canary_format::digest::Digest;
use canary_format::time::Timestamp;
use canary_verifier::report::{Code, FactState, FactSummary, Severity, Subject};

use super::kept::{self, Hex, Kept};
use crate::form::Dialect;
use crate::native::stated;
use crate::observe::{Dates, Said, Standing, Stated};
use crate::policy::Policy;

/// At most so many publications of one target are judged together.
const MAX_SERIES: usize = 64;
/// And so many bytes.
const MAX_BYTES: usize = 4 << 20;

/// A publication with its bytes; the signatures are in the order of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) at: i64,
    pub(super) text: Vec<u8>,
    pub(super) beside: Vec<Vec<u8>>,
}

/// Which target, and when.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) url: &'a str,
    pub(super) dialect: &'a Dialect,
    pub(super) policy: &'a Policy,
    pub(super) now: i64,
}

/// What the canary says, and what to keep. `series` holds the bytes of `kept.series`.
pub(super) fn look(
    scene: Scene<'_>,
    mut kept: Kept,
    series: &[Held],
    served: &Held,
) -> (Said, Kept, Vec<FactSummary>) {
    let Scene { url, dialect: form, now, .. } = scene;
    let remembered = kept.kind.as_deref().and_then(Kind::named);
    let kind = match form.kind().or(remembered).map_or_else(|| recognised(scene, served), Ok) {
        Ok(kind) => kind,
        Err(message) => return (unverified(Code::Malformed, message), kept, Vec::new()),
    };
    kept.kind = Some(kind.name().to_owned());
    let mut earlier: Vec<Reading> =
        series.iter().map(|one| read(scene, kind, one, &format!("{url} at {}", one.at))).collect();
    let mut current = read(scene, kind, served, url);
    let again = earlier.last().is_some_and(|last| counts(kind, last) == counts(kind, &current));
    let complete = again && earlier.last().is_some_and(|last| signed(&current) >= signed(last));
    if complete {
        earlier.pop();
        let at = Timestamp::from_unix(series.last().map_or(now, |last| last.at));
        current.issues.iter_mut().for_each(|issue| issue.seen = Some(at));
    }
    let remarks = current.remarks.clone();
    let removable: Vec<usize> = earlier.iter().map(|reading| reading.issues.len()).collect();
    let issues: Vec<Issue> =
        earlier.into_iter().chain([current]).flat_map(|reading| reading.issues).collect();
    let baseline = scene.policy.acknowledged.map_or(1, |number| number.saturating_add(1));
    let context = Context {
        subject: Subject { url: Some(url.to_owned()), ..Subject::default() },
        baseline: usize::try_from(baseline.saturating_sub(kept.forgotten)).unwrap_or(usize::MAX),
        obtained_at: Some(Timestamp::from_unix(now)),
    };
    let history = judge(&issues, &remarks, form.trust(), &context, Timestamp::from_unix(now));
    let is_served = |one: &&Judged| one.issue.source == url && one.authentic;
    let newest_served = history.issues.iter().rfind(is_served).map(|one| one.number);
    let newest = history.issues.iter().rfind(|one| one.authentic).map(|one| one.number);
    if let Some(reason) = unsure(scene, kind, &kept, &history, newest_served, (served, again)) {
        let (checks, after) = (scene.policy.confirm_checks, scene.policy.missing_after);
        if !kept.confirm(digests(served).digests(), now, checks, after) {
            return (unverified(Code::Malformed, reason), kept, Vec::new());
        }
    } else {
        kept.waiting = None;
    }
    let mut said = said(&history, newest_served.is_some(), kept.forgotten);
    match (newest_served, newest) {
        (Some(served), Some(newest)) if served < newest => {
            let message = format!(
                "issue {} was served, which is older than issue {}, seen before",
                served + kept.forgotten,
                newest + kept.forgotten
            );
            let (code, about) = (Code::Rollback, String::new());
            said.findings.push(Stated { code, severity: Severity::Alarm, about, message });
        }
        (Some(_), _) => advance(&mut kept, series, served, complete, &removable),
        (None, _) => {}
    }
    (said, kept, history.report.facts)
}

fn unverified(code: Code, message: String) -> Said {
    let finding = Stated { code, severity: Severity::Alarm, about: String::new(), message };
    Said { standing: Standing::Unverified, findings: vec![finding], ..Said::default() }
}

fn recognised(scene: Scene<'_>, held: &Held) -> Result<Kind, String> {
    with(scene, held, scene.url, |published| {
        recognise(published).map_err(|error| error.to_string())
    })
}

fn read(scene: Scene<'_>, kind: Kind, held: &Held, source: &str) -> Reading {
    with(scene, held, source, |published| dialect(kind).read(published, scene.dialect.trust()))
}

fn with<T>(
    scene: Scene<'_>,
    held: &Held,
    source: &str,
    work: impl FnOnce(&Published<'_>) -> T,
) -> T {
    let names = scene.dialect.signatures().iter().map(String::as_str);
    let beside: Vec<(&str, &[u8])> = names.zip(held.beside.iter().map(Vec::as_slice)).collect();
    let seen = Some(Timestamp::from_unix(held.at));
    work(&Published { source, body: &held.text, beside: &beside, seen })
}

/// What makes a publication another one. Where words are signed, the words; where they are not, the
/// statements and dates, so that a page whose frame differs each time stays the same.
fn counts(kind: Kind, reading: &Reading) -> Vec<(Digest, String)> {
    let of_words = |issue: &Issue| {
        let statements = issue.statements.iter();
        let told = statements.filter(|one| matches!(one.tone, Tone::Fact | Tone::Promise));
        let ids: Vec<&str> = told.map(|one| one.id.as_str()).collect();
        let due: Option<Due> = issue.dates.issued.map(|issued| issue.dates.due(issued, None));
        format!("{ids:?} {:?} {due:?} {:?}", issue.dates.issued, issue.announcement)
    };
    let what = |issue: &Issue| match kind.is_signed() {
        true => (issue.digest, String::new()),
        false => (Digest::of(b""), of_words(issue)),
    };
    reading.issues.iter().map(what).collect()
}

fn signed(reading: &Reading) -> usize {
    let all = reading.issues.iter().flat_map(|issue| &issue.signatures);
    all.filter(|signed| signed.outcome == Check::Good).count()
}

/// Why what is served is looked at again before it is believed: it is not signed, so that an error page
/// or an upload under way would look the same.
fn unsure(
    scene: Scene<'_>,
    kind: Kind,
    kept: &Kept,
    history: &History,
    newest_served: Option<u64>,
    (served, again): (&Held, bool),
) -> Option<String> {
    if kind.is_signed() && newest_served.is_none() {
        let half = kept.series.last().is_some_and(|last| digests(served).is_half_of(last));
        if half {
            return Some("the text and the signature beside it are not of one publication".into());
        }
        let marked = with(scene, served, scene.url, |one| dialect(kind).recognises(one));
        return (!marked).then(|| format!("what was served has no mark of {}", kind.name()));
    }
    if kind.is_signed() || again || kept.series.is_empty() {
        return None;
    }
    let Some(number) = newest_served else {
        return Some("the page no longer states anything".to_owned());
    };
    let absent = history.report.findings.iter().any(|finding| {
        finding.code == Code::FactAbsent && finding.issue.is_none_or(|issue| issue == number)
    });
    absent.then(|| "the page no longer says what it said".to_owned())
}

fn digests(held: &Held) -> kept::Publication {
    kept::Publication {
        at: held.at,
        text: Hex::of(&held.text),
        beside: held.beside.iter().map(|bytes| Hex::of(bytes)).collect(),
    }
}

/// Keeps what was served, and lets go of the oldest where there is too much.
fn advance(kept: &mut Kept, series: &[Held], served: &Held, in_place: bool, removable: &[usize]) {
    let mut new = digests(served);
    let mut sizes: Vec<usize> = series.iter().map(size).collect();
    if in_place {
        new.at = kept.series.pop().map_or(new.at, |last| last.at);
        sizes.pop();
    } else if kept.series.last().is_some_and(|last| last.is(&new)) {
        return;
    }
    kept.series.push(new);
    sizes.push(size(served));
    let mut bytes: usize = sizes.iter().sum();
    let mut gone = 0;
    while kept.series.len() > 1 && (kept.series.len() > MAX_SERIES || bytes > MAX_BYTES) {
        kept.series.remove(0);
        bytes -= sizes[gone];
        kept.forgotten += removable.get(gone).map_or(0, |count| *count as u64);
        gone += 1;
    }
}

fn size(held: &Held) -> usize {
    held.text.len() + held.beside.iter().map(Vec::len).sum::<usize>()
}

/// What holds of a canary from issue to issue: it is one episode, not one for each issue.
fn is_of_the_place(code: Code) -> bool {
    matches!(
        code,
        Code::Unsigned
            | Code::DeadlineUndefined
            | Code::DateUndefined
            | Code::FieldsUnbound
            | Code::SeveralSpans
    )
}

fn said(history: &History, authentic: bool, forgotten: u64) -> Said {
    let report = &history.report;
    let renumbered = report.findings.iter().map(|finding| {
        let mut finding = finding.clone();
        let of_newest = finding.issue == report.issue.as_ref().map(|issue| issue.number);
        finding.issue = match of_newest && is_of_the_place(finding.code) {
            true => None,
            false => finding.issue.map(|number| number + forgotten),
        };
        stated(&finding)
    });
    let affirmed = report.facts.iter().filter(|fact| fact.state == FactState::Affirmed).count();
    Said {
        origin: None,
        standing: if authentic { Standing::Authentic } else { Standing::Unverified },
        issue: report.issue.as_ref().map(|issue| Dates {
            number: issue.number + forgotten,
            digest: issue.digest.to_string(),
            as_of: issue.as_of.unix(),
            next_due: issue.next_due.unix(),
            expires: issue.expires.unix(),
        }),
        heartbeat: None,
        findings: renumbered.collect(),
        facts: u32::try_from(affirmed).unwrap_or(u32::MAX),
        fact_list: None,
    }
}
