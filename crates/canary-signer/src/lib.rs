//! People's keys and agents, drafting, lint and the signing ceremony. No network.
//!
//! The way of an issue: [`config::Config`] reads `canary.toml` and gives the content of the next
//! issue; [`draft::Draft`] is that issue with the signatures so far; [`lint`] and [`gate`] look at
//! it; [`ceremony::hold`] shows every fact to a person and asks for each; a key
//! ([`private_key::PrivateKey`] or [`agent::Agent`]) signs; [`draft::Draft::to_envelope`] is what
//! gets published.
//!
//! ```
//! use canary_format::time::Timestamp;
//! use canary_signer::cadence::Profile;
//!
//! let as_of = Timestamp::parse("2026-01-31T09:00:00Z").expect("a real instant");
//! let next_due = Profile::Monthly.next_due(as_of);
//! assert_eq!(next_due.to_string(), "2026-02-28T09:00:00Z");
//! ```
//!
//! # Guarantees
//!
//! - Only people affirm facts: a signature is made after a [`ceremony::Person`] affirmed each fact
//!   and the whole, or is one that a key holder's own agent or machine made.
//! - A draft holds no signature that does not verify under a key that may sign it.
//! - Leaving a fact out changes nothing else, and nothing asks, says or keeps why.
//! - A run that is killed at any instant leaves the file as it was or as it should be.
//! - A private key's secret is in no argument, log, error or `Debug` output, and is wiped from
//!   memory when it is dropped.
//!
//! # What it does not prove
//!
//! That the series in a folder is authentic: `canary-verifier` judges that, and `canary publish`
//! asks it.

#![forbid(unsafe_code)]

pub mod agent;
pub mod cadence;
pub mod ceremony;
pub mod changes;
pub mod config;
pub mod draft;
pub mod durable;
pub mod evidence;
#[cfg(test)]
mod fixture;
pub mod folder;
pub mod founding;
pub mod gate;
pub mod lint;
pub mod past;
pub mod private_key;
pub mod status;
pub mod template;
