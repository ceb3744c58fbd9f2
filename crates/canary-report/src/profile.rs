//! Who is responsible for which layer: profiles are data.
//!
//! A profile names, for each layer and service model, who is responsible, on what basis, and from
//! which source. Three are shipped; a contract's own has the same form and can start from another
//! (`docs/spec/reports.md` §2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::layer::{Layer, Model, UnknownWord};

/// The greatest size of a profile file, in bytes.
pub const MAX_PROFILE: usize = 256 << 10;

const SHIPPED: [&str; 3] = [
    include_str!("../profiles/azure.toml"),
    include_str!("../profiles/tencent-cloud.toml"),
    include_str!("../profiles/yd-t-4060-2022.toml"),
];

/// The ids of the shipped profiles.
pub const SHIPPED_IDS: [&str; 3] = ["azure", "tencent-cloud", "yd-t-4060-2022"];

/// Who is responsible; the order is by the provider's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Responsibility {
    /// The customer alone.
    Customer,
    /// Both.
    Both,
    /// The provider alone.
    Provider,
}

/// What a cell rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The source says so.
    Stated,
    /// It follows from what the source says.
    Derived,
    /// A contract says so.
    Contract,
}

/// One cell of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Who is responsible.
    pub who: Responsibility,
    /// What this rests on.
    pub basis: Basis,
    /// The key of the source, in [`Profile::sources`].
    pub source: String,
}

/// Where cells come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSource {
    /// What it is.
    pub title: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The date of the edition that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
}

/// A responsibility profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// Its names in English and Chinese.
    pub name: (String, String),
    /// Where its cells come from.
    pub sources: BTreeMap<String, ProfileSource>,
    cells: BTreeMap<(Layer, Model), Cell>,
}

/// A profile that cannot be used, or is asked for what it does not hold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No such profile is shipped.
    #[error("unknown profile: {0}")]
    Unknown(String),
    /// The file is too large.
    #[error("the profile is larger than {MAX_PROFILE} bytes")]
    TooLarge,
    /// The file is not of the documented form.
    #[error("the profile does not read as TOML of the documented form")]
    Form(#[source] Box<toml::de::Error>),
    /// A layer or model that the format does not have.
    #[error("the profile {profile} names what the format does not have")]
    Word {
        /// The profile.
        profile: String,
        /// The word.
        #[source]
        source: UnknownWord,
    },
    /// A cell names a source that the file does not describe.
    #[error("the profile {profile} does not describe the source {source_key} of {layer}, {model}")]
    Source {
        /// The profile.
        profile: String,
        /// The layer.
        layer: &'static str,
        /// The model.
        model: &'static str,
        /// The source named.
        source_key: String,
    },
    /// A provider's responsibility shrinks from one model to the next.
    #[error("in the profile {profile} the provider's part of {layer} shrinks from {from} to {to}")]
    Shrinks {
        /// The profile.
        profile: String,
        /// The layer.
        layer: &'static str,
        /// The model with the greater part.
        from: &'static str,
        /// The model with the smaller part.
        to: &'static str,
    },
    /// The profile has no such cell.
    #[error("the profile {profile} has no cell for {layer} under {model}")]
    NoCell {
        /// The profile.
        profile: String,
        /// The layer.
        layer: &'static str,
        /// The model.
        model: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: Name,
    base: Option<String>,
    #[serde(default)]
    sources: BTreeMap<String, ProfileSource>,
    #[serde(default)]
    layers: BTreeMap<String, BTreeMap<String, Cell>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    en: String,
    zh: String,
}

impl Profile {
    /// A shipped profile; `None` where none has this id.
    pub fn shipped(id: &str) -> Option<Self> {
        let place = SHIPPED_IDS.iter().position(|shipped| *shipped == id)?;
        Some(Self::parse(SHIPPED[place]).expect("the shipped profiles hold every rule"))
    }

    /// The file of a shipped profile, as it is.
    pub fn shipped_file(id: &str) -> Option<&'static str> {
        SHIPPED_IDS.iter().position(|shipped| *shipped == id).map(|place| SHIPPED[place])
    }

    /// Reads a profile; cells that it does not name are those of its `base`, where it has one.
    ///
    /// # Errors
    ///
    /// The first rule of `docs/spec/reports.md` §2 that it breaks.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > MAX_PROFILE {
            return Err(ProfileError::TooLarge);
        }
        let written: Written =
            toml::from_str(text).map_err(|error| ProfileError::Form(Box::new(error)))?;
        let (mut sources, mut cells) = match &written.base {
            Some(base) => {
                let base =
                    Self::shipped(base).ok_or_else(|| ProfileError::Unknown(base.clone()))?;
                (base.sources, base.cells)
            }
            None => (BTreeMap::new(), BTreeMap::new()),
        };
        sources.extend(written.sources);
        let word = |source| ProfileError::Word { profile: written.id.clone(), source };
        for (layer, models) in written.layers {
            let layer = Layer::parse(&layer).map_err(word)?;
            for (model, cell) in models {
                cells.insert((layer, Model::parse(&model).map_err(word)?), cell);
            }
        }
        let name = (written.name.en, written.name.zh);
        Self { id: written.id, name, sources, cells }.checked()
    }

    /// The cell for a layer of a service of this model.
    ///
    /// # Errors
    ///
    /// [`ProfileError::NoCell`].
    pub fn cell(&self, layer: Layer, model: Model) -> Result<&Cell, ProfileError> {
        self.cells.get(&(layer, model)).ok_or_else(|| ProfileError::NoCell {
            profile: self.id.clone(),
            layer: layer.name(),
            model: model.name(),
        })
    }

    fn checked(self) -> Result<Self, ProfileError> {
        for ((layer, model), cell) in &self.cells {
            if !self.sources.contains_key(&cell.source) {
                return Err(ProfileError::Source {
                    profile: self.id,
                    layer: layer.name(),
                    model: model.name(),
                    source_key: cell.source.clone(),
                });
            }
        }
        // Cells lie by layer, then by model: neighbours of one layer are what is compared.
        let in_order: Vec<_> = self.cells.iter().collect();
        for pair in in_order.windows(2) {
            let ((before, from), less) = pair[0];
            let ((layer, to), more) = pair[1];
            if before == layer && more.who < less.who {
                return Err(ProfileError::Shrinks {
                    profile: self.id,
                    layer: layer.name(),
                    from: from.name(),
                    to: to.name(),
                });
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_is_whole_and_never_shrinks() {
        for (id, file) in SHIPPED_IDS.iter().zip(SHIPPED) {
            let profile = Profile::parse(file).unwrap();
            assert_eq!(profile.id, *id);
            for layer in Layer::all() {
                let who = |model| profile.cell(layer, model).unwrap().who;
                assert!(who(Model::Iaas) <= who(Model::Paas), "{id} {}", layer.name());
                assert!(who(Model::Paas) <= who(Model::Saas), "{id} {}", layer.name());
            }
        }
    }

    #[test]
    fn the_shipped_profiles_say_what_their_sources_say() {
        let said = |id: &str, layer: &str, model| {
            let profile = Profile::shipped(id).unwrap();
            let cell = profile.cell(Layer::parse(layer).unwrap(), model).unwrap().clone();
            (cell.who, cell.basis)
        };
        use Basis::{Derived, Stated};
        use Responsibility::{Both, Customer, Provider};
        assert_eq!(said("yd-t-4060-2022", "os", Model::Iaas), (Both, Stated));
        assert_eq!(said("yd-t-4060-2022", "os", Model::Paas), (Provider, Derived));
        assert_eq!(said("yd-t-4060-2022", "data.management", Model::Saas), (Both, Derived));
        assert_eq!(said("azure", "network", Model::Paas), (Both, Stated));
        assert_eq!(said("azure", "data.personal", Model::Saas), (Customer, Stated));
        assert_eq!(said("tencent-cloud", "application", Model::Saas), (Provider, Stated));
        assert_eq!(said("tencent-cloud", "iam", Model::Saas), (Customer, Stated));
    }

    const OWN: &str = r#"
        id = "contract-7"
        base = "azure"
        name = { en = "Contract 7", zh = "第 7 号合同" }
        [sources.annex]
        title = "Annex B"
        [layers."data.access"]
        saas = { who = "both", basis = "contract", source = "annex" }
    "#;

    #[test]
    fn a_contract_starts_from_another_profile() {
        let profile = Profile::parse(OWN).unwrap();
        let access = Layer::parse("data.access").unwrap();
        assert_eq!(profile.cell(access, Model::Saas).unwrap().basis, Basis::Contract);
        assert_eq!(profile.cell(access, Model::Iaas).unwrap().basis, Basis::Stated);
    }

    #[test]
    fn each_fault_has_its_name() {
        let fault = |from: &str, to: &str| {
            let text = OWN.replace(from, to);
            assert_ne!(text, OWN);
            Profile::parse(&text).unwrap_err()
        };
        assert!(matches!(fault("azure", "other"), ProfileError::Unknown(_)));
        assert!(matches!(
            fault("\"data.access\"", "\"data.all\""),
            ProfileError::Word { source: UnknownWord::Layer(_), .. }
        ));
        assert!(matches!(
            fault("saas =", "faas ="),
            ProfileError::Word { source: UnknownWord::Model(_), .. }
        ));
        assert!(matches!(fault("\"annex\" }", "\"none\" }"), ProfileError::Source { .. }));
        assert!(matches!(fault("saas =", "iaas ="), ProfileError::Shrinks { .. }));
        assert!(matches!(fault("\"both\"", "\"neither\""), ProfileError::Form(_)));
        assert!(matches!(fault("base = \"azure\"", "colour = 1"), ProfileError::Form(_)));
        let alone = Profile::parse(&OWN.replace("base = \"azure\"", "")).unwrap();
        let error = alone.cell(Layer::parse("os").unwrap(), Model::Saas).unwrap_err();
        assert_eq!(error.to_string(), "the profile contract-7 has no cell for os under saas");
    }
}
