//! Coverage as a document.

use std::collections::BTreeMap;

use super::{Coverage, CoverageCell, Covering, PassedOver, Reason, Row, Status, SupplierSummary};
use crate::document::{Block, Content, Document, Grid, GridRow, Level, Mark, Table};
use crate::layer::Layer;
use crate::profile::{Basis, Responsibility};
use crate::supplier::Speaking;
use crate::words::{LIMITS_ZH, Language};

impl Coverage {
    /// The report in a language.
    pub fn document(&self, language: Language) -> Document {
        let title =
            language.pick("Coverage of the shared-responsibility model", "责任共担模型的覆盖情况");
        let as_of = language.pick("As of", "截至");
        let mut subtitle: Vec<String> = self.customer.iter().cloned().collect();
        subtitle.push(format!("{as_of} {}", self.at));
        let mut blocks = self.blocks(language);
        blocks.push(Block::Heading(Level::Part, language.pick("Limits", "局限").to_owned()));
        blocks.push(Block::Text(language.pick(self.limits, LIMITS_ZH).to_owned()));
        Document { language, title: title.to_owned(), subtitle, blocks }
    }

    /// What it says, without the limits.
    pub(crate) fn blocks(&self, language: Language) -> Vec<Block> {
        let part = |text: &str| Block::Heading(Level::Part, text.to_owned());
        let mut blocks = vec![Block::Lead(self.lead(language))];
        blocks.extend(self.other_formats(language));
        blocks.push(Block::Grid(self.grid(language)));
        let of = |status| self.rows_of(status);
        if of(Status::Uncovered).next().is_some() {
            blocks.push(part(language.pick(
                "A supplier is responsible and nothing live speaks",
                "供应商负有责任，但没有有效的事实涉及",
            )));
            blocks.push(Block::Table(uncovered(of(Status::Uncovered), language)));
        }
        if of(Status::Covered).next().is_some() {
            blocks.push(part(language.pick("Covered by live facts", "有有效的事实涉及")));
            blocks.push(Block::Table(covered(of(Status::Covered), language)));
        }
        if of(Status::Customer).next().is_some() {
            blocks.push(part(language.pick("Your own", "贵方自身的责任")));
            blocks.push(Block::Table(own(of(Status::Customer), language)));
        }
        let facts = self.facts();
        if !facts.is_empty() {
            blocks.push(part(language.pick("The facts, as signed", "所签署的事实")));
            blocks.push(Block::Table(sentences(&facts, language)));
        }
        blocks.push(part(language.pick("Suppliers", "供应商")));
        blocks.push(Block::Table(self.suppliers(language)));
        blocks.extend(self.findings(language));
        blocks.push(part(language.pick("Who is responsible, and says who", "责任划分及其依据")));
        blocks.push(Block::Table(self.sources(language)));
        blocks
    }

    fn lead(&self, language: Language) -> String {
        let count = self.uncovered().count();
        match language {
            Language::English if count == 0 => {
                "Every layer for which a supplier is responsible has a live fact that speaks of it."
                    .to_owned()
            }
            Language::English => format!(
                "{count} times a supplier is responsible for a layer of a service and nothing live speaks of it."
            ),
            Language::Chinese if count == 0 => {
                "凡供应商负有责任的层，均有有效的事实涉及。".to_owned()
            }
            Language::Chinese => {
                format!("共有 {count} 处：供应商对某项服务的某一层负有责任，但没有有效的事实涉及。")
            }
        }
    }

    /// One line for each supplier whose canary is of another format, or is not there.
    fn other_formats(&self, language: Language) -> Vec<Block> {
        let silent = self.suppliers.iter().filter(|supplier| !supplier.speaking.speaks());
        let line = |supplier: &SupplierSummary| {
            let id = &supplier.id;
            let why = match &supplier.other_format {
                Some(format) => match language {
                    Language::English => format!(
                        "its canary is of another format ({format}); facts without a scope never cover a layer."
                    ),
                    Language::Chinese => {
                        format!("其声明采用另一种格式（{format}）；没有范围的事实不涉及任何层。")
                    }
                },
                None => format!(
                    "{}{}",
                    speaking(supplier.speaking, language),
                    language.pick("; its facts are not counted.", "；其事实不计入。")
                ),
            };
            Block::Text(format!("{id}: {why}"))
        };
        silent.map(line).collect()
    }

    fn rows_of(&self, status: Status) -> impl Iterator<Item = (Layer, &CoverageCell)> {
        let cells = |row: &'_ Row| row.layer;
        self.rows
            .iter()
            .flat_map(move |row| row.cells.iter().map(move |cell| (cells(row), cell)))
            .filter(move |(_, cell)| cell.status == status)
    }

    fn grid(&self, language: Language) -> Grid {
        let columns = self.suppliers.iter().flat_map(|supplier| {
            supplier.services.iter().map(|service| {
                let model = service.model.map_or("?", |model| model.name());
                let name = service.id.as_deref().unwrap_or("–");
                (supplier.id.clone(), format!("{name} · {model}"))
            })
        });
        let row = |row: &Row| GridRow {
            label: language.pick(row.layer.words().0, row.layer.words().1).to_owned(),
            cells: row.cells.iter().map(|cell| mark(cell, language)).collect(),
        };
        Grid {
            label: language.pick("Layers and services", "层与服务").to_owned(),
            columns: columns.collect(),
            rows: self.rows.iter().map(row).collect(),
            legend: vec![
                (
                    Mark::Uncovered,
                    language
                        .pick(
                            "a supplier is responsible, nothing live speaks",
                            "供应商负责，没有有效的事实涉及",
                        )
                        .to_owned(),
                ),
                (
                    Mark::Covered,
                    language
                        .pick(
                            "a supplier is responsible, with the number of live facts",
                            "供应商负责，数字为有效事实的数目",
                        )
                        .to_owned(),
                ),
                (Mark::Customer, language.pick("yours", "贵方负责").to_owned()),
            ],
        }
    }

    fn facts(&self) -> BTreeMap<(&str, &str), &Covering> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells
            .flat_map(|cell| {
                cell.covered_by
                    .iter()
                    .map(|fact| ((cell.supplier.as_str(), fact.id.as_str()), fact))
            })
            .collect()
    }

    fn suppliers(&self, language: Language) -> Table {
        let head = [
            ("Supplier", "供应商"),
            ("Publisher", "发布方"),
            ("Canary", "声明状态"),
            ("Newest issue", "最新一期"),
            ("Affirmed by", "确认人"),
            ("Held as", "持有数据的角色"),
            ("Profile", "模型"),
        ];
        let row = |supplier: &SupplierSummary| {
            let issue = supplier.issue.as_ref().map_or_else(String::new, |issue| {
                let age = language.duration(supplier.human_age.unwrap_or(0));
                format!("{} · {}\n{age}\n{}", issue.number, issue.as_of, issue.digest)
            });
            let persons = supplier.affirmed_by.iter();
            let persons: Vec<String> = persons
                .map(|person| format!("{} ({})", person.name, person.jurisdiction))
                .collect();
            let mut state = speaking(supplier.speaking, language).to_owned();
            if supplier.as_far_as_seen {
                state += language.pick(", as far as seen", "（以此前所见为准）");
            }
            vec![
                Content::strong(&supplier.id),
                Content::plain(supplier.publisher.clone().unwrap_or_default()),
                Content::plain(state),
                Content::exact(issue),
                Content::plain(persons.join("\n")),
                Content::plain(role(&supplier.role, language)),
                Content::plain(&supplier.profile),
            ]
        };
        table(&head, self.suppliers.iter().map(row).collect(), language)
    }

    fn findings(&self, language: Language) -> Vec<Block> {
        let rows: Vec<_> = self
            .suppliers
            .iter()
            .flat_map(|supplier| supplier.findings.iter().map(|finding| (&supplier.id, finding)))
            .map(|(id, finding)| {
                vec![
                    Content::strong(id),
                    Content::exact(finding.code.to_string()),
                    Content::plain(severity(finding.severity, language)),
                    Content { tag: Some("en".into()), ..Content::plain(&finding.message) },
                ]
            })
            .collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let head =
            [("Supplier", "供应商"), ("Code", "代码"), ("Severity", "级别"), ("Observed", "所见")];
        let heading = language.pick("What the verifier found", "验证者的发现");
        vec![
            Block::Heading(Level::Part, heading.to_owned()),
            Block::Table(table(&head, rows, language)),
        ]
    }

    fn sources(&self, language: Language) -> Table {
        let rows = self.profiles.iter().flat_map(|profile| {
            profile.sources.iter().map(|(key, source)| {
                let url = source.url.as_deref().unwrap_or_default();
                let read = source.read.as_deref().unwrap_or_default();
                let text = [source.title.as_str(), url, read];
                let text: Vec<&str> = text.into_iter().filter(|part| !part.is_empty()).collect();
                vec![
                    Content::plain(language.pick(&profile.name.en, &profile.name.zh)),
                    Content::exact(key),
                    Content { tag: Some("en".into()), ..Content::plain(text.join("\n")) },
                ]
            })
        });
        let head = [("Profile", "模型"), ("Source", "来源"), ("What it is", "说明")];
        table(&head, rows.collect(), language)
    }
}

type Cells<'a> = Vec<(Layer, &'a CoverageCell)>;

fn uncovered<'a>(
    cells: impl Iterator<Item = (Layer, &'a CoverageCell)>,
    language: Language,
) -> Table {
    let head = [
        ("Layer", "层"),
        ("Service", "服务"),
        ("Responsible", "责任方"),
        ("Not counted", "不计入的事实"),
    ];
    let rows = cells.map(|(layer, cell)| {
        vec![
            Content::strong(layer_words(layer, language)),
            Content::plain(service(cell)),
            Content::plain(responsible(cell, language)),
            Content::plain(passed_over(&cell.passed_over, language)),
        ]
    });
    table(&head, rows.collect(), language)
}

fn covered<'a>(
    cells: impl Iterator<Item = (Layer, &'a CoverageCell)>,
    language: Language,
) -> Table {
    let head = [
        ("Layer", "层"),
        ("Service", "服务"),
        ("Responsible", "责任方"),
        ("Facts", "事实"),
        ("Said as", "以何角色"),
        ("Entities", "主体"),
        ("Jurisdictions", "法域"),
        ("Last affirmed", "最近确认"),
    ];
    let rows: Vec<_> = cells
        .map(|(layer, cell)| {
            let lines = |line: &dyn Fn(&Covering) -> String| {
                let lines: Vec<String> = cell.covered_by.iter().map(line).collect();
                let mut once = lines.clone();
                once.dedup();
                if once.len() == 1 { once.concat() } else { lines.join("\n") }
            };
            let names = |list: &[String], word: &dyn Fn(&str) -> String| {
                let names: Vec<String> = list.iter().map(|name| word(name)).collect();
                names.join(", ")
            };
            let plain = |name: &str| all(name, language);
            vec![
                Content::strong(layer_words(layer, language)),
                Content::plain(service(cell)),
                Content::plain(responsible(cell, language)),
                Content::exact(lines(&|fact| fact.id.clone())),
                Content::plain(lines(&|fact| names(&fact.roles, &|name| role(name, language)))),
                Content::plain(lines(&|fact| {
                    let entities = fact.entities.iter();
                    let entities: Vec<String> = entities
                        .map(|entity| format!("{} ({})", entity.name, entity.jurisdiction))
                        .collect();
                    entities.join(", ")
                })),
                Content::plain(lines(&|fact| names(&fact.jurisdictions, &plain))),
                Content::plain(lines(&|fact| language.duration(fact.age))),
            ]
        })
        .collect();
    table(&head, rows, language)
}

fn own<'a>(cells: impl Iterator<Item = (Layer, &'a CoverageCell)>, language: Language) -> Table {
    let head = [
        ("Layer", "层"),
        ("Service", "服务"),
        ("Responsible", "责任方"),
        ("Facts that speak of it nevertheless", "仍有涉及的事实"),
    ];
    let cells: Cells<'a> = cells.collect();
    let rows = cells.into_iter().map(|(layer, cell)| {
        let facts: Vec<&str> = cell.covered_by.iter().map(|fact| fact.id.as_str()).collect();
        vec![
            Content::strong(layer_words(layer, language)),
            Content::plain(service(cell)),
            Content::plain(responsible(cell, language)),
            Content::exact(facts.join("\n")),
        ]
    });
    table(&head, rows.collect(), language)
}

fn sentences(facts: &BTreeMap<(&str, &str), &Covering>, language: Language) -> Table {
    let head = [
        ("Supplier", "供应商"),
        ("Fact", "事实"),
        ("Sentence", "语句"),
        ("Not covered", "不包括"),
        ("First affirmed", "首次确认"),
    ];
    let rows = facts.iter().map(|((supplier, id), fact)| {
        let (tag, text) = language.choose(&fact.text).unwrap_or_default();
        vec![
            Content::strong(*supplier),
            Content::exact(*id),
            Content::signed(text, tag),
            Content::plain(fact.excludes.join("\n")),
            Content::exact(fact.first_affirmed.to_string()),
        ]
    });
    table(&head, rows.collect(), language)
}

/// A table whose heads are in both languages.
pub(crate) fn table(head: &[(&str, &str)], rows: Vec<Vec<Content>>, language: Language) -> Table {
    let head = head.iter().map(|(en, zh)| language.pick(en, zh).to_owned()).collect();
    Table { head, rows }
}

fn mark(cell: &CoverageCell, language: Language) -> (Mark, String) {
    let count = cell.covered_by.len();
    let who = match cell.who {
        Some(Responsibility::Provider) => language.pick("supplier", "供应商"),
        Some(Responsibility::Both) => language.pick("both", "双方"),
        Some(Responsibility::Customer) => language.pick("you", "贵方"),
        None => language.pick("not known", "未知"),
    };
    match cell.status {
        Status::Covered => (Mark::Covered, format!("{who} · {count}")),
        Status::Uncovered => (Mark::Uncovered, format!("{who} · 0")),
        Status::Customer => (Mark::Customer, who.to_owned()),
    }
}

fn layer_words(layer: Layer, language: Language) -> String {
    let words = language.pick(layer.words().0, layer.words().1);
    if words == layer.name() { words.to_owned() } else { format!("{words}\n{}", layer.name()) }
}

fn service(cell: &CoverageCell) -> String {
    match &cell.service {
        Some(service) => format!("{} · {service}", cell.supplier),
        None => cell.supplier.clone(),
    }
}

fn responsible(cell: &CoverageCell, language: Language) -> String {
    let who = match cell.who {
        Some(Responsibility::Provider) => language.pick("the supplier", "供应商"),
        Some(Responsibility::Both) => language.pick("the supplier and you", "供应商与贵方"),
        Some(Responsibility::Customer) => language.pick("you", "贵方"),
        None => return language.pick("not known: no model", "未知：没有服务模式").to_owned(),
    };
    let basis = match cell.basis {
        Some(Basis::Stated) => language.pick("stated", "原文规定"),
        Some(Basis::Derived) => language.pick("derived", "推导"),
        Some(Basis::Contract) => language.pick("contract", "合同"),
        None => "",
    };
    format!("{who}\n{basis}: {}", cell.source.as_deref().unwrap_or_default())
}

fn passed_over(facts: &[PassedOver], language: Language) -> String {
    let line = |fact: &PassedOver| {
        let reason = match fact.reason {
            Reason::NotInForce => language.pick("no issue in force", "没有有效的一期"),
            Reason::Findings => language
                .pick("the series has a finding of severity alarm", "整个系列有“警报”级发现"),
            Reason::Absent => language.pick("not affirmed since", "其后不再确认"),
            Reason::Retired => language.pick("ended as announced", "已按预告终止"),
            Reason::Reworded => language.pick("other words than before", "文字与此前不同"),
            Reason::Narrowed => language.pick("scope narrower than before", "范围较此前缩小"),
            Reason::Role => language.pick("said in another role", "以其他角色作出"),
            Reason::Service => language.pick("not of this service", "不涉及此服务"),
            Reason::Entity => language.pick("not of every entity named", "未涉及所列全部主体"),
            Reason::Jurisdiction => {
                language.pick("not of every jurisdiction named", "未涉及所列全部法域")
            }
        };
        let last = language.pick("last in issue", "最后见于期号");
        format!("{}: {reason} ({last} {})", fact.id, fact.issue)
    };
    let lines: Vec<String> = facts.iter().map(line).collect();
    if lines.is_empty() { language.pick("none", "无").to_owned() } else { lines.join("\n") }
}

/// How a canary stands, in words.
pub(crate) fn speaking(speaking: Speaking, language: Language) -> &'static str {
    match speaking {
        Speaking::Live => language.pick("live", "有效"),
        Speaking::Overdue => language.pick("live, the next issue is overdue", "有效，下一期已逾期"),
        Speaking::Lapsed => language.pick("lapsed", "已失效"),
        Speaking::Missing => {
            language.pick("there is no canary where it was asked for", "所查询处没有声明")
        }
        Speaking::Unreachable => language.pick(
            "could not be reached, and nothing seen before is in force",
            "无法连接，且此前所见均已失效",
        ),
        Speaking::Unverified => {
            language.pick("what was served is not an authentic canary", "所取得的内容未通过验证")
        }
        Speaking::Findings => language.pick(
            "the series as a whole has a finding of severity alarm",
            "整个系列有“警报”级发现",
        ),
        Speaking::NotYet => language.pick("nothing was affirmed yet", "尚未有任何确认"),
        Speaking::NoNativeCanary => language.pick("another format", "另一种格式"),
    }
}

fn severity(severity: canary_verifier::report::Severity, language: Language) -> &'static str {
    use canary_verifier::report::Severity;
    match severity {
        Severity::Alive => language.pick("alive", "正常"),
        Severity::Attention => language.pick("attention", "注意"),
        Severity::Unknown => language.pick("unknown", "未知"),
        Severity::Alarm => language.pick("alarm", "警报"),
    }
}

fn role(role: &str, language: Language) -> String {
    let chinese = match role {
        "controller" => "个人信息处理者",
        "processor" => "受托处理者",
        "sub-processor" => "再受托处理者",
        "joint-controller" => "共同处理者",
        other => return all(other, language),
    };
    language.pick(role, chinese).to_owned()
}

fn all(name: &str, language: Language) -> String {
    if name == "all" { language.pick("all", "全部").to_owned() } else { name.to_owned() }
}
