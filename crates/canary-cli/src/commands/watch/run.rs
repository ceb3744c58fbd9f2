//! The monitor's run: set up, watch, reload, stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use canary_monitor::checker::Checker;
use canary_monitor::config::{Config, StoreUrl};
use canary_monitor::sinks::Sinks;
use canary_monitor::status::{self, Line};
use canary_monitor::store::configured::ConfiguredStore;
use canary_monitor::store::{Order, Store as _, Stored};
use canary_monitor::worker::{Settings, Worker};
use canary_monitor::{junit, notify};
use canary_verifier::fetch::Limits;
use tokio::sync::watch;

use crate::error::{Failure, Kind};
use crate::output;
use crate::signals::{Signals, Told};

/// For so many hosts TLS sessions are kept at most: up to some twenty kilobytes each, for the certificates.
const SESSIONS: usize = 4_096;

pub(super) struct Options {
    pub(super) config: PathBuf,
    pub(super) once: bool,
    pub(super) listen: Option<SocketAddr>,
    pub(super) store: Option<StoreUrl>,
    pub(super) worker: Option<String>,
    pub(super) junit: Option<PathBuf>,
    pub(super) json: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let config = super::read_to_watch(&options.config)?;
    let runtime = super::runtime()?;
    runtime.block_on(async {
        let url = options.store.as_ref().unwrap_or(&config.store);
        let name = options.worker.clone().unwrap_or_else(|| match url {
            StoreUrl::Sqlite(_) => "monitor".to_owned(),
            StoreUrl::Postgres(_) => host_name(),
        });
        let store = ConfiguredStore::open(url, config.store_password.clone(), &name).await;
        let store = store.map_err(|error| super::store_failure(&error))?;
        let worker = Worker::new(&name, store.clone(), settings(config, store)?);
        worker.enroll().await.map_err(|error| super::store_failure(&error))?;
        if options.once { once(options, &worker).await } else { watch_on(options, &worker).await }
    })
}

/// Each machine and each container has a name of its own.
fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

fn settings(
    config: Config,
    store: ConfiguredStore,
) -> Result<Settings<Checker<ConfiguredStore>>, Failure> {
    let deadline = Duration::from_secs(config.limits.check_timeout.unsigned_abs());
    // Sessions are resumed rather than connections kept: a fleet has too many hosts for that.
    let sessions = config.fleet.hosts().min(SESSIONS);
    let limits = Limits { deadline, idle_per_host: 0, sessions, ..Limits::default() };
    let checker =
        Checker::new(store, limits).map_err(|error| Failure::from_error(Kind::Io, &error))?;
    let sinks = Sinks::new(&config.sinks).map_err(|error| Failure::from_error(Kind::Io, &error))?;
    Ok(Settings { config, sinks, checker })
}

async fn once(
    options: &Options,
    worker: &Worker<ConfiguredStore, Checker<ConfiguredStore>>,
) -> Result<ExitCode, Failure> {
    let begun = worker.now();
    worker.once().await.map_err(|error| super::store_failure(&error))?;
    let mut lines: Vec<Line> = Vec::new();
    let mut after = None;
    loop {
        let page = worker.store().list(Order::Urgency, after, 500).await;
        let page = page.map_err(|error| super::store_failure(&error))?;
        if page.is_empty() {
            break;
        }
        after = page.last().map(Stored::mark);
        let line = |stored| status::line_of_round(stored, begun, worker.now());
        lines.extend(page.iter().map(line));
    }
    if let Some(path) = &options.junit {
        canary_durable::replace(
            path,
            junit::report(&lines).as_bytes(),
            canary_durable::Access::Shared,
        )
        .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))?;
    }
    if options.json {
        output::json(&lines);
    } else {
        let text: String = lines.iter().map(|line| format!("{}\n", line.in_words())).collect();
        output::result(&output::inert(&text));
    }
    let worst = lines.iter().map(|line| line.severity).max();
    Ok(ExitCode::from(worst.map_or(3, canary_verifier::report::Severity::exit_status)))
}

async fn watch_on(
    options: &Options,
    worker: &Worker<ConfiguredStore, Checker<ConfiguredStore>>,
) -> Result<ExitCode, Failure> {
    let (stop, stopped) = watch::channel(false);
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(Kind::Io, format!("no signals: {error}")))?;
    if let Some(listen) = options.listen {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(|error| {
            Failure::new(Kind::Io, format!("cannot listen on {listen}: {error}"))
                .hint("choose another --listen")
        })?;
        let address = listener.local_addr().map_or(listen, |address| address);
        output::progress(&format!("status at http://{address}/"));
        let (served, until) = (worker.clone(), stopped.clone());
        tokio::spawn(async move { canary_monitor::server::serve(listener, served, until).await });
    }
    let targets = worker.settings().config.fleet.len();
    output::progress(&format!("watching {}", output::count(targets, "target")));
    let running = worker.run(stopped);
    tokio::pin!(running);
    loop {
        tokio::select! {
            ended = &mut running => {
                ended.map_err(|error| super::store_failure(&error))?;
                return Ok(ExitCode::SUCCESS);
            }
            told = signals.next() => match told {
                Told::Reload => reload(options, worker).await,
                Told::Stop => drop(stop.send(true)),
            },
        }
    }
}

/// Takes over the configuration, or says why it is not and goes on with the old one.
async fn reload(options: &Options, worker: &Worker<ConfiguredStore, Checker<ConfiguredStore>>) {
    notify::reloading();
    let remarks = match super::read_to_watch(&options.config) {
        Ok(config) => take_over(options, worker, config).await,
        Err(failure) => Err(failure),
    };
    match remarks {
        Ok(remarks) => {
            for remark in remarks {
                output::progress(&format!("remark: {}", output::line(&remark)));
            }
            let targets = worker.settings().config.fleet.len();
            let targets = output::count(targets, "target");
            output::progress(&format!("configuration taken over: {targets}"));
        }
        Err(failure) => {
            let _ = output::failure(&failure);
            output::progress("the configuration in force stays");
        }
    }
    notify::ready();
}

/// Takes over a configuration; gives what is not as it may be thought to be.
async fn take_over(
    options: &Options,
    worker: &Worker<ConfiguredStore, Checker<ConfiguredStore>>,
    mut config: Config,
) -> Result<Vec<String>, Failure> {
    let before = worker.settings();
    let before = &before.config;
    let mut remarks = Vec::new();
    if options.store.is_none() && config.store != before.store {
        remarks.push("`store` has changed: the former one is used until a restart".to_owned());
    }
    config.store = before.store.clone();
    let is_there = |name: &str| config.sinks.iter().any(|sink| sink.name == name);
    for sink in before.sinks.iter().filter(|sink| !is_there(&sink.name)) {
        let name = &sink.name;
        remarks.push(format!(
            "no sink is named {name:?} any more: its notices that are not sent wait for one for a week"
        ));
    }
    let settings = settings(config, worker.store().clone())?;
    worker.reload(settings).await.map_err(|error| super::store_failure(&error))?;
    Ok(remarks)
}
