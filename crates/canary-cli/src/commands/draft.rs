//! `canary draft`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_format::issue::NotBefore;
use canary_format::layout;
use canary_signer::config::{Config, ConfigError};
use canary_signer::draft::{Draft, DraftError};
use canary_signer::durable;
use canary_signer::evidence::{MAX_BEACON, read_beacon};
use canary_signer::folder::{self, FolderError, SaveError};
use canary_signer::gate::{self, Waiting};
use canary_signer::lint::{Warning, lint};
use clap::Args;
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::{clock, output};

const EXAMPLE: &str = "Examples:
  canary draft
  canary draft --evidence beacon.json     (on a machine without a network)

Makes draft.json, the next issue, from canary.toml and the newest envelope in canaries/. The newest
beacon of drand's quicknet shows that it was not made in advance: the relays of canary.toml are asked
(api.drand.sh, api2.drand.sh and drand.cloudflare.com where it names none), and what they answer is verified
before it is used. For a machine without a network:
  curl -s https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/public/latest > beacon.json";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct DraftCommand {
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// A beacon of drand's quicknet, as a relay answers it; may be given several times
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// Ask no relay
    #[arg(long)]
    offline: bool,
    /// Make the draft anew although people have signed the one that is there
    #[arg(long)]
    discard_signatures: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Drafted {
    number: u64,
    as_of: String,
    next_due: String,
    expires: String,
    facts: Vec<String>,
    warnings: Vec<String>,
    reviews_needed: Vec<Waiting>,
}

impl DraftCommand {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let evidence = if self.offline || !self.evidence.is_empty() {
            self.evidence.iter().map(|path| beacon(path)).collect::<Result<Vec<_>, _>>()?
        } else {
            let config = Config::read(&self.folder).map_err(|error| config_failure(&error))?;
            super::relays::newest_beacon(&config.drand_relays())?
        };
        let drafted = make(&self.folder, evidence, self.discard_signatures)?;
        if self.json {
            output::json(&drafted);
        } else {
            drafted.print();
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the next draft of a folder and writes it.
pub(super) fn make_first(folder: &Path) -> Result<(), Failure> {
    make(folder, Vec::new(), false).map(|drafted| drafted.print())
}

fn make(root: &Path, evidence: Vec<NotBefore>, discard: bool) -> Result<Drafted, Failure> {
    let config = Config::read(root).map_err(|error| config_failure(&error))?;
    let newest = folder::newest(root).map_err(|error| folder_failure(&error))?;
    let path = root.join(layout::DRAFT);
    let before = folder::draft(&path).map_err(|error| folder_failure(&error))?;
    if let Some(before) = &before {
        let published =
            newest.as_ref().is_some_and(|newest| newest.envelope.payload() == before.payload());
        if !published && !discard && !before.signatures().is_empty() {
            let cause = format!("{} holds signatures", path.display());
            return Err(Failure::new(Kind::Config, cause)
                .hint("go on with `canary sign`; --discard-signatures makes the draft anew"));
        }
    }
    let previous = newest.as_ref().map(|newest| (&newest.envelope, newest.issue.number));
    let content =
        config.content(previous, clock::now(), evidence).map_err(|error| config_failure(&error))?;
    let envelope = newest.as_ref().map(|newest| &newest.envelope);
    let draft = Draft::new(content, envelope).map_err(|error| draft_failure(&error))?;
    let past = folder::past(root, draft.issue()).map_err(|error| folder_failure(&error))?;
    let warnings = lint(draft.issue(), &past);
    if let Some(refused) = warnings.iter().find(|warning| warning.refuses()) {
        return Err(Failure::new(Kind::Config, refused.to_string())
            .hint("no draft was written: change canary.toml, or give other evidence"));
    }
    let reviews = folder::reviews(&root.join(layout::REVIEWS));
    let reviews = reviews.map_err(|error| folder_failure(&error))?;
    let waiting = gate::waiting(draft.issue(), &reviews);
    let draft = match &before {
        Some(before) if before.issue().number == draft.issue().number => draft.in_place_of(before),
        _ => draft,
    };
    folder::replace_draft(&path, before.as_ref(), &draft).map_err(|error| save_failure(&error))?;
    Ok(Drafted::new(&draft, &warnings, waiting))
}

impl Drafted {
    fn new(draft: &Draft, warnings: &[Warning], reviews_needed: Vec<Waiting>) -> Self {
        let issue = draft.issue();
        Self {
            number: issue.number,
            as_of: issue.as_of.to_string(),
            next_due: issue.next_due.to_string(),
            expires: issue.expires.to_string(),
            facts: issue.facts.iter().map(|fact| fact.id.clone()).collect(),
            warnings: warnings.iter().map(ToString::to_string).collect(),
            reviews_needed,
        }
    }

    fn print(&self) {
        let Self { number, as_of, next_due, expires, facts, .. } = self;
        output::result(&format!(
            "draft of issue {number}: {} facts\n  as of     {as_of}\n  next due  {next_due}\n  expires   {expires}\n",
            facts.len()
        ));
        for warning in &self.warnings {
            output::progress(&output::inert(&format!("warning: {warning}")));
        }
        print_waiting(&self.reviews_needed);
        output::progress("next: each signer runs `canary sign`");
    }
}

/// Says which statements wait for a review, and how one is recorded.
pub(super) fn print_waiting(waiting: &[Waiting]) {
    if waiting.is_empty() {
        return;
    }
    output::progress("these statements wait for a named review before anyone can sign:");
    for entry in waiting {
        output::progress(&format!("  {}: {}", entry.statement, entry.question));
    }
    output::progress("record each in reviews.toml, with the reviewer's name and a date:\n");
    for entry in waiting {
        output::progress(&entry.entry());
    }
}

fn beacon(path: &Path) -> Result<NotBefore, Failure> {
    let bytes = durable::read(path, MAX_BEACON)
        .map_err(|error| Failure::from_error(Kind::Io, &error).hint("give a beacon's JSON"))?;
    let (evidence, _) = read_beacon(&bytes).map_err(|error| {
        Failure::from_error(Kind::Data, &error).hint("fetch the newest beacon from another relay")
    })?;
    Ok(evidence)
}

fn config_failure(error: &ConfigError) -> Failure {
    let hint = match error {
        ConfigError::Read(_) => "start with `canary init`, or name the folder with --folder",
        _ => "see docs/publishing.md for what canary.toml holds",
    };
    Failure::from_error(Kind::Config, error).hint(hint)
}

/// Why a folder's series, draft or reviews cannot be read, and what to do.
pub(super) fn folder_failure(error: &FolderError) -> Failure {
    let (kind, hint) = match error {
        FolderError::Read(_) | FolderError::List { .. } => {
            (Kind::Io, "look at the folder's permissions")
        }
        FolderError::Draft { .. } => {
            (Kind::Data, "take the draft from where it came from again, or remove it")
        }
        FolderError::Reviews(_) | FolderError::ReviewsUtf8 => {
            (Kind::Config, "each [[review]] has statement, jurisdiction, words, reviewer and date")
        }
        _ => (Kind::Data, "restore the folder canaries/ from its history"),
    };
    Failure::from_error(kind, error).hint(hint)
}

fn draft_failure(error: &DraftError) -> Failure {
    let hint = match error {
        DraftError::AsOf => "the clock stands before the previous issue: set it",
        DraftError::Origin => "an origin never changes: a new origin is a new series",
        _ => "change the entry in canary.toml: places count from 0, in the order of the file",
    };
    Failure::from_error(Kind::Config, error).hint(hint)
}

/// Why a draft could not be saved, and what to do.
pub(super) fn save_failure(error: &SaveError) -> Failure {
    match error {
        SaveError::Folder(error) => folder_failure(error),
        SaveError::Changed(_) => {
            Failure::from_error(Kind::Later, error).hint("it stays as it is: run it again")
        }
        SaveError::Write(write) if write.source.kind() == io::ErrorKind::PermissionDenied => {
            Failure::from_error(Kind::Io, error).hint(
                "the draft stays as it was: let every signer write in its folder and read the files there, or \
                 sign a copy of it elsewhere and take that in with `canary sign --import COPY`",
            )
        }
        _ => Failure::from_error(Kind::Io, error)
            .hint("the draft stays as it was: once its folder can be written and has space, run it again"),
    }
}
