//! The log, the static site, its targets and the read-back.

#![forbid(unsafe_code)]

pub mod page;
