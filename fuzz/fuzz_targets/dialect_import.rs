//! A folder of files under any names.
#![no_main]

use canary_dialects::Timestamp;
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::trust::Trust;

libfuzzer_sys::fuzz_target!(|files: Vec<(String, Vec<u8>, Option<u32>)>| {
    let at = |seconds: u32| Timestamp::from_unix(i64::from(seconds));
    let versions: Vec<Version> =
        files.into_iter().map(|(path, bytes, seconds)| Version { path, bytes, at: seconds.map(at) }).collect();
    let imported = import(&versions, None, &Trust::default());
    let _ = judge(&imported.issues, &[], &Trust::default(), &Context::default(), at(1_710_000_000));
});
