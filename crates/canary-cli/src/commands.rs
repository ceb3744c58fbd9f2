//! The commands, one file each.

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::Failure;

mod completions;
mod heartbeat;
mod publish;
mod serve;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Append the signed draft, write the site, read it back and verify it
    Publish(publish::Publish),
    /// Refresh the timestamped cosignature on the published checkpoint
    Heartbeat(heartbeat::Heartbeat),
    /// Show a site on this machine as visitors will see it
    Serve(serve::Serve),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Publish(command) => command.run(),
            Self::Heartbeat(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Completions(command) => command.run(),
        }
    }
}
