//! The commands, one file each.

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::Failure;

mod completions;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Completions(command) => command.run(),
        }
    }
}
