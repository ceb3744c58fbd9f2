//! A publisher made for tests: keys from fixed seeds, issues by the day, a folder on disk.

use std::fs;
use std::path::Path;

use canary_durable::Access;
use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::issue::{
    Entity, Fact, Heartbeat, Issue, IssueContent, Localised, LogKeys, Publisher, Scope, Service,
    Tense,
};
use canary_format::key::{PublicKey, Signature};
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::roster::{Roster, Signer};
use canary_format::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};

pub(crate) const ORIGIN: &str = "canary.example/main";
pub(crate) const LOG: u8 = 1;
pub(crate) const HEARTBEAT: u8 = 2;
pub(crate) const ADA: u8 = 11;
pub(crate) const BO: u8 = 12;
pub(crate) const MALLORY: u8 = 66;

const DAY: i64 = 86_400;

/// The instant of the first issue.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-01-01T09:00:00Z").unwrap()
}

/// The instant of an issue: one a day.
pub(crate) fn day(number: u64) -> Timestamp {
    start().plus((number as i64 - 1) * DAY)
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> PublicKey {
    PublicKey(key(seed).verifying_key().to_bytes())
}

fn sentence(text: &str) -> Localised {
    Localised(vec![("en".to_owned(), text.to_owned())])
}

/// What issue `number` says: one fact, two signers of whom both must sign.
pub(crate) fn content(number: u64, previous: Option<&Envelope>) -> IssueContent {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let signer = |name: &str, jurisdiction: &str, seed| Signer {
        name: name.to_owned(),
        role: "officer".to_owned(),
        jurisdiction: jurisdiction.to_owned(),
        keys: vec![public(seed)],
    };
    let heartbeat = format!("{ORIGIN}/heartbeat");
    IssueContent {
        origin: ORIGIN.to_owned(),
        number,
        previous: previous.map(Envelope::digest),
        as_of: day(number),
        next_due: day(number + 1),
        expires: day(number + 2),
        publisher: Publisher {
            name: "Example".to_owned(),
            languages: list(&["en"]),
            canonical_url: "https://canary.example/main/".to_owned(),
            mirrors: None,
            contact: None,
            services: vec![Service {
                id: "cdn".to_owned(),
                name: "CDN".to_owned(),
                model: "paas".to_owned(),
            }],
            entities: vec![Entity {
                id: "example".to_owned(),
                name: "Example GmbH".to_owned(),
                jurisdiction: "DE".to_owned(),
            }],
        },
        facts: vec![Fact {
            id: "net.no-equipment".to_owned(),
            text: sentence("No government body has equipment installed in this network."),
            tense: Tense::Never,
            since: None,
            scope: Scope {
                entities: list(&["all"]),
                services: list(&["cdn"]),
                roles: list(&["processor"]),
                layers: list(&["network"]),
                jurisdictions: list(&["all"]),
                excludes: None,
            },
            supersedes: None,
        }],
        promises: None,
        counters: None,
        retiring: None,
        roster: Roster {
            threshold: 2,
            signers: vec![signer("Ada", "DE", ADA), signer("Bo", "SE", BO)],
            min_jurisdictions: Some(2),
        },
        log: LogKeys {
            key: VerifierKey::new(ORIGIN, KeyKind::Note, public(LOG)).unwrap(),
            heartbeat: Some(Heartbeat {
                key: VerifierKey::new(&heartbeat, KeyKind::Cosignature, public(HEARTBEAT)).unwrap(),
                max_age: DAY,
            }),
        },
        not_before: None,
    }
}

pub(crate) fn signed(content: IssueContent, signers: &[u8]) -> Envelope {
    let (_, payload) = Issue::compose(content).unwrap();
    let to_sign = canary_format::envelope::pae(canary_format::envelope::PAYLOAD_TYPE, &payload);
    let signature = |seed: &u8| EnvelopeSignature {
        keyid: public(*seed).fingerprint(),
        signature: Signature(key(*seed).sign(&to_sign).to_bytes()),
    };
    Envelope::write(&payload, &signers.iter().map(signature).collect::<Vec<_>>()).unwrap()
}

/// A series of so many authentic issues.
pub(crate) fn series(count: u64) -> Vec<Envelope> {
    let mut series: Vec<Envelope> = Vec::new();
    for number in 1..=count {
        series.push(signed(content(number, series.last()), &[ADA, BO]));
    }
    series
}

/// Writes a publisher's folder: the machine keys and these issues.
pub(crate) fn write_folder(root: &Path, series: &[Envelope]) {
    fs::create_dir_all(root.join("keys")).unwrap();
    fs::create_dir_all(root.join("canaries")).unwrap();
    write_key(&root.join("keys/log"), LOG);
    write_key(&root.join("keys/heartbeat"), HEARTBEAT);
    for (index, envelope) in series.iter().enumerate() {
        let path = root.join(format!("canaries/{:04}.json", index + 1));
        fs::write(path, envelope.bytes()).unwrap();
    }
}

/// Writes a private key without a passphrase, as `ssh-keygen` does.
pub(crate) fn write_key(path: &Path, seed: u8) {
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[seed; 32]);
    let text = ssh_key::PrivateKey::from(pair).to_openssh(ssh_key::LineEnding::LF).unwrap();
    canary_durable::replace(path, text.as_bytes(), Access::Private).unwrap();
}
