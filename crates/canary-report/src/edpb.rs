//! The warrant-canary conditions of EDPB Recommendations 01/2020.
//!
//! Version 2.0 of the Recommendations, Annex 2, names a regularly published, cryptographically signed
//! message among the contractual measures, and what it depends on. Each condition is PASS, FAIL,
//! DECLARED or NOT EVIDENCED, with what that rests on and how to check again. Cadence is judged by what
//! people affirmed: a heartbeat is shown apart and never counts. Custody of keys and permission by law
//! cannot be seen from outside: they are never more than DECLARED.

mod cadence;
mod conditions;
mod document;

use canary_format::time::{Date, Timestamp};
use canary_verifier::report::{Gap, LIMITS};
use serde::Serialize;

pub use self::cadence::{Cadence, Interval, LIMIT};
use crate::period::{Period, PeriodError};
use crate::supplier::{Canary, Speaking, Standing, Supplier};
use crate::watch::WatchGap;
use crate::words::Bilingual;

/// The value of `report`.
pub const EDPB_TYPE: &str = "warrant-canary/edpb/v1";

/// What the conditions are taken from.
pub const EDPB_SOURCE: &str = "EDPB Recommendations 01/2020 on measures that supplement transfer tools, version 2.0 of 18 June 2021, Annex 2, contractual measures: the warrant canary";

/// The conditions, supplier by supplier (`docs/spec/reports.md` §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edpb {
    /// Always [`EDPB_TYPE`].
    pub report: &'static str,
    /// The judging instant.
    pub at: Timestamp,
    /// The customer's name, where the stack says it.
    pub customer: Option<String>,
    /// Always [`EDPB_SOURCE`].
    pub source: &'static str,
    /// The suppliers, by id.
    pub suppliers: Vec<SupplierConditions>,
    /// [`LIMITS`].
    pub limits: &'static str,
}

/// The conditions for one supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupplierConditions {
    /// As in the stack.
    pub id: String,
    /// As in the newest issue.
    pub publisher: Option<String>,
    /// The origin of its series.
    pub origin: Option<String>,
    /// How its canary stands at the end of the period.
    pub speaking: Speaking,
    /// What the conditions are judged over.
    pub period: Period,
    /// The third country that data goes to, as the stack says.
    pub third_country: Option<String>,
    /// In the order of [`ConditionId`].
    pub conditions: Vec<Condition>,
    /// What people affirmed, and when; absent without an authentic issue.
    pub cadence: Option<Cadence>,
    /// Lapses within the period.
    pub gaps: Vec<Gap>,
    /// The machine's heartbeat: it affirms no fact and counts for nothing here.
    pub heartbeat: Option<HeartbeatShown>,
    /// What the watcher recorded.
    pub watch: Option<WatchShown>,
}

/// The heartbeat, shown apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeartbeatShown {
    /// The greatest age that the newest issue allows, in seconds.
    pub max_age: i64,
    /// The newest that verified.
    pub newest: Option<Timestamp>,
}

/// The watcher's own record, as far as it lies in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchShown {
    /// The watcher's own name.
    pub watcher: String,
    /// The first look.
    pub from: Timestamp,
    /// The last look.
    pub to: Timestamp,
    /// Seconds between looks, as planned.
    pub interval: u64,
    /// How many looks got an answer, where the watcher says it.
    pub looks: Option<u64>,
    /// Times in the period in which nobody looked.
    pub gaps: Vec<WatchGap>,
}

/// Which condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionId {
    /// A regular, cryptographically signed message with the instant it holds for.
    SignedMessage,
    /// At least every 24 hours.
    Cadence,
    /// The exporter monitors it automatically.
    Monitoring,
    /// The signing keys are kept by their signers.
    KeyCustody,
    /// Several signatures by different persons are required.
    SeveralSignatures,
    /// A person outside the third country signs.
    SignerOutside,
    /// The third country's law permits it.
    Legality,
}

/// How a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Verdict {
    /// What was verified shows it.
    #[serde(rename = "PASS")]
    Pass,
    /// What was verified shows that it does not hold.
    #[serde(rename = "FAIL")]
    Fail,
    /// Somebody says so; it cannot be verified.
    #[serde(rename = "DECLARED")]
    Declared,
    /// There is nothing to go by.
    #[serde(rename = "NOT EVIDENCED")]
    NotEvidenced,
}

impl Verdict {
    /// The word of the report; the same in every language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Declared => "DECLARED",
            Self::NotEvidenced => "NOT EVIDENCED",
        }
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Which.
    pub id: ConditionId,
    /// What it asks, in both languages.
    pub asks: Bilingual,
    /// How it stands.
    pub verdict: Verdict,
    /// What that rests on, in both languages.
    pub evidence: Vec<Bilingual>,
    /// A command with which to check again.
    pub recheck: Option<String>,
}

/// Why there is no report on the conditions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EdpbError {
    /// The period cannot be used.
    #[error("no report on {supplier} for this period")]
    Period {
        /// The supplier.
        supplier: String,
        /// Why.
        #[source]
        source: PeriodError,
    },
    /// The watch record is about another series.
    #[error("the watch record of {supplier} is about another series: {origin}")]
    OtherSeries {
        /// The supplier.
        supplier: String,
        /// The record's origin.
        origin: String,
    },
}

impl Edpb {
    /// Holds each supplier's series against the conditions, over whole days or, where none are named,
    /// from its first issue to `at`.
    ///
    /// # Errors
    ///
    /// The period is not one, or ends before a supplier's first issue; a watch record is about
    /// another series.
    pub fn of(
        customer: Option<&str>,
        suppliers: &[Supplier<'_>],
        from: Option<Date>,
        to: Option<Date>,
        at: Timestamp,
    ) -> Result<Self, EdpbError> {
        let mut in_order: Vec<&Supplier<'_>> = suppliers.iter().collect();
        in_order.sort_unstable_by(|a, b| a.entry.id.cmp(&b.entry.id));
        let suppliers = in_order
            .into_iter()
            .map(|supplier| {
                let period = period(supplier, from, to, at).map_err(|source| {
                    EdpbError::Period { supplier: supplier.entry.id.clone(), source }
                })?;
                of_supplier(supplier, period, at)
            })
            .collect::<Result<_, _>>()?;
        let customer = customer.map(str::to_owned);
        Ok(Self { report: EDPB_TYPE, at, customer, source: EDPB_SOURCE, suppliers, limits: LIMITS })
    }
}

/// The period for one supplier; it must not end before its first issue.
pub(crate) fn period(
    supplier: &Supplier<'_>,
    from: Option<Date>,
    to: Option<Date>,
    at: Timestamp,
) -> Result<Period, PeriodError> {
    let first = match supplier.canary {
        Canary::Native(judgement) => judgement.series.first().map(|first| first.issue().as_of),
        Canary::Other(_) => None,
    };
    let period = Period::of_days(from, to, first.unwrap_or(at), at)?;
    match first {
        Some(first) if period.to < first => {
            Err(PeriodError::BeforeFirstIssue { to: period.to, first })
        }
        _ => Ok(period),
    }
}

fn of_supplier(
    supplier: &Supplier<'_>,
    period: Period,
    at: Timestamp,
) -> Result<SupplierConditions, EdpbError> {
    let standing = Standing::of(supplier, period.to);
    let origin = standing.newest().map(|newest| newest.origin.clone());
    let watched = supplier.watch.and_then(|watch| watch.origin.as_ref());
    if let (Some(watched), Some(origin)) = (watched, &origin)
        && watched != origin
    {
        let supplier = supplier.entry.id.clone();
        return Err(EdpbError::OtherSeries { supplier, origin: watched.clone() });
    }
    let gaps = gaps(supplier, period);
    let cadence = Cadence::of(standing.series, period);
    let watch = supplier.watch.map(|watch| WatchShown {
        watcher: watch.watcher.clone(),
        from: watch.from,
        to: watch.to,
        interval: watch.interval,
        looks: watch.looks,
        gaps: watch
            .gaps
            .iter()
            .filter_map(|gap| period.clip(gap.from, gap.to))
            .map(|(from, to)| WatchGap { from, to })
            .collect(),
    });
    let seen = conditions::Seen {
        supplier,
        standing: &standing,
        period,
        at,
        cadence: cadence.as_ref(),
        gaps: &gaps,
        watch: watch.as_ref(),
    };
    let conditions = conditions::all(&seen);
    Ok(SupplierConditions {
        id: supplier.entry.id.clone(),
        publisher: standing.newest().map(|newest| newest.publisher.name.clone()),
        origin,
        speaking: standing.speaking,
        period,
        third_country: supplier.entry.third_country.clone(),
        conditions,
        cadence,
        gaps,
        heartbeat: heartbeat(supplier, &standing),
        watch,
    })
}

/// Lapses that lie in the period, the one that is not over included.
pub(crate) fn gaps(supplier: &Supplier<'_>, period: Period) -> Vec<Gap> {
    let Canary::Native(judgement) = supplier.canary else { return Vec::new() };
    let mut gaps = judgement.report.gaps.clone();
    if let Some(newest) = judgement.series.last().map(|newest| newest.issue()) {
        let to = judgement.report.at;
        if to > newest.expires {
            gaps.push(Gap { from: newest.expires, to, after_issue: newest.number });
        }
    }
    let clip = |gap: Gap| {
        let (from, to) = period.clip(gap.from, gap.to)?;
        Some(Gap { from, to, ..gap })
    };
    gaps.into_iter().filter_map(clip).collect()
}

fn heartbeat(supplier: &Supplier<'_>, standing: &Standing<'_>) -> Option<HeartbeatShown> {
    let Canary::Native(judgement) = supplier.canary else { return None };
    let declared = standing.newest()?.log.heartbeat.as_ref()?;
    let newest = judgement.report.log.as_ref().and_then(|log| log.heartbeat_at);
    Some(HeartbeatShown { max_age: declared.max_age, newest })
}
