//! `canary migrate`.

use std::process::ExitCode;

use canary_format::time::Timestamp;
use clap::Args;

use crate::commands::dialects::DialectOptions;
use crate::error::{Failure, Kind};
use crate::examine::instant;
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary migrate old-canaries --trust-key alice.asc --name 'Example' \\
      --url https://example.com/.well-known/canary/ > canary.toml

Drafts the configuration of a native canary: its facts in the words last affirmed, the cadence and the
signers. What only the publisher knows is marked FILL IN. Nothing is signed.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Migrate {
    /// A git repository (folder or address) or a folder of canaries
    place: String,
    #[command(flatten)]
    options: DialectOptions,
    /// Only files below this path
    #[arg(long, value_name = "PATH")]
    below: Option<String>,
    /// The publisher's name
    #[arg(long, default_value = "FILL IN")]
    name: String,
    /// The URL prefix under which the new canary will be published
    #[arg(long, default_value = "https://example.com/.well-known/canary/")]
    url: String,
    /// Judge as of this instant
    #[arg(long, value_name = "RFC 3339", value_parser = instant)]
    at: Option<Timestamp>,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = self.at.unwrap_or_else(clock::now);
        let (history, _) = self.options.history(&self.place, self.below.as_deref(), now)?;
        if !history.issues.iter().any(|issue| issue.authentic) {
            return Err(Failure::new(Kind::Data, "no authentic issue to draft from")
                .hint("name the signers' keys with --trust-key"));
        }
        output::result(&canary_dialects::migrate::draft(
            &history,
            &self.name,
            &self.url,
            self.options.quorum.unwrap_or(1),
        ));
        Ok(ExitCode::SUCCESS)
    }
}
