//! The conditions as a document.

use super::{Condition, ConditionId, Edpb, SupplierConditions, Verdict};
use crate::coverage::document::{speaking, table};
use crate::document::{Block, Content, Document, Lane, Level, Span, Timeline};
use crate::words::{LIMITS_ZH, Language};

impl Edpb {
    /// The report in a language.
    pub fn document(&self, language: Language) -> Document {
        let title = language.pick(
            "Warrant-canary conditions of EDPB Recommendations 01/2020",
            "欧洲数据保护委员会第 01/2020 号建议中的声明条件",
        );
        let as_of = language.pick("As of", "截至");
        let mut subtitle: Vec<String> = self.customer.iter().cloned().collect();
        subtitle.push(format!("{as_of} {}", self.at));
        subtitle.push(language.pick(self.source, SOURCE_ZH).to_owned());
        let mut blocks = self.blocks(language);
        blocks.push(Block::Heading(Level::Part, language.pick("Limits", "局限").to_owned()));
        blocks.push(Block::Text(language.pick(self.limits, LIMITS_ZH).to_owned()));
        Document { language, title: title.to_owned(), subtitle, blocks }
    }

    /// What it says, without the limits.
    pub(crate) fn blocks(&self, language: Language) -> Vec<Block> {
        let explained = language.pick(
            "PASS and FAIL rest on what was verified. DECLARED: somebody says so and it cannot be verified; custody of keys and permission by law are never more. NOT EVIDENCED: there is nothing to go by.",
            "PASS（符合）与 FAIL（不符合）以经验证的内容为据。DECLARED（声称）：有人如此声称，但无法验证；密钥保管与法律许可至多为此。NOT EVIDENCED（无证据）：没有可依据的内容。",
        );
        let mut blocks = vec![Block::Text(explained.to_owned())];
        for supplier in &self.suppliers {
            blocks.extend(supplier.blocks(language));
        }
        blocks
    }
}

const SOURCE_ZH: &str = "欧洲数据保护委员会第 01/2020 号建议（关于补充传输工具的措施），2.0 版，2021 年 6 月 18 日，附件 2，合同措施：声明";

impl SupplierConditions {
    fn blocks(&self, language: Language) -> Vec<Block> {
        let heading = match &self.publisher {
            Some(publisher) => format!("{} · {publisher}", self.id),
            None => self.id.clone(),
        };
        let mut blocks =
            vec![Block::Heading(Level::Part, heading), Block::Text(self.about(language))];
        blocks.extend(self.timeline(language).map(Block::Timeline));
        let head = [("Condition", "条件"), ("Finding", "结论"), ("What it rests on", "依据")];
        let rows = self.conditions.iter().map(|condition| row(condition, language)).collect();
        blocks.push(Block::Table(table(&head, rows, language)));
        if let Some(heartbeat) = &self.heartbeat {
            blocks.push(Block::Text(self.heartbeat_line(heartbeat, language)));
        }
        let mut commands: Vec<String> =
            self.conditions.iter().filter_map(|condition| condition.recheck.clone()).collect();
        commands.sort();
        commands.dedup();
        if !commands.is_empty() {
            let again = language.pick("To check again", "重新核验");
            blocks.push(Block::Heading(Level::Section, again.to_owned()));
            blocks.push(Block::Command(commands));
        }
        blocks
    }

    fn about(&self, language: Language) -> String {
        let period = match language {
            Language::English => format!("Period: {} to {}.", self.period.from, self.period.to),
            Language::Chinese => format!("期间：{} 至 {}。", self.period.from, self.period.to),
        };
        let state = speaking(self.speaking, language);
        let state = match language {
            Language::English => format!(" At its end: {state}."),
            Language::Chinese => format!("期末：{state}。"),
        };
        let country = self.third_country.as_ref().map(|country| match language {
            Language::English => format!(" Third country: {country}."),
            Language::Chinese => format!("第三国：{country}。"),
        });
        format!("{period}{state}{}", country.unwrap_or_default())
    }

    fn heartbeat_line(&self, heartbeat: &super::HeartbeatShown, language: Language) -> String {
        let newest = match heartbeat.newest {
            Some(newest) => newest.to_string(),
            None => language.pick("none", "无").to_owned(),
        };
        let max_age = language.duration(heartbeat.max_age);
        match language {
            Language::English => format!(
                "Apart: the machine's heartbeat says that this is still its newest tree. It affirms no fact and counts for no condition. Newest: {newest}; greatest age declared: {max_age}."
            ),
            Language::Chinese => format!(
                "另列：机器的心跳表明这仍是其最新的树。它不确认任何事实，不计入任何条件。最新：{newest}；声明的最长间隔：{max_age}。"
            ),
        }
    }

    fn timeline(&self, language: Language) -> Option<Timeline> {
        let cadence = self.cadence.as_ref()?;
        let (from, to) = (self.period.from, self.period.to);
        let mut spans = vec![(from, to, Span::Held)];
        for interval in &cadence.beyond {
            let first = cadence.affirmed.first().is_some_and(|first| interval.to <= *first);
            let unspoken = first && interval.from == from;
            let start = if unspoken { interval.from } else { interval.from.plus(super::LIMIT) };
            spans.extend(self.period.clip(start, interval.to).map(|(a, b)| (a, b, Span::Beyond)));
        }
        spans.extend(self.gaps.iter().map(|gap| (gap.from, gap.to, Span::Gap)));
        let mut lanes = vec![Lane {
            label: language.pick("affirmations", "确认").to_owned(),
            marks: cadence.affirmed.clone(),
            spans,
        }];
        if let Some(watch) = &self.watch {
            let looked = self.period.clip(watch.from, watch.to);
            let mut spans: Vec<_> = looked.iter().map(|(a, b)| (*a, *b, Span::Held)).collect();
            spans.extend(watch.gaps.iter().map(|gap| (gap.from, gap.to, Span::Gap)));
            let label = language.pick("watch", "监测").to_owned();
            lanes.push(Lane { label, marks: Vec::new(), spans });
        }
        let word = |en: &str, zh: &str| language.pick(en, zh).to_owned();
        Some(Timeline {
            label: word("Affirmations over time", "各次确认的时间"),
            from,
            to,
            lanes,
            legend: vec![
                (Span::Affirmed, word("people affirmed", "人的确认")),
                (Span::Held, word("within 24 hours of it, or watched", "其后 24 小时内，或有监测")),
                (Span::Beyond, word("more than 24 hours after it", "超过 24 小时")),
                (
                    Span::Gap,
                    word("no issue in force, or nobody looked", "没有有效的一期，或无人查看"),
                ),
            ],
        })
    }
}

fn row(condition: &Condition, language: Language) -> Vec<Content> {
    let evidence: Vec<&str> =
        condition.evidence.iter().map(|sentence| sentence.get(language)).collect();
    let asks = condition.asks.get(language);
    vec![
        Content::plain(format!("{}\n{asks}", name(condition.id, language))),
        Content::strong(verdict(condition.verdict, language)),
        Content::plain(evidence.join("\n")),
    ]
}

fn verdict(verdict: Verdict, language: Language) -> String {
    let chinese = match verdict {
        Verdict::Pass => "符合",
        Verdict::Fail => "不符合",
        Verdict::Declared => "声称",
        Verdict::NotEvidenced => "无证据",
    };
    match language {
        Language::English => verdict.word().to_owned(),
        Language::Chinese => format!("{}\n{chinese}", verdict.word()),
    }
}

fn name(id: ConditionId, language: Language) -> &'static str {
    match id {
        ConditionId::SignedMessage => language.pick("Signed message", "签名消息"),
        ConditionId::Cadence => language.pick("Cadence", "频率"),
        ConditionId::Monitoring => language.pick("Monitoring", "监测"),
        ConditionId::KeyCustody => language.pick("Key custody", "密钥保管"),
        ConditionId::SeveralSignatures => language.pick("Several signatures", "多个签名"),
        ConditionId::SignerOutside => language.pick("Signer outside", "境外签署人"),
        ConditionId::Legality => language.pick("Legality", "合法性"),
    }
}
