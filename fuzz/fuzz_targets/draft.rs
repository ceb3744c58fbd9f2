//! A draft and a publisher's configuration: what one signer's machine takes from another's.
#![no_main]

use std::path::Path;

use canary_signer::config::Config;
use canary_signer::draft::Draft;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Draft::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Nothing lies below this folder: keys that the text names are not there.
        let _ = Config::parse(text.to_owned(), Path::new("/nonexistent"));
    }
});
