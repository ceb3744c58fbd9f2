//! `suppliers.toml`: which suppliers a customer builds on, and what of them it uses.

use std::collections::BTreeSet;

use canary_format::issue::ROLES;
use canary_format::pin::Pin;
use canary_format::text::{is_id, is_jurisdiction};
use serde::{Deserialize, Serialize};

use crate::layer::Model;

/// The greatest size of `suppliers.toml`, in bytes.
pub const MAX_STACK: usize = 256 << 10;

/// The most suppliers that a stack names.
pub const MAX_SUPPLIERS: usize = 64;

/// A customer's stack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// The customer's name, for the title.
    pub customer: Option<String>,
    /// The profile for suppliers that name none: a shipped id, or a file beside `suppliers.toml`.
    pub profile: Option<String>,
    /// The suppliers.
    #[serde(rename = "supplier", default)]
    pub suppliers: Vec<Entry>,
}

/// What the stack says about one supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A short name, by the rule for ids: the column's head, and a folder of the pack.
    pub id: String,
    /// Where its canary is: as `canary verify` takes it.
    pub target: String,
    /// The pin, where the target is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Ids of the services used; empty: every service of the newest issue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The profile: a shipped id, or a file beside `suppliers.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The model of what is used, where no authentic issue says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The format of its canary, where that is not this one: such facts never cover a layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The role in which it holds the customer's data, of `format.md` §2.2; only facts said in this
    /// role cover anything.
    #[serde(default = "processor")]
    pub role: String,
    /// Ids of the contracting entities; empty: any. A fact covers only where it speaks of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<String>,
    /// Jurisdictions that matter; empty: any. A fact covers only where it speaks of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jurisdictions: Vec<String>,
    /// The third country that data goes to, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_country: Option<String>,
    /// A watch record beside `suppliers.toml` (`docs/spec/reports.md` §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<String>,
    /// Who says what about the custody of the signers' keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<Declaration>,
    /// Who says what about whether national law permits a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legality: Option<Declaration>,
}

/// What somebody says: never more than declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Who says it.
    pub by: String,
    /// When, or in which document.
    #[serde(rename = "in")]
    pub place: String,
    /// What is said.
    pub text: String,
}

/// A stack that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The file is too large.
    #[error("the stack is larger than {MAX_STACK} bytes")]
    TooLarge,
    /// The file is not of the documented form.
    #[error("the stack does not read as TOML of the documented form")]
    Form(#[source] Box<toml::de::Error>),
    /// There is no supplier, or there are too many.
    #[error("a stack names 1 to {MAX_SUPPLIERS} suppliers; this one names {0}")]
    Count(usize),
    /// An id is not one.
    #[error("not an id, lower-case letters, digits, '.' and '-': {0}")]
    Id(String),
    /// Two suppliers share an id.
    #[error("two suppliers have the id {0}")]
    Repeated(String),
    /// A pin does not read.
    #[error("the pin of {id} does not read")]
    Pin {
        /// The supplier.
        id: String,
        /// Why.
        #[source]
        source: canary_format::refusal::Refusal,
    },
    /// A service model that the format does not have.
    #[error("the model of {id} is not one")]
    Model {
        /// The supplier.
        id: String,
        /// The word.
        #[source]
        source: crate::layer::UnknownWord,
    },
    /// A role that the format does not have.
    #[error("unknown role of {id}: {role}")]
    Role {
        /// The supplier.
        id: String,
        /// The role.
        role: String,
    },
    /// Not an ISO 3166-1 alpha-2 code by form.
    #[error("not a jurisdiction, two capital letters, at {id}: {code}")]
    Jurisdiction {
        /// The supplier.
        id: String,
        /// The word.
        code: String,
    },
}

impl Stack {
    /// Reads `suppliers.toml`.
    ///
    /// # Errors
    ///
    /// The first rule of `docs/spec/reports.md` §3 that it breaks.
    pub fn parse(text: &str) -> Result<Self, StackError> {
        if text.len() > MAX_STACK {
            return Err(StackError::TooLarge);
        }
        let stack: Self =
            toml::from_str(text).map_err(|error| StackError::Form(Box::new(error)))?;
        stack.checked()
    }

    /// The same stack, if it holds every rule.
    ///
    /// # Errors
    ///
    /// The first rule of `docs/spec/reports.md` §3 that it breaks.
    pub fn checked(mut self) -> Result<Self, StackError> {
        if self.suppliers.is_empty() || self.suppliers.len() > MAX_SUPPLIERS {
            return Err(StackError::Count(self.suppliers.len()));
        }
        let mut ids = BTreeSet::new();
        for entry in &self.suppliers {
            entry.check()?;
            if !ids.insert(entry.id.clone()) {
                return Err(StackError::Repeated(entry.id.clone()));
            }
        }
        self.suppliers.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(self)
    }
}

impl Entry {
    /// A supplier of which only an id and a target are said.
    pub fn new(id: &str, target: &str) -> Self {
        Self {
            id: id.to_owned(),
            target: target.to_owned(),
            pin: None,
            services: Vec::new(),
            profile: None,
            model: None,
            format: None,
            role: processor(),
            entities: Vec::new(),
            jurisdictions: Vec::new(),
            third_country: None,
            custody: None,
            legality: None,
            watch: None,
        }
    }

    fn check(&self) -> Result<(), StackError> {
        if !is_id(&self.id) {
            return Err(StackError::Id(self.id.clone()));
        }
        if let Some(pin) = &self.pin {
            let id = self.id.clone();
            Pin::parse(pin).map_err(|source| StackError::Pin { id, source })?;
        }
        if let Some(model) = &self.model {
            let id = self.id.clone();
            Model::parse(model).map_err(|source| StackError::Model { id, source })?;
        }
        if !ROLES.contains(&self.role.as_str()) {
            return Err(StackError::Role { id: self.id.clone(), role: self.role.clone() });
        }
        let mut codes = self.jurisdictions.iter().chain(&self.third_country);
        match codes.find(|code| !is_jurisdiction(code)) {
            Some(code) => Err(StackError::Jurisdiction { id: self.id.clone(), code: code.clone() }),
            None => Ok(()),
        }
    }
}

fn processor() -> String {
    "processor".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = r#"
        customer = "Example Hospital"
        profile = "azure"

        [[supplier]]
        id = "notes"
        target = "https://notes.example/.well-known/canary/"
        services = ["notes"]
        third_country = "US"
        [supplier.legality]
        by = "Counsel"
        in = "memo of 2026-02-01"
        text = "The law named there permits it."

        [[supplier]]
        id = "host"
        target = "./host/site"
        pin = "https://host.example/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY"
        role = "sub-processor"
    "#;

    #[test]
    fn suppliers_are_read_and_ordered() {
        let stack = Stack::parse(STACK).unwrap();
        let ids: Vec<_> = stack.suppliers.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["host", "notes"]);
        assert_eq!(stack.suppliers[1].role, "processor");
    }

    #[test]
    fn each_fault_has_its_name() {
        let fault = |from: &str, to: &str| {
            let text = STACK.replace(from, to);
            assert_ne!(text, STACK);
            Stack::parse(&text).unwrap_err()
        };
        assert!(matches!(
            fault("\"notes\"\n        target", "\"No tes\"\n        target"),
            StackError::Id(_)
        ));
        assert!(matches!(fault("id = \"notes\"", "id = \"host\""), StackError::Repeated(_)));
        assert!(matches!(fault("#1:", "#x:"), StackError::Pin { .. }));
        assert!(matches!(fault("sub-processor", "vendor"), StackError::Role { .. }));
        assert!(matches!(fault("\"US\"", "\"usa\""), StackError::Jurisdiction { .. }));
        assert!(matches!(fault("services", "servces"), StackError::Form(_)));
        assert!(matches!(Stack::parse(""), Err(StackError::Count(0))));
    }
}
