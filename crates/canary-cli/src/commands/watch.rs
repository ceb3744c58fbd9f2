//! `canary watch`.

mod check_config;
mod export;
mod run;
mod test_alert;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_monitor::config::{Config, ConfigError, StoreUrl};
use canary_monitor::store::StoreError;
use clap::{Args, Subcommand};

use crate::error::{Failure, Kind};
use crate::places;

const EXAMPLE: &str = "Example:
  canary watch --config watch.toml --listen 127.0.0.1:9797

with a watch.toml such as

  store = \"sqlite:watch.db\"

  [[target]]
  pin = \"https://example.com/.well-known/canary/#1:sha256:mV0v…\"

  [[sink]]
  name = \"ops\"
  kind = \"webhook\"
  url = \"https://hooks.example.com/canary\"
  secret_env = \"CANARY_HOOK_SECRET\"

SIGHUP reads the configuration again; SIGTERM lets checks under way end.";

#[derive(Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true)]
pub(crate) struct Watch {
    #[command(subcommand)]
    command: Option<WatchCommand>,
    #[command(flatten)]
    config: ConfigArg,
    /// Ask every target one time, send what is to be sent, and exit as `canary verify` does
    #[arg(long)]
    once: bool,
    /// Serve /healthz, /readyz, /metrics and the status page here
    #[arg(long, value_name = "ADDR", conflicts_with = "once")]
    listen: Option<SocketAddr>,
    /// Where state is kept, instead of the configuration's `store`: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL", value_parser = StoreUrl::parse)]
    store: Option<StoreUrl>,
    /// This worker's name among those that share a PostgreSQL store; the host's name without
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// With --once: also write the result as JUnit XML
    #[arg(long, value_name = "FILE", requires = "once")]
    junit: Option<PathBuf>,
    /// With --once: print the result as JSON
    #[arg(long, requires = "once")]
    json: bool,
}

#[derive(Args, Clone)]
struct ConfigArg {
    /// The configuration: a file, or a directory of *.toml files
    #[arg(long, value_name = "PATH", default_value = "watch.toml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum WatchCommand {
    /// Name every mistake in the configuration, with its line and column
    CheckConfig(check_config::CheckConfig),
    /// Send one test notice through every sink, or through those named
    TestAlert(test_alert::TestAlert),
    /// Write what was seen to a folder that can be verified offline, or the status page as files
    Export(export::Export),
}

impl Watch {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Some(WatchCommand::CheckConfig(command)) => command.run(),
            Some(WatchCommand::TestAlert(command)) => command.run(),
            Some(WatchCommand::Export(command)) => command.run(),
            None => run::run(&run::Options {
                config: self.config.config,
                once: self.once,
                listen: self.listen,
                store: self.store,
                worker: self.worker,
                junit: self.junit,
                json: self.json,
            }),
        }
    }
}

fn read(path: &Path) -> Result<Config, Failure> {
    Config::read(path, places::trust_file().as_deref()).map_err(|error| config_failure(&error))
}

/// The same for a monitor, which has something to watch.
fn read_to_watch(path: &Path) -> Result<Config, Failure> {
    let config = read(path)?;
    if config.fleet.is_empty() {
        return Err(Failure::new(Kind::Config, "there is no target")
            .hint("add a [[target]] with `url` or `pin` to the configuration"));
    }
    Ok(config)
}

fn config_failure(error: &ConfigError) -> Failure {
    let failure = Failure::from_error(Kind::Config, error);
    match error {
        ConfigError::Unreadable { .. } => {
            failure.hint("name the configuration with --config, a file or a directory")
        }
        _ => failure.hint("mend these places; `canary watch check-config` names them again"),
    }
}

fn store_failure(error: &StoreError) -> Failure {
    match error {
        StoreError::InUse(_) => Failure::from_error(Kind::Later, error)
            .hint("stop the other monitor, or use another store"),
        StoreError::Replaced(_) => Failure::from_error(Kind::Later, error)
            .hint("give each worker a name of its own with --worker"),
        StoreError::NoFolder(_) => Failure::from_error(Kind::Config, error)
            .hint("make the folder, or name another file as `store`"),
        StoreError::Foreign(_) => {
            Failure::from_error(Kind::Config, error).hint("name another file as `store`")
        }
        StoreError::Newer { .. } => {
            Failure::from_error(Kind::Config, error).hint("use the newer version of this program")
        }
        _ => Failure::from_error(Kind::Io, error).hint("look at `store` in the configuration"),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Io, format!("the runtime did not start: {error}")))
}
