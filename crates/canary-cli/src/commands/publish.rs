//! `canary publish`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use canary_format::pin::Pin;
use canary_publisher::delivery::{
    Delivered, Delivery, DeliveryError, Done, Refusing, deliver, look, look_elsewhere,
};
use canary_publisher::folder::Folder;
use canary_publisher::publish::{Preparing, Publication, PublishError};
use canary_publisher::read_back::{Patience, Shown, until_shown};
use canary_publisher::target::Target;
use canary_publisher::{FutureHeartbeat, MachineKeys};
use canary_verifier::fetch::{Fetcher, Limits};
use canary_verifier::report::{Code, Finding, Report, Severity};
use canary_verifier::target::Prefix;
use clap::Args;
use serde::Serialize;

use super::delivered::{found, record};
use super::publishing;
use super::publishing::draft::{self, Ready};
use super::witnessing::{self, WitnessOutcome};
use crate::error::{Failure, Kind};
use crate::runtime::run;
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary publish --to /var/www/html/.well-known/canary --to s3://example-canary/canary

Takes the signed draft.json as the next issue, or finishes what an earlier run began; without one, looks
at everything that is published and puts back what is missing or damaged. Needs the keys
of the log and the heartbeat only: a folder that holds a signer's private key is refused.

TARGET is a directory, s3://bucket/prefix, sftp://user@host/path, git+<url>#<branch>[:<folder>], or
a name under [targets] of canary.toml; without --to, all of those. Credentials come from the
environment, profile files or an agent.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Publish {
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where to write the site; may be given several times
    #[arg(long = "to", value_name = "TARGET")]
    targets: Vec<String>,
    /// A public URL to read back, in place of those that the issue names
    #[arg(long = "url", value_name = "URL")]
    urls: Vec<String>,
    /// How long a public URL may take to show the issue
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(..=86_400))]
    wait: u64,
    /// Replace a published heartbeat that lies ahead of the clock. Only where the clock is right now
    #[arg(long)]
    danger_replace_future_heartbeat: bool,
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
    pin: Option<Pin>,
    /// That of issue 1, by which readers know the whole series.
    first_pin: Option<Pin>,
    /// What verifiers remark, at attention and above, to a reader who has known the series until now.
    findings: Vec<Finding>,
    /// There is a draft that is short of a quorum, and was left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft_short: Option<String>,
    dry_run: bool,
    /// How old the heartbeat may become, in seconds.
    #[serde(skip)]
    heartbeat_within: Option<i64>,
    targets: Vec<TargetOutcome>,
    urls: Vec<UrlOutcome>,
    witnesses: Vec<WitnessOutcome>,
}

#[derive(Serialize)]
struct TargetOutcome {
    target: String,
    /// How many issues were there before.
    held: Option<u64>,
    written: Vec<String>,
    /// Files of earlier issues that were missing or had other bytes, and were put back.
    mended: Vec<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct UrlOutcome {
    url: String,
    shows_newest: bool,
    /// How many issues it shows, where it is behind.
    issues: Option<u64>,
    /// Whether it answers.
    reachable: bool,
    error: Option<String>,
}

impl Publish {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let folder = publishing::open(&self.folder)?;
        let targets = publishing::targets(&self.folder, &self.targets)?;
        let keys = folder.machine_keys().map_err(|e| publishing::folder_failure(&e))?;
        let (mut publication, short) = self.prepare(&folder, &keys, &targets)?;
        let witnesses = match self.dry_run {
            true => Vec::new(),
            false => witnessing::gather(&self.folder, &mut publication)?,
        };
        let delivery = if self.dry_run { Delivery::Preview } else { Delivery::Write };
        let delivered = deliver(&publication, &targets, delivery, clock::now);
        if !self.dry_run {
            let newest = publication.newest().number;
            let held = |delivered: &Delivered| match &delivered.result {
                Ok(_) => found(Ok(newest)),
                Err(DeliveryError::Update(error)) => found(Err(error)),
                Err(_) => None,
            };
            let run: Vec<_> = targets.iter().zip(delivered.iter().map(held)).collect();
            self.record(&run);
        }
        let succeeded: Vec<Target> = targets
            .into_iter()
            .zip(&delivered)
            .filter_map(|(target, delivered)| delivered.result.is_ok().then_some(target))
            .collect();
        let urls = match self.dry_run || succeeded.is_empty() {
            true => Vec::new(),
            false => self.urls(&publication, &succeeded)?,
        };
        let digest = publication.series().newest().map(|newest| newest.digest().to_string());
        let pin = |number| {
            let pin = publication.pin(number);
            pin.map_err(|error| publishing::publish_failure(&PublishError::Series(error)))
        };
        let outcome = Outcome {
            issue: publication.newest().number,
            digest: digest.unwrap_or_default(),
            pin: pin(publication.newest().number)?,
            first_pin: pin(1)?,
            findings: remarked(publication.report()).cloned().collect(),
            draft_short: short,
            heartbeat_within: publication.newest().log.heartbeat.as_ref().map(|one| one.max_age),
            dry_run: self.dry_run,
            targets: delivered.iter().map(TargetOutcome::of).collect(),
            urls: self.read_back(&publication, &urls)?,
            witnesses,
        };
        if self.json {
            output::json(&outcome);
        } else {
            output::result(&outcome.in_words());
        }
        outcome.status(&delivered)
    }

    /// The publication, and how far a draft is that is short of a quorum. A draft becomes an issue once
    /// every target was looked at, those of canary.toml that the run does not write too.
    fn prepare(
        &self,
        folder: &Folder,
        keys: &MachineKeys,
        targets: &[Target],
    ) -> Result<(Publication, Option<String>), Failure> {
        let _lock = match self.dry_run {
            true => None,
            false => Some(draft::lock(&self.folder)?),
        };
        let (draft, short) = match draft::read(&self.folder)? {
            Ready::None => (None, None),
            Ready::Signed(envelope) => (Some(envelope), None),
            Ready::Short(why) => (None, Some(why)),
        };
        let now = clock::now();
        let rehearsed =
            Publication::prepare(folder, keys, draft.as_ref(), now, Preparing::Rehearse);
        let mut publication = rehearsed.map_err(|error| match (error, &short) {
            (PublishError::Nothing, Some(why)) => draft::not_ready(&self.folder, why),
            (error, _) => publishing::publish_failure(&error),
        })?;
        if self.danger_replace_future_heartbeat {
            publication.set_future_heartbeat(FutureHeartbeat::Replace);
        }
        publishing::warn_of(publication.private_keys());
        foretell(&publication);
        if publication.takes_a_draft() {
            let mut others = publishing::known_targets(&self.folder)?;
            others
                .retain(|other| targets.iter().all(|one| !one.address.is_place_of(&other.address)));
            let failure = |(name, error): Refusing| {
                let target = targets.iter().chain(&others).find(|target| target.name == name);
                let found = found(Err(&error)).filter(|_| !self.dry_run);
                if let (Some(target), Some(_)) = (target, found) {
                    self.record(&[(target, found)]);
                }
                publishing::at_target(&name, publishing::update_failure(&error))
            };
            // A run without writing says what each of its own targets shows.
            if !self.dry_run {
                look(&publication, targets, clock::now).map_err(failure)?;
            }
            for (target, error) in
                look_elsewhere(&publication, &others, clock::now).map_err(failure)?
            {
                let cause = publishing::update_failure(&error);
                let said = format!("warning: {target} was not looked at: {}", cause.cause());
                output::progress(&output::inert(&said));
            }
        }
        if self.dry_run {
            return Ok((publication, short));
        }
        publication.keep(folder).map_err(|error| publishing::publish_failure(&error))?;
        Ok((publication, short))
    }

    /// Keeps what targets were found to hold, for `canary status`.
    fn record(&self, run: &[(&Target, Option<u64>)]) {
        if let Err(error) = record(&self.folder, run) {
            let said = format!("warning: {error}: `canary status` will not know of this run");
            output::progress(&output::inert(&said));
        }
    }

    /// Which public URLs to read back: those that the user names, those of the targets, and where a
    /// target is on another machine, those of the issue.
    fn urls(&self, publication: &Publication, targets: &[Target]) -> Result<Vec<Prefix>, Failure> {
        let publisher = &publication.newest().publisher;
        let mut urls: Vec<String> = self.urls.clone();
        if urls.is_empty() {
            urls.extend(targets.iter().filter_map(|target| target.url.clone()));
            if targets.iter().any(|target| target.is_remote() && target.url.is_none()) {
                urls.push(publisher.canonical_url.clone());
                urls.extend(publisher.mirrors.iter().flatten().cloned());
            }
        }
        urls.sort();
        urls.dedup();
        // What is no URL is not repeated: it might hold a token.
        let prefix = |url: String| {
            Prefix::parse(&url).map_err(|_| {
                Failure::new(Kind::Usage, "a public URL to read back is refused")
                    .hint("expected https://HOST/PATH/ without user, password and query: see --url and [targets]")
            })
        };
        urls.into_iter().map(prefix).collect()
    }

    fn read_back(
        &self,
        publication: &Publication,
        urls: &[Prefix],
    ) -> Result<Vec<UrlOutcome>, Failure> {
        if urls.is_empty() {
            return Ok(Vec::new());
        }
        let fetcher = Fetcher::new(Limits::default())
            .map_err(|error| Failure::from_error(Kind::Io, &error))?;
        let patience =
            Patience { at_most: Duration::from_secs(self.wait), between: Duration::from_secs(3) };
        run(async {
            let mut outcomes = Vec::new();
            for url in urls {
                output::progress(&format!("reading back {}", url.as_str()));
                let shown = until_shown(&fetcher, url, publication, patience, clock::now).await;
                outcomes.push(UrlOutcome::of(url, shown));
            }
            outcomes
        })
    }
}

impl Outcome {
    fn in_words(&self) -> String {
        let mut text = format!("issue {} {}\n", self.issue, self.digest);
        let first = self.first_pin.as_ref().filter(|_| self.first_pin != self.pin);
        for (name, pin) in [("pin", self.pin.as_ref()), ("first pin", first)] {
            text += &pin.map_or_else(String::new, |pin| format!("  {name:<9}  {pin}\n"));
        }
        if let Some(why) = &self.draft_short {
            text += &format!("  draft.json: not published: {why}; see `canary status`\n");
        }
        for target in &self.targets {
            let files = files(target.written.len());
            let said = match &target.error {
                Some(error) => format!("not published: {error}"),
                None if self.dry_run => format!("{files} would be written"),
                None => format!("published, read back and verified; {files} written"),
            };
            text += &output::inert(&format!("  {}: {said}\n", target.target));
            if !target.mended.is_empty() {
                text += &output::inert(&format!(
                    "    not as published there, and put back: {}\n",
                    some_of(&target.mended)
                ));
            }
        }
        for url in &self.urls {
            let said = match (url.issues, &url.error) {
                (Some(0), _) => "behind: it shows no canary yet".to_owned(),
                (_, Some(error)) if !url.reachable => format!("cannot be reached: {error}"),
                (Some(issues), _) => format!("behind: it shows issue {issues}"),
                (None, Some(error)) => format!("does not verify: {error}"),
                (None, None) => "shows the issue, verified".to_owned(),
            };
            text += &output::inert(&format!("  {}: {said}\n", url.url));
        }
        let published = self.targets.iter().any(|target| target.error.is_none());
        if !self.dry_run && published {
            if self.urls.is_empty() {
                text += "  no public URL was looked at: `--url` names one, or `url` of a target\n";
            }
            if self.issue == 1 {
                text += &self.next_steps();
            }
        }
        text
    }

    /// What a publisher has to set up once, after the first issue.
    fn next_steps(&self) -> String {
        let mut text =
            "next: from cron, each day, `canary status`: it says when to sign again\n".to_owned();
        if let Some(seconds) = self.heartbeat_within {
            let hours = seconds / 3_600;
            text += &format!(
                "      and each hour `canary heartbeat`: after {hours} h without one verifiers raise an alarm\n"
            );
        }
        text
    }

    fn status(&self, delivered: &[Delivered]) -> Result<ExitCode, Failure> {
        let mut failures = delivered.iter().filter_map(|delivered| {
            let error = delivered.result.as_ref().err()?;
            Some((&delivered.target, publishing::delivery_failure(error)))
        });
        if let Some((target, failure)) = failures.next() {
            let more = failures.count();
            let (others, kind) = (delivered.len() - 1 - more, failure.kind());
            let failure = publishing::at_target(target, failure);
            let mut hint = failure.next_step().unwrap_or("run it again").to_owned();
            if more > 0 {
                hint += &format!("; {more} more failed");
            }
            if others > 0 {
                let done = if self.dry_run { "can be" } else { "is" };
                let done = if others > 1 { done.replace("is", "are") } else { done.to_owned() };
                hint += &format!("; {others} {done} published");
            }
            return Err(Failure::new(kind, failure.cause()).hint(hint));
        }
        let behind: Vec<&UrlOutcome> = self.urls.iter().filter(|url| !url.shows_newest).collect();
        let hint = if behind.is_empty() {
            return Ok(ExitCode::SUCCESS);
        } else if behind.iter().all(|url| !url.reachable) {
            "the targets hold the issue: once the URL answers, look with `canary verify URL`"
        } else if behind.iter().all(|url| url.issues == Some(0)) {
            "the host may serve no hidden folders such as .well-known, or the target be another place than \
             the URL shows: see docs/hosting.md"
        } else if behind.iter().all(|url| url.issues.is_some()) {
            "a cache may keep an old copy for a while: run `canary verify URL` later"
        } else {
            "the targets hold the issue: look with `canary verify URL`, and see docs/hosting.md"
        };
        let urls: Vec<&str> = behind.iter().map(|url| url.url.as_str()).collect();
        let cause = format!("not shown within the time given: {}", urls.join(", "));
        Err(Failure::new(Kind::Later, cause).hint(hint))
    }
}

/// What verifiers remark on the publication, but that this run gave them no pin.
fn remarked(report: &Report) -> impl Iterator<Item = &Finding> {
    let told =
        |finding: &&Finding| finding.severity > Severity::Alive && finding.code != Code::Unpinned;
    report.findings.iter().filter(told)
}

/// Says what verifiers will remark, while nothing is written yet: a company may mean it, or not.
fn foretell(publication: &Publication) {
    let remarks: Vec<&Finding> = remarked(publication.report()).collect();
    if let Some(worst) = remarks.iter().map(|finding| finding.severity).max() {
        let (number, known) = (publication.newest().number, publication.baseline());
        let said = crate::report::remarks(remarks);
        let said = said.trim_end();
        output::progress(&format!(
            "issue {number}: to readers who have known the series since issue {known}, verifiers say {worst}:\n{said}"
        ));
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// The first paths of many, and how many more there are.
fn some_of(paths: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut said = paths[..paths.len().min(SHOWN)].join(", ");
    if paths.len() > SHOWN {
        said += &format!(" and {} more", paths.len() - SHOWN);
    }
    said
}

impl TargetOutcome {
    fn of(delivered: &Delivered) -> Self {
        let target = delivered.target.clone();
        match &delivered.result {
            Ok(Done { updated, mended }) => Self {
                target,
                held: Some(updated.held),
                written: updated.written.clone(),
                mended: mended.clone(),
                error: None,
            },
            Err(error) => {
                let failure = publishing::delivery_failure(error);
                let error = Some(failure.cause().to_owned());
                Self { target, held: None, written: Vec::new(), mended: Vec::new(), error }
            }
        }
    }
}

impl UrlOutcome {
    fn of(url: &Prefix, shown: Shown) -> Self {
        let reachable = !matches!(shown, Shown::Unreachable(_));
        let (issues, error) = match shown {
            Shown::Behind { issues } => (Some(issues), None),
            Shown::Otherwise(error) | Shown::Unreachable(error) => (None, Some(error)),
            _ => (None, None),
        };
        let shows_newest = issues.is_none() && error.is_none();
        Self { url: url.as_str().to_owned(), shows_newest, issues, reachable, error }
    }
}
