//! The one place that asks the system for the time; everything below takes it as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use canary_format::time::Timestamp;

/// This instant, in whole seconds.
pub(crate) fn now() -> Timestamp {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    };
    Timestamp::from_unix(seconds)
}
