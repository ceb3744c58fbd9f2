//! Fetches a canary within limits and judges it: evidence, trust, seen and now give one report.

#![forbid(unsafe_code)]
