//! The entries of `canary.toml` as they are written.

use std::collections::BTreeMap;

use canary_format::issue::{Entity, Publisher, Service};
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublisherEntry {
    name: String,
    languages: Vec<String>,
    pub(super) canonical_url: String,
    mirrors: Option<Vec<String>>,
    contact: Option<String>,
    services: Vec<ServiceEntry>,
    entities: Vec<EntityEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceEntry {
    id: String,
    name: String,
    model: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityEntry {
    id: String,
    name: String,
    jurisdiction: String,
}

/// Each part that is absent is taken from `[scope]`; layers also from the template.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeEntry {
    pub(super) entities: Option<Vec<String>>,
    pub(super) services: Option<Vec<String>>,
    pub(super) roles: Option<Vec<String>>,
    pub(super) layers: Option<Vec<String>>,
    pub(super) jurisdictions: Option<Vec<String>>,
    pub(super) excludes: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactEntry {
    pub(super) template: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) text: BTreeMap<String, String>,
    pub(super) tense: Option<String>,
    pub(super) since: Option<String>,
    #[serde(default)]
    pub(super) scope: ScopeEntry,
    pub(super) supersedes: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromiseEntry {
    pub(super) template: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) text: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CounterEntry {
    pub(super) template: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) text: BTreeMap<String, String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) exact: Option<u64>,
    pub(super) band: Option<[u64; 2]>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetiringEntry {
    pub(super) id: String,
    pub(super) after: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterEntry {
    pub(super) threshold: u64,
    pub(super) min_jurisdictions: Option<u64>,
    pub(super) signers: Vec<SignerEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignerEntry {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) jurisdiction: String,
    pub(super) keys: Vec<Spanned<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogEntry {
    pub(super) key: Spanned<String>,
    pub(super) heartbeat: Option<HeartbeatEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeartbeatEntry {
    pub(super) key: Spanned<String>,
    pub(super) max_age_hours: u32,
}

impl PublisherEntry {
    pub(super) fn resolve(&self) -> Publisher {
        let service = |s: &ServiceEntry| Service {
            id: s.id.clone(),
            name: s.name.clone(),
            model: s.model.clone(),
        };
        let entity = |e: &EntityEntry| Entity {
            id: e.id.clone(),
            name: e.name.clone(),
            jurisdiction: e.jurisdiction.clone(),
        };
        Publisher {
            name: self.name.clone(),
            languages: self.languages.clone(),
            canonical_url: self.canonical_url.clone(),
            mirrors: self.mirrors.clone(),
            contact: self.contact.clone(),
            services: self.services.iter().map(service).collect(),
            entities: self.entities.iter().map(entity).collect(),
        }
    }
}
