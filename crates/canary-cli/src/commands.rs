//! The commands, one file each.

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::Failure;

mod completions;
mod demo;
mod dialects;
mod diff;
mod draft;
mod export;
mod heartbeat;
mod history;
mod import;
mod init;
mod key;
mod migrate;
mod publish;
mod publishing;
mod relays;
mod report;
mod serve;
mod sign;
mod status;
mod time_servers;
mod trust;
mod verify;
mod verify_fork;
mod watch;
mod witness;
mod witnessing;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Fetch or read a canary, judge it, and say what was found
    Verify(verify::Verify),
    /// Show a series from its first issue on: facts, gaps and signers
    History(history::History),
    /// Show what changed between two issues
    Diff(diff::Diff),
    /// Keep pins, and which issue you have acknowledged
    Trust(trust::Trust),
    /// Start a new canary: canary.toml, the machines' keys, the first draft
    Init(init::Init),
    /// Make, show and list keys
    Key(key::KeyCommand),
    /// Make the next issue's draft from canary.toml
    Draft(draft::DraftCommand),
    /// Show every fact, ask for each, and sign the draft
    Sign(sign::Sign),
    /// Say where the draft and the series stand
    Status(status::StatusCommand),
    /// Coverage, EDPB conditions, or an evidence pack, from verified canaries
    Report(report::Report),
    /// Append the signed draft, write the site, read it back and verify it
    Publish(publish::Publish),
    /// Refresh the timestamped cosignature on the published checkpoint
    Heartbeat(heartbeat::Heartbeat),
    /// Show a site on this machine as visitors will see it
    Serve(serve::Serve),
    /// Read the whole history of a canary in another format, each issue judged at its own time
    Import(import::Import),
    /// Draft a native canary from the history of one in another format
    Migrate(migrate::Migrate),
    /// Watch a fleet of canaries and tell what changes
    Watch(watch::Watch),
    /// A whole life on this machine: sign, publish, serve, verify, then silence
    Demo(demo::Demo),
    /// Write one file that verifies without a network
    Export(export::Export),
    /// Say who signed two things that cannot both be true, from saved evidence
    VerifyFork(verify_fork::VerifyFork),
    /// Run a witness, which cosigns checkpoints that extend what it saw before
    Witness(witness::WitnessCommand),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Verify(command) => command.run(),
            Self::History(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Trust(command) => command.run(),
            Self::Init(command) => command.run(),
            Self::Key(command) => command.run(),
            Self::Draft(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Status(command) => command.run(),
            Self::Report(command) => command.run(),
            Self::Publish(command) => command.run(),
            Self::Heartbeat(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Migrate(command) => command.run(),
            Self::Watch(command) => command.run(),
            Self::Demo(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::VerifyFork(command) => command.run(),
            Self::Witness(command) => command.run(),
            Self::Completions(command) => command.run(),
        }
    }
}
