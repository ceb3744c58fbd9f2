//! `canary trust`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_format::pin::Pin;
use canary_verifier::evidence::Trust as Asked;
use canary_verifier::judge::Judgement;
use canary_verifier::report::{Code, Finding, Severity};
use canary_verifier::state::{StateError, Store};
use canary_verifier::target::{Place, Prefix, Target};
use canary_verifier::trust_store::{Entry, Pinned, TrustError, TrustStore, named, schemeless};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::examine::{Keep, Subject, of_state, of_trust, parse_target, witness_policy};
use crate::output::{self, line};
use crate::{places, report};

const EXAMPLE: &str = "Examples:
  canary trust add 'https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY'
  canary trust ack example.com/.well-known/canary --through 7
  canary trust list
  canary trust remove example.com";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Trust {
    #[command(subcommand)]
    change: Change,
}

#[derive(Subcommand)]
enum Change {
    /// Keep a pin; a host or URL without one is pinned to what it serves now, on first use
    #[command(after_help = EXAMPLE)]
    Add {
        /// A pin, or a host or URL prefix
        #[arg(value_name = "PIN|URL")]
        target: String,
        /// Which witnesses `canary verify` asks for: a C2SP tlog-policy file
        #[arg(long, value_name = "POLICY")]
        witnesses: Option<PathBuf>,
        /// How long fetching may take
        #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
        timeout: u64,
        /// Let this host's name lead to an address that is not public
        #[arg(long, value_name = "HOST")]
        danger_private_host: Vec<String>,
    },
    /// Show what is trusted
    #[command(after_help = EXAMPLE)]
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Forget a series
    #[command(after_help = EXAMPLE)]
    Remove {
        /// Its pin, URL prefix, host or origin
        #[arg(value_name = "PIN|URL|ORIGIN")]
        name: String,
    },
    /// Record that you have read what changed: later findings are measured from that issue on
    #[command(after_help = EXAMPLE)]
    Ack {
        /// The origin, URL prefix or host of the series
        #[arg(value_name = "ORIGIN")]
        origin: String,
        /// The number of the newest issue read; the newest one seen where it is left out
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        through: Option<u64>,
        /// Where what was seen is kept, where not in the usual place
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
}

impl Trust {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let store = TrustStore::new(places::trust_file().ok_or_else(|| {
            Failure::new(Kind::Config, "no home folder to keep trust in")
                .hint("set HOME or XDG_CONFIG_HOME")
        })?);
        match self.change {
            Change::Add { target, witnesses, timeout, danger_private_host } => {
                let witnesses = witnesses.map(checked_policy).transpose()?;
                let Target { place, pin } = parse_target(&target)?;
                match (place, pin) {
                    (_, Some(pin)) => add_pin(&store, pin, witnesses)?,
                    (Place::Site(prefix), None) => {
                        let subject =
                            Subject::of_url(prefix.as_str(), timeout, danger_private_host);
                        add_on_first_use(&store, &prefix, &subject, witnesses)?;
                    }
                    (Place::Path(_), None) => {
                        return Err(Failure::new(Kind::Usage, "trust is kept for URLs, not paths")
                            .hint("give a pin: it holds the URL"));
                    }
                }
            }
            Change::List { json } => list(&store.entries().map_err(of_trust)?, json),
            Change::Remove { name } => remove(&store, &name)?,
            Change::Ack { origin, through, state } => ack(&store, &origin, through, state)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A failure of the store or of the change itself.
enum Refused {
    Store(TrustError),
    Change(Failure),
}

impl From<TrustError> for Refused {
    fn from(error: TrustError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Change(failure)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Store(error) => of_trust(error),
            Refused::Change(failure) => failure,
        }
    }
}

/// The absolute path of a policy that reads.
fn checked_policy(path: PathBuf) -> Result<PathBuf, Failure> {
    witness_policy(&path)?;
    let path = std::path::absolute(&path).unwrap_or(path);
    if path.to_str().is_none() {
        return Err(Failure::new(Kind::Usage, "the policy's path is not UTF-8")
            .hint("rename the file: its path is kept in the trust file"));
    }
    Ok(path)
}

fn add_pin(store: &TrustStore, pin: Pin, witnesses: Option<PathBuf>) -> Result<(), Failure> {
    let url = Prefix::parse(&pin.url)
        .map_err(|error| Failure::from_error(Kind::Usage, &error))?
        .to_string();
    let said = format!("trusted: {}\n", line(&pin.to_string()));
    keep(store, Entry { url: Some(url), pin: Some(pin), witnesses, ..Entry::default() })?;
    output::result(&said);
    Ok(())
}

/// Adds an entry, or gives one that has no pin yet its pin. Another pin is never put in its place.
fn keep(store: &TrustStore, new: Entry) -> Result<(), Failure> {
    let change = |entries: &mut Vec<Entry>| {
        let known = entries.iter_mut().find(|entry| {
            new.url.as_deref().is_some_and(|url| {
                // By its own word alone a site takes over nothing.
                entry.is_at(url)
                    || (entry.url.is_none() && entry.origin.as_deref() == schemeless(url))
            })
        });
        match known {
            Some(known) if known.pin.is_some() && known.pin != new.pin => {
                let pin = known.pin.as_ref().map(Pin::to_string).unwrap_or_default();
                let failure = Failure::new(
                    Kind::Data,
                    format!("another pin is trusted already: {pin}"),
                )
                .hint(
                    "compare the two with the publisher; `canary trust remove` the old one first",
                );
                return Err(Refused::Change(failure));
            }
            Some(known) if known.pin.is_some() => {
                known.witnesses = new.witnesses.or(known.witnesses.take());
                known.pinned = known.pinned.min(new.pinned);
            }
            Some(known) => {
                known.witnesses = new.witnesses.or(known.witnesses.take());
                known.url = new.url;
                known.pin = new.pin;
                known.pinned = new.pinned;
                known.origin = known.origin.take().or(new.origin);
            }
            None => entries.push(new),
        }
        Ok(())
    };
    store.update(change).map_err(Failure::from)
}

/// First-use trust, and says so.
fn add_on_first_use(
    store: &TrustStore,
    prefix: &Prefix,
    subject: &Subject,
    witnesses: Option<PathBuf>,
) -> Result<(), Failure> {
    let known = store.entries().map_err(of_trust)?;
    if let Some(entry) = known.iter().find(|entry| entry.is_at(prefix.as_str()))
        && let Some(pin) = &entry.pin
    {
        let said = format!("trusted already: {}\n", line(&pin.to_string()));
        if witnesses.is_some() {
            let url = Some(prefix.to_string());
            let (pin, pinned) = (entry.pin.clone(), entry.pinned);
            keep(store, Entry { url, pin, pinned, witnesses, ..Entry::default() })?;
        }
        output::result(&said);
        return Ok(());
    }
    let judgement: Judgement = subject.examine(Asked::default(), Keep::Nothing)?.judgement;
    let not_there = |one: &&Finding| matches!(one.code, Code::Missing | Code::Unreachable);
    let not_there = judgement.report.findings.iter().find(not_there);
    let (None, Some(newest)) = (not_there, judgement.series.last()) else {
        output::progress(&report::text(&judgement.report));
        let kind = match not_there {
            Some(found) if found.code == Code::Unreachable => Kind::Later,
            _ => Kind::Data,
        };
        let said = not_there.map_or("there is no authentic canary to trust", |one| &one.message);
        return Err(
            Failure::new(kind, said).hint("ask the publisher for its pin, or check the address")
        );
    };
    let issue = newest.issue();
    let pin = Pin { url: prefix.to_string(), number: issue.number, digest: newest.digest() };
    let mut said = format!(
        "FIRST USE: nothing but this site itself vouches for what is trusted now.\n\
         Compare it with the publisher by another way, and prefer a pin that you were given.\n\n\
         \x20 publisher  {}\n\
         \x20 origin     {}\n\
         \x20 issue      {} as of {}\n",
        line(&issue.publisher.name),
        line(&issue.origin),
        issue.number,
        issue.as_of,
    );
    for signer in &issue.roster.signers {
        for key in &signer.keys {
            said += &format!(
                "  signer     {} ({}, {}) {}\n",
                line(&signer.name),
                line(&signer.role),
                signer.jurisdiction,
                key.fingerprint()
            );
        }
    }
    said += &format!("  pin        {}\n", line(&pin.to_string()));
    let remarkable = |one: &&Finding| one.severity > Severity::Alive && one.code != Code::Unpinned;
    for finding in judgement.report.findings.iter().filter(remarkable) {
        let Finding { severity, code, message, .. } = finding;
        said += &format!("  found      {severity} {code}: {}\n", line(message));
    }
    keep(
        store,
        Entry {
            url: Some(prefix.to_string()),
            origin: Some(issue.origin.clone()),
            pin: Some(pin),
            pinned: Pinned::FirstUse,
            witnesses,
            ..Entry::default()
        },
    )?;
    output::result(&said);
    Ok(())
}

#[derive(Serialize)]
struct Listed<'a> {
    url: Option<&'a str>,
    origin: Option<&'a str>,
    pin: Option<&'a Pin>,
    pinned: Pinned,
    acknowledged: Option<u64>,
    witnesses: Option<&'a Path>,
}

fn list(entries: &[Entry], json: bool) {
    if json {
        let listed: Vec<Listed<'_>> = entries
            .iter()
            .map(|entry| Listed {
                url: entry.url.as_deref(),
                origin: entry.origin.as_deref(),
                pin: entry.pin.as_ref(),
                pinned: entry.pinned,
                acknowledged: entry.acknowledged,
                witnesses: entry.witnesses.as_deref(),
            })
            .collect();
        return output::json(&listed);
    }
    if entries.is_empty() {
        return output::progress("nothing is trusted yet: see `canary trust add --help`");
    }
    for entry in entries {
        let mut notes = Vec::new();
        if entry.pin.is_none() {
            notes.push("no pin".to_owned());
        } else if entry.pinned == Pinned::FirstUse {
            notes.push("pinned on first use".to_owned());
        }
        if let Some(number) = entry.acknowledged {
            notes.push(format!("acknowledged through issue {number}"));
        }
        if let Some(policy) = &entry.witnesses {
            notes.push(format!("witnesses by {}", line(&policy.display().to_string())));
        }
        let notes =
            if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        output::result(&format!("{}{notes}\n", line(&called(entry))));
    }
}

fn remove(store: &TrustStore, name: &str) -> Result<(), Failure> {
    let change = |entries: &mut Vec<Entry>| {
        let known = only(entries, name)?.ok_or_else(|| unknown(name))?;
        Ok::<_, Refused>(entries.remove(known))
    };
    let gone = store.update(change).map_err(Failure::from)?;
    output::result(&format!("forgotten: {}\n", line(&called(&gone))));
    Ok(())
}

/// The one entry that a name means, if any. What would change another by the way is refused.
fn only(entries: &[Entry], name: &str) -> Result<Option<usize>, Failure> {
    match named(entries, name)[..] {
        [] => Ok(None),
        [known] => Ok(Some(known)),
        ref several => {
            let several: Vec<String> =
                several.iter().map(|known| line(&called(&entries[*known]))).collect();
            Err(Failure::new(
                Kind::Data,
                format!("{name} names {}: {}", several.len(), several.join(", ")),
            )
            .hint("name one of them by its URL or pin"))
        }
    }
}

/// What an entry goes by: its pin, or else its URL, or else its origin.
fn called(entry: &Entry) -> String {
    let pin = entry.pin.as_ref().map(ToString::to_string);
    pin.or_else(|| entry.url.clone()).or_else(|| entry.origin.clone()).unwrap_or_default()
}

fn unknown(name: &str) -> Failure {
    Failure::new(Kind::Data, format!("nothing is trusted by this name: {name}"))
        .hint("see `canary trust list`")
}

fn ack(
    store: &TrustStore,
    name: &str,
    through: Option<u64>,
    state: Option<PathBuf>,
) -> Result<(), Failure> {
    let entries = store.entries().map_err(of_trust)?;
    let known = only(&entries, name)?.map(|known| &entries[known]);
    let url = match known {
        Some(entry) => entry.url.clone(),
        None => parse_target(name).ok().and_then(|target| match target.place {
            Place::Site(prefix) => Some(prefix.to_string()),
            Place::Path(_) => None,
        }),
    };
    let origin = known.and_then(|entry| entry.origin.as_deref()).unwrap_or(name);
    let states = state.or_else(places::state_folder).map(Store::new);
    let seen = states.map_or(Ok(None), |states| seen(&states, url.as_deref(), origin));
    let seen = seen.map_err(of_state)?;
    let number = match (through, seen) {
        (Some(number), Some(seen)) if number > seen => {
            return Err(Failure::new(
                Kind::Data,
                format!("issue {number} was not seen yet; the newest seen is {seen}"),
            )
            .hint("run `canary verify`, read what it says, then acknowledge"));
        }
        (Some(number), None) => {
            output::progress(&format!(
                "no issue of {} was seen here: that there is an issue {number} is on your word",
                line(name)
            ));
            number
        }
        (Some(number), Some(_)) | (None, Some(number)) => number,
        (None, None) => {
            return Err(Failure::new(Kind::Data, format!("no issue of {name} was seen yet"))
                .hint("run `canary verify` first, or say which issue with --through"));
        }
    };
    let change = |entries: &mut Vec<Entry>| {
        let entry = match only(entries, name)? {
            Some(known) => &mut entries[known],
            None => {
                entries.push(new_entry(name, url.as_deref()).ok_or_else(|| unknown(name))?);
                entries.last_mut().expect("one was just added")
            }
        };
        // What was acknowledged stays so.
        let newest = entry.acknowledged.max(Some(number));
        entry.acknowledged = newest;
        Ok::<_, Refused>((called(entry), newest.unwrap_or(number)))
    };
    // A site can claim any origin: which entry was meant is said.
    let (entry, newest) = store.update(change).map_err(Failure::from)?;
    output::result(&format!("acknowledged: {} through issue {newest}\n", line(&entry)));
    Ok(())
}

/// How many issues of a series were seen: at its URL, or else of its origin wherever it was fetched from.
fn seen(states: &Store, url: Option<&str>, origin: &str) -> Result<Option<u64>, StateError> {
    let at_url = match url {
        Some(url) => states.target(url).seen()?.map(|seen| seen.leaves.len() as u64),
        None => None,
    };
    if at_url.is_some() { Ok(at_url) } else { states.seen_of(origin.trim_end_matches('/')) }
}

/// A new entry for a series that a user names by its URL or host, or else by its origin.
fn new_entry(name: &str, url: Option<&str>) -> Option<Entry> {
    let origin = name.trim_end_matches('/');
    let of_origin = url.is_none() && canary_format::checkpoint::is_origin(origin);
    (url.is_some() || of_origin).then(|| Entry {
        url: url.map(str::to_owned),
        origin: of_origin.then(|| origin.to_owned()),
        ..Entry::default()
    })
}
