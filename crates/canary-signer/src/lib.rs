//! People's keys and agents, drafting, lint and the signing ceremony; no network.

#![forbid(unsafe_code)]

pub mod agent;
pub mod cadence;
pub mod draft;
pub mod durable;
#[cfg(test)]
mod fixture;
pub mod private_key;
pub mod template;
