//! `canary witness`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_durable::Access;
use canary_verifier::evidence::Trust;
use canary_verifier::report::Code;
use canary_witness::config::{Config, ConfigError};
use canary_witness::origins::{self, Added, Origin};
use canary_witness::{Event, KeyError, Options, ServeError, Store, WitnessKey, serve};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::examine::{Keep, Subject};
use crate::signals::{Signals, Told};
use crate::{output, report};

const EXAMPLE: &str = "Examples:
  canary witness init /srv/witness --name witness.example/w1
  canary witness add 'https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY' --config /srv/witness/witness.toml
  canary witness --config /srv/witness/witness.toml

Without a subcommand, runs until it is told to stop. It speaks plain HTTP: put a proxy with TLS before it.";

#[derive(Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true)]
pub(crate) struct WitnessCommand {
    #[command(subcommand)]
    change: Option<Change>,
    /// The witness's configuration
    #[arg(long, value_name = "FILE", default_value = "witness.toml")]
    config: PathBuf,
    /// Where to listen, in place of what the configuration says
    #[arg(long, value_name = "ADDR")]
    listen: Option<std::net::SocketAddr>,
}

#[derive(Subcommand)]
enum Change {
    /// Make a new witness: its key, its configuration and an empty list of origins
    #[command(
        after_help = "Example:\n  canary witness init /srv/witness --name witness.example/w1"
    )]
    Init {
        /// The folder
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        /// The key's name: a URL without its scheme that identifies the witness
        #[arg(long)]
        name: String,
    },
    /// Serve the log of a canary: fetch it, verify it from the pin on, and add its newest log key
    #[command(
        after_help = "Example:\n  canary witness add 'https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY'"
    )]
    Add(Add),
    /// Print the verifier key that policies and publishers name this witness by
    #[command(after_help = "Example:\n  canary witness key --config /srv/witness/witness.toml")]
    Key {
        /// The witness's configuration
        #[arg(long, value_name = "FILE", default_value = "witness.toml")]
        config: PathBuf,
    },
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    subject: Subject,
    /// The witness's configuration
    #[arg(long, value_name = "FILE", default_value = "witness.toml")]
    config: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Outcome {
    origin: String,
    key: String,
    added: bool,
}

impl WitnessCommand {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.change {
            Some(Change::Init { folder, name }) => init(&folder, &name),
            Some(Change::Add(add)) => add.run(),
            Some(Change::Key { config }) => {
                let config = read(&config)?;
                let key = WitnessKey::read(&config.key, &config.name).map_err(key_failure)?;
                output::result(&format!("{}\n", key.verifier()));
                Ok(ExitCode::SUCCESS)
            }
            None => run(&read(&self.config)?, self.listen),
        }
    }
}

fn init(folder: &Path, name: &str) -> Result<ExitCode, Failure> {
    let io = |error: std::io::Error| {
        Failure::new(Kind::Io, format!("{}: {error}", folder.display()))
            .hint("choose a folder that can be written and holds no witness yet")
    };
    canary_durable::create_folder(folder, Access::Shared).map_err(io)?;
    let create = |name: &str, text: &str| {
        canary_durable::create(&folder.join(name), text.as_bytes(), Access::Shared).map_err(io)
    };
    let key = WitnessKey::create(&folder.join("witness.key"), name).map_err(key_failure)?;
    create(
        "origins.txt",
        "# One log a line: its verifier key. `canary witness add PIN` adds one.\n",
    )?;
    create("witness.toml", &Config::template(name))?;
    output::result(&format!("{}\n", key.verifier()));
    output::progress(&format!(
        "next: canary witness add PIN --config {0}\n      canary witness --config {0}",
        folder.join("witness.toml").display()
    ));
    Ok(ExitCode::SUCCESS)
}

impl Add {
    fn run(self) -> Result<ExitCode, Failure> {
        let config = read(&self.config)?;
        let examined = self.subject.examine(Trust::default(), Keep::Nothing)?;
        let judgement = examined.judgement;
        let report = &judgement.report;
        let refused = |kind, said: &str| {
            Failure::new(kind, format!("nothing was added: {said}"))
                .hint("`canary verify` says more")
        };
        if let Some((kind, finding)) = report::hindrance(report) {
            return Err(refused(kind, &finding.message));
        }
        let Some(newest) = judgement.series.last() else {
            let said = report.findings.first().map(|finding| finding.message.as_str());
            return Err(refused(Kind::Data, said.unwrap_or("there is no canary")));
        };
        if report.subject.pin.is_none() || report.findings.iter().any(|f| f.code == Code::Unpinned)
        {
            return Err(Failure::new(Kind::Usage, "nothing was added: no pin was given")
                .hint("name a pin: a witness speaks for a log that is known, not for a name"));
        }
        let issue = newest.issue();
        let origin = Origin { origin: issue.origin.clone(), key: issue.log.key.clone() };
        let added = origins::add(&config.origins, &origin)
            .map_err(|error| Failure::from_error(Kind::Io, &error))?;
        let outcome = Outcome {
            origin: issue.origin.clone(),
            key: origin.key.to_string(),
            added: added == Added::New,
        };
        if self.json {
            output::json(&outcome);
        } else {
            let said = if outcome.added { "added" } else { "is there already" };
            output::result(&output::inert(&format!("{} {said}\n", outcome.origin)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path) -> Result<Config, Failure> {
    Config::read(path).map_err(|error| {
        let hint = match &error {
            ConfigError::Io { .. } => "make a witness with `canary witness init`, or give --config",
            _ => "see docs/witnessing.md for what it holds",
        };
        Failure::from_error(Kind::Config, &error).hint(hint)
    })
}

fn key_failure(error: KeyError) -> Failure {
    let hint = match &error {
        KeyError::Name(_) => "a name looks like witness.example/w1",
        KeyError::Io { .. } => "a key that is there is never replaced",
        _ => "make a witness with `canary witness init`",
    };
    Failure::from_error(Kind::Config, &error).hint(hint)
}

fn run(config: &Config, listen: Option<std::net::SocketAddr>) -> Result<ExitCode, Failure> {
    let key = WitnessKey::read(&config.key, &config.name).map_err(key_failure)?;
    let store = Store::open(&config.database).map_err(|error| {
        Failure::from_error(Kind::Io, &error).hint("look at the database's folder")
    })?;
    let io = |error: std::io::Error| Failure::new(Kind::Io, error.to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(io)?;
    let listen = listen.unwrap_or(config.listen);
    let outcome = runtime.block_on(async {
        let bind = async |address: std::net::SocketAddr| {
            let listener = tokio::net::TcpListener::bind(address).await;
            listener.map_err(|error| {
                Failure::new(Kind::Io, format!("cannot listen on {address}: {error}"))
                    .hint("choose another address")
            })
        };
        let listener = bind(listen).await?;
        let metrics = match config.metrics {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let address = listener.local_addr().map_err(io)?;
        output::progress(&format!("{} at http://{address}{}/", key.verifier(), config.prefix));
        let options = Options {
            key,
            store,
            origins: config.origins.clone(),
            prefix: config.prefix.clone(),
            limits: config.limits,
            metrics,
            tell,
        };
        let signals = Signals::listen()
            .map_err(|error| Failure::new(Kind::Io, format!("no signals: {error}")))?;
        serve(listener, options, told_to_stop(signals)).await.map_err(|error| {
            let kind = match &error {
                ServeError::Store(_) => Kind::Config,
                _ => Kind::Io,
            };
            Failure::from_error(kind, &error)
                .hint("mend the origins file, or see docs/witnessing.md")
        })
    });
    outcome.map(|()| ExitCode::SUCCESS)
}

fn tell(event: Event) {
    match event {
        Event::Origins(count) => output::progress(&format!("{count} log keys are served")),
        Event::OriginsRefused(error) => output::progress(&format!(
            "the origins file was refused, those before are still served: {error}"
        )),
        Event::Stopping => output::progress("stopping: finishing what is under way"),
        _ => {}
    }
}

/// Ready when the witness is to stop. The origins file is read again by itself.
async fn told_to_stop(mut signals: Signals) {
    while signals.next().await != Told::Stop {}
}
