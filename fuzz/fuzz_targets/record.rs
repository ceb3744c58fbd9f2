//! What an assessment takes besides canaries: a watcher's record, a list of suppliers, a profile.
#![no_main]

use canary_report::profile::Profile;
use canary_report::stack::Stack;
use canary_report::watch::WatchRecord;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = WatchRecord::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (Stack::parse(text), Profile::parse(text));
    }
});
