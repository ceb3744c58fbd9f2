//! `canary heartbeat`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_publisher::heartbeat::{Current, CurrentError, HeartbeatError, refresh};
use canary_publisher::{FutureHeartbeat, SignError};
use clap::Args;

use super::publishing::{
    at_target, folder_failure, open, search_failure, sign_failure, store_failure, targets,
    update_failure, warn_of,
};
use crate::error::{Failure, Kind};
use crate::{clock, output};

const EXAMPLE: &str = "Example, in a crontab, every six hours:
  0 */6 * * *  canary heartbeat --folder /srv/canary --to /var/www/html/.well-known/canary

Says that the published tree is still the newest. It affirms no fact: only people do.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Heartbeat {
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where the site is; may be given several times
    #[arg(long = "to", value_name = "TARGET")]
    targets: Vec<String>,
    /// Replace a published heartbeat that lies ahead of the clock. Only where the clock is right now
    #[arg(long)]
    danger_replace_future_heartbeat: bool,
}

impl Heartbeat {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let folder = open(&self.folder)?;
        let current = Current::read(&folder).map_err(|error| match error {
            CurrentError::Folder(error) => folder_failure(&error),
            CurrentError::Nothing => {
                Failure::from_error(Kind::Config, &error).hint("run `canary publish` first")
            }
            _ => Failure::from_error(Kind::Data, &error)
                .hint("restore the folder canaries/ from its history"),
        })?;
        if current.newest().log.heartbeat.is_none() {
            return Err(sign_failure(&SignError::NotDeclared));
        }
        let key = folder.heartbeat_key().map_err(|error| folder_failure(&error))?;
        let key = key.ok_or_else(|| sign_failure(&SignError::NoHeartbeatKey))?;
        let keys = current.private_keys(&folder).map_err(|error| search_failure(&error))?;
        warn_of(&keys);
        let targets = targets(&self.folder, &self.targets)?;
        let future = match self.danger_replace_future_heartbeat {
            true => FutureHeartbeat::Replace,
            false => FutureHeartbeat::Keep,
        };
        let mut failures = Vec::new();
        for target in &targets {
            let done =
                target.open(clock::now()).map_err(HeartbeatError::Store).and_then(|mut store| {
                    refresh(store.as_mut(), &current, &key, clock::now(), future)
                });
            let name = &target.name;
            match done {
                Ok(_) => output::progress(&format!("{name}: heartbeat set")),
                Err(error) => failures.push(at_target(name, failure(&error))),
            }
        }
        let Some(last) = failures.pop() else { return Ok(ExitCode::SUCCESS) };
        for failure in &failures {
            output::failure(failure);
        }
        Err(last)
    }
}

fn failure(error: &HeartbeatError) -> Failure {
    match error {
        HeartbeatError::Published(error) => update_failure(error),
        HeartbeatError::Store(error) => store_failure(error),
        HeartbeatError::Nothing | HeartbeatError::Behind { .. } | HeartbeatError::Unsigned => {
            Failure::from_error(Kind::Data, error).hint("run `canary publish` first")
        }
        HeartbeatError::Sign(error) => sign_failure(error),
        HeartbeatError::Copy(copy) => Failure::from_error(store_failure(copy).kind(), error)
            .hint("once it can be written, run it again"),
        _ => Failure::from_error(Kind::Io, error).hint("run it again"),
    }
}
