//! Vectors from outside, read where they lie: `../shared/corpora` or `$CANARY_CORPORA`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::beacon::{Beacon, Chain, verify_all};
use canary_format::issue::NotBefore;
use canary_format::key::{PublicKey, Signature};
use canary_format::merkle::{TreeHash, verify_consistency, verify_inclusion};
use serde_json::Value;

/// The folder, or `None` after saying that the test is left out.
fn corpus(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora"));
    let folder = std::env::var_os("CANARY_CORPORA").map_or(beside, PathBuf::from).join(name);
    if !folder.exists() {
        println!("left out: the corpus {name} is not here");
        return None;
    }
    Some(folder)
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().as_bytes();
    text.chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn verifies(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match (key.try_into(), signature.try_into()) {
        (Ok(key), Ok(signature)) => PublicKey(key).verify(message, &Signature(signature)),
        _ => false,
    }
}

/// What strict verification makes of each C2SP CCTV case, by its flags. Refused: an A or R of small
/// order; an A or R that is not encoded canonically; and what only holds after multiplying by the
/// cofactor (a residue of low order). Accepted: an A or R with a low-order component, where the
/// equation holds without the cofactor.
#[test]
fn cctv_pins_strict_verification() {
    let Some(folder) = corpus("ed25519") else { return };
    let refused =
        ["low_order_A", "low_order_R", "low_order_residue", "non_canonical_A", "non_canonical_R"];
    let mut accepted = 0;
    for case in read(folder.join("cctv.json")).as_array().unwrap() {
        let flags: Vec<&str> = case["flags"]
            .as_array()
            .map(|flags| flags.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let expected = !flags.iter().any(|flag| refused.contains(flag));
        let message = case["msg"].as_str().unwrap().as_bytes();
        let found = verifies(&hex(&case["key"]), message, &hex(&case["sig"]));
        assert_eq!(found, expected, "case {} {flags:?}", case["number"]);
        accepted += usize::from(found);
    }
    assert!(accepted > 0);
}

#[test]
fn wycheproof_agrees() {
    let Some(folder) = corpus("ed25519") else { return };
    let mut results = BTreeMap::new();
    for group in read(folder.join("wycheproof.json"))["testGroups"].as_array().unwrap() {
        let key = hex(&group["publicKey"]["pk"]);
        for case in group["tests"].as_array().unwrap() {
            let found = verifies(&key, &hex(&case["msg"]), &hex(&case["sig"]));
            assert_eq!(
                found,
                case["result"] == "valid",
                "case {}: {}",
                case["tcId"],
                case["comment"]
            );
            *results.entry(found).or_insert(0) += 1;
        }
    }
    assert!(results[&true] > 50 && results[&false] > 50, "{results:?}");
}

#[test]
fn rfc_6962_proofs_are_judged_as_transparency_dev_does() {
    let Some(folder) = corpus("merkle") else { return };
    let mut count = 0;
    for kind in ["consistency", "inclusion"] {
        for path in files(folder.join("testdata").join(kind)) {
            let case = read(path.clone());
            // Its roots have 12 bytes: no such hash exists here, so there is nothing to ask.
            if path.ends_with("additional/sizes-are-equal-one-and-proof-is-empty.json") {
                assert_eq!(hash(&case["root1"]), None);
                continue;
            }
            let holds = if kind == "inclusion" { inclusion(&case) } else { consistency(&case) };
            assert_eq!(holds, case["wantErr"] == false, "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(path) } else { vec![path] }).collect()
}

/// A hash of any other length is no hash: the case is refused before the proof is looked at.
fn hash(value: &Value) -> Option<TreeHash> {
    STANDARD.decode(value.as_str().unwrap_or_default()).unwrap().try_into().ok().map(TreeHash)
}

fn proof(case: &Value) -> Option<Vec<TreeHash>> {
    case["proof"].as_array().map_or(Some(vec![]), |hashes| hashes.iter().map(hash).collect())
}

fn inclusion(case: &Value) -> bool {
    let number = |name: &str| case[name].as_u64().unwrap();
    let parts = (|| Some((hash(&case["leafHash"])?, proof(case)?, hash(&case["root"])?)))();
    parts.is_some_and(|(leaf, proof, root)| {
        verify_inclusion(leaf, number("leafIdx"), number("treeSize"), &proof, root).is_ok()
    })
}

fn consistency(case: &Value) -> bool {
    let number = |name: &str| case[name].as_u64().unwrap();
    let parts = (|| Some((proof(case)?, hash(&case["root1"])?, hash(&case["root2"])?)))();
    parts.is_some_and(|(proof, old, new)| {
        verify_consistency(number("size1"), number("size2"), &proof, old, new).is_ok()
    })
}

#[test]
fn quicknet_s_beacons_verify_and_no_changed_one_does() {
    let Some(folder) = corpus("drand") else { return };
    let corpus = read(folder.join("quicknet.json"));
    let chain = Chain::quicknet();
    assert_eq!(chain.public_key.to_vec(), hex(&corpus["public_key"]));
    assert_eq!(chain.hash.to_vec(), hex(&corpus["chain"]));
    assert_eq!(
        (chain.genesis, chain.period),
        (corpus["genesis"].as_i64().unwrap(), corpus["period"].as_i64().unwrap())
    );
    let verify = |round: u64, signature: &str| {
        NotBefore::drand(corpus["chain"].as_str().unwrap().into(), round, signature.into())
            .verify(&[Chain::quicknet()])
    };
    let beacons = corpus["beacons"].as_array().unwrap();
    assert!(!beacons.is_empty());
    for beacon in beacons {
        let (round, signature) =
            (beacon["round"].as_u64().unwrap(), beacon["signature"].as_str().unwrap());
        assert_eq!(verify(round, signature), Beacon::Verified(chain.round_time(round).unwrap()));
        let flipped =
            format!("{}{}", &signature[..94], if signature.ends_with("00") { "01" } else { "00" });
        for (round, signature) in
            [(round + 1, signature), (round, &signature[..94]), (round, &flipped), (0, signature)]
        {
            assert_eq!(verify(round, signature), Beacon::Invalid);
        }
    }
    // The identity, a point of the other group (another scheme), and bytes that are no point.
    let round = beacons[0]["round"].as_u64().unwrap();
    let identity = format!("c0{}", "00".repeat(47));
    let good = beacons[0]["signature"].as_str().unwrap();
    let other_scheme = corpus["public_key"].as_str().unwrap();
    let mut pieces = Vec::new();
    for signature in [&identity, other_scheme, &"ff".repeat(48), good] {
        let piece = |chain: &Value| {
            NotBefore::drand(chain.as_str().unwrap().into(), round, signature.to_owned())
        };
        pieces.extend([piece(&corpus["chain"]), piece(&corpus["genesis_seed"])]);
    }
    let pieces: Vec<_> = pieces.iter().collect();
    let chains = [Chain::quicknet()];
    let single: Vec<_> = pieces.iter().map(|piece| piece.verify(&chains)).collect();
    assert_eq!(verify_all(&pieces, &chains), single);
    assert_eq!(single[..6], [Beacon::Invalid, Beacon::UnknownChain].repeat(3));
    assert_eq!(single[6], Beacon::Verified(chain.round_time(round).unwrap()));
}
