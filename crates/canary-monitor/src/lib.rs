//! Watches a fleet of canaries: schedule, store, alerts, metrics and status page.
//!
//! Everything that is decided is decided by pure functions of (configuration, stored state,
//! observation, now): [`step::step`] for a target, [`vantage::Sampler`] for the monitor's own network and
//! clock. The shell around them ([`worker`]) only fetches, stores and sends.
//!
//! ```
//! use canary_monitor::config::{Config, ConfigError};
//!
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("watch.toml");
//! let target = "[[target]]\nurl = \"https://example.com/.well-known/canary/\"\nroutes = [\"ops\"]\n";
//! let route = "[[route]]\nname = \"ops\"\nsinks = [\"hook\"]\n";
//! let sink = "[[sink]]\nname = \"hook\"\nkind = \"exec\"\ncommand = [\"/usr/local/bin/tell\"]\n";
//! std::fs::write(&file, [target, route, sink].concat())?;
//! assert_eq!(Config::read(&file, None)?.fleet.len(), 1);
//!
//! std::fs::write(&file, [target, "intervall = \"1h\"\n", route, sink].concat())?;
//! let Err(ConfigError::Mistakes(mistakes)) = Config::read(&file, None) else { unreachable!() };
//! assert!(mistakes[0].to_string().contains("watch.toml:4:1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - What a canary says and whether it could be reached are two axes. Not being able to reach a canary is not silence,
//!   and what cannot be explained by transport never waits for a second look.
//! - A change and the notices of it are one transaction. A notice counts as sent after the other side's 2xx, and comes
//!   again under the same key until then, through kills of any process.
//! - A worker that lost its claim writes nothing. Memory, disk, sockets and what a canary can make of them are bounded.
//! - A signed deadline passes by arithmetic: no fetch is needed to say that a canary has lapsed.
//!
//! # What it does not prove
//!
//! It says what was observed and never a cause. What was not served to this monitor, or while it did not run, it has
//! not seen: such gaps are recorded and shown.

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
