//! The warrant canary format.

#![forbid(unsafe_code)]
