//! The conditions, at their edges.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use canary_format::time::{Date, Timestamp};
use canary_report::edpb::{ConditionId, Edpb, EdpbError, Verdict};
use canary_report::period::PeriodError;
use canary_report::profile::Profile;
use canary_report::stack::{Declaration, Entry};
use canary_report::supplier::{Canary, Supplier};
use canary_report::watch::{WATCH_TYPE, WatchGap, WatchRecord};
use canary_verifier::judge::Judgement;

use fixture::{DAY, Series, at, fact};

fn start() -> Timestamp {
    at("2026-03-01T09:00:00Z")
}

fn notes() -> Series {
    Series::new("notes", 10, &[("notes", "saas")], start()).facts(vec![fact(
        "keys.own",
        "processor",
        &["iam"],
    )])
}

fn report(
    judgement: &Judgement,
    entry: &Entry,
    watch: Option<&WatchRecord>,
    days: (Option<Date>, Option<Date>),
) -> Result<Edpb, EdpbError> {
    let profile = Profile::shipped("azure").unwrap();
    let canary = Canary::Native(judgement);
    let supplier = Supplier { entry, profile: &profile, canary, watch };
    Edpb::of(None, &[supplier], days.0, days.1, judgement.report.at)
}

fn verdict(edpb: &Edpb, id: ConditionId) -> Verdict {
    edpb.suppliers[0].conditions.iter().find(|condition| condition.id == id).unwrap().verdict
}

fn entry() -> Entry {
    Entry::new("notes", "notes.example")
}

fn judged(series: &Series, now: Timestamp, id: ConditionId) -> Verdict {
    verdict(&report(&series.judged(now), &entry(), None, (None, None)).unwrap(), id)
}

#[test]
fn cadence_is_held_to_24_hours_to_the_second() {
    let daily = notes().issues(5);
    let last = start().plus(4 * DAY);
    assert_eq!(judged(&daily, last.plus(DAY), ConditionId::Cadence), Verdict::Pass);
    assert_eq!(judged(&daily, last.plus(DAY + 1), ConditionId::Cadence), Verdict::Fail);
    let late = notes().issue().then_after(DAY + 1).issue();
    assert_eq!(judged(&late, start().plus(DAY + 1), ConditionId::Cadence), Verdict::Fail);
    let one = notes().issue();
    assert_eq!(judged(&one, start().plus(60), ConditionId::Cadence), Verdict::NotEvidenced);
}

#[test]
fn a_fresh_heartbeat_is_no_affirmation() {
    let series = notes().issues(2);
    let now = start().plus(DAY + DAY + 60);
    let edpb = report(&series.judged(now), &entry(), None, (None, None)).unwrap();
    let supplier = &edpb.suppliers[0];
    assert_eq!(supplier.heartbeat.as_ref().unwrap().newest, Some(now));
    assert_eq!(verdict(&edpb, ConditionId::Cadence), Verdict::Fail);
    assert_eq!(supplier.cadence.as_ref().unwrap().seconds_beyond, 60);
}

#[test]
fn a_gap_or_a_lapse_fails_the_message() {
    let whole = notes().issues(3);
    let now = start().plus(2 * DAY);
    assert_eq!(judged(&whole, now, ConditionId::SignedMessage), Verdict::Pass);
    assert_eq!(judged(&whole, now.plus(3 * DAY), ConditionId::SignedMessage), Verdict::Fail);
    let resumed = notes().issue().then_after(5 * DAY).issue();
    let now = start().plus(5 * DAY);
    let edpb = report(&resumed.judged(now), &entry(), None, (None, None)).unwrap();
    assert_eq!(verdict(&edpb, ConditionId::SignedMessage), Verdict::Fail);
    assert_eq!(edpb.suppliers[0].gaps.len(), 1);
    // After the gap, a period without it holds.
    let later = (Date::parse("2026-03-06"), None);
    let edpb = report(&resumed.judged(now.plus(DAY)), &entry(), None, later).unwrap();
    assert_eq!(edpb.suppliers[0].gaps.len(), 1, "the gap reaches into the first day");
    let later = (Date::parse("2026-03-07"), None);
    let edpb = report(&resumed.judged(now.plus(DAY)), &entry(), None, later).unwrap();
    assert_eq!(verdict(&edpb, ConditionId::SignedMessage), Verdict::Pass);
}

#[test]
fn persons_and_jurisdictions_are_those_that_signed() {
    let now = start().plus(DAY);
    let two = notes().issues(2);
    assert_eq!(judged(&two, now, ConditionId::SeveralSignatures), Verdict::Pass);
    let mut one = notes();
    one.content.roster.threshold = 1;
    one.content.roster.min_jurisdictions = None;
    one.signers = vec![0];
    assert_eq!(judged(&one.clone().issues(2), now, ConditionId::SeveralSignatures), Verdict::Fail);

    let country = |series: &Series, code: Option<&str>| {
        let mut entry = entry();
        entry.third_country = code.map(str::to_owned);
        let edpb = report(&series.judged(now), &entry, None, (None, None)).unwrap();
        verdict(&edpb, ConditionId::SignerOutside)
    };
    assert_eq!(country(&two, None), Verdict::NotEvidenced);
    assert_eq!(country(&two, Some("US")), Verdict::Pass);
    assert_eq!(country(&two, Some("DE")), Verdict::Pass);
    assert_eq!(country(&one.issues(2), Some("DE")), Verdict::Fail);
}

#[test]
fn custody_and_legality_are_never_above_declared() {
    let control = fact("integrity.control", "processor", &["all"]);
    let series = notes().facts(vec![control]).issues(2);
    let now = start().plus(DAY);
    let mut entry = entry();
    let said = Declaration { by: "Counsel".into(), place: "memo 3".into(), text: "Yes.".into() };
    for declared in [None, Some(said)] {
        entry.custody.clone_from(&declared);
        entry.legality.clone_from(&declared);
        let edpb = report(&series.judged(now), &entry, None, (None, None)).unwrap();
        let expected = if declared.is_some() { Verdict::Declared } else { Verdict::NotEvidenced };
        assert_eq!(verdict(&edpb, ConditionId::Legality), expected);
        assert_eq!(verdict(&edpb, ConditionId::KeyCustody), Verdict::Declared);
    }
    // A lapsed affirmation declares nothing.
    entry.custody = None;
    let late = series.judged(now.plus(3 * DAY));
    let edpb = report(&late, &entry, None, (None, None)).unwrap();
    assert_eq!(verdict(&edpb, ConditionId::KeyCustody), Verdict::NotEvidenced);
}

#[test]
fn monitoring_is_judged_by_the_watcher_s_record() {
    let series = notes().issues(5);
    let now = start().plus(4 * DAY);
    let record = |from: Timestamp, gaps: Vec<WatchGap>| WatchRecord {
        record: WATCH_TYPE.into(),
        watcher: "monitor.example".into(),
        origin: Some("notes.example/.well-known/canary".into()),
        url: "https://notes.example/.well-known/canary/".into(),
        from,
        to: now,
        interval: 3_600,
        looks: Some(96),
        gaps,
    };
    let judged = |record: Option<&WatchRecord>| {
        let edpb = report(&series.judged(now), &entry(), record, (None, None)).unwrap();
        (verdict(&edpb, ConditionId::Monitoring), edpb.suppliers[0].watch.clone())
    };
    let gap = |seconds| WatchGap { from: start().plus(DAY), to: start().plus(DAY + seconds) };
    assert_eq!(judged(None).0, Verdict::NotEvidenced);
    assert_eq!(judged(Some(&record(start(), vec![]))).0, Verdict::Pass);
    let (verdict, shown) = judged(Some(&record(start(), vec![gap(DAY)])));
    assert_eq!((verdict, shown.unwrap().gaps.len()), (Verdict::Pass, 1));
    assert_eq!(judged(Some(&record(start(), vec![gap(DAY + 1)]))).0, Verdict::Fail);
    assert_eq!(judged(Some(&record(start().plus(2 * DAY), vec![]))).0, Verdict::NotEvidenced);
    let other = WatchRecord { origin: Some("other.example/c".into()), ..record(start(), vec![]) };
    let error = report(&series.judged(now), &entry(), Some(&other), (None, None)).unwrap_err();
    assert!(matches!(error, EdpbError::OtherSeries { .. }));
}

#[test]
fn a_period_before_the_first_issue_is_refused() {
    let series = notes().issues(3);
    let judgement = series.judged(start().plus(2 * DAY));
    let days = |from: &str, to: &str| (Date::parse(from), Date::parse(to));
    let error = report(&judgement, &entry(), None, days("2026-01-01", "2026-02-28")).unwrap_err();
    let EdpbError::Period { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, PeriodError::BeforeFirstIssue { .. }));
    // Time before the first issue within a period counts as silence.
    let edpb = report(&judgement, &entry(), None, days("2026-02-01", "2026-03-02")).unwrap();
    assert_eq!(verdict(&edpb, ConditionId::Cadence), Verdict::Fail);
    let beyond = edpb.suppliers[0].cadence.as_ref().unwrap().seconds_beyond;
    assert_eq!(beyond, start().since(at("2026-02-01T00:00:00Z")));
}

#[test]
fn the_end_of_the_period_is_judged_as_it_stood() {
    let series = notes().issues(10);
    let judgement = series.judged(start().plus(9 * DAY));
    let days = (Date::parse("2026-03-02"), Date::parse("2026-03-05"));
    let edpb = report(&judgement, &entry(), None, days).unwrap();
    assert_eq!(edpb.suppliers[0].cadence.as_ref().unwrap().affirmed.len(), 4);
    for id in [ConditionId::SignedMessage, ConditionId::Cadence, ConditionId::SeveralSignatures] {
        assert_eq!(verdict(&edpb, id), Verdict::Pass, "{id:?}");
    }
}

#[test]
fn another_format_evidences_nothing() {
    let profile = Profile::shipped("azure").unwrap();
    let entry = entry();
    let canary = Canary::Other("OpenPGP");
    let supplier = Supplier { entry: &entry, profile: &profile, canary, watch: None };
    let edpb = Edpb::of(None, &[supplier], None, None, start()).unwrap();
    for condition in &edpb.suppliers[0].conditions {
        assert_eq!(condition.verdict, Verdict::NotEvidenced, "{:?}", condition.id);
    }
}
