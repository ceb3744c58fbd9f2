//! Keys of other makers and in other places: `ssh-keygen`, `ssh-agent`, another machine.

use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use canary_signer::private_key::PrivateKey;

use crate::desk::{Desk, Pressed, answer, exited};

use Pressed::Affirm;

fn ssh_keygen(file: &str, passphrase: &str) -> bool {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-C", "someone@example", "-N", passphrase, "-f", file]);
    match command.stdin(Stdio::null()).status() {
        Ok(status) => status.success(),
        Err(_) => {
            println!("left out: there is no ssh-keygen");
            false
        }
    }
}

/// A desk whose keys were made by `ssh-keygen`; the third has a passphrase.
fn desk() -> Option<Desk> {
    let desk = Desk::empty();
    for (name, passphrase) in [("ada", ""), ("bo", ""), ("chen", "correct horse")] {
        if !ssh_keygen(&desk.key(name), passphrase) {
            return None;
        }
    }
    desk.init();
    Some(desk)
}

#[test]
fn keys_made_by_ssh_keygen_sign() {
    let Some(desk) = desk() else { return };
    desk.sign("ada", &[Affirm, Affirm]);
    let wrong = |passphrase: &str| {
        let mut session = desk.spawn(&["sign", "--key", &desk.key("chen")]);
        answer(&mut session, &[Affirm, Affirm]);
        session.exp_string("Passphrase for").unwrap();
        session.exp_string(": ").unwrap();
        session.send_line(passphrase).unwrap();
        let shown = session.exp_eof().unwrap();
        assert!(!shown.contains(passphrase), "a passphrase is never shown");
        (shown, session)
    };
    let (shown, session) = wrong("incorrect");
    assert!(shown.contains("the passphrase does not open") && exited(&session, 65), "{shown}");
    assert_eq!(desk.draft().signatures().len(), 1);
    let (shown, session) = wrong("correct horse");
    assert!(exited(&session, 0), "{shown}");
    assert!(desk.draft().to_envelope().is_ok());
}

#[test]
fn ssh_keygen_reads_our_keys_and_prints_the_same_fingerprint() {
    let desk = Desk::empty();
    let path = desk.key("ada");
    let mut session = desk.spawn(&["key", "new", "--out", &path, "--comment", "ada"]);
    for _ in 0..2 {
        session.exp_string(": ").unwrap();
        session.send_line("correct horse").unwrap();
    }
    session.exp_eof().unwrap();
    assert!(exited(&session, 0));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let ours = desk.canary(&["key", "show", &path]);
    let ours = String::from_utf8(ours.stdout).unwrap();
    let fingerprint = ours.lines().next().unwrap();
    let Ok(theirs) = Command::new("ssh-keygen").args(["-lf", &path]).output() else {
        println!("left out: there is no ssh-keygen");
        return;
    };
    let theirs = String::from_utf8(theirs.stdout).unwrap();
    assert_eq!(theirs.split(' ').nth(1), Some(fingerprint), "{theirs}");
    // The passphrase opens the key there too, and nothing else does.
    let opens = |passphrase: &str| {
        let mut command = Command::new("ssh-keygen");
        command.args(["-y", "-P", passphrase, "-f", &path]).stdin(Stdio::null());
        command.output().unwrap().status.success()
    };
    assert!(opens("correct horse") && !opens("incorrect") && !opens(""));
}

#[test]
fn a_key_that_others_can_read_signs_nothing() {
    let desk = Desk::founded();
    let key = desk.key("ada");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mut session = desk.spawn(&["sign", "--key", &key]);
    let shown = session.exp_eof().unwrap();
    assert!(shown.contains("can be read by others than its owner: mode 0640"), "{shown}");
    assert!(exited(&session, 78));
    assert!(desk.draft().signatures().is_empty());
}

#[test]
fn a_key_outside_the_roster_signs_nothing() {
    let desk = Desk::founded();
    let stranger = desk.key("stranger");
    assert!(
        desk.canary(&["key", "new", "--out", &stranger, "--danger-no-passphrase"]).status.success()
    );
    let log = desk.path("keys/log").to_str().unwrap().to_owned();
    for key in [stranger, log] {
        let mut session = desk.spawn(&["sign", "--key", &key]);
        let shown = session.exp_eof().unwrap();
        assert!(shown.contains("the key is in no roster"), "{shown}");
        assert!(exited(&session, 64));
    }
    assert!(desk.draft().signatures().is_empty());
}

#[test]
fn a_signer_s_key_is_never_made_in_the_publisher_s_folder() {
    let desk = Desk::founded();
    let inside = desk.path("keys/dora");
    let output =
        desk.canary(&["key", "new", "--out", inside.to_str().unwrap(), "--danger-no-passphrase"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(!inside.exists());
}

/// An agent of its own, ended with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ssh_agent_signs_for_the_person_who_affirmed() {
    let Some(desk) = desk() else { return };
    let socket = desk.root().parent().unwrap().join("agent");
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(agent) = command.spawn() else {
        println!("left out: there is no ssh-agent");
        return;
    };
    let _agent = Agent(agent);
    // The agent listens once its socket takes a connection.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(std::time::Instant::now() < deadline, "ssh-agent does not listen");
        std::thread::yield_now();
    }
    let added = Command::new("ssh-add").arg(desk.key("bo")).env("SSH_AUTH_SOCK", &socket).output();
    assert!(added.unwrap().status.success());
    let shown = desk.canary(&["key", "show", &desk.key("bo")]).stdout;
    let fingerprint = String::from_utf8(shown).unwrap().lines().next().unwrap().to_owned();
    for (arguments, works) in [
        (vec!["sign", "--agent", "SHA256:j9KEocNhyI3aS5u2QUOS7zuYBQjAwIUHZt8TACEalRk"], false),
        (vec!["sign", "--agent", &fingerprint], true),
    ] {
        let mut session = desk.spawn_with_agent(&socket, &arguments);
        if works {
            answer(&mut session, &[Affirm, Affirm]);
        }
        let shown = session.exp_eof().unwrap();
        assert_eq!(exited(&session, 0), works, "{shown}");
    }
    // Without a name: the only key of the agent that may sign, which has signed already.
    let mut session = desk.spawn_with_agent(&socket, &["sign"]);
    assert!(session.exp_eof().unwrap().contains("has signed this draft already"));
    assert_eq!(desk.draft().signatures().len(), 1);
}

#[test]
fn a_signature_made_on_another_machine_is_brought_back() {
    let desk = Desk::founded();
    assert!(desk.canary(&["sign", "--export", "to-sign"]).status.success());
    let bytes = std::fs::read(desk.path("to-sign")).unwrap();
    assert_eq!(bytes, desk.draft().signed_bytes());
    let none = || panic!("the key has no passphrase");
    let sign = |name: &str| PrivateKey::open(desk.key(name).as_ref(), none).unwrap().sign(&bytes).0;
    // Raw bytes by one, base64 by another (as `openssl pkeyutl -sign -rawin | base64` gives).
    std::fs::write(desk.path("raw"), sign("ada")).unwrap();
    assert!(desk.canary(&["sign", "--import", "raw"]).status.success());
    let mut other = sign("bo");
    other[0] ^= 1;
    std::fs::write(desk.path("bad"), other).unwrap();
    assert_eq!(desk.canary(&["sign", "--import", "bad"]).status.code(), Some(65));
    assert_eq!(desk.canary(&["sign", "--import", "raw"]).status.code(), Some(65));
    assert_eq!(desk.draft().signatures().len(), 1);
    // A copy of the draft, signed where there is no canary.toml and no series.
    let far = tempfile::tempdir().unwrap();
    let copy = far.path().join("draft.json");
    std::fs::copy(desk.path("draft.json"), &copy).unwrap();
    let copy = copy.to_str().unwrap();
    let mut session = desk.spawn(&["sign", copy, "--key", &desk.key("chen")]);
    answer(&mut session, &[Affirm, Affirm]);
    session.exp_eof().unwrap();
    assert!(exited(&session, 0));
    let merged = desk.canary(&["sign", "--import", copy]);
    assert!(merged.status.success(), "{merged:?}");
    assert!(desk.draft().to_envelope().is_ok());
}
