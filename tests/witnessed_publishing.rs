//! A publisher among witnesses: some down, some lying, and a publisher that lies to all of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod witnessing;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, SystemTime};

use build::{Series, public};
use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::cosigner::Cosigner;
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::time::Timestamp;
use canary_publisher::witnesses::{Submitted, Witness, WitnessError, WitnessesError, gather};
use canary_verifier::evidence::{Evidence, Mirror, Obtained, Site, Source, Trust};
use canary_verifier::fetch::{Fetcher, Limits, Network};
use canary_verifier::judge::{Judgement, WitnessCopy, contradiction, judge};
use canary_verifier::report::{Code, Severity};
use canary_verifier::target::Prefix;
use canary_verifier::witness::WitnessPolicy;
use witnessing::{Running, key, monitoring_path, unlimited};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64)
}

fn fetcher(seconds: u64) -> Fetcher {
    let limits = Limits { deadline: Duration::from_secs(seconds), ..Limits::default() };
    Fetcher::with_network(limits, Network::default()).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn running(name: &str, series: &Series) -> Running {
    Running::named(name, &[&build::log_key(build::ORIGIN, &series.log)], unlimited())
}

fn witness(name: &str, url: &str) -> Witness {
    let key = Cosigner::Ed25519(key(name).verifier().clone());
    Witness { key, url: Prefix::parse(url).unwrap() }
}

/// Seconds enough for witnesses that answer, on any machine.
const PATIENT: u64 = 60;

fn submit(series: &Series, witnesses: &[Witness], published: u64) -> Vec<Submitted> {
    submit_within(PATIENT, series, witnesses, published)
}

fn submit_within(
    seconds: u64,
    series: &Series,
    witnesses: &[Witness],
    published: u64,
) -> Vec<Submitted> {
    let (checkpoint, hashes) = (series.checkpoint(), series.hashes());
    block_on(gather(&fetcher(seconds), witnesses, &checkpoint, &hashes, published, now()))
}

/// The checkpoint with every cosignature that was given.
fn witnessed(series: &Series, submitted: &[Submitted]) -> Checkpoint {
    let mut checkpoint = series.checkpoint();
    for line in submitted.iter().filter_map(|one| one.result.as_ref().ok()).flatten() {
        checkpoint.note_mut().push(line.clone());
    }
    checkpoint
}

/// A server that answers every connection with this, once it has read a request; or never.
fn server(answer: Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            match &answer {
                None => kept.push(stream),
                Some(answer) => {
                    let mut request = [0; 65_536];
                    let _ = stream.read(&mut request);
                    let _ = stream.write_all(answer);
                }
            }
        }
    });
    format!("http://{address}/")
}

fn answering(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    server(Some(
        format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes(),
    ))
}

#[test]
fn witnesses_that_are_down_lie_or_stall_hold_nothing_up() {
    let series = Series::new().and(|_| {}).and(|_| {});
    let honest = [running("w1.example", &series), running("w2.example", &series)];
    // A cosignature by another key, and one over another tree.
    let mut forged = series.checkpoint();
    let name = VerifierKey::new("liar.example", KeyKind::Cosignature, public("x")).unwrap();
    build::cosign(&mut forged, &name, "x", now());
    let forged = forged.note().signatures().last().unwrap().to_string() + "\n";
    let over_another = witnessed(
        &Series::new(),
        &submit(&Series::new(), &[witness("w9.example", &running("w9.example", &series).url())], 0),
    );
    let over_another = over_another.note().signatures().last().unwrap().to_string() + "\n";
    let text = "text/plain";
    let witnesses = [
        witness("w1.example", &honest[0].url()),
        witness("down.example", "http://127.0.0.1:9/"),
        witness("stalls.example", &server(None)),
        witness("liar.example", &answering("200 OK", text, &forged)),
        witness("w9.example", &answering("200 OK", text, &over_another)),
        witness("junk.example", &answering("200 OK", "text/html", "<html>")),
        witness("endless.example", &answering("200 OK", text, &"x".repeat(80_000))),
        witness("sizes.example", &answering("409 Conflict", "text/x.tlog.size", "0\n")),
        witness("words.example", &answering("409 Conflict", text, "2\n")),
        witness("ahead.example", &answering("409 Conflict", "text/x.tlog.size", "9\n")),
        witness("moved.example", &answering("302 Found", text, "")),
        witness("w2.example", &honest[1].url()),
    ];
    // One of them never answers: the others must have by then.
    let submitted = submit_within(8, &series, &witnesses, 0);
    let error = |n: usize| submitted[n].result.clone().unwrap_err();
    assert_eq!(submitted[0].result.as_ref().unwrap().len(), 1);
    assert!(matches!(error(1), WitnessError::Unreachable(_)));
    assert!(matches!(error(2), WitnessError::Unreachable(_)));
    for liar in &submitted[3..6] {
        assert_eq!(liar.result, Err(WitnessError::NotACosignature), "{}", liar.witness);
    }
    assert!(matches!(error(6), WitnessError::Unreachable(_)));
    assert_eq!(error(7), WitnessError::Status(409), "the very size that was sent");
    assert_eq!(error(8), WitnessError::Status(409), "not of the protocol's type");
    assert_eq!(error(9), WitnessError::Ahead { cosigned: 9, size: 3 });
    assert_eq!(error(10), WitnessError::Status(302));
    assert_eq!(submitted[11].result.as_ref().unwrap().len(), 1);
    let checkpoint = witnessed(&series, &submitted);
    for name in ["w1.example", "w2.example"] {
        let LineCheck::Verifies(times) = checkpoint.check_cosignature(key(name).verifier()) else {
            panic!("{name}")
        };
        assert!(times[0].since(now()).abs() <= 60);
    }
}

#[test]
fn a_conflict_is_answered_with_the_proof_from_the_witness_s_size() {
    let series = Series::new().and(|_| {}).and(|_| {}).and(|_| {});
    let mut older = series.clone();
    older.leaves.truncate(2);
    let running = running("w1.example", &series);
    let witnesses = [witness("w1.example", &running.url())];
    assert!(submit(&older, &witnesses, 0)[0].result.is_ok());
    for published in [0, 1, 3, 4, 99] {
        let submitted = submit(&series, &witnesses, published);
        assert!(submitted[0].result.is_ok(), "{published}: {submitted:?}");
    }
    let behind = submit(&older, &witnesses, 0).remove(0).result.unwrap_err();
    assert_eq!(behind, WitnessError::Ahead { cosigned: 4, size: 2 });
    let stranger = Running::named("w2.example", &[], unlimited());
    let unknown = submit(&series, &[witness("w2.example", &stranger.url())], 0);
    assert_eq!(unknown[0].result, Err(WitnessError::UnknownOrigin));
    let rotated =
        Running::named("w3.example", &[&build::log_key(build::ORIGIN, "old")], unlimited());
    let other_key = submit(&series, &[witness("w3.example", &rotated.url())], 0);
    assert_eq!(other_key[0].result, Err(WitnessError::UnknownKey));
}

fn has(judgement: &Judgement, code: Code) -> bool {
    judgement.report.findings.iter().any(|finding| finding.code == code)
}

/// Two stories, each signed by a quorum, told to three witnesses and two mirrors: no reader with a
/// policy, a mirror or the witnesses' copies takes both, and the evidence stands by itself.
#[test]
fn a_publisher_that_forks_is_caught() {
    let common = Series::new();
    let truth = common.clone().and(|_| {});
    let lie = common.and(|content| drop(content.facts.pop()));
    let names = ["w1.example", "w2.example", "w3.example"];
    let running = names.map(|name| running(name, &truth));
    let of = |range: std::ops::Range<usize>| {
        range.map(|n| witness(names[n], &running[n].url())).collect::<Vec<_>>()
    };
    // Two witnesses are told the one story first, and one the other; then each is told both.
    let truths = submit(&truth, &of(0..2), 0);
    let lies = submit(&lie, &of(2..3), 0);
    assert!(truths.iter().chain(&lies).all(|one| one.result.is_ok()));
    for refused in submit(&lie, &of(0..2), 0).iter().chain(&submit(&truth, &of(2..3), 0)) {
        assert_eq!(refused.result, Err(WitnessError::Inconsistent));
    }

    let site = |series: &Series, submitted: &[Submitted]| Site {
        checkpoint: Obtained::Got(witnessed(series, submitted).to_string().into_bytes()),
        leaves: Obtained::Got(series.leaves.clone()),
    };
    let (one, other) = (site(&truth, &truths), site(&lie, &lies));
    let mut policy: String =
        names.map(|name| format!("witness {name} {}\n", key(name).verifier())).concat();
    policy += "group g 2 w1.example w2.example w3.example\nquorum g\n";
    let witnesses = WitnessPolicy::parse(policy.as_bytes()).unwrap();
    let judged = |site: &Site, mirrors: Vec<Mirror>| {
        let source = Source::Site(site.clone());
        let evidence = Evidence { url: None, obtained_at: now(), source, mirrors };
        let pin = Some(truth.pin(1));
        let trust = Trust { pin, witnesses: Some(witnesses.clone()), ..Trust::default() };
        judge(&evidence, &trust, None, now())
    };
    // By the policy alone: only one story can have a quorum of witnesses.
    assert!(!has(&judged(&one, vec![]), Code::WitnessShort));
    assert!(has(&judged(&other, vec![]), Code::WitnessShort));
    // By comparing two mirrors.
    let mirror = Mirror { url: "https://mirror.example/".into(), site: other.clone() };
    let forked = judged(&one, vec![mirror]);
    assert!(has(&forked, Code::Fork));
    let [ours, theirs] = &forked.contradictions[0];
    let shown = contradiction(ours, theirs, Some(&witnesses)).unwrap();
    let both: Vec<_> =
        shown.payloads.unwrap().signed_both.into_iter().map(|key| key.name).collect();
    assert_eq!(both, ["Ada", "Bo"]);
    let trees = shown.trees.unwrap();
    assert_eq!(trees.log_key, Some(public("log").fingerprint()));
    assert!(trees.witnesses.is_empty(), "no witness cosigned both");
    // By the witnesses' own copies, for whoever was shown the lie.
    let servers: Vec<_> = running.iter().map(|one| Prefix::parse(&one.url()).unwrap()).collect();
    let path = monitoring_path(build::ORIGIN);
    let copies = block_on(fetcher(PATIENT).objects(&servers, &path, 65_536));
    let copies: Vec<_> = copies
        .into_iter()
        .zip(names)
        .map(|(checkpoint, name)| WitnessCopy {
            key: Cosigner::Ed25519(key(name).verifier().clone()),
            url: format!("https://{name}/"),
            checkpoint,
        })
        .collect();
    let caught = judged(&other, vec![]).beside_witness_copies(&copies, now());
    assert_eq!(caught.report.severity, Severity::Alarm);
    assert_eq!(caught.report.findings.iter().filter(|f| f.code == Code::Fork).count(), 2);
    let [ours, theirs] = &caught.contradictions[0];
    assert!(contradiction(ours, theirs, None).unwrap().trees.is_some());
}

#[test]
fn witnesses_of_canary_toml_are_read_strictly() {
    let key = key("w1.example").verifier().to_string();
    let entry = |key: &str, url: &str| format!("[[witnesses]]\nkey = '{key}'\nurl = '{url}'\n");
    let url = "https://w1.example/";
    let read = Witness::all_named(&("origin = 'x'\n".to_owned() + &entry(&key, url))).unwrap();
    assert_eq!(read[0].key.name(), "w1.example");
    assert!(Witness::all_named("origin = 'x'\n").unwrap().is_empty());
    let refused = |text: &str| Witness::all_named(text).unwrap_err();
    assert!(matches!(refused(&entry("w1+x", url)), WitnessesError::Key(1)));
    assert!(matches!(refused(&entry(&key, "ftp://x/")), WitnessesError::Url(1)));
    assert!(matches!(refused(&entry(&key, url).repeat(2)), WitnessesError::Twice(_)));
    assert!(matches!(refused("[[witnesses]]\nkey = 'x'\n"), WitnessesError::Config(_)));
    let many: String = (0..33)
        .map(|n| entry(&witnessing::key(&format!("w{n}.example")).verifier().to_string(), url))
        .collect();
    assert!(matches!(refused(&many), WitnessesError::TooMany));
}
