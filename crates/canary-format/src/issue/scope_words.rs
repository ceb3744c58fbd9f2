//! What people call the layers and roles of a scope, and the tense of a fact: the same on the
//! publisher's screen, on the page and in a report.

use super::fact::{Fact, Tense};

/// The words of one language, in the order of [`super::LAYERS`] and of [`super::ROLES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeWords {
    /// Of each layer.
    pub layers: [&'static str; 14],
    /// Of each role.
    pub roles: [&'static str; 4],
}

/// In English.
pub const SCOPE_IN_ENGLISH: ScopeWords = ScopeWords {
    layers: [
        "physical infrastructure",
        "resource abstraction and control",
        "operating system",
        "network control",
        "application",
        "data storage",
        "data transfer",
        "data access",
        "data migration",
        "data destruction",
        "data security management",
        "audit and forensics",
        "personal data",
        "identity and access management",
    ],
    roles: ["controller", "processor", "sub-processor", "joint controller"],
};

/// In Chinese.
pub const SCOPE_IN_CHINESE: ScopeWords = ScopeWords {
    layers: [
        "物理基础设施",
        "资源抽象和管理",
        "操作系统",
        "网络控制",
        "应用",
        "数据存储",
        "数据传输",
        "数据访问",
        "数据迁移",
        "数据销毁",
        "数据安全管理",
        "安全审查和取证",
        "个人隐私信息",
        "身份识别和访问管理",
    ],
    roles: ["个人信息处理者", "受托处理者", "再受托处理者", "共同处理者"],
};

/// The span of time that a fact speaks of, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenseWords {
    /// Of [`Tense::Never`].
    pub never: &'static str,
    /// Of [`Tense::Current`].
    pub current: &'static str,
    /// Of [`Tense::Since`], before the date.
    pub since: &'static str,
}

/// In English.
pub const TENSE_IN_ENGLISH: TenseWords = TenseWords {
    never: "Never, up to the date affirmed.",
    current: "On the date affirmed.",
    since: "Since",
};

/// In simplified Chinese.
pub const TENSE_IN_CHINESE: TenseWords =
    TenseWords {
        never: "截至确认之日，从未。", current: "在确认之日。", since: "起始日期："
    };

impl TenseWords {
    /// The span of time that this fact speaks of.
    pub fn of(&self, fact: &Fact) -> String {
        match (fact.tense, fact.since) {
            (Tense::Never, _) => self.never.to_owned(),
            (Tense::Current, _) => self.current.to_owned(),
            (Tense::Since, since) => {
                let date = since.map(|date| date.to_string()).unwrap_or_default();
                format!("{} {date}", self.since)
            }
        }
    }
}

/// Whether readers of this language are shown the Chinese words; all others are shown the English.
pub fn is_simplified_chinese(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let traditional = ["hant", "tw", "hk", "mo"];
    parts.next() == Some("zh") && !parts.any(|part| traditional.contains(&part))
}
