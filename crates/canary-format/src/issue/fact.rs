//! Facts, promises and retirements (`format.md` §2 and §2.2).

use serde::Serialize;

use super::publisher::{Localised, Publisher};
use crate::json::At;
use crate::refusal::{Refusal, Rule};
use crate::time::{Date, Timestamp};

/// The roles that a scope can name.
pub const ROLES: [&str; 4] = ["controller", "processor", "sub-processor", "joint-controller"];

/// The closed list of layers that a scope can name.
pub const LAYERS: [&str; 14] = [
    "physical",
    "resource",
    "os",
    "network",
    "application",
    "data.storage",
    "data.transfer",
    "data.access",
    "data.migration",
    "data.destruction",
    "data.management",
    "data.forensics",
    "data.personal",
    "iam",
];

/// A sentence about what has not happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The stable id.
    pub id: String,
    /// The sentence in every language.
    pub text: Localised,
    /// What span of time the sentence speaks of.
    pub tense: Tense,
    /// The date from which it holds, exactly with [`Tense::Since`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Whom and what it speaks of.
    pub scope: Scope,
    /// The id of a fact that this one replaces: a label for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}

/// What span of time a fact speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tense {
    /// It has never happened.
    Never,
    /// It is not so now.
    Current,
    /// It has not happened since a date.
    Since,
}

/// Whom and what a fact speaks of. Each list is not empty, and is `["all"]` or names of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Ids of the publisher's entities.
    pub entities: Vec<String>,
    /// Ids of the publisher's services.
    pub services: Vec<String>,
    /// Of [`ROLES`].
    pub roles: Vec<String>,
    /// Of [`LAYERS`].
    pub layers: Vec<String>,
    /// ISO 3166-1 alpha-2.
    pub jurisdictions: Vec<String>,
    /// What is outside the scope, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excludes: Option<Vec<String>>,
}

/// A pledge about the future. It never affects a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// The stable id.
    pub id: String,
    /// The sentence in every language.
    pub text: Localised,
}

/// An announcement that a fact will no longer be affirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retiring {
    /// The fact.
    pub id: String,
    /// From this instant on.
    pub after: Timestamp,
}

impl Fact {
    pub(super) fn read(at: At<'_, '_>, publisher: &Publisher) -> Result<Self, Refusal> {
        let members = at.object(&["id", "text", "tense", "since", "scope", "supersedes"])?;
        let tense = members.required("tense")?;
        let tense = match tense.string()? {
            "never" => Tense::Never,
            "current" => Tense::Current,
            "since" => Tense::Since,
            _ => return tense.refuse(Rule::Form("never, current or since")),
        };
        let since = match (members.optional("since"), tense) {
            (None, Tense::Since) => return at.refuse(Rule::MissingMember("since")),
            (None, _) => None,
            (Some(since), Tense::Since) => Some(since.date()?),
            (Some(since), _) => {
                return since.refuse(Rule::Relation("since stands only with the tense since"));
            }
        };
        Ok(Self {
            id: members.required("id")?.id()?,
            text: Localised::read(members.required("text")?, publisher)?,
            tense,
            since,
            scope: Scope::read(members.required("scope")?, publisher)?,
            supersedes: members.optional("supersedes").map(|id| id.id()).transpose()?,
        })
    }
}

impl Scope {
    fn read(at: At<'_, '_>, publisher: &Publisher) -> Result<Self, Refusal> {
        let members =
            at.object(&["entities", "services", "roles", "layers", "jurisdictions", "excludes"])?;
        let entity = |item: At<'_, '_>| {
            item.declared(|id| publisher.entities.iter().any(|entity| entity.id == id))
        };
        let service = |item: At<'_, '_>| {
            item.declared(|id| publisher.services.iter().any(|service| service.id == id))
        };
        let role = |item: At<'_, '_>| item.one_of(&ROLES, "a role of §2.2");
        let layer = |item: At<'_, '_>| item.one_of(&LAYERS, "a layer of §2.2");
        let excludes = members.optional("excludes");
        Ok(Self {
            entities: members.required("entities")?.all_or(entity)?,
            services: members.required("services")?.all_or(service)?,
            roles: members.required("roles")?.all_or(role)?,
            layers: members.required("layers")?.all_or(layer)?,
            jurisdictions: members.required("jurisdictions")?.all_or(|item| item.jurisdiction())?,
            excludes: excludes
                .map(|list| list.list(1, 16, |item| item.line(1, 200).map(str::to_owned)))
                .transpose()?,
        })
    }
}

impl Promise {
    pub(super) fn read(at: At<'_, '_>, publisher: &Publisher) -> Result<Self, Refusal> {
        let members = at.object(&["id", "text"])?;
        Ok(Self {
            id: members.required("id")?.id()?,
            text: Localised::read(members.required("text")?, publisher)?,
        })
    }
}

impl Retiring {
    pub(super) fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["id", "after"])?;
        Ok(Self {
            id: members.required("id")?.id()?,
            after: members.required("after")?.timestamp()?,
        })
    }
}

impl<'j> At<'_, 'j> {
    /// `["all"]`, alone in its array, or a list of items that `read` takes; never empty.
    fn all_or(
        &self,
        read: impl Fn(At<'_, 'j>) -> Result<String, Refusal>,
    ) -> Result<Vec<String>, Refusal> {
        let names = self.list(1, usize::MAX, |item| item.string().map(str::to_owned))?;
        if names == ["all"] {
            return Ok(names);
        }
        if names.iter().any(|name| name == "all") {
            return self.refuse(Rule::Relation("\"all\" stands alone in its array"));
        }
        self.list(1, usize::MAX, read)
    }

    fn one_of(&self, allowed: &[&str], form: &'static str) -> Result<String, Refusal> {
        let name = self.string()?;
        if allowed.contains(&name) { Ok(name.to_owned()) } else { self.refuse(Rule::Form(form)) }
    }

    fn declared(&self, is_declared: impl Fn(&str) -> bool) -> Result<String, Refusal> {
        let id = self.id()?;
        if is_declared(&id) { Ok(id) } else { self.refuse(Rule::Undeclared(id)) }
    }
}
