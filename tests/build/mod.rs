//! Builds signed series for tests. Every key is derived from a public string: it protects nothing.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::Checkpoint;
use canary_format::digest::Digest;
use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::issue::{
    Entity, Fact, Heartbeat, Issue, IssueContent, Localised, LogKeys, Publisher, Scope, Service,
    Tense,
};
use canary_format::key::{PublicKey, Signature};
use canary_format::layout::{CHECKPOINT, LATEST, LATEST_PROOF, issue_path};
use canary_format::merkle::{TreeHash, inclusion_proof, leaf_hash, root};
use canary_format::note::{KeyKind, NoteSignature, VerifierKey};
use canary_format::pin::Pin;
use canary_format::roster::{Roster, Signer};
use canary_format::tile::{Tile, bundle, hash_tile};
use canary_format::time::Timestamp;
use canary_format::tlog_proof::TlogProof;
use ed25519_dalek::{Signer as _, SigningKey};

pub const ORIGIN: &str = "canary.example/main";
pub const URL: &str = "https://canary.example/main/";

/// A private key of this name.
pub fn secret(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Digest::of(format!("canary test key: {name}").as_bytes()).0)
}

pub fn public(name: &str) -> PublicKey {
    PublicKey(secret(name).verifying_key().to_bytes())
}

pub fn sign(name: &str, message: &[u8]) -> Signature {
    Signature(secret(name).sign(message).to_bytes())
}

pub fn signature(name: &str, payload: &[u8]) -> EnvelopeSignature {
    let message = canary_format::envelope::pae(canary_format::envelope::PAYLOAD_TYPE, payload);
    EnvelopeSignature { keyid: public(name).fingerprint(), signature: sign(name, &message) }
}

pub fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text}T09:00:00Z") } else { text.to_owned() };
    Timestamp::parse(&text).unwrap()
}

pub fn log_key(origin: &str, name: &str) -> VerifierKey {
    VerifierKey::new(origin, KeyKind::Note, public(name)).unwrap()
}

pub fn heartbeat_key(origin: &str, name: &str) -> VerifierKey {
    VerifierKey::new(&format!("{origin}/heartbeat"), KeyKind::Cosignature, public(name)).unwrap()
}

pub fn text(english: &str, chinese: &str) -> Localised {
    Localised(vec![("en".into(), english.into()), ("zh-Hans".into(), chinese.into())])
}

pub fn scope(layers: &[&str]) -> Scope {
    let list =
        |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<String>>();
    Scope {
        entities: list(&["example"]),
        services: list(&["all"]),
        roles: list(&["processor"]),
        layers: list(layers),
        jurisdictions: list(&["all"]),
        excludes: None,
    }
}

pub fn fact(id: &str, english: &str, chinese: &str, layers: &[&str]) -> Fact {
    Fact {
        id: id.into(),
        text: text(english, chinese),
        tense: Tense::Never,
        since: None,
        scope: scope(layers),
        supersedes: None,
    }
}

pub fn signer(name: &str, jurisdiction: &str, keys: &[&str]) -> Signer {
    Signer {
        name: name.into(),
        role: "officer".into(),
        jurisdiction: jurisdiction.into(),
        keys: keys.iter().map(|key| public(key)).collect(),
    }
}

/// Three persons in three jurisdictions, of whom two sign; four facts; monthly from 2026-01-01.
pub fn first() -> IssueContent {
    let list =
        |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<String>>();
    IssueContent {
        origin: ORIGIN.into(),
        number: 1,
        previous: None,
        as_of: at("2026-01-01"),
        next_due: at("2026-02-01"),
        expires: at("2026-02-08"),
        publisher: Publisher {
            name: "Example Cloud".into(),
            languages: list(&["en", "zh-Hans"]),
            canonical_url: URL.into(),
            mirrors: None,
            contact: None,
            services: vec![Service {
                id: "compute".into(),
                name: "Compute".into(),
                model: "iaas".into(),
            }],
            entities: vec![Entity {
                id: "example".into(),
                name: "Example GmbH".into(),
                jurisdiction: "DE".into(),
            }],
        },
        facts: vec![
            fact(
                "keys.own",
                "We have given no private key away.",
                "我们没有交出私钥。",
                &["data.storage", "iam"],
            ),
            fact(
                "net.no-equipment",
                "Nobody else's equipment is in this network.",
                "本网络中没有他人的设备。",
                &["physical", "network"],
            ),
            fact(
                "dns.unmodified",
                "We have redirected no DNS answer.",
                "我们没有改变 DNS 应答。",
                &["network"],
            ),
            fact(
                "data.no-bulk",
                "We have handed over no bulk data.",
                "我们没有批量提供数据。",
                &["data.access"],
            ),
        ],
        promises: None,
        counters: None,
        retiring: None,
        roster: Roster {
            threshold: 2,
            signers: vec![
                signer("Ada", "DE", &["Ada"]),
                signer("Bo", "SE", &["Bo"]),
                signer("Chen", "SG", &["Chen"]),
            ],
            min_jurisdictions: None,
        },
        log: LogKeys {
            key: log_key(ORIGIN, "log"),
            heartbeat: Some(Heartbeat { key: heartbeat_key(ORIGIN, "heartbeat"), max_age: 93_600 }),
        },
        not_before: None,
    }
}

/// A series as its publisher keeps it, with what a site is made of.
#[derive(Clone)]
pub struct Series {
    pub leaves: Vec<Vec<u8>>,
    pub newest: IssueContent,
    pub log: String,
    pub heartbeat: Option<(String, Timestamp)>,
}

impl Series {
    /// One issue, signed by Ada and Bo.
    pub fn new() -> Self {
        Self::of(first(), &["Ada", "Bo"])
    }

    pub fn of(content: IssueContent, signers: &[&str]) -> Self {
        let heartbeat = Some(("heartbeat".to_owned(), content.as_of.plus(82_800)));
        let mut series =
            Self { leaves: vec![], newest: content.clone(), log: "log".into(), heartbeat };
        series.push(content, signers);
        series
    }

    /// The content of the next issue, a month later.
    pub fn next(&self) -> IssueContent {
        let month = |at: Timestamp| {
            let text = at.to_string();
            let number: u32 = text[5..7].parse().unwrap();
            let year: u32 = text[..4].parse().unwrap();
            let (year, number) = if number == 12 { (year + 1, 1) } else { (year, number + 1) };
            Timestamp::parse(&format!("{year:04}-{number:02}{}", &text[7..])).unwrap()
        };
        let before = &self.newest;
        IssueContent {
            number: before.number + 1,
            previous: Some(self.digest(before.number)),
            as_of: month(before.as_of),
            next_due: month(before.next_due),
            expires: month(before.expires),
            not_before: None,
            ..before.clone()
        }
    }

    /// Appends the next issue as `change` leaves it, signed by Ada and Bo.
    #[must_use]
    pub fn and(mut self, change: impl FnOnce(&mut IssueContent)) -> Self {
        let mut content = self.next();
        change(&mut content);
        self.push(content, &["Ada", "Bo"]);
        self
    }

    pub fn push(&mut self, content: IssueContent, signers: &[&str]) {
        let (_, payload) = Issue::compose(content.clone()).unwrap();
        self.push_payload(&payload, signers);
        self.newest = content;
    }

    pub fn push_payload(&mut self, payload: &[u8], signers: &[&str]) {
        let signatures: Vec<_> = signers.iter().map(|name| signature(name, payload)).collect();
        self.leaves.push(Envelope::write(payload, &signatures).unwrap().bytes().to_vec());
        if let Some((_, at)) = &mut self.heartbeat
            && let Ok(issue) = Issue::parse(payload)
        {
            *at = issue.as_of.plus(82_800);
        }
    }

    /// One issue, published yesterday.
    pub fn of_yesterday(now: Timestamp) -> Self {
        let content = IssueContent {
            as_of: now.plus(-86_400),
            next_due: now.plus(20 * 86_400),
            expires: now.plus(27 * 86_400),
            ..first()
        };
        Self::of(content, &["Ada", "Bo"]).heartbeat_at(now.plus(-3_600))
    }

    #[must_use]
    pub fn heartbeat_at(mut self, at: Timestamp) -> Self {
        self.heartbeat = Some(("heartbeat".to_owned(), at));
        self
    }

    /// The digest of a leaf's payload, read leniently: tests also log leaves that no reader takes.
    pub fn digest(&self, number: u64) -> Digest {
        let leaf: serde_json::Value =
            serde_json::from_slice(&self.leaves[number as usize - 1]).unwrap_or_default();
        Digest::of(&STANDARD.decode(leaf["payload"].as_str().unwrap_or_default()).unwrap())
    }

    pub fn pin(&self, number: u64) -> Pin {
        Pin { url: URL.into(), number, digest: self.digest(number) }
    }

    pub fn hashes(&self) -> Vec<TreeHash> {
        self.leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
    }

    pub fn checkpoint(&self) -> Checkpoint {
        let origin = &self.newest.origin;
        let mut checkpoint =
            Checkpoint::new(origin, self.leaves.len() as u64, root(&self.hashes()));
        let signature = sign(&self.log, checkpoint.note().text().as_bytes());
        let line = NoteSignature::new(&log_key(origin, &self.log), signature.0.to_vec());
        checkpoint.note_mut().push(line);
        if let Some((key, at)) = &self.heartbeat {
            cosign(&mut checkpoint, &heartbeat_key(origin, key), key, *at);
        }
        checkpoint
    }

    pub fn proof(&self, number: u64) -> TlogProof {
        let index = number as usize - 1;
        TlogProof {
            extra: Some(self.leaves[index].clone()),
            index: index as u64,
            hashes: inclusion_proof(&self.hashes(), index).unwrap(),
            checkpoint: self.checkpoint(),
        }
    }

    /// Writes the site of `format.md` §6 that a verifier reads.
    pub fn write(&self, folder: &Path) {
        let put = |path: &str, bytes: &[u8]| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let size = self.leaves.len() as u64;
        for (index, leaf) in self.leaves.iter().enumerate() {
            put(&issue_path(index as u64 + 1), leaf);
        }
        for tile in Tile::of_level(size, 0) {
            let first = tile.index as usize * 256;
            let entries = &self.leaves[first..first + tile.width as usize];
            put(&tile.entries_path(), &bundle(entries.iter().map(Vec::as_slice)));
        }
        for level in 0..3 {
            for tile in Tile::of_level(size, level) {
                put(&tile.hash_path(level), &hash_tile(&self.hashes(), level, tile));
            }
        }
        put(LATEST, self.leaves.last().unwrap());
        put(LATEST_PROOF, self.proof(size).to_string().as_bytes());
        put(CHECKPOINT, self.checkpoint().to_string().as_bytes());
    }
}

pub fn cosign(checkpoint: &mut Checkpoint, key: &VerifierKey, secret: &str, at: Timestamp) {
    let signature = sign(secret, &checkpoint.cosigned_bytes(at));
    let line = Checkpoint::cosignature_line(key, at, &signature);
    checkpoint.note_mut().push(line);
}
