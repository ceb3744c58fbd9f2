//! Coverage: layers × suppliers, who is responsible, and which live facts speak of each.
//!
//! A fact covers a layer of a service where all of this holds at the instant: its issue is in force
//! and nothing voids the series; the newest issue affirms it, in the words compared with, and has not
//! let it end; its scope contains the layer, the service, the role in which the supplier holds the
//! data, and every entity and jurisdiction that the stack names. Nothing else ever covers anything.

pub(crate) mod document;
mod facts;

use canary_format::time::Timestamp;
use canary_verifier::report::{Code, Finding, IssueSummary, LIMITS, Person, Severity};
use serde::Serialize;

pub use self::facts::{Covering, PassedOver, Reason, SpeakingEntity};
use crate::layer::{Layer, Model, UnknownWord};
use crate::profile::{Basis, Profile, ProfileError, ProfileSource, Responsibility};
use crate::supplier::{Canary, Speaking, Standing, Supplier};

/// The value of `report`.
pub const COVERAGE_TYPE: &str = "warrant-canary/coverage/v1";

/// Which live facts cover which layers (`docs/spec/reports.md` §6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Always [`COVERAGE_TYPE`].
    pub report: &'static str,
    /// The instant it holds for.
    pub at: Timestamp,
    /// The customer's name, where the stack says it.
    pub customer: Option<String>,
    /// The profiles used.
    pub profiles: Vec<ProfileSummary>,
    /// The suppliers, by id.
    pub suppliers: Vec<SupplierSummary>,
    /// One row a layer: those with something uncovered first, then those covered, then the
    /// customer's own.
    pub rows: Vec<Row>,
    /// [`LIMITS`].
    pub limits: &'static str,
}

/// A profile that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileSummary {
    /// Its id.
    pub id: String,
    /// Its names in English and Chinese.
    pub name: ProfileName,
    /// Its sources by key.
    pub sources: std::collections::BTreeMap<String, ProfileSource>,
}

/// A profile's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileName {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// A supplier and how its canary stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupplierSummary {
    /// As in the stack.
    pub id: String,
    /// As in the newest issue.
    pub publisher: Option<String>,
    /// The origin of its series.
    pub origin: Option<String>,
    /// The profile's id.
    pub profile: String,
    /// The role in which it holds the customer's data.
    pub role: String,
    /// Whether its facts speak.
    pub speaking: Speaking,
    /// The format of its canary, where that is another one.
    pub other_format: Option<String>,
    /// Whether this rests on what was seen before, since nothing could be fetched.
    pub as_far_as_seen: bool,
    /// The verifier's severity at the judging instant.
    pub severity: Option<Severity>,
    /// The newest issue at the instant.
    pub issue: Option<IssueSummary>,
    /// The persons who affirmed it.
    pub affirmed_by: Vec<Person>,
    /// Seconds since people last affirmed.
    pub human_age: Option<i64>,
    /// What the verifier found that is worth attention.
    pub findings: Vec<Finding>,
    /// The services looked at, in order.
    pub services: Vec<ServiceSummary>,
}

/// A service looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceSummary {
    /// Its id; absent where nothing names one.
    pub id: Option<String>,
    /// Its name in the newest issue that names it.
    pub name: Option<String>,
    /// Its model; absent where nothing says it.
    pub model: Option<Model>,
    /// Whether the newest issue names it.
    pub named: bool,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which.
    pub layer: Layer,
    /// The worst of its cells.
    pub status: Status,
    /// One a service, in the order of the suppliers and their services.
    pub cells: Vec<CoverageCell>,
}

/// How a cell stands; the order is that in which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The supplier is responsible, alone or with the customer, and nothing live speaks of it.
    Uncovered,
    /// The supplier is responsible, alone or with the customer, and a live fact speaks of it.
    Covered,
    /// The customer's own.
    Customer,
}

/// A layer of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageCell {
    /// The supplier's id.
    pub supplier: String,
    /// The service's id.
    pub service: Option<String>,
    /// Who is responsible; absent where no model is known.
    pub who: Option<Responsibility>,
    /// What that rests on.
    pub basis: Option<Basis>,
    /// The key of its source in the profile.
    pub source: Option<String>,
    /// How it stands.
    pub status: Status,
    /// The live facts that speak of it.
    pub covered_by: Vec<Covering>,
    /// Facts that speak of this layer, or did, and do not cover it: each with the reason.
    pub passed_over: Vec<PassedOver>,
}

/// Why there is no coverage report.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// The profile does not hold what is asked for.
    #[error("no responsibility for a service of {supplier}")]
    Profile {
        /// The supplier.
        supplier: String,
        /// What is missing.
        #[source]
        source: ProfileError,
    },
    /// The stack names a service that no issue names.
    #[error("the stack names a service of {supplier} that its canary does not: {service}")]
    UnknownService {
        /// The supplier.
        supplier: String,
        /// The service.
        service: String,
    },
    /// The stack names an entity that no issue names.
    #[error("the stack names an entity of {supplier} that its canary does not: {entity}")]
    UnknownEntity {
        /// The supplier.
        supplier: String,
        /// The entity.
        entity: String,
    },
    /// A model that the format does not have.
    #[error("the model of {supplier} is not one")]
    Model {
        /// The supplier.
        supplier: String,
        /// The word.
        #[source]
        source: UnknownWord,
    },
}

impl Coverage {
    /// Holds the live facts of these suppliers against their profiles, at an instant not later than
    /// the one they were judged at.
    ///
    /// # Errors
    ///
    /// The stack asks for a service, an entity or a profile's cell that is not there.
    pub fn of(
        customer: Option<&str>,
        suppliers: &[Supplier<'_>],
        at: Timestamp,
    ) -> Result<Self, CoverageError> {
        let mut in_order: Vec<&Supplier<'_>> = suppliers.iter().collect();
        in_order.sort_unstable_by(|a, b| a.entry.id.cmp(&b.entry.id));
        let mut columns = Vec::new();
        for supplier in in_order {
            let standing = Standing::of(supplier, at);
            check_entities(supplier, &standing)?;
            let services = services(supplier, &standing)?;
            columns.push((supplier, standing, services));
        }
        let mut rows = Vec::new();
        for layer in Layer::all() {
            let mut cells = Vec::new();
            for (supplier, standing, services) in &columns {
                let spoken = facts::spoken(standing, layer);
                for service in services {
                    cells.push(cell(supplier, standing, service, (layer, &spoken), at)?);
                }
            }
            let status = cells.iter().map(|cell| cell.status).min().unwrap_or(Status::Customer);
            rows.push(Row { layer, status, cells });
        }
        rows.sort_by_key(|row| (row.status, row.layer));
        let mut profiles: Vec<ProfileSummary> =
            columns.iter().map(|(supplier, ..)| summary_of(supplier.profile)).collect();
        profiles.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        profiles.dedup();
        let suppliers = columns
            .into_iter()
            .map(|(supplier, standing, services)| summary(supplier, &standing, services, at))
            .collect();
        let customer = customer.map(str::to_owned);
        Ok(Self { report: COVERAGE_TYPE, at, customer, profiles, suppliers, rows, limits: LIMITS })
    }

    /// The services that have something uncovered at a layer, with that layer.
    pub fn uncovered(&self) -> impl Iterator<Item = (Layer, &CoverageCell)> {
        let cells = self.rows.iter().flat_map(|row| row.cells.iter().map(|cell| (row.layer, cell)));
        cells.filter(|(_, cell)| cell.status == Status::Uncovered)
    }
}

fn cell(
    supplier: &Supplier<'_>,
    standing: &Standing<'_>,
    service: &ServiceSummary,
    (layer, spoken): (Layer, &facts::Spoken<'_>),
    at: Timestamp,
) -> Result<CoverageCell, CoverageError> {
    let held = match service.model {
        Some(model) => Some(supplier.profile.cell(layer, model).map_err(|source| {
            CoverageError::Profile { supplier: supplier.entry.id.clone(), source }
        })?),
        None => None,
    };
    let (covered_by, passed_over) = facts::of(supplier, standing, service, spoken, at);
    let status = match held.map(|cell| cell.who) {
        Some(Responsibility::Customer) => Status::Customer,
        _ if covered_by.is_empty() => Status::Uncovered,
        _ => Status::Covered,
    };
    Ok(CoverageCell {
        supplier: supplier.entry.id.clone(),
        service: service.id.clone(),
        who: held.map(|cell| cell.who),
        basis: held.map(|cell| cell.basis),
        source: held.map(|cell| cell.source.clone()),
        status,
        covered_by,
        passed_over,
    })
}

/// The services to look at: those that the stack names, or all of the newest issue. One that an
/// earlier issue named and the newest does not stays, with nothing to cover it.
fn services(
    supplier: &Supplier<'_>,
    standing: &Standing<'_>,
) -> Result<Vec<ServiceSummary>, CoverageError> {
    let entry = supplier.entry;
    let stated = entry.model.as_deref().map(Model::parse).transpose();
    let stated =
        stated.map_err(|source| CoverageError::Model { supplier: entry.id.clone(), source })?;
    let unknown = |id| ServiceSummary { id, name: None, model: stated, named: false };
    let Some(newest) = standing.newest() else {
        let named = entry.services.iter().cloned().map(Some);
        let mut services: Vec<_> = named.map(unknown).collect();
        if services.is_empty() {
            services.push(unknown(None));
        }
        return Ok(services);
    };
    let mut ids = entry.services.clone();
    if ids.is_empty() {
        ids = newest.publisher.services.iter().map(|service| service.id.clone()).collect();
    }
    ids.sort();
    ids.dedup();
    let find = |id: String| {
        let found = standing
            .last_with(|issue| issue.publisher.services.iter().find(|service| service.id == id));
        let Some((issue, service)) = found else {
            return Err(CoverageError::UnknownService { supplier: entry.id.clone(), service: id });
        };
        let model = Model::parse(&service.model)
            .map_err(|source| CoverageError::Model { supplier: entry.id.clone(), source })?;
        Ok(ServiceSummary {
            id: Some(id),
            name: Some(service.name.clone()),
            model: Some(model),
            named: issue.number == newest.number,
        })
    };
    ids.into_iter().map(find).collect()
}

fn check_entities(supplier: &Supplier<'_>, standing: &Standing<'_>) -> Result<(), CoverageError> {
    let known = |id: &String| {
        standing
            .last_with(|issue| issue.publisher.entities.iter().find(|entity| entity.id == *id))
            .is_some()
    };
    match supplier.entry.entities.iter().find(|id| !known(id)) {
        Some(entity) if !standing.series.is_empty() => Err(CoverageError::UnknownEntity {
            supplier: supplier.entry.id.clone(),
            entity: entity.clone(),
        }),
        _ => Ok(()),
    }
}

fn summary(
    supplier: &Supplier<'_>,
    standing: &Standing<'_>,
    services: Vec<ServiceSummary>,
    at: Timestamp,
) -> SupplierSummary {
    let newest = standing.series.last();
    SupplierSummary {
        id: supplier.entry.id.clone(),
        publisher: newest.map(|newest| newest.issue().publisher.name.clone()),
        origin: newest.map(|newest| newest.issue().origin.clone()),
        profile: supplier.profile.id.clone(),
        role: supplier.entry.role.clone(),
        speaking: standing.speaking,
        other_format: match supplier.canary {
            Canary::Other(format) => Some(format.to_owned()),
            Canary::Native(_) => None,
        },
        as_far_as_seen: standing.as_far_as_seen,
        severity: standing.severity,
        issue: newest.map(|newest| IssueSummary {
            number: newest.issue().number,
            digest: newest.digest(),
            as_of: newest.issue().as_of,
            next_due: newest.issue().next_due,
            expires: newest.issue().expires,
        }),
        affirmed_by: newest.map(|newest| newest.affirmed_by().to_vec()).unwrap_or_default(),
        human_age: newest.map(|newest| at.since(newest.issue().as_of)),
        findings: standing
            .findings
            .iter()
            .filter(|finding| finding.code != Code::FreshnessMissing)
            .map(|finding| (*finding).clone())
            .collect(),
        services,
    }
}

fn summary_of(profile: &Profile) -> ProfileSummary {
    ProfileSummary {
        id: profile.id.clone(),
        name: ProfileName { en: profile.name.0.clone(), zh: profile.name.1.clone() },
        sources: profile.sources.clone(),
    }
}
