//! `canary watch test-alert`.

use std::process::ExitCode;

use canary_monitor::notice;
use canary_monitor::sinks::Sinks;
use canary_monitor::worker::wall_clock;
use clap::Args;

use super::ConfigArg;
use crate::error::{Failure, Kind};
use crate::output;

const EXAMPLE: &str = "Example:
  canary watch test-alert --config watch.toml ops

sends one notice, marked as a test, through the sink named ops.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct TestAlert {
    #[command(flatten)]
    config: ConfigArg,
    /// The sinks to try; all without
    #[arg(value_name = "SINK")]
    sinks: Vec<String>,
}

impl TestAlert {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = super::read(&self.config.config)?;
        if let Some(name) =
            self.sinks.iter().find(|name| !config.sinks.iter().any(|s| s.name == **name))
        {
            return Err(Failure::new(Kind::Usage, format!("there is no sink named {name:?}"))
                .hint("name one of the configuration's sinks"));
        }
        if config.sinks.is_empty() {
            return Err(Failure::new(Kind::Config, "there is no sink: nobody is told of anything")
                .hint("add a [[sink]] to the configuration: see docs/monitoring.md"));
        }
        let sinks =
            Sinks::new(&config.sinks).map_err(|error| Failure::from_error(Kind::Io, &error))?;
        let mut failed = 0;
        let runtime = super::runtime()?;
        for sink in &config.sinks {
            if !self.sinks.is_empty() && !self.sinks.contains(&sink.name) {
                continue;
            }
            match runtime.block_on(sinks.send(&notice::test(&sink.name, wall_clock()))) {
                Ok(()) => output::result(&format!("{}: accepted\n", sink.name)),
                Err(error) => {
                    failed += 1;
                    let failure = Failure::from_error(Kind::Io, &error);
                    output::result(&format!("{}: {}\n", sink.name, output::inert(failure.cause())));
                }
            }
        }
        match failed {
            0 => Ok(ExitCode::SUCCESS),
            failed => Err(Failure::new(
                Kind::Io,
                format!("{} did not accept the notice", output::count(failed, "sink")),
            )
            .hint("look at their addresses, secrets and certificates")),
        }
    }
}
