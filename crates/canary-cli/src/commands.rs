//! The commands, one file each.

use std::process::ExitCode;

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};

use crate::error::Failure;

mod completions;
mod delivered;
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
mod man;
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
    Verify(Late<verify::Verify>),
    /// Show a series from its first issue on: facts, gaps and signers
    History(Late<history::History>),
    /// Show what changed between two issues
    Diff(Late<diff::Diff>),
    /// Keep pins, and which issue you have acknowledged
    Trust(Late<trust::Trust>),
    /// Start a new canary: canary.toml, the machines' keys, the first draft
    Init(Late<init::Init>),
    /// Make, show and list keys
    Key(Late<key::KeyCommand>),
    /// Make the next issue's draft from canary.toml
    Draft(Late<draft::DraftCommand>),
    /// Show every fact, ask for each, and sign the draft
    Sign(Late<sign::Sign>),
    /// Say where the draft and the series stand
    Status(Late<status::StatusCommand>),
    /// Coverage, EDPB conditions, or an evidence pack, from verified canaries
    Report(Late<report::Report>),
    /// Append the signed draft, write the site, read it back and verify it
    Publish(Late<publish::Publish>),
    /// Refresh the timestamped cosignature on the published checkpoint
    Heartbeat(Late<heartbeat::Heartbeat>),
    /// Show a site on this machine as visitors will see it
    Serve(Late<serve::Serve>),
    /// Read the whole history of a canary in another format, each issue judged at its own time
    Import(Late<import::Import>),
    /// Draft a native canary from the history of one in another format
    Migrate(Late<migrate::Migrate>),
    /// Watch a fleet of canaries and tell what changes
    Watch(Late<watch::Watch>),
    /// A whole life on this machine: sign, publish, serve, verify, then silence
    Demo(Late<demo::Demo>),
    /// Write one file that verifies without a network
    Export(Late<export::Export>),
    /// Say who signed two things that cannot both be true, from saved evidence
    VerifyFork(Late<verify_fork::VerifyFork>),
    /// Run a witness, which cosigns checkpoints that extend what it saw before
    Witness(Late<witness::WitnessCommand>),
    /// Print a completion script for a shell
    Completions(Late<completions::Completions>),
    /// Print a manual page, or write them all
    Man(Late<man::Man>),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Verify(command) => command.0.run(),
            Self::History(command) => command.0.run(),
            Self::Diff(command) => command.0.run(),
            Self::Trust(command) => command.0.run(),
            Self::Init(command) => command.0.run(),
            Self::Key(command) => command.0.run(),
            Self::Draft(command) => command.0.run(),
            Self::Sign(command) => command.0.run(),
            Self::Status(command) => command.0.run(),
            Self::Report(command) => command.0.run(),
            Self::Publish(command) => command.0.run(),
            Self::Heartbeat(command) => command.0.run(),
            Self::Serve(command) => command.0.run(),
            Self::Import(command) => command.0.run(),
            Self::Migrate(command) => command.0.run(),
            Self::Watch(command) => command.0.run(),
            Self::Demo(command) => command.0.run(),
            Self::Export(command) => command.0.run(),
            Self::VerifyFork(command) => command.0.run(),
            Self::Witness(command) => command.0.run(),
            Self::Completions(command) => command.0.run(),
            Self::Man(command) => command.0.run(),
        }
    }
}

/// The arguments of a command, put together only when it is the one that was asked for: `canary verify`
/// does not wait for those of twenty others.
pub(crate) struct Late<T>(T);

impl<T: Args> Args for Late<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(|command| {
            // What the list of commands says of it, not what its arguments say of themselves.
            let about = command.get_about().cloned().unwrap_or_default();
            T::augment_args(command).about(about).long_about(None)
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: FromArgMatches> FromArgMatches for Late<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
