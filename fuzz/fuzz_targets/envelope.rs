//! An envelope: what is read is written to something that holds the same.
#![no_main]

use canary_format::envelope::Envelope;
use canary_format::issue::Issue;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(envelope.bytes(), bytes);
        let written = Envelope::write(envelope.payload(), envelope.signatures()).expect("it was read");
        assert_eq!(written.payload(), envelope.payload());
        assert_eq!(written.signatures(), envelope.signatures());
        let _ = Issue::parse(envelope.payload());
    }
});
