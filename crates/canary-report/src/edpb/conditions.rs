//! Each condition: what it asks, how it stands, what that rests on.

use std::collections::{BTreeMap, BTreeSet};

use canary_format::time::Timestamp;
use canary_verifier::judge::VerifiedIssue;
use canary_verifier::report::Gap;

use super::{Cadence, Condition, ConditionId, LIMIT, Verdict, WatchShown};
use crate::command;
use crate::period::Period;
use crate::stack::Declaration;
use crate::supplier::{Canary, Speaking, Standing, Supplier};
use crate::words::{Bilingual, Language};

/// The fact by which a publisher speaks of its own control and its signers' keys.
const CONTROL: &str = "integrity.control";

/// What is known of one supplier.
pub(super) struct Seen<'a> {
    pub(super) supplier: &'a Supplier<'a>,
    pub(super) standing: &'a Standing<'a>,
    pub(super) period: Period,
    pub(super) at: Timestamp,
    pub(super) cadence: Option<&'a Cadence>,
    pub(super) gaps: &'a [Gap],
    pub(super) watch: Option<&'a WatchShown>,
}

pub(super) fn all(seen: &Seen<'_>) -> Vec<Condition> {
    vec![
        signed_message(seen),
        cadence(seen),
        monitoring(seen),
        custody(seen),
        several_signatures(seen),
        signer_outside(seen),
        legality(seen),
    ]
}

impl Seen<'_> {
    fn verify(&self) -> Option<String> {
        let entry = self.supplier.entry;
        self.is_native().then(|| command::verify(&entry.target, entry.pin.as_deref(), self.at))
    }

    fn history(&self) -> Option<String> {
        self.is_native().then(|| command::history(&self.supplier.entry.target))
    }

    fn is_native(&self) -> bool {
        matches!(self.supplier.canary, Canary::Native(_))
    }

    /// The issues that spoke in the period: those as of an instant in it, and the one before.
    fn issues(&self) -> &[VerifiedIssue] {
        let series = self.standing.series;
        let first = series.partition_point(|issue| issue.issue().as_of < self.period.from);
        &series[first.saturating_sub(1)..]
    }
}

fn nothing(seen: &Seen<'_>) -> Bilingual {
    match (seen.supplier.canary, seen.standing.speaking) {
        (Canary::Other(format), _) => Bilingual::new(
            format!(
                "There is no canary of this format; the one there is of the format {format} and carries no roster, dates or scope that could be judged."
            ),
            format!(
                "没有本格式的声明；现有声明的格式为 {format}，其中没有可供判断的名册、日期或范围。"
            ),
        ),
        (_, Speaking::Unreachable) => Bilingual::new(
            "It could not be reached, and nothing was seen before.",
            "无法连接，且以前未曾取得。",
        ),
        _ => Bilingual::new("There is no authentic issue.", "没有经验证真实的一期。"),
    }
}

fn condition(
    id: ConditionId,
    asks: (&str, &str),
    (verdict, evidence): (Verdict, Vec<Bilingual>),
    recheck: Option<String>,
) -> Condition {
    Condition { id, asks: Bilingual::new(asks.0, asks.1), verdict, evidence, recheck }
}

fn signed_message(seen: &Seen<'_>) -> Condition {
    let asks = (
        "A regular, cryptographically signed message that says for which instant it holds.",
        "定期发布经密码学签名的消息，并载明其所确认的时点。",
    );
    let found = match (seen.issues().first(), seen.standing.newest()) {
        (Some(first), Some(newest)) => {
            let (first, last) = (first.issue().number, newest.number);
            let mut evidence = vec![Bilingual::new(
                format!(
                    "Issues {first} to {last} verify: chained, and signed by a quorum of the roster. Issue {last} holds for {}; next due {}, expires {}.",
                    newest.as_of, newest.next_due, newest.expires
                ),
                format!(
                    "第 {first} 至 {last} 期均通过验证：首尾相连，并由名册所要求人数的签署人签署。第 {last} 期确认的时点为 {}，下一期应于 {}，到期 {}。",
                    newest.as_of, newest.next_due, newest.expires
                ),
            )];
            evidence.extend(seen.gaps.iter().map(|gap| {
                Bilingual::new(
                    format!(
                        "No issue was in force from {} to {}, after issue {}.",
                        gap.from, gap.to, gap.after_issue
                    ),
                    format!(
                        "自 {} 至 {} 没有有效的一期（第 {} 期之后）。",
                        gap.from, gap.to, gap.after_issue
                    ),
                )
            }));
            if !seen.standing.speaking.speaks() {
                evidence.push(speaking(seen.standing.speaking));
            }
            let holds = seen.gaps.is_empty() && seen.standing.speaking.speaks();
            (if holds { Verdict::Pass } else { Verdict::Fail }, evidence)
        }
        _ => match seen.standing.speaking {
            Speaking::Missing | Speaking::Unverified => (Verdict::Fail, vec![nothing(seen)]),
            _ => (Verdict::NotEvidenced, vec![nothing(seen)]),
        },
    };
    condition(ConditionId::SignedMessage, asks, found, seen.verify())
}

fn speaking(speaking: Speaking) -> Bilingual {
    match speaking {
        Speaking::Missing => {
            Bilingual::new("There is no canary where it was asked for.", "在所查询处没有声明。")
        }
        Speaking::Findings => Bilingual::new(
            "The verifier has a finding of severity alarm on the series as a whole.",
            "验证者对整个系列有“警报”级发现。",
        ),
        _ => Bilingual::new(
            "At the end of the period no issue was in force.",
            "期末没有有效的一期。",
        ),
    }
}

fn cadence(seen: &Seen<'_>) -> Condition {
    let asks = (
        "At least every 24 hours. Judged by what people affirmed; a heartbeat is a machine's and does not count.",
        "至少每 24 小时一次。以人的确认为准；心跳由机器发出，不计入。",
    );
    let found = match seen.cadence {
        None => (Verdict::NotEvidenced, vec![nothing(seen)]),
        Some(cadence) => {
            let longest = cadence.longest;
            let long = |language: Language| language.duration(longest.seconds);
            let mut evidence = vec![Bilingual::new(
                format!(
                    "{} affirmations in the period; the longest time without a new one is {}, from {} to {}.",
                    cadence.count(),
                    long(Language::English),
                    longest.from,
                    longest.to
                ),
                format!(
                    "期间内共有 {} 次确认；最长一段没有新确认的时间为 {}，自 {} 至 {}。",
                    cadence.count(),
                    long(Language::Chinese),
                    longest.from,
                    longest.to
                ),
            )];
            let verdict = if longest.seconds > LIMIT {
                let beyond = |language: Language| language.duration(cadence.seconds_beyond);
                evidence.push(Bilingual::new(
                    format!(
                        "Times of more than 24 hours without a new one: {}; beyond those hours lie {} of the period.",
                        cadence.beyond.len(),
                        beyond(Language::English)
                    ),
                    format!(
                        "其中 {} 段超过 24 小时；期间内超出部分共计 {}。",
                        cadence.beyond.len(),
                        beyond(Language::Chinese)
                    ),
                ));
                Verdict::Fail
            } else if cadence.count() < 2 {
                evidence.push(Bilingual::new(
                    "Fewer than two affirmations show no cadence.",
                    "少于两次确认，不足以显示频率。",
                ));
                Verdict::NotEvidenced
            } else {
                Verdict::Pass
            };
            (verdict, evidence)
        }
    };
    condition(ConditionId::Cadence, asks, found, seen.history())
}

fn monitoring(seen: &Seen<'_>) -> Condition {
    let asks = ("The exporter monitors it automatically.", "数据出口方自动监测声明。");
    let limit = LIMIT.unsigned_abs();
    let found = match seen.watch {
        None => (
            Verdict::NotEvidenced,
            vec![Bilingual::new("No watch record was given.", "未提供监测记录。")],
        ),
        Some(watch) => {
            let mut evidence = vec![Bilingual::new(
                format!(
                    "{} looked{} from {} to {}, planned every {}.",
                    watch.watcher,
                    watch.looks.map(|looks| format!(" {looks} times")).unwrap_or_default(),
                    watch.from,
                    watch.to,
                    Language::English.duration(watch.interval.try_into().unwrap_or(i64::MAX))
                ),
                format!(
                    "{} 自 {} 至 {} {}，计划间隔 {}。",
                    watch.watcher,
                    watch.from,
                    watch.to,
                    watch
                        .looks
                        .map_or("进行查看".to_owned(), |looks| format!("共查看 {looks} 次")),
                    Language::Chinese.duration(watch.interval.try_into().unwrap_or(i64::MAX))
                ),
            )];
            evidence.extend(watch.gaps.iter().map(|gap| {
                let long = |language: Language| language.duration(gap.to.since(gap.from));
                Bilingual::new(
                    format!(
                        "Nobody looked from {} to {}: {}.",
                        gap.from,
                        gap.to,
                        long(Language::English)
                    ),
                    format!(
                        "自 {} 至 {} 无人查看：{}。",
                        gap.from,
                        gap.to,
                        long(Language::Chinese)
                    ),
                )
            }));
            let whole = watch.from <= seen.period.from.plus(LIMIT)
                && watch.to >= seen.period.to.plus(-LIMIT);
            let long = watch.gaps.iter().any(|gap| gap.to.since(gap.from) > LIMIT);
            let verdict = if long || watch.interval > limit {
                evidence.push(Bilingual::new(
                    "More than 24 hours passed without a look.",
                    "有超过 24 小时的时间无人查看。",
                ));
                Verdict::Fail
            } else if !whole {
                evidence.push(Bilingual::new(
                    "The record does not cover the whole period.",
                    "记录没有覆盖整个期间。",
                ));
                Verdict::NotEvidenced
            } else {
                Verdict::Pass
            };
            (verdict, evidence)
        }
    };
    condition(ConditionId::Monitoring, asks, found, None)
}

/// Never above DECLARED: nobody sees from outside who holds a key.
fn custody(seen: &Seen<'_>) -> Condition {
    let asks = (
        "The private keys for signing are kept safely, each by its signer.",
        "签署私钥得到妥善保管，由各签署人自行持有。",
    );
    let mut evidence: Vec<Bilingual> =
        seen.supplier.entry.custody.iter().map(declaration).collect();
    let fact = seen.standing.newest().and_then(|newest| newest.fact(CONTROL));
    if let Some(fact) = fact.filter(|_| seen.standing.speaking.speaks()) {
        let texts: BTreeMap<String, String> =
            fact.text.iter().map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect();
        let text = |language: Language| language.choose(&texts).map_or("", |(_, text)| text);
        evidence.push(Bilingual::new(
            format!("The newest issue affirms {CONTROL}: “{}”", text(Language::English)),
            format!("最新一期确认 {CONTROL}：“{}”", text(Language::Chinese)),
        ));
    }
    condition(ConditionId::KeyCustody, asks, declared(evidence), None)
}

/// Never above DECLARED: no verifier reads the law.
fn legality(seen: &Seen<'_>) -> Condition {
    let asks = (
        "The law of the third country permits this form of passive notification.",
        "第三国法律允许这种被动通知方式。",
    );
    let evidence = seen.supplier.entry.legality.iter().map(declaration).collect();
    condition(ConditionId::Legality, asks, declared(evidence), None)
}

fn declaration(declared: &Declaration) -> Bilingual {
    let Declaration { by, place, text } = declared;
    Bilingual::new(format!("{by}, {place}: “{text}”"), format!("{by}，{place}：“{text}”"))
}

fn declared(evidence: Vec<Bilingual>) -> (Verdict, Vec<Bilingual>) {
    if evidence.is_empty() {
        let none = Bilingual::new("Nobody declared it.", "无人就此作出声明。");
        (Verdict::NotEvidenced, vec![none])
    } else {
        (Verdict::Declared, evidence)
    }
}

fn several_signatures(seen: &Seen<'_>) -> Condition {
    let asks =
        ("Several signatures by different persons are required.", "要求由不同人员作出多个签名。");
    let issues = seen.issues();
    let threshold = issues.iter().map(|issue| issue.issue().roster.threshold).min();
    let found = match (fewest(issues), threshold) {
        (Some((persons, number)), Some(threshold)) => {
            let evidence = vec![Bilingual::new(
                format!(
                    "The rosters ask for at least {threshold} different persons. The fewest who signed an issue are {persons}, issue {number}."
                ),
                format!(
                    "名册要求至少 {threshold} 位不同人员。签署人数最少的一期为第 {number} 期，共 {persons} 人。"
                ),
            )];
            let holds = threshold >= 2 && persons >= 2;
            (if holds { Verdict::Pass } else { Verdict::Fail }, evidence)
        }
        _ => (Verdict::NotEvidenced, vec![nothing(seen)]),
    };
    condition(ConditionId::SeveralSignatures, asks, found, seen.history())
}

/// The fewest different persons who signed an issue, and its number.
fn fewest(issues: &[VerifiedIssue]) -> Option<(usize, u64)> {
    let persons = |issue: &VerifiedIssue| {
        issue.affirmed_by().iter().map(|person| &person.name).collect::<BTreeSet<_>>().len()
    };
    issues.iter().map(|issue| (persons(issue), issue.issue().number)).min()
}

fn signer_outside(seen: &Seen<'_>) -> Condition {
    let asks = (
        "A person outside the third country's jurisdiction signs.",
        "由第三国法域之外的人员签署。",
    );
    let issues = seen.issues();
    let found = match (&seen.supplier.entry.third_country, issues.last()) {
        (None, _) => (
            Verdict::NotEvidenced,
            vec![Bilingual::new("The third country is not named.", "未指明第三国。")],
        ),
        (_, None) => (Verdict::NotEvidenced, vec![nothing(seen)]),
        (Some(country), Some(newest)) => {
            let outside = |issue: &&VerifiedIssue| {
                issue.affirmed_by().iter().any(|person| person.jurisdiction != *country)
            };
            let without: Vec<u64> = issues
                .iter()
                .filter(|issue| !outside(issue))
                .map(|issue| issue.issue().number)
                .collect();
            let persons: Vec<String> = newest
                .affirmed_by()
                .iter()
                .map(|person| format!("{} ({})", person.name, person.jurisdiction))
                .collect();
            let persons = persons.join(", ");
            let min = newest.issue().roster.min_jurisdictions.unwrap_or(1);
            let mut evidence = vec![Bilingual::new(
                format!(
                    "Outside {country}; jurisdictions as the signed roster states them. Issue {} was affirmed by {persons}. The roster asks for persons from at least {min} jurisdictions.",
                    newest.issue().number
                ),
                format!(
                    "{country} 之外；法域以签名名册所载为准。第 {} 期由 {persons} 确认。名册要求签署人至少来自 {min} 个法域。",
                    newest.issue().number
                ),
            )];
            if let Some(first) = without.first() {
                evidence.push(Bilingual::new(
                    format!("{} issues of the period were affirmed by persons in {country} alone, the first of them issue {first}.", without.len()),
                    format!("期间内有 {} 期仅由 {country} 境内人员确认，其中最早为第 {first} 期。", without.len()),
                ));
            }
            let holds = without.is_empty();
            (if holds { Verdict::Pass } else { Verdict::Fail }, evidence)
        }
    };
    condition(ConditionId::SignerOutside, asks, found, seen.verify())
}
