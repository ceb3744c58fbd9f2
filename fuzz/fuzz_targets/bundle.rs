//! An entry bundle, its width first: what is read is written to the same bytes.
#![no_main]

use canary_format::tile::{bundle, parse_bundle};

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (width, bytes) = input;
    if let Ok(entries) = parse_bundle(bytes, width.into(), "bundle") {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(bundle(entries.iter().map(Vec::as_slice)), bytes);
    }
});
