//! What a customer takes to the assessment, from canaries that were verified.
//!
//! Three reports: [`coverage`] holds the live facts of one or several suppliers against a
//! shared-responsibility [`profile`]; [`edpb`] holds a series against the warrant-canary conditions of
//! the European Data Protection Board's Recommendations 01/2020; [`tia`] puts both, the history and the
//! raw bytes into one pack that verifies offline. Each is a value that serialises to the JSON of
//! `docs/spec/reports.md`, and a [`document`] in English or Chinese for a terminal, a page or paper.
//!
//! ```
//! use canary_report::layer::{Layer, Model};
//! use canary_report::profile::{Profile, Responsibility};
//!
//! let profile = Profile::shipped("azure").expect("a shipped profile");
//! let os = profile.cell(Layer::parse("os")?, Model::Iaas)?;
//! assert_eq!(os.who, Responsibility::Customer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - Pure: no clock, input or output, environment or async. The same judgements, stack and instant
//!   give the same bytes, in whatever order suppliers are named.
//! - Only facts that are affirmed by people, and in force at the instant, cover anything. A fact said
//!   in one role never covers data held in another.
//! - Custody of keys and permission by law are never more than declared.
//!
//! # What it does not prove
//!
//! What a canary does not prove, no report on it does: every one of them carries the limits of
//! `verdicts.md` §5.

#![forbid(unsafe_code)]

pub mod command;
pub mod coverage;
pub mod document;
pub mod edpb;
pub mod layer;
pub mod period;
pub mod profile;
pub mod site;
pub mod stack;
pub mod supplier;
pub mod tia;
pub mod watch;
pub mod words;
