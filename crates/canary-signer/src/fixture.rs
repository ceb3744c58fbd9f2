//! A publisher for this crate's tests: keys by their number, an issue with two facts.

use canary_format::envelope::EnvelopeSignature;
use canary_format::issue::{
    Entity, Fact, Heartbeat, IssueContent, Localised, LogKeys, Promise, Publisher, Scope, Service,
    Tense,
};
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::roster::{Roster, Signer};
use canary_format::time::Timestamp;

use crate::draft::Draft;
use crate::private_key::PrivateKey;

pub(crate) const ORIGIN: &str = "example.com/.well-known/canary";

/// The private key of this number.
pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed([seed; 32])
}

/// This key's signature of the draft.
pub(crate) fn sign(draft: &Draft, seed: u8) -> EnvelopeSignature {
    let key = key(seed);
    let signature = key.sign(&draft.signed_bytes());
    EnvelopeSignature { keyid: key.public().fingerprint(), signature }
}

pub(crate) fn localised(en: &str, zh: &str) -> Localised {
    Localised(vec![("en".into(), en.into()), ("zh-Hans".into(), zh.into())])
}

pub(crate) fn fact(id: &str, en: &str, zh: &str) -> Fact {
    let all = || vec!["all".to_owned()];
    Fact {
        id: id.into(),
        text: localised(en, zh),
        tense: Tense::Never,
        since: None,
        scope: Scope {
            entities: all(),
            services: vec!["cdn".into()],
            roles: vec!["processor".into()],
            layers: vec!["network".into(), "data.transfer".into()],
            jurisdictions: all(),
            excludes: None,
        },
        supersedes: None,
    }
}

/// Issue 1: two facts, three persons (the second with two keys), a threshold of two.
pub(crate) fn content() -> IssueContent {
    let as_of = Timestamp::parse("2026-03-01T09:00:00Z").expect("a real instant");
    let signer = |name: &str, jurisdiction: &str, seeds: &[u8]| Signer {
        name: name.into(),
        role: "officer".into(),
        jurisdiction: jurisdiction.into(),
        keys: seeds.iter().map(|seed| key(*seed).public()).collect(),
    };
    let machine = |name: &str, kind, seed| {
        VerifierKey::new(name, kind, key(seed).public()).expect("a key name")
    };
    IssueContent {
        origin: ORIGIN.into(),
        number: 1,
        previous: None,
        as_of,
        next_due: as_of.plus(30 * 86_400),
        expires: as_of.plus(37 * 86_400),
        publisher: Publisher {
            name: "Example".into(),
            languages: vec!["en".into(), "zh-Hans".into()],
            canonical_url: format!("https://{ORIGIN}/"),
            mirrors: None,
            contact: None,
            services: vec![Service { id: "cdn".into(), name: "CDN".into(), model: "paas".into() }],
            entities: vec![Entity {
                id: "example".into(),
                name: "Example GmbH".into(),
                jurisdiction: "DE".into(),
            }],
        },
        facts: vec![
            fact("keys.own", "We have given none of our keys away.", "我们没有交出密钥。"),
            fact("net.no-feed", "We have given no one a feed.", "我们没有提供数据流。"),
        ],
        promises: Some(vec![Promise {
            id: "commitment.contest".into(),
            text: localised("We will contest it.", "我们将提出异议。"),
        }]),
        counters: None,
        retiring: None,
        roster: Roster {
            threshold: 2,
            signers: vec![
                signer("Ada", "DE", &[1]),
                signer("Bo", "SE", &[2, 22]),
                signer("Chen", "SG", &[3]),
            ],
            min_jurisdictions: Some(2),
        },
        log: LogKeys {
            key: machine(ORIGIN, KeyKind::Note, 100),
            heartbeat: Some(Heartbeat {
                key: machine(&format!("{ORIGIN}/heartbeat"), KeyKind::Cosignature, 101),
                max_age: 86_400,
            }),
        },
        not_before: None,
    }
}
