//! One target: what is watched, and under which policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use canary_format::digest::Digest;
use canary_format::pin::Pin;
use serde::Serialize;

use crate::policy::Policy;

/// A target's identity, from its URL; it outlives renames and pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TargetId(pub i64);

impl TargetId {
    /// The identity of a URL: the first eight bytes of its SHA-256, without the sign.
    pub fn of(url: &str) -> Self {
        let digest = Digest::of(url.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.0[..8]);
        Self(i64::from_be_bytes(first) & i64::MAX)
    }
}

impl std::fmt::Display for TargetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A target as its configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its identity.
    pub id: TargetId,
    /// The URL prefix.
    pub url: String,
    /// What people call it.
    pub name: String,
    /// The pin.
    pub pin: Option<Pin>,
    /// The same series elsewhere.
    pub mirrors: Vec<String>,
    /// Labels, carried into alerts and metrics.
    pub labels: BTreeMap<String, String>,
    /// How it is watched.
    pub policy: Arc<Policy>,
}

impl Target {
    /// A target that goes by its URL, with neither pin nor mirrors nor labels.
    pub fn new(url: &str, policy: Arc<Policy>) -> Self {
        Self {
            id: TargetId::of(url),
            url: url.to_owned(),
            name: url.to_owned(),
            pin: None,
            mirrors: Vec::new(),
            labels: BTreeMap::new(),
            policy,
        }
    }

    /// The host and port of its URL: what caps per host and distinctness of hosts go by.
    pub fn host(&self) -> &str {
        host_of(&self.url)
    }
}

/// The host and port of a URL.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_stable_and_not_negative() {
        let id = TargetId::of("https://example.com/.well-known/canary/");
        assert_eq!(id, TargetId::of("https://example.com/.well-known/canary/"));
        assert!(id.0 >= 0);
        assert_ne!(id, TargetId::of("https://example.org/.well-known/canary/"));
    }

    #[test]
    fn the_host_is_what_is_connected_to() {
        assert_eq!(host_of("https://a.example:8443/x/"), "a.example:8443");
        assert_eq!(host_of("https://user@a.example/x"), "a.example");
        assert_eq!(host_of("a.example"), "a.example");
    }
}
