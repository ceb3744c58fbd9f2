//! Everything that is one line: what is read is written to the same text.
#![no_main]

use canary_format::digest::Digest;
use canary_format::key::{Fingerprint, PublicKey};
use canary_format::note::{NoteSignature, VerifierKey};
use canary_format::pin::Pin;
use canary_format::time::{Date, Timestamp};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let back = [
        Pin::parse(text).ok().map(|pin| pin.to_string()),
        VerifierKey::parse(text).map(|key| key.to_string()),
        NoteSignature::parse(text).map(|line| line.to_string()),
        PublicKey::from_openssh(text).map(|key| key.to_openssh()),
        Fingerprint::parse(text).map(|fingerprint| fingerprint.to_string()),
        Digest::parse(text).map(|digest| digest.to_string()),
        Timestamp::parse(text).map(|at| at.to_string()),
        Date::parse(text).map(|date| date.to_string()),
    ];
    for written in back.into_iter().flatten() {
        assert_eq!(written, text);
    }
});
