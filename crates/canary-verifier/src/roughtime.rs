//! What time servers that the user named say the time is: Roughtime, RFC 10049.
//!
//! A user who doubts a machine's clock asks servers whose keys are at hand. What more than half of
//! the named servers bear out bounds the time; fewer than half can move it in neither direction.
//! Everything here is pure: [`crate::fetch::time_servers`] carries the datagrams.
//!
//! The wire format is that of `roughenough-protocol`; signatures are checked over the bytes received
//! by this project's strict Ed25519.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::key::{PublicKey, Signature};
use canary_format::time::Timestamp;
use roughenough_protocol::cursor::ParseCursor;
use roughenough_protocol::header::find_value_range;
use roughenough_protocol::request::Request;
use roughenough_protocol::response::Response;
use roughenough_protocol::tag::Tag;
use roughenough_protocol::tags::{MerklePath, Nonce, ProtocolVersion, SrvCommitment};
use roughenough_protocol::wire::{FRAME_OVERHEAD, FromFrame as _, ToFrame as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha512};

/// The greatest size of a list of servers, in bytes.
pub const MAX_LIST: usize = 65_536;

/// The most servers in a list.
pub const MAX_SERVERS: usize = 32;

/// The most bytes of an answer: what fits one unfragmented datagram.
pub const MAX_ANSWER: usize = 1_472;

/// Version 1 and, for servers older than the RFC, the last draft's; in ascending order, as asked.
const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::RFC, ProtocolVersion::DRAFT];

/// A time server that the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeServer {
    /// Its name, for the user.
    pub name: String,
    /// Its `host:port`, reached over UDP.
    pub address: String,
    /// Its long-term key.
    pub key: PublicKey,
}

/// Why a list of servers was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// More than [`MAX_LIST`] bytes.
    #[error("a list of time servers has at most {MAX_LIST} bytes")]
    TooLarge,
    /// It is not the JSON form of RFC 10049 §8.3.
    #[error("not a list of time servers as in RFC 10049 §8.3")]
    Form(#[source] serde_json::Error),
    /// None, or more than [`MAX_SERVERS`].
    #[error("a list names 1 to {MAX_SERVERS} time servers, not {0}")]
    Count(usize),
    /// The key is not 32 bytes of Ed25519 in base64.
    #[error("the key of this time server is not an Ed25519 key in base64: {0}")]
    Key(String),
    /// There is no `udp` address of the form `host:port`.
    #[error("this time server has no UDP address of the form host:port: {0}")]
    Address(String),
    /// Two entries have one key: one server would count twice.
    #[error("two time servers have one key: {0}")]
    Twice(String),
}

#[derive(Deserialize)]
struct List {
    servers: Vec<Entry>,
}

/// Members that are not named here have no bearing on a query; the form is another project's to grow.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    public_key_type: String,
    public_key: String,
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    protocol: String,
    address: String,
}

/// Reads a list of servers in the JSON form of RFC 10049 §8.3.
///
/// # Errors
///
/// The first thing wrong with it.
pub fn read_list(bytes: &[u8]) -> Result<Vec<TimeServer>, ListError> {
    if bytes.len() > MAX_LIST {
        return Err(ListError::TooLarge);
    }
    let list: List = serde_json::from_slice(bytes).map_err(ListError::Form)?;
    if !(1..=MAX_SERVERS).contains(&list.servers.len()) {
        return Err(ListError::Count(list.servers.len()));
    }
    let mut servers: Vec<TimeServer> = Vec::new();
    for entry in list.servers {
        let server = entry.read()?;
        if servers.iter().any(|other| other.key == server.key) {
            return Err(ListError::Twice(server.name));
        }
        servers.push(server);
    }
    Ok(servers)
}

impl Entry {
    fn read(self) -> Result<TimeServer, ListError> {
        let key = STANDARD.decode(&self.public_key).ok().and_then(|key| key.try_into().ok());
        let Some(key) = key.filter(|_| self.public_key_type == "ed25519") else {
            return Err(ListError::Key(self.name));
        };
        let is_udp = |address: &&Address| address.protocol == "udp";
        let has_port = |address: &&Address| {
            let parts = address.address.rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match self.addresses.iter().filter(is_udp).find(has_port) {
            Some(Address { address, .. }) => {
                Ok(TimeServer { address: address.clone(), key: PublicKey(key), name: self.name })
            }
            None => Err(ListError::Address(self.name)),
        }
    }
}

/// One request: 1,024 bytes, so that no answer is larger than what was asked with.
#[derive(Debug, Clone)]
pub struct Question {
    nonce: [u8; 32],
    key: PublicKey,
    bytes: Vec<u8>,
}

/// Why an answer shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It cannot be read.
    #[error("the answer is not of Roughtime: {0}")]
    Form(String),
    /// It has another nonce, or a version that was not asked for.
    #[error("the answer is to another question")]
    Other,
    /// The time lies outside what the long-term key allowed the signing key.
    #[error("the answer's time is outside its delegation")]
    Delegation,
    /// The request is not under the signed root.
    #[error("the answer's tree does not hold the question")]
    Tree,
    /// A signature does not verify.
    #[error("a signature of the answer does not verify")]
    Signature,
}

/// The interval that a server signed: the true time of signing is in it, if the server is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its start.
    pub earliest: Timestamp,
    /// Its end.
    pub latest: Timestamp,
}

impl Question {
    /// A question for this server. The nonce must be random and is used once.
    pub fn new(server: &TimeServer, nonce: [u8; 32]) -> Self {
        let server_commitment = SrvCommitment::from(hash(&[&[0xff], &server.key.0]));
        let request = Request::new_with_server_and_versions(
            &Nonce::from(nonce),
            &server_commitment,
            &VERSIONS,
        );
        let bytes = request.as_frame_bytes().expect("a request has room for itself");
        Self { nonce, key: server.key, bytes }
    }

    /// The datagram to send.
    pub fn datagram(&self) -> &[u8] {
        &self.bytes
    }

    /// Verifies the datagram that came back (RFC 10049 §5.4).
    ///
    /// # Errors
    ///
    /// The first step that fails.
    pub fn verify(&self, datagram: &[u8]) -> Result<Answer, AnswerError> {
        let form = |error: roughenough_protocol::error::Error| AnswerError::Form(error.to_string());
        if datagram.len() > MAX_ANSWER {
            return Err(AnswerError::Form("too large".to_owned()));
        }
        let mut parsed = datagram.to_vec();
        let response = Response::from_frame(&mut ParseCursor::new(&mut parsed)).map_err(form)?;
        let signed = response.srep();
        let version = *signed.ver();
        if response.nonc().as_ref() != self.nonce || !VERSIONS.contains(&version) {
            return Err(AnswerError::Other);
        }
        let message = &datagram[FRAME_OVERHEAD..];
        let received = |path: &[Tag]| {
            let range = find_value_range(message, path).map_err(form)?;
            message.get(range).ok_or_else(|| AnswerError::Form("cut short".to_owned()))
        };

        // The long-term key delegated to the signing key, for a time that holds this instant.
        let delegation = response.cert().dele();
        let delegated = [version.dele_prefix(), received(&[Tag::CERT, Tag::DELE])?].concat();
        check(self.key, &delegated, response.cert().sig().as_ref())?;
        if !(delegation.mint()..=delegation.maxt()).contains(&signed.midp()) {
            return Err(AnswerError::Delegation);
        }

        // The request is a leaf of the signed tree.
        let root = root(&self.bytes, response.indx(), response.path());
        if root.as_ref().map(<[u8; 32]>::as_slice) != Some(signed.root().as_ref()) {
            return Err(AnswerError::Tree);
        }

        // The delegated key signed root, midpoint and radius.
        let key = delegation.pubk().as_ref().try_into().map_err(|_| AnswerError::Signature)?;
        let response_signed = [version.srep_prefix(), received(&[Tag::SREP])?].concat();
        check(PublicKey(key), &response_signed, response.sig().as_ref())?;

        let radius = i64::from(signed.radi());
        let midpoint = i64::try_from(signed.midp()).unwrap_or(i64::MAX);
        Ok(Answer {
            earliest: Timestamp::from_unix(midpoint.saturating_sub(radius)),
            latest: Timestamp::from_unix(midpoint.saturating_add(radius)),
        })
    }
}

fn check(key: PublicKey, message: &[u8], signature: &[u8]) -> Result<(), AnswerError> {
    let signature = signature.try_into().map(Signature);
    let verifies = signature.is_ok_and(|signature| key.verify(message, &signature));
    if verifies { Ok(()) } else { Err(AnswerError::Signature) }
}

/// RFC 10049 §5.3: leaves are whole requests; `None` where the index has bits beyond the path.
fn root(request: &[u8], index: u32, path: &MerklePath) -> Option<[u8; 32]> {
    let mut node = hash(&[&[0x00], request]);
    let mut rest = index;
    for sibling in path.elements() {
        let (left, right) = if rest & 1 == 0 { (&node[..], sibling) } else { (sibling, &node[..]) };
        node = hash(&[&[0x01], left, right]);
        rest >>= 1;
    }
    (rest == 0).then_some(node)
}

/// The first 32 bytes of SHA-512.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()[..32].try_into().expect("SHA-512 has 64 bytes")
}

/// What more than half of the named servers bear out about now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeBounds {
    /// Now is not earlier.
    pub earliest: Option<Timestamp>,
    /// Now is not later.
    pub latest: Option<Timestamp>,
}

impl TimeBounds {
    /// The bounds from the answers of `named` servers, at most one answer each, brought up to now.
    pub fn of(answers: &[Answer], named: usize) -> Self {
        // With the greatest bound first, the one at this place is met by more than half of all.
        let majority = named / 2;
        let mut earliest: Vec<_> = answers.iter().map(|answer| answer.earliest).collect();
        earliest.sort_unstable_by(|a, b| b.cmp(a));
        let mut latest: Vec<_> = answers.iter().map(|answer| answer.latest).collect();
        latest.sort_unstable();
        Self { earliest: earliest.get(majority).copied(), latest: latest.get(majority).copied() }
    }
}

#[cfg(test)]
mod tests;
