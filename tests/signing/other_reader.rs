//! Another implementation of DSSE reads what we write: `securesystemslib` from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::Desk;

const VERIFY: &str = r#"
import base64, json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

def read():
    return Envelope.from_dict(json.load(open(sys.argv[1])))

envelope = read()
issue = json.loads(envelope.payload)
blobs = [key for signer in issue["roster"]["signers"] for key in signer["keys"]]
keys = []
for line, keyid in zip(blobs, sys.argv[2:]):
    public = base64.b64decode(line.split()[1])[-32:].hex()
    keys.append(SSlibKey(keyid, "ed25519", "ed25519", {"public": public}))
accepted = envelope.verify(keys, 2)
assert len(accepted) == 2, accepted
for name, changed in (("payload", envelope.payload + b" "), ("type", envelope.payload)):
    other = read()
    other.payload = changed
    if name == "type":
        other.payload_type += "x"
    try:
        other.verify(keys, 2)
    except VerificationError:
        continue
    raise SystemExit(f"accepted a changed {name}")
print("verified", len(accepted))
"#;

/// A Python with `securesystemslib`, kept between runs; `None` where it cannot be had.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("securesystemslib");
    let python = folder.join("bin/python");
    let ready = || {
        let mut check = Command::new(&python);
        check.args(["-c", "import securesystemslib, cryptography"]);
        matches!(check.output(), Ok(output) if output.status.success())
    };
    if ready() {
        return Some(python);
    }
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        matches!(output, Ok(output) if output.status.success())
    };
    let installed = run(Path::new("python3"), &["-m", "venv", folder.to_str()?])
        && run(
            &python,
            &["-m", "pip", "install", "-q", "--timeout", "20", "securesystemslib[crypto]==1.6.0"],
        );
    (installed && ready()).then_some(python)
}

#[test]
fn securesystemslib_verifies_our_envelopes() {
    let Some(python) = python() else {
        println!("left out: no Python with securesystemslib, and PyPI cannot be reached");
        return;
    };
    let desk = Desk::published();
    let fingerprints = ["ada", "bo", "chen"].map(|name| {
        let shown = desk.canary(&["key", "show", &desk.key(name)]).stdout;
        String::from_utf8(shown).unwrap().lines().next().unwrap().to_owned()
    });
    let output = Command::new(python)
        .args(["-c", VERIFY])
        .arg(desk.path("canaries/0001.json"))
        .args(fingerprints)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "verified 2");
}
