//! Which facts speak of a layer of a service, and why others do not.

use std::collections::BTreeMap;

use canary_format::issue::{Fact, Issue, Scope, Tense};
use canary_format::time::{Date, Timestamp};
use canary_verifier::judge::VerifiedIssue;
use canary_verifier::report::Code;
use serde::Serialize;

use super::ServiceSummary;
use crate::layer::Layer;
use crate::supplier::{Canary, Speaking, Standing, Supplier};

/// A live fact that speaks of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covering {
    /// Its id.
    pub id: String,
    /// Its words, by language tag.
    pub text: BTreeMap<String, String>,
    /// What span of time it speaks of.
    pub tense: Tense,
    /// The date from which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// The roles in which it is said.
    pub roles: Vec<String>,
    /// The services that it speaks of.
    pub services: Vec<String>,
    /// The entities that it speaks of.
    pub entities: Vec<SpeakingEntity>,
    /// The jurisdictions that it speaks of.
    pub jurisdictions: Vec<String>,
    /// What is outside its scope, in the publisher's words.
    pub excludes: Vec<String>,
    /// When people last affirmed it.
    pub affirmed: Timestamp,
    /// Seconds since.
    pub age: i64,
    /// When people first affirmed it.
    pub first_affirmed: Timestamp,
    /// What the verifier found about it that is worth attention.
    pub findings: Vec<Code>,
}

/// An entity that a fact speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpeakingEntity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its jurisdiction.
    pub jurisdiction: String,
}

/// A fact that speaks of a layer, or did, and does not cover the cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PassedOver {
    /// Its id.
    pub id: String,
    /// Why not.
    pub reason: Reason,
    /// The number of the issue that last spoke so.
    pub issue: u64,
}

/// Why a fact does not cover a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No issue is in force.
    NotInForce,
    /// The series has a finding that voids it.
    Findings,
    /// The newest issue does not affirm it.
    Absent,
    /// It ended as announced.
    Retired,
    /// Its words are others than before.
    Reworded,
    /// Its scope contained the layer before and does not now.
    Narrowed,
    /// It is said in another role.
    Role,
    /// It does not speak of this service.
    Service,
    /// It does not speak of every entity that the stack names.
    Entity,
    /// It does not speak of every jurisdiction that the stack names.
    Jurisdiction,
}

/// The facts that spoke of a layer, each with the newest issue that did: nothing before that issue can
/// matter.
pub(super) fn spoken<'a>(standing: &Standing<'a>, layer: Layer) -> Spoken<'a> {
    let mut spoken = BTreeMap::new();
    for issue in standing.series.iter().map(VerifiedIssue::issue) {
        for fact in &issue.facts {
            if contains(&fact.scope.layers, layer.name()) {
                spoken.insert(fact.id.as_str(), (issue, fact));
            }
        }
    }
    Spoken(spoken)
}

/// Facts by id, and the issue that says each.
pub(super) struct Spoken<'a>(BTreeMap<&'a str, (&'a Issue, &'a Fact)>);

/// The facts that cover a cell, and those that do not, each in the order of ids.
pub(super) fn of(
    supplier: &Supplier<'_>,
    standing: &Standing<'_>,
    service: &ServiceSummary,
    spoken: &Spoken<'_>,
    at: Timestamp,
) -> (Vec<Covering>, Vec<PassedOver>) {
    let Some(newest) = standing.newest() else {
        return (Vec::new(), Vec::new());
    };
    let mut covering = Vec::new();
    let mut passed_over = Vec::new();
    for (id, (issue, fact)) in &spoken.0 {
        let reason = ended(supplier, standing, newest, issue, id, at)
            .or_else(|| outside(supplier, service, &fact.scope));
        match reason {
            Some(reason) => {
                let id = (*id).to_owned();
                passed_over.push(PassedOver { id, reason, issue: issue.number });
            }
            None => covering.push(covering_fact(standing, newest, fact, at)),
        }
    }
    (covering, passed_over)
}

/// Why a fact is not in force; `issue` is the newest that said it of this layer.
fn ended(
    supplier: &Supplier<'_>,
    standing: &Standing<'_>,
    newest: &Issue,
    issue: &Issue,
    id: &str,
    at: Timestamp,
) -> Option<Reason> {
    if newest.fact(id).is_none() {
        let Canary::Native(judgement) = supplier.canary else { return Some(Reason::Absent) };
        let announced = judgement.report.findings.iter().any(|finding| {
            finding.code == Code::FactRetired && finding.fact.as_deref() == Some(id)
        });
        return Some(if announced { Reason::Retired } else { Reason::Absent });
    }
    if issue.number != newest.number {
        return Some(Reason::Narrowed);
    }
    if newest.retires(id).is_some_and(|after| after <= at) {
        return Some(Reason::Retired);
    }
    if standing.has(Code::FactReworded, id) {
        return Some(Reason::Reworded);
    }
    match standing.speaking {
        Speaking::Live | Speaking::Overdue => None,
        Speaking::Findings => Some(Reason::Findings),
        _ => Some(Reason::NotInForce),
    }
}

/// What of the cell lies outside a fact's scope.
fn outside(supplier: &Supplier<'_>, service: &ServiceSummary, scope: &Scope) -> Option<Reason> {
    let entry = supplier.entry;
    let speaks_of = service.id.as_deref().is_some_and(|id| contains(&scope.services, id));
    let every = |list: &[String], names: &[String]| names.iter().all(|name| contains(list, name));
    if !contains(&scope.roles, &entry.role) {
        Some(Reason::Role)
    } else if !service.named || !speaks_of {
        Some(Reason::Service)
    } else if !every(&scope.entities, &entry.entities) {
        Some(Reason::Entity)
    } else if !every(&scope.jurisdictions, &entry.jurisdictions) {
        Some(Reason::Jurisdiction)
    } else {
        None
    }
}

fn contains(list: &[String], name: &str) -> bool {
    list == ["all"] || list.iter().any(|item| item == name)
}

fn covering_fact(standing: &Standing<'_>, newest: &Issue, fact: &Fact, at: Timestamp) -> Covering {
    let first = standing.series.iter().find(|issue| issue.issue().fact(&fact.id).is_some());
    let entities = newest.publisher.entities.iter();
    let entities = entities.filter(|entity| contains(&fact.scope.entities, &entity.id));
    let owned = |(tag, text): (&str, &str)| (tag.to_owned(), text.to_owned());
    Covering {
        id: fact.id.clone(),
        text: fact.text.iter().map(owned).collect(),
        tense: fact.tense,
        since: fact.since,
        roles: fact.scope.roles.clone(),
        services: fact.scope.services.clone(),
        entities: entities
            .map(|entity| SpeakingEntity {
                id: entity.id.clone(),
                name: entity.name.clone(),
                jurisdiction: entity.jurisdiction.clone(),
            })
            .collect(),
        jurisdictions: fact.scope.jurisdictions.clone(),
        excludes: fact.scope.excludes.clone().unwrap_or_default(),
        affirmed: newest.as_of,
        age: at.since(newest.as_of),
        first_affirmed: first.map_or(newest.as_of, |first| first.issue().as_of),
        findings: standing.codes_on(&fact.id),
    }
}
