//! The evidence as a document: suppliers one by one, then both reports, then how to check again.

use super::{IssueRecord, SupplierEvidence, Tia};
use crate::coverage::document::table;
use crate::document::{Block, Content, Document, Level};
use crate::words::{LIMITS_ZH, Language};

impl Tia {
    /// The report in a language.
    pub fn document(&self, language: Language) -> Document {
        let title = language.pick(
            "Evidence from warrant canaries, for a transfer impact assessment",
            "供传输影响评估使用的声明证据",
        );
        let as_of = language.pick("Judged as of", "判断时点");
        let mut subtitle: Vec<String> = self.customer.iter().cloned().collect();
        subtitle.push(format!("{as_of} {}", self.at));
        let part = |english: &str, chinese: &str| {
            Block::Heading(Level::Part, language.pick(english, chinese).to_owned())
        };
        let mut blocks = vec![part("Limits", "局限")];
        blocks.push(Block::Text(language.pick(self.limits, LIMITS_ZH).to_owned()));
        for supplier in &self.suppliers {
            blocks.extend(supplier.blocks(language));
        }
        blocks.push(part("EDPB conditions", "欧洲数据保护委员会条件"));
        blocks.extend(demoted(self.edpb.blocks(language)));
        let at = self.coverage.at;
        blocks.push(part("Coverage", "覆盖情况"));
        let instant = language.pick("As of", "截至");
        blocks.push(Block::Text(format!("{instant} {at}")));
        blocks.extend(demoted(self.coverage.blocks(language)));
        blocks.push(part("To check again, without any network", "离线重新核验"));
        blocks.extend(self.again(language));
        Document { language, title: title.to_owned(), subtitle, blocks }
    }

    fn again(&self, language: Language) -> Vec<Block> {
        let intro = language.pick(
            "In the folder of this pack. The first command holds every file against the manifest; the others judge the bytes as they were received and must report what stands beside them.",
            "请在本证据包的文件夹中执行。第一条命令按清单核对所有文件；其余命令对所收到的原始字节作出判断，其结果应与所列一致。",
        );
        let mut lines = vec!["sha256sum -c MANIFEST.sha256".to_owned()];
        lines.extend(self.commands());
        vec![Block::Text(intro.to_owned()), Block::Command(lines)]
    }

    /// The commands on the bytes of the pack, each with what it must report.
    pub(super) fn commands(&self) -> Vec<String> {
        let rechecks = self.suppliers.iter().filter_map(|supplier| supplier.recheck.as_ref());
        rechecks
            .map(|recheck| {
                let (state, severity) = (recheck.state, recheck.severity);
                format!("{}   # {state}, {severity}, exit {}", recheck.command, recheck.exit)
            })
            .collect()
    }
}

/// Parts of a report within a report are sections.
fn demoted(blocks: Vec<Block>) -> Vec<Block> {
    let demote = |block| match block {
        Block::Heading(_, text) => Block::Heading(Level::Section, text),
        block => block,
    };
    blocks.into_iter().map(demote).collect()
}

impl SupplierEvidence {
    fn blocks(&self, language: Language) -> Vec<Block> {
        let heading = match &self.publisher {
            Some(publisher) => format!("{} · {publisher}", self.id),
            None => self.id.clone(),
        };
        let section = |english: &str, chinese: &str| {
            Block::Heading(Level::Section, language.pick(english, chinese).to_owned())
        };
        let mut blocks = vec![Block::Heading(Level::Part, heading)];
        blocks.push(Block::Table(self.particulars(language)));
        if !self.issues.is_empty() {
            blocks.push(section("Issues", "各期"));
            blocks.push(Block::Table(self.issue_table(language)));
            blocks.push(section("Rosters", "名册"));
            blocks.push(Block::Table(self.roster_table(language)));
        }
        blocks.push(section("Changes", "变化"));
        blocks.push(if self.changes.is_empty() {
            Block::Text(language.pick("None in the period.", "期间内没有变化。").to_owned())
        } else {
            Block::Table(self.change_table(language))
        });
        blocks.push(section("Gaps", "中断"));
        blocks.push(self.gap_block(language));
        blocks
    }

    fn particulars(&self, language: Language) -> crate::document::Table {
        let row = |english: &str, chinese: &str, value: String| {
            vec![Content::strong(language.pick(english, chinese)), Content::exact(value)]
        };
        let none = || language.pick("none", "无").to_owned();
        let rows = vec![
            row("Origin", "来源标识", self.origin.clone().unwrap_or_else(none)),
            row("Obtained from", "取得自", self.obtained_from.clone()),
            row("Pin", "锚定值", self.pin.clone().unwrap_or_else(none)),
            row("Period", "期间", format!("{} – {}", self.period.from, self.period.to)),
        ];
        table(&[("", ""), ("", "")], rows, language)
    }

    /// Issues with the same facts and persons, running on, share a line.
    fn issue_table(&self, language: Language) -> crate::document::Table {
        let head = [
            ("Issues", "期号"),
            ("As of", "确认时点"),
            ("Last expires", "末期到期"),
            ("Digest of the last", "末期摘要"),
            ("Facts", "事实"),
            ("Affirmed by", "确认人"),
        ];
        let same = |a: &IssueRecord, b: &IssueRecord| {
            (&a.facts, &a.affirmed_by) == (&b.facts, &b.affirmed_by)
        };
        let row = |run: &[IssueRecord]| {
            let (first, last) = (run.first()?, run.last()?);
            let range = |a: String, b: String| if a == b { a } else { format!("{a} – {b}") };
            let persons = last.affirmed_by.iter();
            let persons: Vec<String> = persons
                .map(|person| format!("{} ({})", person.name, person.jurisdiction))
                .collect();
            Some(vec![
                Content::strong(range(first.number.to_string(), last.number.to_string())),
                Content::exact(range(first.as_of.to_string(), last.as_of.to_string())),
                Content::exact(last.expires.to_string()),
                Content::exact(last.digest.to_string()),
                Content::exact(last.facts.join(", ")),
                Content::plain(persons.join(", ")),
            ])
        };
        table(&head, self.issues.chunk_by(same).filter_map(row).collect(), language)
    }

    fn roster_table(&self, language: Language) -> crate::document::Table {
        let head = [
            ("From issue", "自期号"),
            ("Asks for", "要求"),
            ("Signers", "签署人"),
            ("Keys", "密钥"),
        ];
        let rows = self.rosters.iter().map(|record| {
            let roster = &record.roster;
            let min = roster.min_jurisdictions.unwrap_or(1);
            let asks = match language {
                Language::English => {
                    format!(
                        "{} of {}, from {min} jurisdictions",
                        roster.threshold,
                        roster.signers.len()
                    )
                }
                Language::Chinese => {
                    format!(
                        "{} 人中的 {} 人，来自 {min} 个法域",
                        roster.signers.len(),
                        roster.threshold
                    )
                }
            };
            let signers: Vec<String> = roster
                .signers
                .iter()
                .map(|signer| format!("{}, {} ({})", signer.name, signer.role, signer.jurisdiction))
                .collect();
            let keys: Vec<String> =
                roster.keys().map(|key| key.fingerprint().to_string()).collect();
            vec![
                Content::strong(record.from_issue.to_string()),
                Content::plain(asks),
                Content::plain(signers.join("\n")),
                Content::exact(keys.join("\n")),
            ]
        });
        table(&head, rows.collect(), language)
    }

    fn change_table(&self, language: Language) -> crate::document::Table {
        let head = [("Issue", "期号"), ("As of", "时点"), ("What", "变化"), ("Fact", "事实")];
        let rows = self.changes.iter().map(|change| {
            vec![
                Content::strong(change.issue.to_string()),
                Content::exact(change.as_of.to_string()),
                Content::exact(change.code.to_string()),
                Content::exact(change.fact.clone().unwrap_or_default()),
            ]
        });
        table(&head, rows.collect(), language)
    }

    fn gap_block(&self, language: Language) -> Block {
        let lapse = language.pick("no issue in force", "没有有效的一期");
        let unwatched = language.pick("nobody looked", "无人查看");
        let watched = self.watch.iter().flat_map(|watch| &watch.gaps);
        let gaps = self.gaps.iter().map(|gap| (gap.from, gap.to, lapse));
        let all = gaps.chain(watched.map(|gap| (gap.from, gap.to, unwatched)));
        let rows: Vec<_> = all
            .map(|(from, to, what)| {
                vec![
                    Content::strong(what),
                    Content::exact(from.to_string()),
                    Content::exact(to.to_string()),
                    Content::plain(language.duration(to.since(from))),
                ]
            })
            .collect();
        if rows.is_empty() {
            let none = match self.watch {
                Some(_) => language.pick(
                    "No lapse and no watch gap in the period.",
                    "期间内没有中断，也没有监测空白。",
                ),
                None => language.pick(
                    "No lapse in the period. No watch record was given.",
                    "期间内没有中断。未提供监测记录。",
                ),
            };
            return Block::Text(none.to_owned());
        }
        let head = [("What", "内容"), ("From", "自"), ("To", "至"), ("Length", "时长")];
        Block::Table(table(&head, rows, language))
    }
}
