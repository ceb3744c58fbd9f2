//! `canary publish`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_publisher::folder::{Folder, FolderError};
use canary_publisher::publish::{Preparing, Publication, PublishError};
use canary_publisher::store::{Directory, StoreError};
use canary_publisher::update::{Depth, UpdateError};
use clap::Args;
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary publish --to /var/www/html/.well-known/canary

Takes the signed draft.json as the next issue, or finishes what an earlier run began. Needs the keys
of the log and the heartbeat only: a folder that holds a signer's private key is refused.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Publish {
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where to write the site; may be given several times
    #[arg(long = "to", value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Outcome {
    issue: u64,
    digest: String,
    targets: Vec<TargetOutcome>,
}

#[derive(Serialize)]
struct TargetOutcome {
    target: String,
    state: &'static str,
    written: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Publish {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let folder = Folder::open(&self.folder).map_err(|error| folder_failure(&error))?;
        let keys = folder.machine_keys().map_err(|error| folder_failure(&error))?;
        let preparing = if self.dry_run { Preparing::Rehearse } else { Preparing::Append };
        let publication = Publication::prepare(&folder, &keys, clock::now(), preparing)
            .map_err(|error| publish_failure(&error))?;
        for key in publication.unknown_keys() {
            let path = key.path.display();
            output::progress(&format!("warning: {path} is a private key: keep it elsewhere"));
        }
        let issue = publication.newest();
        if self.dry_run {
            output::progress(&format!(
                "issue {} would be published; nothing was written",
                issue.number
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let targets: Vec<_> =
            self.targets.iter().map(|target| publish_to(&publication, target)).collect();
        let failed = targets.iter().filter(|target| target.error.is_some()).count();
        let digest = publication.series().newest().map(|newest| newest.digest().to_string());
        let outcome = Outcome { issue: issue.number, digest: digest.unwrap_or_default(), targets };
        if self.json {
            output::json(&outcome);
        } else {
            output::result(&outcome.in_words());
        }
        match failed {
            0 => Ok(ExitCode::SUCCESS),
            _ => Err(Failure::new(Kind::Io, format!("{failed} of the targets failed"))
                .hint("see each target's line; the others are published. Run it again")),
        }
    }
}

impl Outcome {
    fn in_words(&self) -> String {
        let mut text = format!("issue {} {}\n", self.issue, self.digest);
        for target in &self.targets {
            let said = match &target.error {
                Some(error) => format!("not published: {error}"),
                None => {
                    format!("published, read back and verified; {} files written", target.written)
                }
            };
            text += &output::inert(&format!("  {}: {said}\n", target.target));
        }
        text
    }
}

fn publish_to(publication: &Publication, target: &str) -> TargetOutcome {
    let outcome =
        |state, written, error| TargetOutcome { target: target.to_owned(), state, written, error };
    match write_and_read_back(publication, Path::new(target)) {
        Ok(written) => outcome("published", written, None),
        Err(failure) => outcome("failed", 0, Some(failure.cause().to_owned())),
    }
}

fn write_and_read_back(publication: &Publication, target: &Path) -> Result<usize, Failure> {
    let mut store = Directory::open(target).map_err(|error| store_failure(&error))?;
    let written = publication.write(&mut store, Depth::Growth);
    let mut written = written.map_err(|error| update_failure(&error))?.written.len();
    if publication.read_back(&mut store, clock::now()).is_err() {
        // Files that an earlier run had written are gone or changed: look at every one.
        let mended = publication.write(&mut store, Depth::Everything);
        written += mended.map_err(|error| update_failure(&error))?.written.len();
        let report = publication.read_back(&mut store, clock::now());
        report.map_err(|error| Failure::from_error(Kind::Data, &error))?;
    }
    Ok(written)
}

/// Why a publisher's folder cannot be used, and what to do.
pub(super) fn folder_failure(error: &FolderError) -> Failure {
    let (kind, hint) = match error {
        FolderError::Busy { .. } => (Kind::Later, "wait until the other run has ended"),
        FolderError::Key(_) => (Kind::Config, "see `canary key`; a machine's key has mode 0600"),
        FolderError::Unsigned { .. } => {
            (Kind::Data, "have it signed first: `canary status` says by whom, `canary sign` signs")
        }
        FolderError::Draft { .. } => {
            (Kind::Data, "take the draft from where it came from again, or remove it")
        }
        FolderError::Refused { .. } | FolderError::Gap { .. } | FolderError::Used { .. } => {
            (Kind::Data, "restore the folder canaries/ from its history")
        }
        _ => (Kind::Io, "look at the folder's permissions and the space on its disk"),
    };
    Failure::from_error(kind, error).hint(hint)
}

fn publish_failure(error: &PublishError) -> Failure {
    let (kind, hint) = match error {
        PublishError::Folder(error) => return folder_failure(error),
        PublishError::Nothing => (Kind::Config, "make a draft with `canary draft`"),
        PublishError::SignerKey { .. } => {
            (Kind::Config, "move it to the signer's own machine; publish from one that has none")
        }
        PublishError::Sign(_) => (Kind::Config, "use the machine keys that the newest issue names"),
        PublishError::NotAuthentic(_) => {
            (Kind::Data, "nothing was written; `canary status` says who signed")
        }
        _ => (Kind::Data, "nothing was written"),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Why a site was not brought up to date, and what to do.
pub(super) fn update_failure(error: &UpdateError) -> Failure {
    match error {
        UpdateError::Store(error) => store_failure(error),
        UpdateError::Clock(_) => Failure::from_error(Kind::Later, error).hint("set the clock"),
        UpdateError::Ahead { .. } => {
            Failure::from_error(Kind::Data, error).hint("bring the folder up to date first")
        }
        _ => Failure::from_error(Kind::Data, error)
            .hint("nothing there was changed; publish to an empty place"),
    }
}

/// Why a place failed, and what to do.
pub(super) fn store_failure(error: &StoreError) -> Failure {
    match error {
        StoreError::Busy { .. } | StoreError::Moved => {
            Failure::from_error(Kind::Later, error).hint("run it again")
        }
        StoreError::Conflict { .. } => {
            Failure::from_error(Kind::Data, error).hint("nothing there was changed")
        }
        _ => Failure::from_error(Kind::Io, error)
            .hint("nothing there was harmed; once it can be written, run it again"),
    }
}
