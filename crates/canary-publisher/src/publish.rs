//! Publishing: append, sign the checkpoint, build the site, write it, read it back.

mod cosignatures;

use canary_format::checkpoint::Checkpoint;
use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::key::PublicKey;
use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Obtained, Site};
use canary_verifier::judge::{Judgement, VerifiedIssue};
use canary_verifier::report::Report;

use crate::checkpoint::{MachineKeys, SignError, sign};
use crate::folder::{Folder, FolderError, FoundKey};
use crate::judging::{NotAuthentic, judge_series, judge_site};
use crate::page::{self, Shown};
use crate::series::Series;
use crate::site::SiteFile;
use crate::store::{Store, StoreError};
use crate::update::{Depth, Update, UpdateError, Updated, bring_up_to_date};

/// A series that the verifier calls authentic, with the checkpoint and the files for people: ready
/// to be written anywhere.
#[derive(Debug)]
pub struct Publication {
    series: Series,
    newest: Issue,
    checkpoint: Checkpoint,
    pages: Vec<SiteFile>,
    now: Timestamp,
    report: Report,
    unknown_keys: Vec<FoundKey>,
}

/// Whether preparing keeps the draft as an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparing {
    /// The draft becomes an issue of the series, durably, before anything is written elsewhere.
    Append,
    /// Nothing is written.
    Rehearse,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no issue and no draft.
    #[error("there is no issue to publish")]
    Nothing,
    /// The newest envelope's payload is no issue.
    #[error("the newest issue is refused")]
    Refused(#[source] Refusal),
    /// The draft has a number that another envelope has.
    #[error("the draft is number {number}, and issue {number} is there with other bytes")]
    Used {
        /// The number.
        number: u64,
    },
    /// The draft does not follow the newest issue.
    #[error("the draft is number {number}, and number {expected} comes next")]
    OutOfChain {
        /// The draft's number.
        number: u64,
        /// The number that comes next.
        expected: u64,
    },
    /// A signer's private key is in the folder.
    #[error("{} is a private key of the signer {signer}", path.display())]
    SignerKey {
        /// The file.
        path: std::path::PathBuf,
        /// Whose it is, as in the roster.
        signer: String,
    },
    /// The checkpoint cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The verifier does not call the series authentic.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

/// Why a place does not show the publication.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBackError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds is not what was published.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

impl Publication {
    /// Reads the folder, takes the signed draft as the next issue and signs the checkpoint. The verifier
    /// judges the whole before anything is written.
    ///
    /// # Errors
    ///
    /// Why there is nothing to publish; the folder is as it was then.
    pub fn prepare(
        folder: &Folder,
        keys: &MachineKeys,
        draft: Option<&Envelope>,
        now: Timestamp,
        preparing: Preparing,
    ) -> Result<Self, PublishError> {
        let mut series = folder.series()?;
        let mut appended = None;
        if let Some(draft) = draft {
            let number = Issue::parse(draft.payload()).map_err(PublishError::Refused)?.number;
            let expected = series.size() + 1;
            match series.envelope(number) {
                // A run was killed after the draft had become an issue. A signature that came later
                // changes nothing: a leaf never changes.
                Some(held) if held.payload() == draft.payload() => {}
                Some(_) => return Err(PublishError::Used { number }),
                None if number == expected => {
                    series.push(draft.clone());
                    appended = Some(number);
                }
                None => return Err(PublishError::OutOfChain { number, expected }),
            }
        }
        let size = series.size();
        let newest = series.issue(size).ok_or(PublishError::Nothing)?;
        let newest = newest.map_err(PublishError::Refused)?;
        let unknown_keys = refuse_signers_keys(folder, &series, &newest)?;
        let checkpoint = sign(&newest.origin, size, series.root(), &newest.log, keys, now)?;
        let judgement = judge_series(&series, &checkpoint, now)?;

        if preparing == Preparing::Append {
            if let (Some(number), Some(draft)) = (appended, draft) {
                folder.append(number, draft)?;
            }
            if draft.is_some() {
                folder.remove_draft()?;
            }
        }
        let pages = pages(&judgement, &checkpoint);
        let report = judgement.report;
        Ok(Self { series, newest, checkpoint, pages, now, report, unknown_keys })
    }

    /// The newest issue.
    pub fn newest(&self) -> &Issue {
        &self.newest
    }

    /// The series.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// What the verifier concludes of it.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Private keys in the folder that are in no roster: a caller warns of them.
    pub fn unknown_keys(&self) -> &[FoundKey] {
        &self.unknown_keys
    }

    /// Writes the site to a place, or finishes what a killed run began there.
    ///
    /// # Errors
    ///
    /// Why not; a reader finds what was there before.
    pub fn write(&self, store: &mut dyn Store, depth: Depth) -> Result<Updated, UpdateError> {
        let update = Update {
            series: &self.series,
            declared: &self.newest.log,
            checkpoint: &self.checkpoint,
            pages: &self.pages,
            now: self.now,
            depth,
        };
        bring_up_to_date(store, &update)
    }

    /// Reads the site back from a place and judges it at an instant.
    ///
    /// # Errors
    ///
    /// What is not as it was published.
    pub fn read_back(&self, store: &mut dyn Store, at: Timestamp) -> Result<Report, ReadBackError> {
        let site = store.read_site()?;
        Ok(judge_site(site, &self.series, at)?.report)
    }

    /// How many issues a site shows, where it shows an older tree of this series, or none.
    pub(crate) fn shows_older(&self, site: &Site) -> Option<u64> {
        match &site.checkpoint {
            Obtained::Missing => Some(0),
            Obtained::Got(bytes) => {
                let checkpoint = Checkpoint::parse(bytes).ok()?;
                let root = self.series.root_at(checkpoint.size())?;
                let older = root == checkpoint.root() && checkpoint.size() < self.series.size();
                older.then_some(checkpoint.size())
            }
            _ => None,
        }
    }
}

/// No signer's private key is where publishing happens (`format.md` §6).
fn refuse_signers_keys(
    folder: &Folder,
    series: &Series,
    newest: &Issue,
) -> Result<Vec<FoundKey>, PublishError> {
    let previous = series.issue(newest.number.saturating_sub(1)).and_then(Result::ok);
    let rosters =
        [Some(newest), previous.as_ref()].into_iter().flatten().map(|issue| &issue.roster);
    let signers: Vec<_> = rosters.flat_map(|roster| &roster.signers).collect();
    let found = folder.private_keys()?;
    for key in &found {
        let is_theirs = |theirs: &PublicKey| Some(*theirs) == key.public;
        if let Some(signer) = signers.iter().find(|signer| signer.keys.iter().any(is_theirs)) {
            let (path, signer) = (key.path.clone(), signer.name.clone());
            return Err(PublishError::SignerKey { path, signer });
        }
    }
    Ok(found)
}

/// The files for people.
fn pages(judgement: &Judgement, checkpoint: &Checkpoint) -> Vec<SiteFile> {
    fn shown(issue: &VerifiedIssue) -> Shown<'_> {
        Shown { issue: issue.issue(), envelope: issue.envelope() }
    }
    let issues: Vec<Shown<'_>> = judgement.series.iter().map(shown).collect();
    let checkpoint = checkpoint.to_string();
    let files = page::render(&page::Series { issues: &issues, checkpoint: &checkpoint });
    files.into_iter().map(|(path, bytes)| SiteFile { path, bytes }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "publish/tests.rs"]
mod tests;
