//! `canary watch check-config`.

use std::process::ExitCode;

use clap::Args;

use super::ConfigArg;
use crate::error::Failure;
use crate::output;

const EXAMPLE: &str = "Example:
  canary watch check-config --config watch.toml

prints, for each mistake, a line such as

  watch.toml:7:12: `interval` must be a duration from 10s to 31d: \"5 minutes\"

What may be meant so, such as a variable that only the service sets, is a remark:
it is named too, and does not fail.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct CheckConfig {
    #[command(flatten)]
    config: ConfigArg,
}

impl CheckConfig {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = super::read_to_watch(&self.config.config)?;
        for remark in &config.remarks {
            output::progress(&format!("remark: {}", output::line(&remark.to_string())));
        }
        for left_out in &config.left_out {
            output::progress(&format!("left out: {}", output::line(left_out)));
        }
        let (targets, hosts) = (config.fleet.len(), config.fleet.hosts());
        let (sinks, routes) = (config.sinks.len(), config.routes.len());
        output::result(&format!(
            "{} on {}, {}, {}: no mistakes\n",
            output::count(targets, "target"),
            output::count(hosts, "host"),
            output::count(sinks, "sink"),
            output::count(routes, "route")
        ));
        Ok(ExitCode::SUCCESS)
    }
}
