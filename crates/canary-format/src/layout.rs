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
