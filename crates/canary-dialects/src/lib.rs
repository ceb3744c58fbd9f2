//! Canaries of other formats, read into the same report.

#![forbid(unsafe_code)]
