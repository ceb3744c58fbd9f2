//! Canaries of other formats, read into the same report as the native ones (`docs/spec/dialects.md`).
//!
//! ```
//! use canary_dialects::dialect::{dialect, recognise};
//! use canary_dialects::judge::{Context, judge};
//! use canary_dialects::reading::Published;
//! use canary_dialects::trust::Trust;
//! use canary_format::time::Timestamp;
//! use canary_verifier::report::{Severity, State};
//!
//! let body = b"Date: 2026-06-19\nExpires: 2026-09-19\n\nWe have never received a gag order.\n";
//! let published = Published { source: "canary", body, beside: &[], seen: None };
//! let kind = recognise(&published)?;
//! let trust = Trust::default();
//! let reading = dialect(kind).read(&published, &trust);
//! let now = Timestamp::parse("2026-07-01T00:00:00Z").expect("an instant");
//! let report = judge(&reading.issues, &reading.remarks, &trust, &Context::default(), now).report;
//! assert_eq!((report.state, report.severity), (State::Live, Severity::Attention)); // nothing is signed
//! # Ok::<(), canary_dialects::dialect::Unrecognised>(())
//! ```
//!
//! # Guarantees
//! No clock, network, file or environment is read here: time is an argument, keys are named by the user and never
//! taken from a text. Only what a signature covers counts. Every input is bounded, and each pass over it is linear.
//! What the words leave open is reported with its earliest and latest reading.
//!
//! # What it does not prove
//! Prose is read by rules, and rules can miss: a statement that no rule takes for a fact is kept as talk and raises
//! no finding. A signature's own time is what its maker wrote. What a format cannot bind is said in a finding.

#![forbid(unsafe_code)]

mod bytes;
mod canary_txt;
mod canarytail;
pub mod dates;
pub mod dialect;
pub mod import;
mod json;
pub mod judge;
pub mod migrate;
pub mod openpgp;
mod page;
mod plain;
pub mod prose;
pub mod reading;
mod signed_json;
pub mod signify;
pub mod sshsig;
pub mod trust;

pub use canary_format::time::Timestamp;
