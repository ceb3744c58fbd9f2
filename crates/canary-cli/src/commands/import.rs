//! `canary import`.

use std::process::ExitCode;

use canary_format::time::Timestamp;
use clap::Args;

use crate::commands::dialects::{DialectOptions, show};
use crate::error::Failure;
use crate::examine::instant;
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary import qubes-secpack --below canaries --quorum 2 \\
      --trust-key marmarek=keys/marmarek.asc --trust-key simon=keys/simon.asc

Reads every issue that was ever published there, each judged at its own time, and shows when each fact
was first and last affirmed, and by whom. In a git repository each version of a file is an issue.
Exit status: 0 alive, 1 attention, 2 alarm, 3 unknown, of the series as it stands now.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Import {
    /// A git repository (folder or address) or a folder of canaries
    place: String,
    #[command(flatten)]
    options: DialectOptions,
    /// Only files below this path
    #[arg(long, value_name = "PATH")]
    below: Option<String>,
    /// Only this fact
    #[arg(long, value_name = "ID")]
    fact: Option<String>,
    /// What changed between two issues
    #[arg(long, num_args = 2, value_names = ["N", "M"], conflicts_with = "fact")]
    diff: Vec<u64>,
    /// Judge as of this instant
    #[arg(long, value_name = "RFC 3339", value_parser = instant)]
    at: Option<Timestamp>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = self.at.unwrap_or_else(clock::now);
        let (history, left_out) = self.options.history(&self.place, self.below.as_deref(), now)?;
        if let [from, to] = self.diff[..] {
            let difference = show::difference(&history, from, to)?;
            if self.json {
                output::json(&difference);
            } else {
                output::result(&output::inert(&show::diff(&difference)));
            }
            return Ok(ExitCode::from(history.report.severity.exit_status()));
        }
        show::known(&history, self.fact.as_deref())?;
        show::print(&history, self.fact.as_deref(), &left_out, self.json);
        Ok(ExitCode::from(history.report.severity.exit_status()))
    }
}
