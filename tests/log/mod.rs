//! A log made for tests of witnesses: it can fork, and it speaks the protocol over a socket.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::Checkpoint;
use canary_format::key::PublicKey;
use canary_format::merkle::{TreeHash, consistency_proof, leaf_hash, root};
use canary_format::note::{KeyKind, NoteSignature, VerifierKey};
use ed25519_dalek::{Signer as _, SigningKey};

/// A log of so many leaves; two logs of one name differ from the leaf after `common` on.
pub struct Log {
    pub key: VerifierKey,
    secret: SigningKey,
    leaves: Vec<TreeHash>,
}

impl Log {
    pub fn new(origin: &str, seed: u64) -> Self {
        Self::forked(origin, seed, u64::MAX)
    }

    /// The same log, but what comes after `common` leaves is another story.
    pub fn forked(origin: &str, seed: u64, common: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let secret = SigningKey::from_bytes(&bytes);
        let public = PublicKey(secret.verifying_key().to_bytes());
        let leaf = |n: u64| match n < common {
            true => leaf_hash(format!("leaf {n}").as_bytes()),
            false => leaf_hash(format!("another leaf {n}").as_bytes()),
        };
        Self {
            key: VerifierKey::new(origin, KeyKind::Note, public).unwrap(),
            secret,
            leaves: (0..400).map(leaf).collect(),
        }
    }

    pub fn checkpoint(&self, size: usize) -> Checkpoint {
        self.sign(Checkpoint::new(self.key.name(), size as u64, root(&self.leaves[..size])))
    }

    pub fn sign(&self, mut checkpoint: Checkpoint) -> Checkpoint {
        let signature = self.secret.sign(checkpoint.note().text().as_bytes()).to_bytes();
        checkpoint.note_mut().push(NoteSignature::new(&self.key, signature.to_vec()));
        checkpoint
    }

    pub fn proof(&self, old: usize, size: usize) -> Vec<TreeHash> {
        consistency_proof(&self.leaves[..size], old).unwrap()
    }

    /// A body for add-checkpoint.
    pub fn body(&self, old: usize, size: usize) -> String {
        body(old as u64, &self.proof(old, size), &self.checkpoint(size))
    }
}

pub fn body(old: u64, proof: &[TreeHash], checkpoint: &Checkpoint) -> String {
    let proof: String = proof.iter().map(|hash| STANDARD.encode(hash.0) + "\n").collect();
    format!("old {old}\n{proof}\n{checkpoint}")
}

/// An answer over HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

/// One connection that is kept open.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, body).unwrap()
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "").unwrap()
    }

    /// `None` where the other side went away.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        self.read()
    }

    pub fn read(&mut self) -> Option<Answer> {
        let mut line = || {
            let mut line = String::new();
            let count = self.stream.read_line(&mut line).ok()?;
            (count > 0).then(|| line.trim_end().to_owned())
        };
        let status = line()?.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut content_type) = (0, String::new());
        loop {
            let header = line()?;
            match header.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().ok()?;
                }
                Some((name, value)) if name.eq_ignore_ascii_case("content-type") => {
                    value.clone_into(&mut content_type);
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Answer { status, content_type, body: String::from_utf8(body).ok()? })
    }

    /// Waits for the other side to close, and gives what it still said.
    pub fn read_to_end(mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).unwrap();
        rest
    }

    pub fn write(&mut self, bytes: &str) {
        self.stream.get_mut().write_all(bytes.as_bytes()).unwrap();
    }
}
