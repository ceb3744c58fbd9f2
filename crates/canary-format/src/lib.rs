//! What a warrant canary is: the bytes of `docs/spec/format.md`, and nothing else.
//!
//! This crate reads and writes issues, envelopes, keys, rosters, the log, checkpoints, beacons and
//! pins. It draws no conclusions: `canary-verifier` does.
//!
//! ```
//! use canary_format::pin::Pin;
//!
//! let pin = "https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
//! assert_eq!(Pin::parse(pin)?.number, 1);
//! # Ok::<(), canary_format::refusal::Refusal>(())
//! ```
//!
//! # Guarantees
//!
//! - Pure: no clock, no input or output, no environment, no threads, no async.
//! - Every reader is strict and bounded, and refuses with the rule and the place. None panics.
//! - The bytes received are kept: nothing that was signed is encoded again.
//!
//! # What it does not prove
//!
//! A parsed [`issue::Issue`] is well-formed, not signed; an [`envelope::Envelope`] carries
//! signatures, not verified ones.

#![forbid(unsafe_code)]

pub mod beacon;
pub mod checkpoint;
pub mod cosigner;
pub mod digest;
pub mod envelope;
pub mod issue;
mod json;
pub mod key;
pub mod layout;
pub mod merkle;
pub mod note;
pub mod pin;
pub mod refusal;
pub mod roster;
pub mod text;
pub mod tile;
pub mod time;
pub mod tlog_proof;
