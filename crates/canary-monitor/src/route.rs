//! Which notices go where, and in which language.

use std::collections::BTreeMap;

use canary_verifier::report::Severity;
use serde::{Deserialize, Serialize};

use crate::episode::{Change, Turn};
use crate::policy::Policy;
use crate::target::Target;

/// A way from targets to sinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name; targets name routes.
    pub name: String,
    /// The names of its sinks.
    pub sinks: Vec<String>,
    /// What is milder is not told.
    pub min_severity: Severity,
    /// The language of what is written for people.
    pub language: Language,
    /// Labels that a target must have.
    pub labels: BTreeMap<String, String>,
}

/// The languages of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Route {
    /// Whether a target's notices take this route: it names the route, or names none; and it has the
    /// route's labels.
    pub fn serves(&self, target: &Target) -> bool {
        self.fits(&target.policy, &target.labels)
    }

    /// The same, of all targets with this policy and these labels.
    pub(crate) fn fits(&self, policy: &Policy, labels: &BTreeMap<String, String>) -> bool {
        (policy.routes.is_empty() || policy.routes.contains(&self.name))
            && self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }

    /// Whether a change takes this route. Who was told of an episode is told how it goes on, however mild it
    /// has become.
    pub fn takes(&self, change: &Change) -> bool {
        let severity = match change.turn {
            Turn::Opened | Turn::Reminder => change.severity,
            Turn::Changed | Turn::Resolved => change.worst,
        };
        severity >= self.min_severity
    }
}
