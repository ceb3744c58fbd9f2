//! `canary completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};

use crate::error::Failure;

const EXAMPLE: &str = "Example:
  canary completions bash > ~/.local/share/bash-completion/completions/canary";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Completions {
    /// The shell to write for
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        clap_complete::generate(
            self.shell,
            &mut crate::Canary::command(),
            "canary",
            &mut std::io::stdout(),
        );
        Ok(ExitCode::SUCCESS)
    }
}
