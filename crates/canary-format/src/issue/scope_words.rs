//! What people call the layers and roles of a scope: the same on the publisher's screen, on the page
//! and in a report.

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
