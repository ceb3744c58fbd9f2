//! Watches a fleet of canaries: schedule, store, alerts, metrics and status page.
//!
//! Everything that is decided is decided by pure functions of (configuration, stored state,
//! observation, now): [`step::step`] for a target, [`vantage::Sampler`] for the monitor's own network and
//! clock. The shell around them ([`worker`]) only fetches, stores and sends.
//!
//! It says what was observed and never a cause. Not being able to reach a canary is not silence.

#![forbid(unsafe_code)]

mod alerts;
pub mod axes;
pub mod checker;
pub mod config;
pub mod dialect;
pub mod episode;
pub mod evidence;
pub mod export;
pub mod facts;
pub mod fleet;
pub mod form;
pub mod junit;
pub mod memory;
pub mod metrics;
pub mod native;
pub mod notice;
pub mod notify;
pub mod observe;
pub mod outbox;
pub mod own;
pub mod policy;
pub mod route;
pub mod schedule;
pub mod server;
pub mod silence;
pub mod sinks;
pub mod status;
pub mod step;
pub mod store;
pub mod target;
pub mod vantage;
pub mod wording;
pub mod worker;
