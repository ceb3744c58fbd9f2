//! `canary report`.

mod failure;
pub(crate) mod folder;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;

use canary_format::time::{Date, Timestamp};
use canary_report::coverage::Coverage;
use canary_report::document::Document;
use canary_report::edpb::Edpb;
use canary_report::period::Period;
use canary_report::supplier::{Canary, Supplier};
use canary_report::tia::{Exhibit, Tia};
use canary_report::words::Language;
use canary_verifier::report::Severity;
use clap::{Args, ValueEnum};
use serde::Serialize;

use self::stack::Asked;
use crate::error::{Failure, Kind};
use crate::examine::instant;
use crate::{clock, output};

const EXAMPLE: &str = "Examples:
  canary report 'https://example.com/.well-known/canary/#1:sha256:mV0v…' --kind edpb --third-country US
  canary report --stack suppliers.toml --kind coverage --out coverage
  canary report --stack suppliers.toml --kind tia --from 2026-01-01 --to 2026-06-30 --out pack

Prints the report, or writes it with --out: JSON and pages in English and Chinese, and for tia the
whole pack with the raw bytes. The stack names the suppliers, what of them is used, and the profile
(docs/spec/reports.md). Profiles that come with the command: azure, tencent-cloud, yd-t-4060-2022.
The exit status is that of the worst of the canaries, as canary verify gives it.";

/// Columns of a report in a terminal.
const COLUMNS: usize = 110;

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Report {
    /// Suppliers: hosts, URL prefixes, pins, directories or files
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Which report
    #[arg(long)]
    kind: ReportKind,
    /// The first day, UTC; without it, from the first issue on
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<Date>,
    /// The last day, UTC; without it, until now. Coverage is as of its end
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: Option<Date>,
    /// Write the report to this new folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The suppliers, from a file instead of the command line
    #[arg(long, value_name = "FILE", conflicts_with = "targets")]
    stack: Option<PathBuf>,
    /// The responsibility profile: an id or a file
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// The pin of each target, in their order
    #[arg(long = "pin", value_name = "PIN", conflicts_with = "stack")]
    pins: Vec<String>,
    /// The role in which the targets hold your data
    #[arg(long, value_name = "ROLE", conflicts_with = "stack")]
    role: Option<String>,
    /// The third country that data goes to, two letters
    #[arg(long, value_name = "CC", conflicts_with = "stack")]
    third_country: Option<String>,
    /// The watcher's own record, for a single target
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    watch: Option<PathBuf>,
    /// Judge as of this instant
    #[arg(long, value_name = "RFC 3339", value_parser = instant)]
    at: Option<Timestamp>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// The language of the report in a terminal
    #[arg(long, value_enum, default_value_t = Tongue::En)]
    lang: Tongue,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportKind {
    /// The warrant-canary conditions of EDPB Recommendations 01/2020
    Edpb,
    /// The evidence pack of a transfer impact assessment
    Tia,
    /// Layers, who is responsible, and which live facts speak of them
    Coverage,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tongue {
    /// English
    En,
    /// Chinese
    Zh,
}

impl Report {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let at = self.at.unwrap_or_else(clock::now);
        if let Some(out) = &self.out {
            folder::check_new(out)?;
        }
        let asked = self.asked()?;
        let obtained = asked.obtain(at, self.at)?;
        let exhibits: Vec<Exhibit<'_>> = obtained.iter().map(stack::Obtained::exhibit).collect();
        let suppliers: Vec<Supplier<'_>> =
            exhibits.iter().map(|exhibit| exhibit.supplier).collect();
        let customer = asked.customer.as_deref();
        match self.kind {
            ReportKind::Coverage => {
                let period = Period::of_days(self.from, self.to, at, at)
                    .map_err(|error| failure::period(&error))?;
                let coverage = Coverage::of(customer, &suppliers, period.to)
                    .map_err(|error| failure::coverage(&error))?;
                self.write("coverage", &coverage, |language| coverage.document(language))?;
            }
            ReportKind::Edpb => {
                let edpb = Edpb::of(customer, &suppliers, self.from, self.to, at)
                    .map_err(|error| failure::edpb(&error))?;
                self.write("edpb", &edpb, |language| edpb.document(language))?;
            }
            ReportKind::Tia => {
                let (tia, pack) = Tia::of(customer, &exhibits, self.from, self.to, at)
                    .map_err(|error| failure::tia(&error))?;
                match &self.out {
                    Some(out) => self.wrote(folder::write(out, &pack.files)?, out),
                    None => self.print(&tia, &tia.document(self.language())),
                }
            }
        }
        Ok(ExitCode::from(severity(&suppliers).exit_status()))
    }

    fn asked(&self) -> Result<Asked, Failure> {
        match &self.stack {
            Some(file) => Asked::from_file(file, self.profile.as_deref()),
            None if self.targets.is_empty() => {
                Err(Failure::new(Kind::Usage, "no supplier was named")
                    .hint("name targets, or a suppliers.toml with --stack"))
            }
            None => Asked::from_targets(&stack::Named {
                targets: &self.targets,
                pins: &self.pins,
                profile: self.profile.as_deref(),
                role: self.role.as_deref(),
                third_country: self.third_country.as_deref(),
                watch: self.watch.as_deref(),
            }),
        }
    }

    fn write(
        &self,
        name: &str,
        report: &impl Serialize,
        document: impl Fn(Language) -> Document,
    ) -> Result<(), Failure> {
        let Some(out) = &self.out else {
            self.print(report, &document(self.language()));
            return Ok(());
        };
        let mut files = std::collections::BTreeMap::new();
        let json = serde_json::to_string_pretty(report).expect("reports have string keys");
        files.insert(format!("{name}.json"), format!("{json}\n").into_bytes());
        for language in Language::ALL {
            let page = format!("{name}.{}.html", language.file_tag());
            files.insert(page, document(language).to_html().into_bytes());
        }
        self.wrote(folder::write(out, &files)?, out);
        Ok(())
    }

    fn print(&self, report: &impl Serialize, document: &Document) {
        if self.json {
            output::json(report);
        } else {
            output::result(&document.to_text(COLUMNS));
        }
    }

    fn wrote(&self, count: usize, out: &std::path::Path) {
        #[derive(Serialize)]
        struct Written<'a> {
            out: &'a std::path::Path,
            files: usize,
        }
        if self.json {
            output::json(&Written { out, files: count });
        } else {
            output::result(&output::inert(&format!("{count} files in {}\n", out.display())));
        }
    }

    fn language(&self) -> Language {
        match self.lang {
            Tongue::En => Language::English,
            Tongue::Zh => Language::Chinese,
        }
    }
}

/// The worst of the canaries; one of another format says nothing.
fn severity(suppliers: &[Supplier<'_>]) -> Severity {
    let severities = suppliers.iter().filter_map(|supplier| match supplier.canary {
        Canary::Native(judgement) => Some(judgement.report.severity),
        Canary::Other(_) => None,
    });
    severities.max().unwrap_or(Severity::Unknown)
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "not a date written YYYY-MM-DD".to_owned())
}
