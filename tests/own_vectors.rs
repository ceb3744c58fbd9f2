//! Sites with one fault each, made here. The test holds the files under `tests/vectors/own-*` against
//! what this table gives; `CANARY_WRITE_VECTORS=1` writes them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;

use std::fs;
use std::path::{Path, PathBuf};

use build::{Series, at, first, heartbeat_key, log_key, public, scope, signature, signer, text};
use canary_format::beacon::QUICKNET_HASH;
use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::issue::{
    Counter, CounterValue, Entity, Issue, IssueContent, NotBefore, Promise, Retiring, Service,
    Tense,
};
use canary_format::key::Signature;
use canary_format::pin::Pin;
use canary_format::time::{Date, Timestamp};
use serde_json::json;

/// One site and what its report must say.
struct Case {
    name: &'static str,
    site: Site,
    pin: Option<Pin>,
    at: Timestamp,
    severity: &'static str,
    state: Option<&'static str>,
    codes: &'static [&'static str],
    never: &'static [&'static str],
}

/// A series as its publisher would write it, and what is then done to the files.
struct Site {
    series: Series,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl From<Series> for Site {
    fn from(series: Series) -> Self {
        Self { series, files: vec![] }
    }
}

impl Case {
    /// A case whose site is pinned at its first issue, judged a day after the newest, and alive.
    fn new(name: &'static str, site: impl Into<Site>) -> Self {
        let site = site.into();
        let at = site.series.newest.as_of.plus(86_400);
        let pin = Some(site.series.pin(1));
        Self { name, site, pin, at, severity: "alive", state: Some("LIVE"), codes: &[], never: &[] }
    }

    fn alarm(self, codes: &'static [&'static str]) -> Self {
        Self { severity: "alarm", codes, ..self }
    }

    fn attention(self, codes: &'static [&'static str]) -> Self {
        Self { severity: "attention", codes, ..self }
    }

    fn alive(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }

    fn state(self, state: &'static str) -> Self {
        Self { state: Some(state), ..self }
    }

    fn never(self, never: &'static [&'static str]) -> Self {
        Self { never, ..self }
    }

    fn at(self, at: Timestamp) -> Self {
        let site = Site { series: self.site.series.heartbeat_at(at.plus(-3_600)), ..self.site };
        Self { at, site, ..self }
    }

    fn pin(self, pin: Option<Pin>) -> Self {
        Self { pin, ..self }
    }
}

fn two(change: impl FnOnce(&mut IssueContent)) -> Series {
    Series::new().and(change)
}

fn none(_: &mut IssueContent) {}

/// One issue whose payload is changed as text before it is signed.
fn payload(from: &str, to: &str) -> Series {
    let (_, payload) = Issue::compose(first()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    let changed = payload.replacen(from, to, 1);
    assert_ne!(changed, payload, "{from}");
    let mut series = Series::new();
    series.leaves.clear();
    series.push_payload(changed.as_bytes(), &["Ada", "Bo"]);
    series.heartbeat_at(at("2026-01-02"))
}

fn malformed(name: &'static str, from: &str, to: &str) -> Case {
    Case::new(name, payload(from, to)).alarm(&["MALFORMED"]).state("UNVERIFIED")
}

fn counter(from: &str, to: &str, value: CounterValue) -> Vec<Counter> {
    let date = |text| Date::parse(text).unwrap();
    let text = text("Requests", "请求");
    vec![Counter { id: "requests".into(), text, from: date(from), to: date(to), value }]
}

fn counters(first_value: CounterValue, second: Option<Vec<Counter>>) -> Series {
    let mut content = first();
    content.counters = Some(counter("2025-01-01", "2025-06-30", first_value));
    Series::of(content, &["Ada", "Bo"]).and(|content| content.counters = second)
}

fn retiring(id: &str, after: &str) -> Option<Vec<Retiring>> {
    Some(vec![Retiring { id: id.into(), after: at(after) }])
}

fn cases() -> Vec<Case> {
    let mut cases = facts();
    cases.extend(publisher_and_keys());
    cases.extend(counters_and_promises());
    cases.extend(dates());
    cases.extend(chain_and_quorum());
    cases.extend(log_and_heartbeat());
    cases.extend(bytes());
    cases
}

fn facts() -> Vec<Case> {
    let dropped_and_back = {
        let kept = first().facts;
        two(|content| drop(content.facts.pop())).and(|content| content.facts = kept)
    };
    let too_short =
        two(|content| content.retiring = retiring("dns.unmodified", "2026-02-10")).and(|content| {
            content.as_of = at("2026-02-20");
            content.retiring = None;
            content.facts.retain(|fact| fact.id != "dns.unmodified");
        });
    let broken_run = {
        let mut content = first();
        content.retiring = retiring("dns.unmodified", "2026-02-10");
        let series = Series::of(content, &["Ada", "Bo"]).and(|content| content.retiring = None);
        series.and(|content| content.retiring = retiring("dns.unmodified", "2026-03-10")).and(
            |content| {
                content.as_of = at("2026-03-20");
                content.retiring = None;
                content.facts.retain(|fact| fact.id != "dns.unmodified");
            },
        )
    };
    let too_early =
        two(|content| content.retiring = retiring("dns.unmodified", "2026-04-01")).and(|content| {
            content.retiring = None;
            content.facts.retain(|fact| fact.id != "dns.unmodified");
        });
    let in_its_end = two(|content| {
        content.retiring = retiring("dns.unmodified", "2026-01-15");
        content.facts.retain(|fact| fact.id != "dns.unmodified");
    });
    vec![
        Case::new("own-fact-back-after-absence", dropped_and_back)
            .attention(&["FACT_REAFFIRMED"])
            .never(&["FACT_ABSENT", "FACT_ADDED"]),
        Case::new("own-retirement-announced-in-the-issue-that-ends-it", in_its_end)
            .alarm(&["FACT_ABSENT"])
            .never(&["FACT_RETIRED"]),
        Case::new("own-retirement-notice-shorter-than-an-interval", too_short)
            .alarm(&["FACT_ABSENT"])
            .never(&["FACT_RETIRED"]),
        Case::new("own-retirement-notice-interrupted", broken_run)
            .alarm(&["FACT_ABSENT"])
            .never(&["FACT_RETIRED"]),
        Case::new("own-retired-before-the-instant-announced", too_early)
            .alarm(&["FACT_ABSENT"])
            .never(&["FACT_RETIRED"]),
        Case::new(
            "own-retirement-announced",
            two(|content| content.retiring = retiring("keys.own", "2026-04-01")),
        )
        .attention(&["RETIREMENT_ANNOUNCED"])
        .never(&["FACT_RETIRED"]),
        Case::new(
            "own-fact-reworded-in-chinese-only",
            two(|content| {
                content.facts[0].text =
                    text("We have given no private key away.", "我们没有交出任何私钥。")
            }),
        )
        .alarm(&["FACT_REWORDED"]),
        Case::new(
            "own-fact-of-another-tense",
            two(|content| content.facts[0].tense = Tense::Current),
        )
        .alarm(&["FACT_REWORDED"])
        .never(&["SCOPE_CHANGED"]),
        Case::new(
            "own-fact-added",
            two(|content| {
                content.facts.push(build::fact("release.keys", "No key left.", "没有。", &["os"]))
            }),
        )
        .alive(&["FACT_ADDED"]),
        Case::new(
            "own-fact-superseded-and-dropped",
            two(|content| {
                content.facts[0].id = "keys.own-2".into();
                content.facts[0].supersedes = Some("keys.own".into());
            }),
        )
        .alarm(&["FACT_ABSENT", "FACT_ADDED"])
        .never(&["FACT_REWORDED"]),
        Case::new(
            "own-scope-widened",
            two(|content| content.facts[0].scope = scope(&["data.storage", "iam", "os"])),
        )
        .attention(&["SCOPE_WIDENED"])
        .never(&["SCOPE_NARROWED", "FACT_REWORDED"]),
        Case::new(
            "own-scope-changed",
            two(|content| content.facts[0].scope = scope(&["data.storage", "os"])),
        )
        .alarm(&["SCOPE_CHANGED"]),
        Case::new(
            "own-scope-narrowed-by-an-exclusion",
            two(|content| {
                content.facts[0].scope.excludes = Some(vec!["the laboratory".into()]);
            }),
        )
        .alarm(&["SCOPE_NARROWED"]),
        Case::new(
            "own-scope-reordered",
            two(|content| content.facts[0].scope = scope(&["iam", "data.storage"])),
        )
        .never(&["SCOPE_NARROWED", "SCOPE_WIDENED", "SCOPE_CHANGED"]),
        Case::new("own-every-fact-dropped", two(|content| content.facts.clear()))
            .alarm(&["FACT_ABSENT"]),
    ]
}

fn publisher_and_keys() -> Vec<Case> {
    let mut with_two = first();
    with_two.publisher.entities.push(Entity {
        id: "other".into(),
        name: "Other Ltd".into(),
        jurisdiction: "IE".into(),
    });
    let entity_gone =
        Series::of(with_two, &["Ada", "Bo"]).and(|content| drop(content.publisher.entities.pop()));
    let mut log_rotated = two(|content| content.log.key = log_key(build::ORIGIN, "log 2"));
    let by_old_key = log_rotated.clone();
    log_rotated.log = "log 2".into();
    let in_english = |content: &mut IssueContent| {
        content.publisher.languages.truncate(1);
        for fact in &mut content.facts {
            fact.text.0.truncate(1);
        }
    };
    let chinese_first = |content: &mut IssueContent| {
        content.publisher.languages.reverse();
        for fact in &mut content.facts {
            fact.text.0.reverse();
        }
    };
    vec![
        Case::new("own-publisher-entity-gone", entity_gone).alarm(&["PUBLISHER_CHANGED"]),
        Case::new(
            "own-publisher-service-of-another-model",
            two(|content| content.publisher.services[0].model = "saas".into()),
        )
        .alarm(&["PUBLISHER_CHANGED"]),
        Case::new(
            "own-publisher-service-added",
            two(|content| {
                let service =
                    Service { id: "store".into(), name: "Store".into(), model: "paas".into() };
                content.publisher.services.push(service);
            }),
        )
        .attention(&["PUBLISHER_CHANGED"]),
        Case::new("own-publisher-language-gone", two(in_english))
            .alarm(&["PUBLISHER_CHANGED"])
            .never(&["FACT_REWORDED"]),
        Case::new("own-publisher-another-language-of-record", two(chinese_first))
            .alarm(&["PUBLISHER_CHANGED"])
            .never(&["FACT_REWORDED"]),
        Case::new(
            "own-publisher-contact-added",
            two(|content| {
                content.publisher.contact = Some("mailto:canary@canary.example".into());
            }),
        )
        .attention(&["PUBLISHER_CHANGED"]),
        Case::new("own-log-key-rotated", log_rotated)
            .attention(&["LOG_CHANGED"])
            .never(&["CHECKPOINT_UNSIGNED"]),
        Case::new("own-checkpoint-by-the-log-key-before", by_old_key)
            .alarm(&["CHECKPOINT_UNSIGNED", "LOG_CHANGED"]),
        Case::new(
            "own-roster-default-stated",
            two(|content| content.roster.min_jurisdictions = Some(1)),
        )
        .attention(&["ROSTER_CHANGED"]),
    ]
}

fn counters_and_promises() -> Vec<Case> {
    use CounterValue::{Band, Exact};
    let later = |value| Some(counter("2025-07-01", "2025-12-31", value));
    let same = |value| Some(counter("2025-01-01", "2025-06-30", value));
    let mut promising = first();
    let text = text("We will contest it.", "我们将提出异议。");
    promising.promises = Some(vec![Promise { id: "commitment.contest".into(), text }]);
    let promise_gone = Series::of(promising, &["Ada", "Bo"]).and(|content| content.promises = None);
    vec![
        Case::new("own-promise-gone", promise_gone).never(&["FACT_ABSENT", "FACT_REWORDED"]),
        Case::new("own-counter-another-period", counters(Exact(27), later(Exact(28))))
            .alive(&["COUNTER_CHANGED"])
            .never(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new("own-counter-exact-to-band", counters(Exact(0), later(Band(0, 249))))
            .attention(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new("own-counter-another-band-width", counters(Band(0, 249), later(Band(0, 499))))
            .attention(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new(
            "own-counter-next-band-of-the-same-width",
            counters(Band(0, 249), later(Band(250, 499))),
        )
        .alive(&["COUNTER_CHANGED"])
        .never(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new(
            "own-counter-another-value-for-the-same-period",
            counters(Exact(27), same(Exact(28))),
        )
        .attention(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new("own-counter-gone", counters(Exact(27), None))
            .attention(&["COUNTER_REPRESENTATION_CHANGED"]),
        Case::new("own-counter-unchanged", counters(Exact(27), same(Exact(27))))
            .never(&["COUNTER_CHANGED", "COUNTER_REPRESENTATION_CHANGED"]),
    ]
}

fn dates() -> Vec<Case> {
    let evidence = |chain: &str| {
        let chain = chain.to_owned();
        two(move |content| {
            content.not_before = Some(vec![NotBefore::drand(chain, 1_000, "ab".repeat(48))])
        })
    };
    let long = two(|content| content.expires = content.as_of.plus(101 * 86_400));
    let doubled = two(|content| content.expires = content.as_of.plus(80 * 86_400));
    vec![
        Case::new("own-due-this-second", Series::new()).at(at("2026-02-01")).never(&["OVERDUE"]),
        Case::new("own-expiring-this-second", Series::new())
            .at(at("2026-02-08"))
            .attention(&["OVERDUE"])
            .state("OVERDUE")
            .never(&["LAPSED"]),
        Case::new("own-dated-in-the-future", Series::new())
            .at(at("2026-01-01T08:49:59Z"))
            .alarm(&["FUTURE_DATED"])
            .never(&["CLOCK_SUSPECT"]),
        Case::new("own-dated-within-the-tolerance", Series::new())
            .at(at("2026-01-01T08:50:00Z"))
            .never(&["FUTURE_DATED", "CLOCK_SUSPECT"]),
        Case::new("own-longer-than-the-limit", long).attention(&["LONG_INTERVAL"]),
        Case::new("own-twice-as-long-as-the-baseline", doubled).attention(&["LONG_INTERVAL"]),
        Case::new("own-beacon-that-does-not-verify", evidence(QUICKNET_HASH))
            .alarm(&["FRESHNESS_INVALID"]),
        Case::new("own-beacon-of-an-unknown-chain", evidence(&"00".repeat(32)))
            .alive(&["FRESHNESS_MISSING"])
            .never(&["FRESHNESS_INVALID"]),
        Case::new("own-resumed-after-a-lapse", {
            two(|content| {
                content.as_of = at("2026-02-20");
                content.next_due = at("2026-03-20");
                content.expires = at("2026-03-27");
            })
        })
        .attention(&["RESUMED"]),
    ]
}

fn chain_and_quorum() -> Vec<Case> {
    let same_instant = {
        let mut series = Series::new();
        let mut content = series.next();
        content.as_of = first().as_of;
        series.push(content, &["Ada", "Bo"]);
        series
    };
    let number_skipped = {
        let mut series = Series::new();
        let mut content = series.next();
        content.number = 3;
        series.push(content, &["Ada", "Bo"]);
        series
    };
    let jurisdictions = |change: fn(&mut IssueContent)| {
        let mut content = first();
        content.roster.min_jurisdictions = Some(2);
        content.roster.signers[1].jurisdiction = "DE".into();
        change(&mut content);
        Series::of(content, &["Ada", "Bo"])
    };
    let without_new_quorum = {
        let mut series = Series::new();
        let mut content = series.next();
        content.roster.signers = vec![signer("Dov", "DE", &["Dov"]), signer("Eve", "SE", &["Eve"])];
        series.push(content, &["Ada", "Bo"]);
        series
    };
    let by_a_stranger_too = {
        let mut series = Series::new();
        let (_, payload) = Issue::compose(first()).unwrap();
        series.leaves.clear();
        series.push_payload(&payload, &["Ada", "Bo", "Stranger"]);
        series
    };
    let second_roster_s_bad_signature = {
        let mut series = Series::new();
        let (_, payload) = Issue::compose(first()).unwrap();
        let bad =
            EnvelopeSignature { signature: Signature([7; 64]), ..signature("Chen", &payload) };
        let signatures = [signature("Ada", &payload), signature("Bo", &payload), bad];
        series.leaves = vec![Envelope::write(&payload, &signatures).unwrap().bytes().to_vec()];
        series
    };
    let malleable = {
        let mut series = Series::new();
        let (_, payload) = Issue::compose(first()).unwrap();
        let signatures = [signature("Ada", &payload), plus_order(signature("Bo", &payload))];
        series.leaves = vec![Envelope::write(&payload, &signatures).unwrap().bytes().to_vec()];
        series
    };
    let pinned_at_two = two(none).and(none);
    let pin_two = pinned_at_two.pin(2);
    let another_at_two = pinned_at_two.clone();
    let pin_of_another = Pin { number: 2, ..another_at_two.pin(1) };
    let bad_history = {
        let mut series = pinned_at_two.clone();
        series.leaves[0] = b"{}".to_vec();
        series
    };
    let pin_two_after_bad = bad_history.pin(2);
    let beyond = Pin { number: 3, ..Series::new().pin(1) };
    vec![
        Case::new("own-as-of-not-later", same_instant).alarm(&["CHAIN_BROKEN"]),
        Case::new("own-number-skipped", number_skipped).alarm(&["CHAIN_BROKEN"]).state("OVERDUE"),
        Case::new("own-one-jurisdiction-only", jurisdictions(none))
            .alarm(&["QUORUM_SHORT"])
            .state("UNVERIFIED"),
        Case::new(
            "own-two-jurisdictions",
            jurisdictions(|content| content.roster.signers[1].jurisdiction = "SE".into()),
        ),
        Case::new("own-rotation-without-the-new-quorum", without_new_quorum)
            .alarm(&["QUORUM_SHORT"])
            .state("OVERDUE")
            .never(&["ROSTER_CHANGED"]),
        Case::new("own-signature-of-an-unknown-key", by_a_stranger_too).never(&["BAD_SIGNATURE"]),
        Case::new("own-third-signature-does-not-verify", second_roster_s_bad_signature)
            .alarm(&["BAD_SIGNATURE"])
            .state("UNVERIFIED"),
        Case::new("own-signature-with-s-beyond-the-order", malleable)
            .alarm(&["BAD_SIGNATURE"])
            .state("UNVERIFIED"),
        Case::new("own-pinned-at-a-later-issue", pinned_at_two).pin(Some(pin_two)),
        Case::new("own-later-pin-names-another-digest", another_at_two)
            .pin(Some(pin_of_another))
            .alarm(&["PIN_MISMATCH"])
            .state("UNVERIFIED"),
        Case::new("own-history-before-the-pin-is-no-finding", bad_history)
            .pin(Some(pin_two_after_bad))
            .never(&["MALFORMED"]),
        Case::new("own-log-ends-before-the-pin", Series::new())
            .pin(Some(beyond))
            .alarm(&["ROLLBACK"])
            .state("UNVERIFIED"),
        Case::new("own-no-pin", Series::new()).pin(None).attention(&["UNPINNED"]),
        Case::new("own-later-issue-malformed", {
            let mut series = Series::new();
            series.leaves.push(b"{\"payload\":\"\"}".to_vec());
            series
        })
        .alarm(&["MALFORMED"])
        .never(&["LOG_INCONSISTENT"]),
    ]
}

/// The same signature with S + L in place of S: accepted by a lax verifier.
fn plus_order(entry: EnvelopeSignature) -> EnvelopeSignature {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = entry.signature.0;
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    EnvelopeSignature { signature: Signature(bytes), ..entry }
}

fn log_and_heartbeat() -> Vec<Case> {
    let without = |series: Series| Series { heartbeat: None, ..series };
    let undeclared = {
        let mut content = first();
        content.log.heartbeat = None;
        without(Series::of(content, &["Ada", "Bo"]))
    };
    let with = |name: &'static str, change: fn(&str) -> String| {
        let series = Series::new();
        let checkpoint = change(&series.checkpoint().to_string());
        let site = Site { series, files: vec![("checkpoint", checkpoint.into_bytes())] };
        Case::new(name, site)
    };
    let late = |name, age: i64| {
        let case = Case::new(name, Series::new());
        let at = case.at;
        let series = Series::new().heartbeat_at(at.plus(-age));
        Case { site: series.into(), at, ..case }
    };
    let cut = {
        let series = two(none);
        let bundle = canary_format::tile::bundle(series.leaves.iter().map(Vec::as_slice));
        Site { series, files: vec![("tile/entries/000.p/2", bundle[..bundle.len() - 1].to_vec())] }
    };
    let other_heartbeat = {
        let series = without(Series::new());
        let mut checkpoint = series.checkpoint();
        let key = heartbeat_key(build::ORIGIN, "heartbeat");
        build::cosign(&mut checkpoint, &key, "another key", at("2026-01-02"));
        Site { files: vec![("checkpoint", checkpoint.to_string().into_bytes())], series }
    };
    vec![
        Case::new("own-heartbeat-not-declared", undeclared).never(&["HEARTBEAT_MISSING"]),
        Case::new("own-heartbeat-absent", without(Series::new())).alarm(&["HEARTBEAT_MISSING"]),
        Case::new("own-heartbeat-by-another-key", other_heartbeat).alarm(&["HEARTBEAT_MISSING"]),
        late("own-heartbeat-just-fresh", 93_600).never(&["HEARTBEAT_STALE"]),
        late("own-heartbeat-twice-too-old", 187_200).attention(&["HEARTBEAT_STALE"]),
        late("own-heartbeat-long-dead", 187_201).alarm(&["HEARTBEAT_STALE"]),
        late("own-heartbeat-from-the-future", -601).alarm(&["CLOCK_SUSPECT", "HEARTBEAT_MISSING"]),
        with("own-checkpoint-of-another-origin", |text| {
            text.replacen("canary.example/main\n", "canary.example/other\n", 1)
        })
        .alarm(&["CHAIN_BROKEN", "CHECKPOINT_UNSIGNED"]),
        with("own-checkpoint-with-an-extension-line", |text| {
            text.replacen("\n\n", "\nextension\n\n", 1)
        })
        .alarm(&["MALFORMED"])
        .state("UNVERIFIED"),
        with("own-checkpoint-cut-short", |text| text[..text.len() - 10].to_owned())
            .alarm(&["MALFORMED"])
            .state("UNVERIFIED"),
        with("own-checkpoint-with-unknown-signatures", |text| {
            format!("{text}— witness.example AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
        }),
        with("own-checkpoint-of-an-empty-log", |text| text.replacen("\n1\n", "\n0\n", 1))
            .alarm(&["MALFORMED"])
            .state("UNVERIFIED"),
        with("own-checkpoint-of-too-many-leaves", |text| text.replacen("\n1\n", "\n16385\n", 1))
            .alarm(&["TOO_LARGE"])
            .state("UNVERIFIED"),
        with("own-checkpoint-too-large", |text| {
            let line = "— witness.example AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
            format!("{text}{}", line.repeat(65_536 / line.len()))
        })
        .alarm(&["TOO_LARGE"])
        .state("UNVERIFIED"),
        Case::new("own-bundle-cut-short", cut).alarm(&["MALFORMED"]).state("UNVERIFIED"),
    ]
}

fn bytes() -> Vec<Case> {
    let no_json = {
        let mut series = Series::new();
        series.leaves = vec![b"<html>".to_vec()];
        Case::new("own-leaf-that-is-no-json", series).alarm(&["MALFORMED"]).state("UNVERIFIED")
    };
    let shared_key = {
        let (_, payload) = Issue::compose(first()).unwrap();
        let from = public("log").to_openssh();
        assert!(!String::from_utf8(payload).unwrap().contains(&from));
        payload_of(|text| text.replacen(&public("Chen").to_openssh(), &from, 1))
    };
    vec![
        no_json,
        Case::new("own-machine-s-key-in-the-roster", shared_key)
            .alarm(&["MALFORMED"])
            .state("UNVERIFIED"),
        malformed("own-number-with-a-fraction", "\"number\":1", "\"number\":1.0"),
        malformed(
            "own-number-beyond-exactness",
            "\"max_age\":93600",
            "\"max_age\":9007199254740993",
        ),
        malformed("own-minus-zero", "\"number\":1", "\"number\":-0"),
        malformed(
            "own-unknown-member-deep-inside",
            "\"tense\":\"never\"",
            "\"tense\":\"never\",\"status\":\"ok\"",
        ),
        malformed("own-lone-surrogate", "Example Cloud", "Example \\ud800"),
        malformed("own-hidden-character", "private key", "private\u{200b} key"),
        malformed("own-reordering-character", "private key", "private \u{202e}key"),
        malformed("own-decomposed-character", "Example Cloud", "Exa\u{301}mple Cloud"),
        malformed("own-control-character", "Example Cloud", "Example\\u0007Cloud"),
        malformed("own-empty-scope", "\"layers\":[\"network\"]", "\"layers\":[]"),
        malformed(
            "own-all-with-others",
            "\"services\":[\"all\"]",
            "\"services\":[\"all\",\"compute\"]",
        ),
        malformed("own-unknown-layer", "\"layers\":[\"network\"]", "\"layers\":[\"net\"]"),
        malformed(
            "own-scope-of-an-unknown-entity",
            "\"entities\":[\"example\"],\"services\":[\"all\"]",
            "\"entities\":[\"sister\"],\"services\":[\"all\"]",
        ),
        malformed("own-valid-for-401-days", "2026-02-08T09:00:00Z", "2027-02-06T09:00:01Z"),
        malformed("own-leap-second", "2026-01-01T09:00:00Z", "2026-01-01T23:59:60Z"),
        malformed("own-language-missing", ",\"zh-Hans\":\"我们没有交出私钥。\"", ""),
        malformed("own-threshold-beyond-the-roster", "\"threshold\":2", "\"threshold\":4"),
        malformed(
            "own-nested-too-deep",
            "\"number\":1",
            &format!("\"number\":{}1{}", "[".repeat(16), "]".repeat(16)),
        ),
        Case::new("own-payload-too-large", payload_of(|text| text + &" ".repeat(40_961)))
            .alarm(&["TOO_LARGE"])
            .state("UNVERIFIED"),
    ]
}

/// One issue whose payload text is anything, in an envelope written by hand.
fn payload_of(change: impl FnOnce(String) -> String) -> Series {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let (_, payload) = Issue::compose(first()).unwrap();
    let changed = change(String::from_utf8(payload).unwrap());
    let entry = |name| {
        let entry = signature(name, changed.as_bytes());
        json!({"keyid": entry.keyid.to_string(), "sig": STANDARD.encode(entry.signature.0)})
    };
    let envelope = json!({
        "payloadType": canary_format::envelope::PAYLOAD_TYPE,
        "payload": STANDARD.encode(&changed),
        "signatures": [entry("Ada"), entry("Bo")],
    });
    let mut series = Series::new();
    let leaf = envelope.to_string().into_bytes();
    series.leaves = vec![leaf];
    series
}

fn expectation(case: &Case) -> String {
    let expect = json!({
        "pin": case.pin.as_ref().map(ToString::to_string),
        "at": case.at.to_string(),
        "severity": case.severity,
        "state": case.state,
        "codes": case.codes,
        "never": case.never,
    });
    serde_json::to_string_pretty(&expect).unwrap() + "\n"
}

fn write(case: &Case, folder: &Path) {
    let site = folder.join("site");
    case.site.series.write(&site);
    for (path, bytes) in &case.site.files {
        fs::write(site.join(path), bytes).unwrap();
    }
    fs::write(folder.join("expect.json"), expectation(case)).unwrap();
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_files_are_those_of_the_table() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let mut total = 0;
    for case in cases() {
        let folder = home.join(case.name);
        if std::env::var_os("CANARY_WRITE_VECTORS").is_some() {
            let _ = fs::remove_dir_all(&folder);
            write(&case, &folder);
        }
        let made = tempfile::tempdir().unwrap();
        write(&case, made.path());
        assert!(files(&folder) == files(made.path()), "{} differs from the table", case.name);
        total += 1;
    }
    assert!(total >= 60, "only {total} cases");
}
