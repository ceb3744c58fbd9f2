//! People's keys and agents, drafting, lint and the signing ceremony; no network.

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
pub mod private_key;
pub mod status;
pub mod template;
