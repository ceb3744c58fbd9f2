//! The evidence pack of a transfer impact assessment: what was said, what changed, what is
//! missing, both reports, the raw bytes, and how to check all of it again without any network.

mod changes;
mod document;
mod pack;

use canary_format::digest::Digest;
use canary_format::pin::Pin;
use canary_format::roster::Roster;
use canary_format::time::{Date, Timestamp};
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::{VerifiedIssue, judge};
use canary_verifier::report::{Finding, Gap, LIMITS, Person, Severity, State};
use serde::Serialize;

pub use self::changes::Change;
pub use self::pack::Pack;
use crate::command;
use crate::coverage::{Coverage, CoverageError};
use crate::edpb::{self, Edpb, EdpbError, WatchShown};
use crate::period::Period;
use crate::stack::Entry;
use crate::supplier::{Canary, Standing, Supplier};

/// The value of `report`.
pub const TIA_TYPE: &str = "warrant-canary/tia/v1";

/// What a pack takes for one supplier.
#[derive(Debug, Clone, Copy)]
pub struct Exhibit<'a> {
    /// The supplier, as judged.
    pub supplier: Supplier<'a>,
    /// What was judged: the raw bytes.
    pub evidence: Option<&'a Evidence>,
    /// The watch record's file.
    pub watch_file: Option<&'a [u8]>,
    /// The profile's file.
    pub profile_file: &'a str,
}

/// The evidence (`docs/spec/reports.md` §8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tia {
    /// Always [`TIA_TYPE`].
    pub report: &'static str,
    /// The judging instant.
    pub at: Timestamp,
    /// The customer's name, where the stack says it.
    pub customer: Option<String>,
    /// The suppliers, by id.
    pub suppliers: Vec<SupplierEvidence>,
    /// Coverage at the end of the period.
    pub coverage: Coverage,
    /// The conditions over the period.
    pub edpb: Edpb,
    /// [`LIMITS`].
    pub limits: &'static str,
}

/// What there is about one supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupplierEvidence {
    /// As in the stack.
    pub id: String,
    /// As in the newest issue.
    pub publisher: Option<String>,
    /// The origin of its series.
    pub origin: Option<String>,
    /// Where its canary was obtained.
    pub obtained_from: String,
    /// The pin it was judged by.
    pub pin: Option<String>,
    /// What this is about.
    pub period: Period,
    /// The issues of the period, and the one in force at its start.
    pub issues: Vec<IssueRecord>,
    /// What changed from issue to issue in the period.
    pub changes: Vec<Change>,
    /// Lapses in the period.
    pub gaps: Vec<Gap>,
    /// The rosters of these issues, each from the first that has it.
    pub rosters: Vec<RosterRecord>,
    /// What the watcher recorded, with the times in which nobody looked.
    pub watch: Option<WatchShown>,
    /// What the verifier found.
    pub findings: Vec<Finding>,
    /// How to check the bytes of this pack, and what that must say.
    pub recheck: Option<Recheck>,
}

/// An issue, in short; its bytes are in the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueRecord {
    /// Its number.
    pub number: u64,
    /// The digest of its payload.
    pub digest: Digest,
    /// The instant affirmed for.
    pub as_of: Timestamp,
    /// When the next is due.
    pub next_due: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
    /// The ids of its facts.
    pub facts: Vec<String>,
    /// The persons whose signatures verified.
    pub affirmed_by: Vec<Person>,
}

/// A roster, from the issue on that first has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RosterRecord {
    /// The number of that issue.
    pub from_issue: u64,
    /// The roster.
    pub roster: Roster,
}

/// A command on the bytes of the pack, and what it concludes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recheck {
    /// The command, in the pack's folder.
    pub command: String,
    /// The state that it must report.
    pub state: State,
    /// The severity.
    pub severity: Severity,
    /// Its exit status.
    pub exit: u8,
}

/// Why there is no pack.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TiaError {
    /// No report on the conditions.
    #[error(transparent)]
    Edpb(#[from] EdpbError),
    /// No report on coverage.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
}

impl Tia {
    /// Gathers the evidence over whole days or, where none are named, over the whole series, and the
    /// pack of files that holds it.
    ///
    /// # Errors
    ///
    /// As [`Coverage::of`] and [`Edpb::of`].
    pub fn of(
        customer: Option<&str>,
        exhibits: &[Exhibit<'_>],
        from: Option<Date>,
        to: Option<Date>,
        at: Timestamp,
    ) -> Result<(Self, Pack), TiaError> {
        let mut exhibits = exhibits.to_vec();
        exhibits.sort_unstable_by(|a, b| a.supplier.entry.id.cmp(&b.supplier.entry.id));
        // Inside the pack every command names the pack's own bytes.
        let entries: Vec<Entry> = exhibits.iter().map(|exhibit| packed(exhibit)).collect();
        let suppliers: Vec<Supplier<'_>> = exhibits
            .iter()
            .zip(&entries)
            .map(|(exhibit, entry)| Supplier { entry, ..exhibit.supplier })
            .collect();
        let edpb = Edpb::of(customer, &suppliers, from, to, at)?;
        let end = edpb.suppliers.iter().map(|supplier| supplier.period.to).max().unwrap_or(at);
        let coverage = Coverage::of(customer, &suppliers, end)?;
        let evidence = exhibits
            .iter()
            .zip(&suppliers)
            .zip(&edpb.suppliers)
            .map(|((exhibit, supplier), conditions)| of_supplier(exhibit, supplier, conditions, at))
            .collect();
        let customer = customer.map(str::to_owned);
        let tia = Self {
            report: TIA_TYPE,
            at,
            customer,
            suppliers: evidence,
            coverage,
            edpb,
            limits: LIMITS,
        };
        let pack = pack::of(&tia, &exhibits, &entries, (from, to));
        Ok((tia, pack))
    }
}

/// What the stack says, with the target within the pack.
fn packed(exhibit: &Exhibit<'_>) -> Entry {
    let entry = exhibit.supplier.entry.clone();
    let folder = format!("suppliers/{}", entry.id);
    let name = match (exhibit.supplier.canary, exhibit.evidence.map(|evidence| &evidence.source)) {
        (Canary::Other(_), _) => "other",
        (_, Some(Source::Proof(_))) => "latest.tlog-proof",
        (_, Some(Source::Envelope(_))) => "latest.json",
        _ => "site",
    };
    let watch = exhibit.watch_file.map(|_| format!("{folder}/watch.json"));
    let profile = Some(format!("profiles/{}.toml", exhibit.supplier.profile.id));
    let pin = pin(&entry);
    Entry { target: format!("{folder}/{name}"), pin, watch, profile, ..entry }
}

/// The pin: stated, or the target itself.
fn pin(entry: &Entry) -> Option<String> {
    let target = Pin::parse(&entry.target).ok().map(|pin| pin.to_string());
    entry.pin.clone().or(target)
}

fn of_supplier(
    exhibit: &Exhibit<'_>,
    supplier: &Supplier<'_>,
    conditions: &edpb::SupplierConditions,
    at: Timestamp,
) -> SupplierEvidence {
    let period = conditions.period;
    let standing = Standing::of(supplier, period.to);
    let first = standing.series.partition_point(|issue| issue.issue().as_of < period.from);
    let issues = &standing.series[first.saturating_sub(1)..];
    SupplierEvidence {
        id: supplier.entry.id.clone(),
        publisher: conditions.publisher.clone(),
        origin: conditions.origin.clone(),
        obtained_from: exhibit.supplier.entry.target.clone(),
        pin: supplier.entry.pin.clone(),
        period,
        issues: issues.iter().map(record).collect(),
        changes: changes::of(standing.series, period),
        gaps: conditions.gaps.clone(),
        rosters: rosters(issues),
        watch: conditions.watch.clone(),
        findings: match supplier.canary {
            Canary::Native(judgement) => judgement.report.findings.clone(),
            Canary::Other(_) => Vec::new(),
        },
        recheck: exhibit.evidence.and_then(|evidence| recheck(supplier, evidence, at)),
    }
}

fn record(verified: &VerifiedIssue) -> IssueRecord {
    let issue = verified.issue();
    IssueRecord {
        number: issue.number,
        digest: verified.digest(),
        as_of: issue.as_of,
        next_due: issue.next_due,
        expires: issue.expires,
        facts: issue.facts.iter().map(|fact| fact.id.clone()).collect(),
        affirmed_by: verified.affirmed_by().to_vec(),
    }
}

fn rosters(issues: &[VerifiedIssue]) -> Vec<RosterRecord> {
    let mut rosters: Vec<RosterRecord> = Vec::new();
    for issue in issues.iter().map(VerifiedIssue::issue) {
        if rosters.last().is_none_or(|last| last.roster != issue.roster) {
            rosters.push(RosterRecord { from_issue: issue.number, roster: issue.roster.clone() });
        }
    }
    rosters
}

/// Judges the bytes of the pack as the command will: a folder, the pin, the instant, nothing seen.
fn recheck(supplier: &Supplier<'_>, evidence: &Evidence, at: Timestamp) -> Option<Recheck> {
    if matches!(supplier.canary, Canary::Other(_)) || !has_bytes(&evidence.source) {
        return None;
    }
    let entry = supplier.entry;
    let trust = Trust {
        pin: entry.pin.as_deref().and_then(|pin| Pin::parse(pin).ok()),
        ..Trust::default()
    };
    let offline = Evidence {
        url: Some(entry.target.clone()),
        obtained_at: at,
        source: evidence.source.clone(),
        mirrors: Vec::new(),
    };
    let report = judge(&offline, &trust, None, at).report;
    Some(Recheck {
        command: command::verify(&entry.target, entry.pin.as_deref(), at),
        state: report.state,
        severity: report.severity,
        exit: report.severity.exit_status(),
    })
}

fn has_bytes(source: &Source) -> bool {
    match source {
        Source::Site(Site { checkpoint, leaves }) => {
            matches!((checkpoint, leaves), (Obtained::Got(_), Obtained::Got(_)))
        }
        Source::Proof(bytes) | Source::Envelope(bytes) => matches!(bytes, Obtained::Got(_)),
    }
}
