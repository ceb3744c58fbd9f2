//! The layers of the shared-responsibility model, and the models of a service (`format.md` §2).

use canary_format::issue::{LAYERS, SCOPE_IN_CHINESE, SCOPE_IN_ENGLISH};
use serde::{Serialize, Serializer};

/// One of the closed list of layers, in the list's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(usize);

/// What kind of service is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Run by the customer.
    OnPremises,
    /// Infrastructure as a service.
    Iaas,
    /// Platform as a service.
    Paas,
    /// Software as a service.
    Saas,
}

/// A word that is not of its closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownWord {
    /// Not a layer.
    #[error("unknown layer: {0}")]
    Layer(String),
    /// Not a service model.
    #[error("unknown service model: {0}")]
    Model(String),
}

impl Layer {
    /// Every layer, in order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..LAYERS.len()).map(Self)
    }

    /// Reads a layer's name.
    ///
    /// # Errors
    ///
    /// The name is not of `format.md` §2.2.
    pub fn parse(name: &str) -> Result<Self, UnknownWord> {
        let place = LAYERS.iter().position(|layer| *layer == name);
        place.map(Self).ok_or_else(|| UnknownWord::Layer(name.to_owned()))
    }

    /// Its name in a scope.
    pub fn name(self) -> &'static str {
        LAYERS[self.0]
    }

    /// What people call it, in English and Chinese.
    pub fn words(self) -> (&'static str, &'static str) {
        (SCOPE_IN_ENGLISH.layers[self.0], SCOPE_IN_CHINESE.layers[self.0])
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Model {
    /// From the least run by a provider to the most.
    pub const ALL: [Self; 4] = [Self::OnPremises, Self::Iaas, Self::Paas, Self::Saas];

    /// Reads a model's name.
    ///
    /// # Errors
    ///
    /// The name is not of `format.md` §2.1.
    pub fn parse(name: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| UnknownWord::Model(name.to_owned()))
    }

    /// Its name in an issue.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnPremises => "on-premises",
            Self::Iaas => "iaas",
            Self::Paas => "paas",
            Self::Saas => "saas",
        }
    }
}
