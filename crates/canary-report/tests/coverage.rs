//! What covers a layer, what removes coverage, and what never matters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::collections::BTreeSet;

use canary_format::issue::{Fact, LAYERS, ROLES};
use canary_format::time::Timestamp;
use canary_report::coverage::{Coverage, CoverageError, Reason, Status};
use canary_report::profile::{Profile, Responsibility, SHIPPED_IDS};
use canary_report::stack::Entry;
use canary_report::supplier::{Canary, Speaking, Supplier};
use canary_verifier::judge::Judgement;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::subsequence;

use fixture::{DAY, Series, at, fact, list};

const FIRST: &str = "2026-03-01T09:00:00Z";

fn start() -> Timestamp {
    at(FIRST)
}

/// Every fact's covered cells, as (service, layer).
fn covered(coverage: &Coverage) -> BTreeSet<(String, String, String)> {
    let cells = coverage.rows.iter().flat_map(|row| row.cells.iter().map(|cell| (row.layer, cell)));
    cells
        .filter(|(_, cell)| !cell.covered_by.is_empty())
        .map(|(layer, cell)| {
            (cell.supplier.clone(), cell.service.clone().unwrap(), layer.name().to_owned())
        })
        .collect()
}

fn coverage_of(judgement: &Judgement, entry: &Entry, at: Timestamp) -> Coverage {
    let profile = Profile::shipped("yd-t-4060-2022").unwrap();
    let canary = Canary::Native(judgement);
    Coverage::of(None, &[Supplier { entry, profile: &profile, canary, watch: None }], at).unwrap()
}

fn layers(coverage: &Coverage) -> Vec<String> {
    covered(coverage).into_iter().map(|(_, _, layer)| layer).collect()
}

fn reason(coverage: &Coverage, id: &str, layer: &str) -> Option<Reason> {
    let row = coverage.rows.iter().find(|row| row.layer.name() == layer).unwrap();
    let passed = row.cells[0].passed_over.iter().find(|passed| passed.id == id);
    passed.map(|passed| passed.reason)
}

fn host(facts: Vec<Fact>) -> Series {
    Series::new("host", 10, &[("compute", "iaas")], start()).facts(facts)
}

#[test]
fn uncovered_provider_layers_come_first_and_the_customer_s_last() {
    let series = host(vec![fact("keys.own", "processor", &["data.storage", "iam"])]).issues(2);
    let now = start().plus(DAY + 60);
    let judgement = series.judged(now);
    let coverage = coverage_of(&judgement, &Entry::new("host", "host.example"), now);
    let order: Vec<_> = coverage.rows.iter().map(|row| (row.status, row.layer.name())).collect();
    assert_eq!(order[0], (Status::Uncovered, "physical"));
    assert_eq!(order[11], (Status::Covered, "data.storage"));
    assert_eq!(order[12], (Status::Covered, "iam"));
    assert_eq!(order[13], (Status::Customer, "data.management"));
    let cell = &coverage.rows[11].cells[0];
    assert_eq!(cell.who, Some(Responsibility::Provider));
    assert_eq!(cell.covered_by[0].age, 60);
    assert_eq!(cell.covered_by[0].first_affirmed, start());
}

#[test]
fn swapping_the_profile_changes_coverage() {
    let series = host(vec![fact("keys.own", "processor", &["data.storage"])]).issue();
    let judgement = series.judged(start());
    let entry = Entry::new("host", "host.example");
    let status = |id: &str| {
        let profile = Profile::shipped(id).unwrap();
        let canary = Canary::Native(&judgement);
        let supplier = Supplier { entry: &entry, profile: &profile, canary, watch: None };
        let coverage = Coverage::of(None, &[supplier], start()).unwrap();
        coverage.rows.iter().find(|row| row.layer.name() == "data.storage").unwrap().status
    };
    assert_eq!(status("yd-t-4060-2022"), Status::Covered);
    assert_eq!(status("azure"), Status::Customer);
}

#[test]
fn coverage_ends_at_the_instant_of_lapse() {
    let series = host(vec![fact("keys.own", "processor", &["os"])]).issue();
    let entry = Entry::new("host", "host.example");
    let speaking = |now: Timestamp| {
        let coverage = coverage_of(&series.judged(now), &entry, now);
        (coverage.suppliers[0].speaking, layers(&coverage).len())
    };
    assert_eq!(speaking(start().plus(DAY)), (Speaking::Live, 1));
    assert_eq!(speaking(start().plus(DAY + 1)), (Speaking::Overdue, 1));
    assert_eq!(speaking(start().plus(2 * DAY)), (Speaking::Overdue, 1));
    assert_eq!(speaking(start().plus(2 * DAY + 1)), (Speaking::Lapsed, 0));
}

#[test]
fn absent_retired_narrowed_and_reworded_facts_cover_nothing() {
    let two = || {
        vec![
            fact("keys.own", "processor", &["os", "iam"]),
            fact("other", "processor", &["network"]),
        ]
    };
    let entry = Entry::new("host", "host.example");
    let now = start().plus(DAY);
    let judged = |series: Series| coverage_of(&series.judged(now), &entry, now);

    let absent = judged(host(two()).issue().facts(vec![two().remove(1)]).issue());
    assert_eq!(layers(&absent), ["network"]);
    assert_eq!(reason(&absent, "keys.own", "os"), Some(Reason::Absent));

    let mut narrower = two();
    narrower[0].scope.layers = list(&["iam"]);
    let narrowed = judged(host(two()).issue().facts(narrower).issue());
    assert_eq!(layers(&narrowed), ["iam", "network"]);
    assert_eq!(reason(&narrowed, "keys.own", "os"), Some(Reason::Narrowed));

    let mut other_words = two();
    other_words[0].text = fixture::localised("Other words.", "别的文字。");
    let reworded = judged(host(two()).issue().facts(other_words).issue());
    assert_eq!(layers(&reworded), ["network"]);
    assert_eq!(reason(&reworded, "keys.own", "iam"), Some(Reason::Reworded));

    // The newest issue affirms it and says that it ends at an instant: from then on it covers nothing.
    let series = host(two()).issue().retiring("keys.own", now.plus(600)).issue();
    let ending = |now: Timestamp| coverage_of(&series.judged(now), &entry, now);
    assert_eq!(layers(&ending(now.plus(599))), ["iam", "network", "os"]);
    assert_eq!(layers(&ending(now.plus(600))), ["network"]);
    assert_eq!(reason(&ending(now.plus(600)), "keys.own", "os"), Some(Reason::Retired));
}

#[test]
fn a_series_that_is_not_whole_covers_nothing_more() {
    let series = host(vec![fact("keys.own", "processor", &["os"])]).issues(2);
    let now = start().plus(DAY);
    let mut evidence = series.evidence(now);
    let canary_verifier::evidence::Source::Site(site) = &mut evidence.source else { panic!() };
    let canary_verifier::evidence::Obtained::Got(leaves) = &mut site.leaves else { panic!() };
    leaves[1] = leaves[1].iter().map(|byte| if *byte == b'A' { b'B' } else { *byte }).collect();
    let trust = canary_verifier::evidence::Trust {
        pin: Some(series.pin()),
        ..canary_verifier::evidence::Trust::default()
    };
    let judgement = canary_verifier::judge::judge(&evidence, &trust, None, now);
    let coverage = coverage_of(&judgement, &Entry::new("host", "host.example"), now);
    assert_eq!(coverage.suppliers[0].speaking, Speaking::Findings);
    assert_eq!(layers(&coverage), Vec::<String>::new());
    assert_eq!(reason(&coverage, "keys.own", "os"), Some(Reason::Findings));
}

#[test]
fn another_format_covers_nothing_and_the_report_says_so() {
    let profile = Profile::shipped("azure").unwrap();
    let mut entry = Entry::new("old", "old.example");
    entry.model = Some("saas".into());
    let supplier = Supplier {
        entry: &entry,
        profile: &profile,
        canary: Canary::Other("OpenPGP"),
        watch: None,
    };
    let coverage = Coverage::of(None, &[supplier], start()).unwrap();
    assert_eq!(coverage.suppliers[0].speaking, Speaking::NoNativeCanary);
    assert_eq!(coverage.suppliers[0].other_format.as_deref(), Some("OpenPGP"));
    assert_eq!(layers(&coverage), Vec::<String>::new());
    assert_eq!(coverage.uncovered().count(), 5);
}

#[test]
fn what_the_stack_asks_for_must_be_there() {
    let series = host(vec![fact("keys.own", "processor", &["os"])]).issue();
    let judgement = series.judged(start());
    let profile = Profile::shipped("azure").unwrap();
    let result = |change: &dyn Fn(&mut Entry)| {
        let mut entry = Entry::new("host", "host.example");
        change(&mut entry);
        let canary = Canary::Native(&judgement);
        Coverage::of(
            None,
            &[Supplier { entry: &entry, profile: &profile, canary, watch: None }],
            start(),
        )
    };
    let unknown = result(&|entry| entry.services = list(&["storage"])).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the stack names a service of host that its canary does not: storage"
    );
    let unknown = result(&|entry| entry.entities = list(&["cn"]));
    assert!(matches!(unknown, Err(CoverageError::UnknownEntity { .. })));
    assert_eq!(layers(&result(&|entry| entry.entities = list(&["eu"])).unwrap()), ["os"]);

    let premises = Series::new("box", 60, &[("appliance", "on-premises")], start()).issue();
    let judgement = premises.judged(start());
    let entry = Entry::new("box", "box.example");
    let profile = Profile::shipped("yd-t-4060-2022").unwrap();
    let canary = Canary::Native(&judgement);
    let none = Coverage::of(
        None,
        &[Supplier { entry: &entry, profile: &profile, canary, watch: None }],
        start(),
    );
    assert!(matches!(none, Err(CoverageError::Profile { .. })));
}

#[test]
fn a_service_that_is_no_longer_named_stays_and_is_uncovered() {
    let mut series = Series::new("host", 10, &[("a", "iaas"), ("b", "saas")], start())
        .facts(vec![fact("keys.own", "processor", &["all"])])
        .issue();
    series.content.publisher.services.pop();
    let series = series.issue();
    let now = start().plus(DAY);
    let mut entry = Entry::new("host", "host.example");
    entry.services = list(&["a", "b"]);
    let coverage = coverage_of(&series.judged(now), &entry, now);
    let services: BTreeSet<_> = covered(&coverage).into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(services, BTreeSet::from(["a".to_owned()]));
    assert!(!coverage.suppliers[0].services[1].named);
}

#[test]
fn scopes_of_entity_and_jurisdiction_are_asked_for() {
    let mut narrow = fact("keys.own", "processor", &["os"]);
    narrow.scope.entities = list(&["eu"]);
    narrow.scope.jurisdictions = list(&["DE"]);
    let series = host(vec![narrow]).issue();
    let judgement = series.judged(start());
    let result = |entities: &[&str], jurisdictions: &[&str]| {
        let mut entry = Entry::new("host", "host.example");
        entry.entities = list(entities);
        entry.jurisdictions = list(jurisdictions);
        reason(&coverage_of(&judgement, &entry, start()), "keys.own", "os")
    };
    assert_eq!(result(&["eu"], &["DE"]), None);
    assert_eq!(result(&["eu", "us"], &[]), Some(Reason::Entity));
    assert_eq!(result(&[], &["DE", "US"]), Some(Reason::Jurisdiction));
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let names = |all: &'static [&'static str]| subsequence(all.to_vec(), 1..=all.len());
    (names(&LAYERS), names(&ROLES), names(&["compute", "store"]), 0..3_u8).prop_map(
        |(layers, roles, services, all)| {
            let mut any = fact("x", "processor", &layers);
            any.scope.roles = list(&roles);
            any.scope.services = list(&services);
            if all == 0 {
                any.scope.layers = list(&["all"]);
            }
            any
        },
    )
}

fn any_facts() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(any_fact(), 1..5).prop_map(|mut facts| {
        for (number, fact) in facts.iter_mut().enumerate() {
            fact.id = format!("fact-{number}");
        }
        facts
    })
}

fn two_services(facts: Vec<Fact>) -> Series {
    Series::new("host", 10, &[("compute", "iaas"), ("store", "saas")], start()).facts(facts)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// A fact less, whether never said or fallen silent, never covers more.
    #[test]
    fn coverage_never_grows_when_a_fact_is_removed(facts in any_facts(), gone in 0..4_usize) {
        let mut fewer = facts.clone();
        fewer.remove(gone % facts.len());
        let now = start().plus(DAY);
        let entry = Entry::new("host", "host.example");
        let covered_by = |series: Series| {
            let issued = series.issue();
            covered(&coverage_of(&issued.judged(now), &entry, now))
        };
        let before = covered_by(two_services(facts.clone()).issue());
        let silent = covered_by(two_services(facts).issue().facts(fewer.clone()));
        let never = covered_by(two_services(fewer.clone()).issue());
        prop_assert!(silent.is_subset(&before));
        prop_assert_eq!(silent, never);
    }

    /// R25: what is said in another role alone never covers.
    #[test]
    fn a_fact_in_another_role_never_covers(facts in any_facts(), held in 0..4_usize) {
        let series = two_services(facts.clone()).issue();
        let mut entry = Entry::new("host", "host.example");
        entry.role = ROLES[held].to_owned();
        let coverage = coverage_of(&series.judged(start()), &entry, start());
        for row in &coverage.rows {
            for covering in row.cells.iter().flat_map(|cell| &cell.covered_by) {
                let said = facts.iter().find(|fact| fact.id == covering.id).unwrap();
                prop_assert!(said.scope.roles.contains(&entry.role));
            }
        }
        let controller: Vec<Fact> = facts.into_iter().map(|mut fact| {
            fact.scope.roles = list(&["controller"]);
            fact
        }).collect();
        let series = two_services(controller).issue();
        entry.role = "processor".to_owned();
        let coverage = coverage_of(&series.judged(start()), &entry, start());
        prop_assert!(covered(&coverage).is_empty());
    }

    /// Time alone never covers more.
    #[test]
    fn coverage_never_grows_with_time(facts in any_facts(), wait in 0..4 * DAY) {
        let series = two_services(facts).issue();
        let entry = Entry::new("host", "host.example");
        let covered_at = |now: Timestamp| covered(&coverage_of(&series.judged(now), &entry, now));
        prop_assert!(covered_at(start().plus(wait)).is_subset(&covered_at(start())));
    }

    /// The order in which suppliers are named changes nothing.
    #[test]
    fn the_order_of_suppliers_changes_nothing(facts in any_facts()) {
        let host = two_services(facts.clone()).issue().judged(start());
        let notes = Series::new("notes", 60, &[("notes", "saas")], start())
            .facts(facts.into_iter().map(|mut fact| {
                fact.scope.services = list(&["all"]);
                fact
            }).collect())
            .issue()
            .judged(start());
        let entries = [Entry::new("host", "h.example"), Entry::new("notes", "n.example")];
        let profile = Profile::shipped("azure").unwrap();
        let supplier = |entry, judgement| {
            Supplier { entry, profile: &profile, canary: Canary::Native(judgement), watch: None }
        };
        let (a, b) = (supplier(&entries[0], &host), supplier(&entries[1], &notes));
        let json = |suppliers: &[Supplier<'_>]| {
            serde_json::to_string(&Coverage::of(None, suppliers, start()).unwrap()).unwrap()
        };
        prop_assert_eq!(json(&[a, b]), json(&[b, a]));
    }

    /// A provider answers for at least as much from IaaS to PaaS to SaaS, so what is uncovered of the
    /// same facts never becomes the customer's own.
    #[test]
    fn a_provider_s_part_never_shrinks(facts in any_facts(), place in 0..3_usize) {
        let profile = Profile::shipped(SHIPPED_IDS[place]).unwrap();
        let facts: Vec<Fact> = facts.into_iter().map(|mut fact| {
            fact.scope.services = list(&["all"]);
            fact
        }).collect();
        let series = Series::new(
            "host", 10, &[("a", "iaas"), ("b", "paas"), ("c", "saas")], start(),
        ).facts(facts).issue();
        let judgement = series.judged(start());
        let entry = Entry::new("host", "host.example");
        let canary = Canary::Native(&judgement);
        let supplier = Supplier { entry: &entry, profile: &profile, canary, watch: None };
        let coverage = Coverage::of(None, &[supplier], start()).unwrap();
        for row in &coverage.rows {
            for pair in row.cells.windows(2) {
                prop_assert!(pair[0].who <= pair[1].who);
                prop_assert!(pair[1].status != Status::Customer || pair[0].status == Status::Customer);
            }
        }
    }
}
