//! The command `canary`: what scripts, monitors and people rely on (`docs/spec/cli.md`).

#![forbid(unsafe_code)]

mod changes;
mod clock;
mod commands;
mod error;
mod examine;
mod input;
mod output;
mod places;
mod report;
mod runtime;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

/// Publish, verify and watch warrant canaries.
#[derive(Parser)]
#[command(name = "canary", version, about, max_term_width = 100)]
struct Canary {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let canary = match Canary::try_parse() {
        Ok(canary) => canary,
        Err(error) => return output::usage(&error),
    };
    match canary.command.run() {
        Ok(code) => output::ended(code),
        Err(error) => output::failure(&error),
    }
}
