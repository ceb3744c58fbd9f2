//! `canary verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_verifier::evidence::{Freshness, Trust};
use canary_verifier::report::{Code, Report, Severity};
use clap::Args;

use crate::commands::dialects::DialectOptions;
use crate::commands::time_servers;
use crate::error::Failure;
use crate::examine::{Keep, Subject, witness_policy};
use crate::{output, report};

const EXAMPLE: &str = "Examples:
  canary verify example.com
  canary verify https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY
  canary verify acme.canary --pin 'https://acme.example/canary/#1:sha256:…' --json
  canary verify example.com --roughtime servers.json
  canary verify example.com --nagios        (a check for Nagios, Icinga and their kin)
  canary verify https://example.com/canary.txt --dialect openpgp --trust-key alice=alice.asc

Exit status: 0 alive, 1 attention, 2 alarm, 3 unknown; 64 and above: the command failed.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Verify {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    dialect: DialectOptions,
    /// Which witnesses must have cosigned: a C2SP tlog-policy file
    #[arg(long, value_name = "POLICY")]
    witnesses: Option<PathBuf>,
    /// The longest time from affirmation to lapse that is not worth attention
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=400))]
    max_interval: Option<i64>,
    /// Ask for evidence that issues were not made in advance
    #[arg(long)]
    require_freshness: bool,
    /// Ask these time servers what time it is: a list of Roughtime servers (RFC 10049 §8.3)
    #[arg(long, value_name = "LIST", conflicts_with = "at")]
    roughtime: Option<PathBuf>,
    /// Print the report as one JSON document
    #[arg(long, conflicts_with = "nagios")]
    json: bool,
    /// Print one line for Nagios, with performance data
    #[arg(long)]
    nagios: bool,
}

impl Verify {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.dialect.asked() {
            let (target, now) = self.subject.of_another_format(&[
                ("--witnesses", self.witnesses.is_some()),
                ("--max-interval", self.max_interval.is_some()),
                ("--require-freshness", self.require_freshness),
                ("--roughtime", self.roughtime.is_some()),
            ])?;
            let found = self.dialect.verify(target, &self.subject.fetcher()?, now)?;
            return Ok(self.print(&found));
        }
        let mut trust = Trust::default();
        if let Some(days) = self.max_interval {
            trust.max_interval_days = days;
        }
        if self.require_freshness {
            trust.freshness = Freshness::Required;
        }
        if let Some(path) = &self.witnesses {
            trust.witnesses = Some(witness_policy(path)?);
        }
        if let Some(list) = &self.roughtime {
            trust.time = time_servers::bounds(list)?;
        }
        let examined = self.subject.examine(trust, Keep::Seen)?;
        let found = &examined.judgement.report;
        if let Some(folder) = &examined.forks_in {
            let folder = folder.display().to_string();
            output::progress(&format!("both sides are kept in {}", output::line(&folder)));
        }
        if let Some(at) = examined.file_as_of.filter(|_| !self.json && !self.nagios) {
            output::result(&format!("As of {at}, the newest time proof in this file.\n"));
        }
        let status = self.print(found);
        if found.findings.iter().any(|finding| finding.code == Code::Malformed)
            && let Some(kind) = self.subject.other_format()
        {
            output::progress(&format!(
                "this looks like a canary of another format: add --dialect {}, and its keys with --trust-key",
                kind.name()
            ));
        }
        if let Some(failure) = &examined.not_kept {
            let failed = output::failure(failure);
            // An alarm is told whatever became of the state.
            return Ok(if found.severity == Severity::Alarm { status } else { failed });
        }
        Ok(status)
    }

    fn print(&self, found: &Report) -> ExitCode {
        if self.json {
            output::json(found);
        } else if self.nagios {
            output::result(&report::nagios(found));
        } else {
            output::result(&report::text(found));
        }
        ExitCode::from(found.severity.exit_status())
    }
}
