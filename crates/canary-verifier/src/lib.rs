//! Fetches a canary within limits, and judges it.
//!
//! Judging is a pure function: the evidence obtained, what the user trusts, what was seen before and
//! an instant give one report (`docs/spec/verdicts.md`). The same four inputs give the same report on
//! any machine, on any day. It says what was observed and never a cause.

#![forbid(unsafe_code)]

pub mod code;
pub mod diff;
mod durable;
pub mod evidence;
#[cfg(feature = "http")]
pub mod fetch;
pub mod files;
pub mod fork;
pub mod history;
pub mod judge;
pub mod report;
pub mod roughtime;
pub mod state;
pub mod target;
pub mod trust_store;
pub mod witness;
