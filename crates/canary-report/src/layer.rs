//! The layers of the shared-responsibility model, and the models of a service (`format.md` §2).

use canary_format::issue::LAYERS;
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
        WORDS[self.0]
    }
}

const WORDS: [(&str, &str); LAYERS.len()] = [
    ("physical infrastructure", "物理基础设施"),
    ("resource abstraction and control", "资源抽象和管理"),
    ("operating system", "操作系统"),
    ("network control", "网络控制"),
    ("application", "应用"),
    ("data storage", "数据存储"),
    ("data transfer", "数据传输"),
    ("data access", "数据访问"),
    ("data migration", "数据迁移"),
    ("data destruction", "数据销毁"),
    ("data security management", "数据安全管理"),
    ("audit and forensics", "安全审查和取证"),
    ("personal data", "个人隐私信息"),
    ("identity and access management", "身份识别和访问管理"),
];

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
