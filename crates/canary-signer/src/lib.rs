//! People's keys and agents, drafting, lint and the signing ceremony; no network.

#![forbid(unsafe_code)]
