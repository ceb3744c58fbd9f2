//! Fetches a canary within limits, and judges it.
//!
//! Judging is a pure function: the evidence obtained, what the user trusts, what was seen before and
//! an instant give one report (`docs/spec/verdicts.md`). The same four inputs give the same report on
//! any machine, on any day. It says what was observed and never a cause.

#![forbid(unsafe_code)]

pub mod code;
pub mod evidence;
pub mod judge;
pub mod report;
pub mod witness;
