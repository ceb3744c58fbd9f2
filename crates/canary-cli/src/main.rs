//! The command `canary`.

#![forbid(unsafe_code)]

fn main() {}
