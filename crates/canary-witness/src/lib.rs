//! A C2SP `tlog-witness`: cosigns checkpoints of the logs it knows, where each extends the last.
//!
//! A log submits its newest checkpoint with the proof that it extends the one cosigned before. The
//! witness keeps one checkpoint for each origin, durably, before it answers. It serves logs of every
//! kind, warrant canaries among them. `docs/witnessing.md` is for people who run one.
//!
//! ```
//! use canary_witness::{Store, Submission, WitnessKey};
//!
//! let key = WitnessKey::from_seed("witness.example/w1", &[7; 32])?;
//! assert!(key.verifier().to_string().starts_with("witness.example/w1+"));
//!
//! // What a log submits: the size cosigned before, the proof from there, and its checkpoint.
//! let body = b"old 0\n\nexample.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
//! assert!(Submission::parse(body).is_err()); // nobody signed it
//!
//! let folder = tempfile::tempdir()?;
//! Store::open(&folder.path().join("witness.sqlite"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
