//! Publishing: append, sign the checkpoint, build the site, write it, read it back.

mod cosignatures;

use std::path::PathBuf;

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT};
use canary_format::envelope::{Envelope, MAX_ENVELOPE};
use canary_format::issue::Issue;
use canary_format::layout::{CHECKPOINT, issue_path};
use canary_format::pin::Pin;
use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Obtained, Site};
use canary_verifier::judge::Judgement;
use canary_verifier::report::Report;

use crate::checkpoint::{FutureHeartbeat, MachineKeys, SignError, not_before_published, sign};
use crate::folder::{Folder, FolderError};
use crate::judging::{
    JudgingError, Known, NotAuthentic, judge_growth, judge_series, judge_site, reaches_back,
};
use crate::lasting::{Keeper, LastingError, Looking, look_after};
use crate::page::{self, History, Shown};
use crate::private_keys::{PrivateKeys, SearchError, refuse_signers};
use crate::series::{Series, SeriesError};
use crate::site::SiteFile;
use crate::store::{Store, StoreError};
use crate::update::{Published, Update, UpdateError, Updated, bring_up_to_date};
use crate::verified::Verified;

/// A series that the verifier calls authentic, with the checkpoint and the files for people: ready
/// to be written anywhere.
#[derive(Debug)]
pub struct Publication {
    /// The publisher's folder, where what is found in a place is kept.
    folder: PathBuf,
    series: Series,
    newest: Issue,
    /// The newest issue that an earlier run called authentic, where only what is new is read.
    known: Option<Known>,
    /// The issue from which on the report judges, where that is not the first.
    judged_from: Option<Known>,
    history: History,
    checkpoint: Checkpoint,
    pages: Vec<SiteFile>,
    now: Timestamp,
    future: FutureHeartbeat,
    drafted: Drafted,
    report: Report,
    private_keys: PrivateKeys,
}

/// What the draft is to the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drafted {
    /// There was none.
    None,
    /// The folder holds it as an issue already: a run was killed.
    Held,
    /// It is the next issue, with this number.
    Next(u64),
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
    /// A signer's private key is in the folder, or it cannot be looked through for one.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The checkpoint cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The verifier does not call the series authentic.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// An envelope of the series cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
}

impl From<LastingError> for ReadBackError {
    fn from(error: LastingError) -> Self {
        match error {
            LastingError::Store(error) => Self::Store(error),
            LastingError::Series(error) => Self::Series(error),
            LastingError::Otherwise(path) => Self::Otherwise { path },
        }
    }
}

impl From<JudgingError> for PublishError {
    fn from(error: JudgingError) -> Self {
        match error {
            JudgingError::NotAuthentic(error) => Self::NotAuthentic(error),
            JudgingError::Series(error) => Self::Series(error),
        }
    }
}

/// Why a place does not show the publication.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBackError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An envelope of the series cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A file was put there and reads otherwise.
    #[error("{path} was put there and reads otherwise")]
    Otherwise {
        /// The path below the site's prefix.
        path: String,
    },
    /// What it holds is not what was published.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

/// What a place was found to hold.
#[derive(Debug)]
pub struct ReadBack {
    /// What the verifier concludes of it.
    pub report: Report,
    /// The paths that were missing or had other bytes, and were put back.
    pub mended: Vec<String>,
}

impl Publication {
    /// Reads the folder, takes the signed draft as the next issue and signs the checkpoint. The verifier
    /// judges the series before anything is written: the whole of it, or what was added since an
    /// earlier run that did.
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
        let verified = Verified::read(folder.root());
        let resumed = match &verified {
            Some(verified) => folder.series_after(verified)?,
            None => None,
        };
        let next = draft.and_then(|draft| Issue::parse(draft.payload()).ok()).map(|i| i.number);
        let grows = |series: &Series, verified: &Verified| {
            series.size() > verified.size() || next == Some(series.size() + 1)
        };
        // Where there is nothing new, a run is a look at everything.
        let (mut series, verified) = match (resumed, verified) {
            (Some(series), Some(verified)) if grows(&series, &verified) => (series, Some(verified)),
            _ => (folder.series()?, None),
        };
        let known = verified
            .as_ref()
            .map(|verified| Known { number: verified.size(), digest: verified.digest });
        let mut drafted = Drafted::None;
        if let Some(draft) = draft {
            let number = Issue::parse(draft.payload()).map_err(PublishError::Refused)?.number;
            let expected = series.size() + 1;
            match series.envelope(number)? {
                // A run was killed after the draft had become an issue. A signature that came later
                // changes nothing: a leaf never changes.
                Some(held) if held.payload() == draft.payload() => drafted = Drafted::Held,
                Some(_) => return Err(PublishError::Used { number }),
                None if number == expected => {
                    series.push(draft.clone());
                    drafted = Drafted::Next(number);
                }
                None => return Err(PublishError::OutOfChain { number, expected }),
            }
        }
        let size = series.size();
        let newest = series.newest_issue().ok_or(PublishError::Nothing)?;
        let newest = newest.map_err(PublishError::Refused)?;
        let private_keys = refuse_signers(folder, &series, &newest)?;
        let checkpoint = sign(&newest.origin, size, series.root(), &newest.log, keys, now)?;
        let judged_from = match known {
            Some(known) if reaches_back(&series, known)? => None,
            known => known,
        };
        let judgement = judge_series(&series, &checkpoint, judged_from, now)?;
        let history = history(verified.map(|verified| verified.history), &judgement);

        let report = judgement.report;
        let pages = Vec::new();
        let mut publication = Self {
            folder: folder.root().to_owned(),
            series,
            newest,
            known,
            judged_from,
            history,
            checkpoint,
            pages,
            now,
            future: FutureHeartbeat::Keep,
            drafted,
            report,
            private_keys,
        };
        publication.pages = publication.render()?;
        if preparing == Preparing::Append {
            publication.keep(folder)?;
        }
        Ok(publication)
    }

    /// Keeps the draft as an issue of the series, durably, and removes its file.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written.
    pub fn keep(&self, folder: &Folder) -> Result<(), PublishError> {
        let newest = self.series.newest().ok_or(PublishError::Nothing)?;
        if let Drafted::Next(number) = self.drafted {
            folder.append(number, newest)?;
        }
        let (leaves, history) = (self.series.leaves().to_vec(), self.history.clone());
        // Without it the next run reads everything: it is no reason not to publish.
        let _ = Verified { leaves, digest: newest.digest(), history }.write(folder.root());
        if self.drafted != Drafted::None {
            folder.remove_draft()?;
        }
        Ok(())
    }

    /// Whether the newest issue is a draft that the folder does not yet hold as an issue.
    pub fn takes_a_draft(&self) -> bool {
        matches!(self.drafted, Drafted::Next(_))
    }

    /// Looks whether a place can take the publication: it holds none but issues of this series, no other
    /// issue under the newest number, where a killed run left one before the checkpoint, and no later
    /// heartbeat. Nothing is written.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub fn look(&self, store: &mut dyn Store) -> Result<(), UpdateError> {
        let mut held = 0;
        if let Some(published) = Published::read(store, &self.series, self.checkpoint.origin())? {
            let Self { newest, now, future, .. } = self;
            not_before_published(&published.checkpoint, &newest.log, *now, *future)?;
            held = published.checkpoint.size();
        }
        let size = self.series.size();
        if let Some(newest) = self.series.newest().filter(|_| held < size)
            && let Some(there) = store.read(&issue_path(size), MAX_ENVELOPE)?
            && there != newest.bytes()
        {
            return Err(StoreError::Conflict { path: issue_path(size) }.into());
        }
        Ok(())
    }

    /// The files for people.
    fn render(&self) -> Result<Vec<SiteFile>, SeriesError> {
        let checkpoint = self.checkpoint.to_string();
        let files = shown(&self.series, &self.newest, &self.history, &checkpoint, page::render)?;
        Ok(files.into_iter().map(|(path, bytes)| SiteFile { path, bytes }).collect())
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

    /// The issue from which on the report judges: the newest that an earlier run called authentic, or 1
    /// where there is none, or where what is new is held against more than that one.
    pub fn baseline(&self) -> u64 {
        self.judged_from.map_or(1, |known| known.number)
    }

    /// The pin of an issue, under the series' canonical URL; `None` where there is no such issue.
    ///
    /// # Errors
    ///
    /// Where its envelope cannot be had.
    pub fn pin(&self, number: u64) -> Result<Option<Pin>, SeriesError> {
        let envelope = self.series.envelope(number)?;
        let url = self.newest.publisher.canonical_url.clone();
        Ok(envelope.map(|envelope| Pin { url, number, digest: envelope.digest() }))
    }

    /// Private keys in the folder that are in no roster: a caller warns of them.
    pub fn private_keys(&self) -> &PrivateKeys {
        &self.private_keys
    }

    /// Decides about heartbeats in places that lie ahead of the clock. They are kept unless this is called.
    pub fn set_future_heartbeat(&mut self, future: FutureHeartbeat) {
        self.future = future;
    }

    /// Writes the site to a place, or finishes what a killed run began there.
    ///
    /// # Errors
    ///
    /// Why not; a reader finds what was there before.
    pub fn write(&self, store: &mut dyn Store) -> Result<Updated, UpdateError> {
        let update = Update {
            series: &self.series,
            declared: &self.newest.log,
            checkpoint: &self.checkpoint,
            pages: &self.pages,
            now: self.now,
            future: self.future,
        };
        bring_up_to_date(store, &update)
    }

    /// Reads the site back from a place and judges it at an instant: the whole of it, or with what
    /// earlier runs verified, the issues since then. Every issue, bundle and tile there is looked
    /// at; what is missing or has other bytes is put back, for the checkpoint there covers the bytes
    /// of this series.
    ///
    /// # Errors
    ///
    /// What is not as it was published.
    pub fn read_back(
        &self,
        store: &mut dyn Store,
        at: Timestamp,
    ) -> Result<ReadBack, ReadBackError> {
        let otherwise = || ReadBackError::Otherwise { path: CHECKPOINT.to_owned() };
        let bytes = store.read(CHECKPOINT, MAX_CHECKPOINT)?.ok_or_else(otherwise)?;
        let checkpoint = Checkpoint::parse(&bytes).map_err(|_| otherwise())?;
        if (checkpoint.size(), checkpoint.root()) != (self.series.size(), self.checkpoint.root()) {
            return Err(otherwise());
        }
        let keeper = Keeper::of(&self.folder, store.place());
        let looking = match self.known {
            Some(_) => Looking::AtChanges,
            None => Looking::AtEverything,
        };
        let mended = look_after(store, &self.series, &bytes, &keeper, looking)?;
        let judgement = match self.known {
            Some(known) => {
                let leaves = store.read_leaves(self.series.size(), known.number - 1)?;
                let leaves = leaves.ok_or_else(otherwise)?;
                judge_growth(leaves, &checkpoint, &self.series, known, at)?
            }
            None => judge_site(store.read_site()?, &self.series, at)?,
        };
        Ok(ReadBack { report: judgement.report, mended })
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

/// The history that was known, with what was judged and is not in it yet.
fn history(known: Option<History>, judgement: &Judgement) -> History {
    let issues = judgement.series.iter();
    let issues: Vec<Shown<'_>> =
        issues.map(|issue| Shown { issue: issue.issue(), envelope: issue.envelope() }).collect();
    match known {
        Some(mut history) => {
            let known = history.size();
            let new = issues.iter().filter(|shown| shown.issue.number > known);
            new.for_each(|shown| history.add(shown));
            history
        }
        None => History::of(&issues).expect("an authentic series has an issue"),
    }
}

/// Shows a series to a renderer of the page.
pub(crate) fn shown<T>(
    series: &Series,
    newest: &Issue,
    history: &History,
    checkpoint: &str,
    render: impl FnOnce(&page::Series<'_>) -> T,
) -> Result<T, SeriesError> {
    let envelope = series.newest().expect("a series that is shown has an issue");
    let carried = if history.is_carried() { series.size() } else { 0 };
    let carried = series.envelopes().take(usize::try_from(carried).unwrap_or(0));
    let carried: Vec<Envelope> =
        carried.map(|e| e.map(std::borrow::Cow::into_owned)).collect::<Result<_, _>>()?;
    let newest = Shown { issue: newest, envelope };
    Ok(render(&page::Series { history, newest, carried: &carried, checkpoint }))
}

#[cfg(test)]
#[path = "publish/tests.rs"]
mod tests;
