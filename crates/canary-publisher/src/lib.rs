//! The log, the static site, its targets and the read-back.
//!
//! A publisher's folder holds the series (`canaries/0001.json` …), the draft that people signed and
//! the keys of two machines, the log's and the heartbeat's. This crate appends the draft to the log,
//! signs the checkpoint, and writes the static site of `format.md` §6 wherever it is hosted.
//!
//! ```
//! use std::path::Path;
//!
//! use canary_publisher::target::{Address, Target};
//!
//! let config = "[targets]\nsite = \"public\"\nbackup = \"sftp://canary@backup.example.net/srv/canary\"\n";
//! let targets = Target::all_named(config, Path::new("/srv/publisher"))?;
//! assert_eq!(targets[0].address, Address::parse("sftp://canary@backup.example.net/srv/canary", Path::new(""))?);
//! assert_eq!(targets[1].address, Address::Directory("/srv/publisher/public".into()));
//!
//! // A secret belongs to the environment or the agent, and is not taken from a file.
//! assert!(Address::parse("sftp://canary:secret@backup.example.net/srv", Path::new("")).is_err());
//! # Ok::<(), canary_publisher::target::TargetError>(())
//! ```
//!
//! # Guarantees
//!
//! - Nothing is written that the project's own verifier does not call authentic, and what was
//!   written is read back and judged before anything is called done.
//! - A reader at any instant finds a site that verifies: immutable files come first, `checkpoint`
//!   last. A run that was killed is finished by running it again.
//! - No signer's private key is used here, and a folder that holds one is refused.
//!
//! # What it does not prove
//!
//! That a host goes on serving what it was given: `canary verify` and `canary watch` look at that.

#![forbid(unsafe_code)]

mod apart;
mod checkpoint;
pub mod delivery;
pub mod folder;
pub mod heartbeat;
mod judging;
mod lasting;
mod machine_key;
mod media;
mod misread;
pub mod page;
pub mod private_keys;
mod process;
pub mod publish;
pub mod read_back;
mod series;
pub mod serve;
mod site;
pub mod store;
pub mod target;
mod tree;
pub mod update;
mod verified;
pub mod witnesses;

#[cfg(test)]
#[path = "../../../tests/publishing/fixture.rs"]
#[allow(clippy::cast_possible_wrap, dead_code, missing_docs)]
mod fixture;

pub use crate::checkpoint::{FutureHeartbeat, MachineKeys, SignError};
pub use crate::judging::NotAuthentic;
pub use crate::machine_key::{MachineKey, MachineKeyError};
pub use crate::misread::Misread;
pub use crate::series::{Series, SeriesError};
pub use crate::site::SiteFile;
