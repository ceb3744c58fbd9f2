//! Every path of a published site, and of a publisher's folder, is named here (`format.md` §6).

/// The newest signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// The envelope of the newest issue.
pub const LATEST: &str = "latest.json";

/// The `tlog-proof` of the newest issue.
pub const LATEST_PROOF: &str = "latest.tlog-proof";

/// Where a verifier looks when it is given a bare host.
pub const WELL_KNOWN: &str = ".well-known/canary/";

/// The envelope of an issue: its number with at least four digits.
pub fn issue_path(number: u64) -> String {
    format!("issues/{number:04}.json")
}

/// In a publisher's folder: who speaks and what is said.
pub const CONFIG: &str = "canary.toml";

/// In a publisher's folder: the issue being signed, with the signatures so far.
pub const DRAFT: &str = "draft.json";

/// In a publisher's folder: reviews that the jurisdiction gate asks for.
pub const REVIEWS: &str = "reviews.toml";

/// In a publisher's folder: the envelopes, the series itself.
pub const CANARIES: &str = "canaries";

/// In a publisher's folder: what earlier runs verified. It can be removed at any time.
pub const VERIFIED: &str = ".canary/verified.json";

/// In a publisher's folder: which issue each target was last found to hold. It can be removed too.
pub const DELIVERED: &str = ".canary/delivered.json";

/// In a publisher's folder: public keys, and the private keys of the log and the heartbeat.
pub const KEYS: &str = "keys";

/// In a publisher's folder: the log's private key.
pub const LOG_KEY: &str = "keys/log";

/// In a publisher's folder: the heartbeat's private key.
pub const HEARTBEAT_KEY: &str = "keys/heartbeat";

/// In a publisher's folder: the envelope of an issue, its number with at least four digits.
pub fn canary_path(number: u64) -> String {
    format!("{CANARIES}/{number:04}.json")
}
