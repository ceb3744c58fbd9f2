//! Key files and `allowed_signers`.
#![no_main]

use canary_dialects::sshsig::SshKey;
use canary_dialects::trust::Key;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Key::read(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = SshKey::allowed_signers(text);
    }
});
