//! Schedule, store, alerts, metrics and status page for a fleet of canaries.

#![forbid(unsafe_code)]
