//! `canary watch export`: what the store holds, as folders that `canary verify`, `canary history` and
//! `canary report` read; and the status page as files.

mod dialect;
mod native;
mod readme;
mod site;

use std::path::PathBuf;
use std::process::ExitCode;

use canary_format::time::Timestamp;
use canary_monitor::axes;
use canary_monitor::config::{Config, StoreUrl};
use canary_monitor::export::{Holding, Looking, file_name};
use canary_monitor::facts::is_derived;
use canary_monitor::form::Form;
use canary_monitor::store::Store as _;
use canary_monitor::store::configured::ConfiguredStore;
use canary_monitor::target::Target;
use canary_monitor::worker::wall_clock;
use canary_report::watch::{WATCH_TYPE, WatchGap, WatchRecord};
use canary_verifier::report::{Severity, State};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::ConfigArg;
use crate::commands::report::folder::{NewFolder, check_new};
use crate::error::{Failure, Kind};
use crate::{examine, output};

const EXAMPLE: &str = "Examples:
  canary watch export --config watch.toml --out evidence
  canary watch export --out edge --target edge --at 2026-11-01T00:00:00Z
  canary watch export --site /srv/status

Each target's folder has everything that was served, and when; evidence/README.txt has the commands that
reach each verdict again, with no network. A monitor may run meanwhile.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Export {
    #[command(flatten)]
    config: ConfigArg,
    /// Write the evidence to this new folder
    #[arg(long, value_name = "DIR", required_unless_present = "site")]
    out: Option<PathBuf>,
    /// Write the status page to this folder, as static files
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Only this target, by its name or URL; may be given several times
    #[arg(long = "target", value_name = "NAME|URL")]
    targets: Vec<String>,
    /// As it was known at this instant
    #[arg(long, value_name = "INSTANT", value_parser = examine::instant)]
    at: Option<Timestamp>,
    /// How watch records name this watcher
    #[arg(long, value_name = "NAME", default_value = "canary watch")]
    watcher: String,
}

/// A line of `targets.json`.
#[derive(Serialize)]
struct Listed {
    folder: String,
    name: String,
    url: String,
    format: String,
    pin: Option<String>,
    /// What was concluded; not known any more as of an instant before the last look.
    state: Option<State>,
    severity: Option<Severity>,
    recheck: Vec<String>,
}

/// As of when: what the commands say, and up to when what was seen counts.
#[derive(Clone, Copy)]
struct AsOf {
    until: Timestamp,
    /// A clock that was ahead once leaves nothing out where no instant is asked for.
    known_by: i64,
}

impl Export {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = super::read(&self.config.config)?;
        let runtime = super::runtime()?;
        runtime.block_on(async {
            if let StoreUrl::Sqlite(path) = &config.store
                && !path.exists()
            {
                let what = format!("there is no store at {}", path.display());
                return Err(Failure::new(Kind::Io, what)
                    .hint("`canary watch` makes it; look at `store` in the configuration"));
            }
            let password = config.store_password.clone();
            let store = ConfiguredStore::open_to_read(&config.store, password).await;
            let store = store.map_err(|error| super::store_failure(&error))?;
            self.write(&config, &store).await
        })
    }

    async fn write(&self, config: &Config, store: &ConfiguredStore) -> Result<ExitCode, Failure> {
        let chosen = self.chosen(config)?;
        if let Some(out) = &self.out {
            check_new(out)?;
            let mut folder = NewFolder::begin(out)?;
            let mut listed = Vec::new();
            for target in chosen {
                listed.push(self.target(store, target, &mut folder).await?);
            }
            let whole = serde_json::to_vec_pretty(&json!({
                "export": "warrant-canary/export/v1",
                "at": self.until(),
                "targets": listed,
            }));
            folder.put("targets.json", &whole.expect("it has string keys"))?;
            folder.put("README.txt", readme::text(&listed, self.until()).as_bytes())?;
            let files = folder.finish()?;
            output::progress(&format!("{files} files in {}", out.display()));
        }
        if let Some(folder) = &self.site {
            let files = site::write(store, &config.fleet, folder).await?;
            output::progress(&format!("{files} pages in {}", folder.display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn chosen(&self, config: &Config) -> Result<Vec<Target>, Failure> {
        let is = |target: &Target, name: &str| target.name == name || target.url == name;
        if let Some(name) =
            self.targets.iter().find(|name| !config.fleet.iter().any(|target| is(&target, name)))
        {
            return Err(Failure::new(Kind::Usage, format!("there is no target {name:?}"))
                .hint("give its name or URL as the configuration has it"));
        }
        let wanted = |target: &Target| {
            self.targets.is_empty() || self.targets.iter().any(|name| is(target, name))
        };
        Ok(config.fleet.iter().filter(wanted).collect())
    }

    fn until(&self) -> Timestamp {
        self.at.unwrap_or_else(|| Timestamp::from_unix(wall_clock()))
    }

    async fn target(
        &self,
        store: &ConfiguredStore,
        target: Target,
        out: &mut NewFolder,
    ) -> Result<Listed, Failure> {
        let failed = |error| super::store_failure(&error);
        let (until, known_by) = (self.until(), self.at.map_or(i64::MAX, Timestamp::unix));
        let as_of = AsOf { until, known_by };
        let held = Holding::read(store, target, known_by).await.map_err(failed)?;
        let served: Vec<_> = held.sightings.iter().filter(|one| !is_derived(&one.url)).collect();
        let folder = folder_name(&held.target);
        for one in &served {
            let Some(bytes) = store.bodies(vec![one.digest]).await.map_err(failed)?.pop().flatten()
            else {
                continue;
            };
            let path = format!("{folder}/bodies/{}", file_name(one.digest));
            if !out.path().join(&path).exists() {
                out.put(&path, &bytes)?;
            }
        }
        let at = |unix| Timestamp::from_unix(unix);
        let sightings: Vec<_> = served
            .iter()
            .map(|one| {
                // Of what was served later too, only the first time is known to be before.
                let ended = one.last <= known_by;
                json!({
                    "sha256": file_name(one.digest), "url": one.url, "first": at(one.first),
                    "last": ended.then(|| at(one.last)), "times": ended.then_some(one.times),
                })
            })
            .collect();
        let timeline: Vec<_> = held
            .timeline(known_by)
            .map(|event| json!({"at": at(event.at), "kind": event.kind, "detail": event.detail}))
            .collect();
        for (name, value) in [("sightings.json", sightings), ("timeline.json", timeline)] {
            let bytes = serde_json::to_vec_pretty(&value).expect("it has string keys");
            out.put(&format!("{folder}/{name}"), &bytes)?;
        }
        if let Some(looking) = held.looking(known_by) {
            let record = self.record(&held, looking, until);
            let bytes = serde_json::to_vec_pretty(&record).expect("it has string keys");
            out.put(&format!("{folder}/watch.json"), &bytes)?;
        }
        let (format, recheck) = match &held.target.policy.form {
            Form::Native => {
                let recheck = native::write(store, &held, &folder, as_of, out).await?;
                ("native".to_owned(), recheck)
            }
            Form::Dialect(form) => {
                let (kind, recheck) =
                    dialect::write(store, &held, form, &folder, as_of, out).await?;
                (kind.to_owned(), recheck)
            }
        };
        let known = held.is_as_of(known_by).then_some(&held.memory);
        Ok(Listed {
            folder,
            name: held.target.name.clone(),
            url: held.target.url.clone(),
            format,
            pin: held.target.pin.as_ref().map(ToString::to_string),
            state: known.map(|memory| axes::state(memory, until.unix())),
            severity: known.map(|memory| axes::severity(memory, until.unix())),
            recheck,
        })
    }

    fn record(&self, held: &Holding, looking: Looking, until: Timestamp) -> WatchRecord {
        let at = |unix| Timestamp::from_unix(unix).min(until);
        WatchRecord {
            record: WATCH_TYPE.to_owned(),
            watcher: self.watcher.clone(),
            origin: held.memory.said.as_ref().and_then(|said| said.origin.clone()),
            url: held.target.url.clone(),
            from: at(looking.from),
            to: at(looking.to),
            interval: held.target.policy.interval.unsigned_abs(),
            looks: looking.answers,
            gaps: looking
                .gaps
                .into_iter()
                .map(|(from, to)| WatchGap { from: at(from), to: at(to) })
                .collect(),
        }
    }
}

/// The host, and what tells targets on one host apart.
fn folder_name(target: &Target) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' };
    let host: String = target.host().chars().map(plain).take(100).collect();
    let id = target.id.to_string();
    format!("{}-{}", host.trim_start_matches('.'), &id[..8])
}
