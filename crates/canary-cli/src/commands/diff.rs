//! `canary diff`.

use std::process::ExitCode;

use canary_verifier::diff::Difference;
use canary_verifier::evidence::Trust;
use canary_verifier::judge::VerifiedIssue;
use clap::Args;

use crate::commands::dialects::{DialectOptions, show};
use crate::error::{Failure, Kind};
use crate::examine::{Keep, Subject};
use crate::{changes, output};

const EXAMPLE: &str = "Examples:
  canary diff example.com 3 4
  canary diff ./site 1 2 --json
  canary diff old-canaries 3 4 --dialect openpgp --trust-key alice=alice.asc";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Diff {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    dialect: DialectOptions,
    /// The number of one issue
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    one: u64,
    /// The number of the other
    #[arg(value_name = "M", value_parser = clap::value_parser!(u64).range(1..))]
    other: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.dialect.asked() {
            let (place, now) = self.subject.of_another_format(&[])?;
            let (history, _) = self.dialect.history(place, None, now)?;
            let difference = show::difference(&history, self.one, self.other)?;
            if self.json {
                output::json(&difference);
            } else {
                output::result(&output::inert(&show::diff(&difference)));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let judgement = self.subject.examine(Trust::default(), Keep::Nothing)?.judgement;
        let (Some(first), Some(last)) = (judgement.series.first(), judgement.series.last()) else {
            return Ok(changes::nothing_authentic(&judgement.report, self.json));
        };
        changes::warn(&judgement.report);
        let number = |verified: &VerifiedIssue| verified.issue().number;
        let find = |wanted: u64| {
            judgement.series.iter().find(|issue| number(issue) == wanted).ok_or_else(|| {
                Failure::new(Kind::Data, format!("no authentic issue has this number: {wanted}"))
                    .hint(format!("there are issues {} to {}", number(first), number(last)))
            })
        };
        let difference = Difference::between(find(self.one)?, find(self.other)?);
        if self.json {
            output::json(&difference);
        } else {
            output::result(&changes::text(&difference));
        }
        Ok(ExitCode::SUCCESS)
    }
}
