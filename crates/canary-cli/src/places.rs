//! Where this program keeps things, by the platform's own rules: on Linux the XDG base directories.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use etcetera::base_strategy::choose_native_strategy;

/// What was seen of each target: `$XDG_STATE_HOME/canary`, or its like. `None` where the user has no
/// home.
pub(crate) fn state_folder() -> Option<PathBuf> {
    let strategy = choose_native_strategy().ok()?;
    let base = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(base.join("canary"))
}

/// What the user trusts: `$XDG_CONFIG_HOME/canary/trust.json`, or its like.
pub(crate) fn trust_file() -> Option<PathBuf> {
    Some(choose_native_strategy().ok()?.config_dir().join("canary").join("trust.json"))
}

/// This person's signing keys: `$XDG_CONFIG_HOME/canary/keys`, or its like.
pub(crate) fn keys_folder() -> Option<PathBuf> {
    Some(choose_native_strategy().ok()?.config_dir().join("canary").join("keys"))
}
