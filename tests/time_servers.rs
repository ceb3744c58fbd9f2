//! Time servers: what an answer shows, and what a majority of servers does to a verdict.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::key::PublicKey;
use canary_verifier::roughtime::{AnswerError, MAX_ANSWER, Question, TimeServer};
use ed25519_dalek::{Signer as _, SigningKey};
use roughenough_protocol::cursor::ParseCursor;
use roughenough_protocol::request::Request;
use roughenough_protocol::response::Response;
use roughenough_protocol::tags::srep::SignedResponse;
use roughenough_protocol::tags::{
    Certificate, Delegation, MerklePath, MerkleRoot, Nonce, ProtocolVersion, PublicKey as WireKey,
    Signature as WireSignature, SupportedVersions,
};
use roughenough_protocol::wire::{FromFrame as _, ToFrame as _, ToWire as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

const NOON: u64 = 1_795_521_600;

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    Sha512::digest(parts.concat())[..32].try_into().unwrap()
}

fn server(seed: u8) -> (TimeServer, SigningKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = PublicKey(key.verifying_key().to_bytes());
    let (name, address) = (format!("t{seed}.example"), "127.0.0.1:2002".into());
    (TimeServer { name, address, key: public }, key)
}

/// What a server with this long-term key answers at an instant, after whatever `bend` does before
/// the signatures are made.
fn answered(
    datagram: &[u8],
    at: u64,
    long_term: &SigningKey,
    bend: impl FnOnce(&mut Delegation, &mut Response),
) -> Vec<u8> {
    let online = SigningKey::from_bytes(&[0x5a; 32]);
    let version = ProtocolVersion::RFC;
    let mut delegation = Delegation::default();
    delegation.set_pubk(WireKey::from(online.verifying_key().to_bytes()));
    delegation.set_mint(at - 3_600);
    delegation.set_maxt(at + 3_600);
    let mut signed = SignedResponse::default();
    signed.set_ver(version);
    signed.set_vers(&SupportedVersions::new(&[version]));
    signed.set_midp(at);
    signed.set_radi(5);
    let sibling = hash(&[b"another request"]);
    let leaf = hash(&[&[0], datagram]);
    signed.set_root(&MerkleRoot::from(hash(&[&[1], &sibling, &leaf])));
    let mut path = MerklePath::default();
    path.push_element(&sibling);
    let mut request = datagram.to_vec();
    let request = Request::from_frame(&mut ParseCursor::new(&mut request)).unwrap();
    let mut response = Response::default();
    response.set_path(path);
    response.set_indx(1);
    response.set_nonc(*request.nonc());
    bend(&mut delegation, &mut response);
    let sign = |key: &SigningKey, prefix: &[u8], bytes: Vec<u8>| {
        WireSignature::from(key.sign(&[prefix, &bytes].concat()).to_bytes())
    };
    let certificate = sign(long_term, version.dele_prefix(), delegation.as_bytes().unwrap());
    response.set_cert(Certificate::new(certificate, delegation));
    response.set_sig(sign(&online, version.srep_prefix(), signed.as_bytes().unwrap()));
    response.set_srep(signed);
    response.as_frame_bytes().unwrap()
}

fn honest(_: &mut Delegation, _: &mut Response) {}

#[test]
fn an_honest_answer_bounds_the_time() {
    let (server, key) = server(1);
    let question = Question::new(&server, [9; 32]);
    assert_eq!(question.datagram().len(), 1_024);
    let answer = question.verify(&answered(question.datagram(), NOON, &key, honest)).unwrap();
    assert_eq!(answer.earliest.unix(), NOON as i64 - 5);
    assert_eq!(answer.latest.unix(), NOON as i64 + 5);
}

#[test]
fn each_step_refuses_what_only_it_can_see() {
    let (server, key) = server(1);
    let question = Question::new(&server, [9; 32]);
    let verdict = |key: &SigningKey, bend: fn(&mut Delegation, &mut Response)| {
        question.verify(&answered(question.datagram(), NOON, key, bend)).unwrap_err()
    };
    let stranger = SigningKey::from_bytes(&[2; 32]);
    assert_eq!(verdict(&stranger, honest), AnswerError::Signature);
    let other_nonce = |_: &mut _, response: &mut Response| response.set_nonc(Nonce::from([8; 32]));
    assert_eq!(verdict(&key, other_nonce), AnswerError::Other);
    let over = |delegation: &mut Delegation, _: &mut _| delegation.set_maxt(NOON - 1);
    assert_eq!(verdict(&key, over), AnswerError::Delegation);
    assert_eq!(verdict(&key, |_, response| response.set_indx(0)), AnswerError::Tree);
    assert_eq!(verdict(&key, |_, response| response.set_indx(3)), AnswerError::Tree);
    let another = Question::new(&server, [7; 32]);
    let replayed = question.verify(&answered(another.datagram(), NOON, &key, honest));
    assert_eq!(replayed, Err(AnswerError::Other));
}

#[test]
fn no_changed_byte_gives_another_time() {
    let (server, key) = server(1);
    let question = Question::new(&server, [9; 32]);
    let honest = answered(question.datagram(), NOON, &key, honest);
    let answer = question.verify(&honest).unwrap();
    for place in 0..honest.len() {
        let mut bytes = honest.clone();
        bytes[place] ^= 1;
        let changed = question.verify(&bytes);
        assert!(changed.is_err() || changed == Ok(answer), "byte {place}");
    }
    for length in 0..honest.len() {
        assert!(question.verify(&honest[..length]).is_err(), "cut to {length}");
    }
    assert!(question.verify(&[0; MAX_ANSWER + 1]).is_err());
}

/// A time server on loopback whose clock is so many seconds from this machine's; for ever.
fn start(seed: u8, ahead: i64) -> Value {
    let (server, key) = server(seed);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut datagram = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let at = now.checked_add_signed(ahead).unwrap();
            socket.send_to(&answered(&datagram[..length], at, &key, honest), from).unwrap();
        }
    });
    entry(&server, &address)
}

fn entry(server: &TimeServer, address: &str) -> Value {
    json!({
        "name": server.name, "version": 1, "publicKeyType": "ed25519",
        "publicKey": STANDARD.encode(server.key.0),
        "addresses": [{ "protocol": "udp", "address": address }],
    })
}

/// The findings that speak of the clock, and what was said beside the report.
fn verify(servers: Vec<Value>) -> (Vec<String>, String) {
    let home = tempfile::tempdir().unwrap();
    let list = home.path().join("servers.json");
    fs::write(&list, json!({ "servers": servers }).to_string()).unwrap();
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../canaries/site");
    let ran = Command::new(env!("CARGO_BIN_EXE_canary"))
        .env_clear()
        .env("HOME", home.path())
        .args(["verify", "--json", "--roughtime"])
        .args([&list, &site])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let suspect = findings.filter(|finding| finding["code"] == "CLOCK_SUSPECT");
    let said = suspect.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect();
    (said, String::from_utf8(ran.stderr).unwrap())
}

const DAY: i64 = 86_400;

#[test]
fn servers_that_agree_with_the_clock_leave_the_verdict_alone() {
    let (suspect, said) = verify(vec![start(1, 0), start(2, 1), start(3, -1)]);
    assert_eq!(suspect, Vec::<String>::new());
    assert_eq!(said, "");
}

#[test]
fn a_clock_behind_or_ahead_of_most_servers_is_suspect() {
    let (behind, _) = verify(vec![start(1, DAY), start(2, DAY), start(3, 0)]);
    assert_eq!(behind.len(), 1);
    assert!(behind[0].contains("is later than now"), "{behind:?}");
    let (ahead, _) = verify(vec![start(1, -DAY), start(2, -DAY), start(3, 0)]);
    assert_eq!(ahead.len(), 1);
    assert!(ahead[0].contains("by the time servers it is not later than"), "{ahead:?}");
}

#[test]
fn neither_a_lying_nor_a_silent_server_decides() {
    let (suspect, _) = verify(vec![start(1, 400 * DAY), start(2, 0), start(3, 0)]);
    assert_eq!(suspect, Vec::<String>::new());

    // A socket that never answers, and one whose answers another key has signed.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = entry(&server(4).0, &silent.local_addr().unwrap().to_string());
    let mut forged = start(5, DAY);
    forged["publicKey"] = json!(STANDARD.encode(server(6).0.key.0));
    let (suspect, said) = verify(vec![start(1, DAY), silent, forged]);
    assert_eq!(suspect, Vec::<String>::new(), "one of three is not more than half");
    assert!(said.contains("time server t4.example: "), "{said}");
    assert!(
        said.contains("time server t5.example: a signature of the answer does not verify"),
        "{said}"
    );
    assert!(said.contains("1 of 3 time servers gave the time"), "{said}");
}
