//! A C2SP `tlog-witness`: cosigns checkpoints of the logs it knows, where each extends the last.
//!
//! A log submits its newest checkpoint with the proof that it extends the one cosigned before. The
//! witness keeps one checkpoint for each origin, durably, before it answers. It serves logs of every
//! kind, warrant canaries among them. `docs/witnessing.md` is for people who run one.
//!
//! # Guarantees
//!
//! - What was cosigned for an origin is only ever extended: the comparison and the write are one
//!   transaction, and whoever is answered finds it on the disk after a crash.
//! - Memory does not grow with the number of origins. Requests, connections, bodies, time and rates
//!   are bounded.
//! - The time of a cosignature never goes back for an origin.
//!
//! # What it does not prove
//!
//! A cosignature says that a tree extends the one before, at an instant. It says nothing of what the
//! leaves hold.

#![forbid(unsafe_code)]

pub mod config;
mod decision;
mod key;
mod metrics;
pub mod origins;
mod rate;
mod request;
mod server;
mod store;
mod writer;

pub use self::key::{KeyError, WitnessKey};
pub use self::request::Submission;
pub use self::server::{Event, Options, ServeError, serve};
pub use self::store::{Store, StoreError};
