//! Fetches a canary within limits, and judges it.
//!
//! Judging is a pure function: the evidence obtained, what the user trusts, what was seen before and
//! an instant give one report (`docs/spec/verdicts.md`). The same four inputs give the same report on
//! any machine, on any day. It says what was observed and never a cause.
//!
//! ```
//! use std::path::Path;
//!
//! use canary_format::pin::Pin;
//! use canary_format::time::Timestamp;
//! use canary_verifier::evidence::Trust;
//! use canary_verifier::files;
//! use canary_verifier::judge::judge;
//! use canary_verifier::report::{Code, State};
//!
//! let series = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../canaries");
//! let now = Timestamp::parse("2026-11-22T09:00:00Z").expect("an instant");
//! let evidence = files::read(&series.join("site"), now);
//! let pin = Pin::parse(include_str!("../../../canaries/PIN").trim())?;
//! let trust = Trust { pin: Some(pin), ..Trust::default() };
//!
//! let report = judge(&evidence, &trust, None, now).report;
//! assert_eq!(report.state, State::Live);
//! // Between issues 5 and 6 the series had lapsed. That stays on record.
//! assert!(report.findings.iter().any(|finding| finding.code == Code::Resumed));
//!
//! let a_year_later = now.plus(365 * 86_400);
//! assert_eq!(judge(&evidence, &trust, None, a_year_later).report.state, State::Lapsed);
//! # Ok::<(), canary_format::refusal::Refusal>(())
//! ```
//!
//! # Guarantees
//!
//! - Only bytes that were received are verified. A [`judge::VerifiedIssue`] comes from the judge alone: its quorum is
//!   one of distinct persons, under the roster that the issue before it names.
//! - Absent, unreachable, refused and too large are different values, and none of them is an error: a canary that
//!   has lapsed or is gone is a result.
//! - What was seen only ever advances to evidence that is authentic and consistent, and is on the disk before a run
//!   says so. State that does not read back is an error, never *nothing seen*.
//! - Every transfer is bounded in size, time and redirects, and goes where the operator said.
//!
//! # What it does not prove
//!
//! [`report::LIMITS`]: that signers know, were free and told the truth; that what nobody asked for at the time was not
//! served to others; why anything is missing.

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
