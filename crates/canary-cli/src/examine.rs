//! From what a user names to a judgement: fetch or read, judge against what was seen, keep.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use canary_dialects::dialect::{MAX_TEXT, recognise};
use canary_dialects::reading::{Kind as DialectKind, Published};
use canary_format::checkpoint::Checkpoint;
use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_format::tlog_proof::TlogProof;
use canary_verifier::evidence::{Evidence, Mirror, Obtained, Seen, Source, Trust};
use canary_verifier::fetch::{Fetcher, Known, Limits, Network};
use canary_verifier::judge::{Judgement, WitnessCopy, judge};
use canary_verifier::state::{CachedCheckpoint, Held, StateError, Store, TargetState};
use canary_verifier::target::{Place, Prefix, Target};
use canary_verifier::trust_store::{Entry, TrustError, TrustStore, Trusted};
use canary_verifier::witness::{MAX_POLICY, WitnessPolicy};
use canary_verifier::{files, fork};
use clap::Args;

use crate::error::{Failure, Kind};
use crate::runtime::run;
use crate::{clock, input, output, places};

/// What to look at, and how.
#[derive(Args, Debug)]
pub(crate) struct Subject {
    /// A host, URL prefix, pin, directory or file
    ///
    /// Text with `://` is a URL or pin. Text that begins with `.` or `~`, holds a path separator,
    /// ends in .json, .tlog-proof or .canary, or names something that is there, is a path. Anything
    /// else is a host.
    #[arg(value_name = "TARGET")]
    target: String,
    /// What names the series for ever: URL#NUMBER:sha256:DIGEST
    #[arg(long, value_name = "PIN")]
    pin: Option<String>,
    /// The same series elsewhere; may be given several times
    #[arg(long, value_name = "URL")]
    mirror: Vec<String>,
    /// Neither read nor keep what was seen before
    #[arg(long, conflicts_with = "state")]
    no_state: bool,
    /// Keep what was seen in this folder, for directories and files too
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Judge as of another instant; nothing is kept then, unless --state says where
    #[arg(long, value_name = "RFC 3339", value_parser = instant)]
    at: Option<Timestamp>,
    /// How long the whole fetch may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Let this host's name lead to an address that is not public
    #[arg(long, value_name = "HOST")]
    danger_private_host: Vec<String>,
}

/// Whether what was seen is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Durably, before anything is printed.
    Seen,
    /// This command only looks.
    Nothing,
}

/// A judgement and what is known around it.
pub(crate) struct Examined {
    pub(crate) judgement: Judgement,
    /// Where both sides of a fork were kept.
    pub(crate) forks_in: Option<PathBuf>,
    /// The newest time proof in a file, which shows nothing after it.
    pub(crate) file_as_of: Option<Timestamp>,
    /// Why what was seen could not be kept: the judgement stands all the same.
    pub(crate) not_kept: Option<Failure>,
}

impl Subject {
    /// The target on its own, without any option.
    pub(crate) fn of_url(url: &str, timeout: u64, danger_private_host: Vec<String>) -> Self {
        Self {
            target: url.to_owned(),
            pin: None,
            mirror: Vec::new(),
            no_state: true,
            state: None,
            at: None,
            timeout,
            danger_private_host,
        }
    }

    /// What the user named, for a canary of another format: there a pin, mirrors and what was seen
    /// before have no meaning, nor has what the command itself `asks` beyond them.
    pub(crate) fn of_another_format(
        &self,
        asks: &[(&str, bool)],
    ) -> Result<(&str, Timestamp), Failure> {
        let native = [
            ("--pin", self.pin.is_some()),
            ("--mirror", !self.mirror.is_empty()),
            ("--state", self.state.is_some()),
        ];
        if let Some((option, _)) = native.iter().chain(asks).find(|(_, given)| *given) {
            return Err(Failure::new(
                Kind::Usage,
                format!("{option} is of the native format, and this is a canary of another"),
            )
            .hint("leave it out; whom to believe is said with --trust-key"));
        }
        Ok((&self.target, self.at.unwrap_or_else(clock::now)))
    }

    /// The other format whose marks a file bears.
    pub(crate) fn other_format(&self) -> Option<DialectKind> {
        let Place::Path(path) = parse_target(&self.target).ok()?.place else { return None };
        let body = input::read_if_there(&path, MAX_TEXT).ok()??;
        let source = path.display().to_string();
        let published = Published { source: &source, body: &body, beside: &[], seen: None };
        recognise(&published).ok().filter(|kind| *kind != DialectKind::Plain)
    }

    /// A fetcher within what the user allows.
    pub(crate) fn fetcher(&self) -> Result<Fetcher, Failure> {
        let limits = Limits { deadline: Duration::from_secs(self.timeout), ..Limits::default() };
        let network = Network {
            danger_private_hosts: self.danger_private_host.iter().cloned().collect(),
            ..Network::default()
        };
        Fetcher::with_network(limits, network)
            .map_err(|error| Failure::from_error(Kind::Io, &error))
    }

    /// Obtains the target and judges it. What `asked` leaves open comes from the trust file.
    pub(crate) fn examine(&self, asked: Trust, keep: Keep) -> Result<Examined, Failure> {
        let target = parse_target(&self.target)?;
        let given = self.pin.as_deref().map(parse_pin).transpose()?;
        let pin = match (given, target.pin.clone()) {
            (Some(given), Some(pin)) if given != pin => {
                return Err(Failure::new(Kind::Usage, "the target is one pin and --pin another")
                    .hint("give one of them"));
            }
            (given, pin) => given.or(pin),
        };
        if let Place::Path(path) = &target.place {
            warn_of_path(&self.target, path);
        }
        let mirrors: Vec<Target> =
            self.mirror.iter().map(|mirror| parse_target(mirror)).collect::<Result<_, _>>()?;
        let state = self.state_of(&target)?;
        let before = state.as_ref().map(TargetState::seen).transpose().map_err(of_state)?.flatten();
        let cached = match (&state, &before) {
            (Some(state), Some(_)) => state.checkpoint().map_err(of_state)?,
            _ => None,
        };
        let now = self.at.unwrap_or_else(clock::now);
        let obtained = self.obtain(&target, &mirrors, before.as_ref(), cached.as_ref(), now)?;
        let trust = trusted(&target, &obtained.evidence, Trust { pin, ..asked })?;
        let copies = match &target.place {
            Place::Site(_) => self.witness_copies(&trust, &obtained.evidence)?,
            Place::Path(_) => Vec::new(),
        };
        let judged = |seen: Option<&Seen>| {
            judge(&obtained.evidence, &trust, seen, now).beside_witness_copies(&copies, now)
        };
        let Some(state) = state.filter(|_| self.keeps(keep)) else {
            // What was seen since is no sign that the clock of another instant is behind.
            let asked = before.map(|seen| match self.at {
                Some(_) => Seen { newest_instant: None, ..seen },
                None => seen,
            });
            return Ok(Examined::of(judged(asked.as_ref()), &obtained.evidence));
        };
        // Another run may have seen more in the meantime: judge against that, and keep, in one turn.
        let held = match state.hold() {
            Ok(held) => held,
            Err(error @ StateError::File(_)) => {
                let examined = Examined::of(judged(before.as_ref()), &obtained.evidence);
                return Ok(Examined { not_kept: Some(of_state(error)), ..examined });
            }
            Err(error) => return Err(of_state(error)),
        };
        let mut examined = Examined::of(judged(held.seen()), &obtained.evidence);
        match keep_seen(held, &examined.judgement, obtained.checkpoint.as_ref()) {
            Ok(forks_in) => examined.forks_in = forks_in,
            Err(failure) => examined.not_kept = Some(failure),
        }
        Ok(examined)
    }

    /// An instant that is not now is only a question, unless the user says where its answer goes.
    fn keeps(&self, keep: Keep) -> bool {
        keep == Keep::Seen && (self.at.is_none() || self.state.is_some())
    }

    fn state_of(&self, target: &Target) -> Result<Option<TargetState>, Failure> {
        let key = match &target.place {
            Place::Site(prefix) => prefix.to_string(),
            Place::Path(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                plain(&path).display().to_string()
            }
        };
        let folder = match (&self.state, &target.place) {
            (Some(folder), _) => folder.clone(),
            (None, Place::Path(_)) => return Ok(None),
            (None, Place::Site(_)) if self.no_state => return Ok(None),
            (None, Place::Site(_)) => places::state_folder().ok_or_else(|| {
                Failure::new(Kind::Config, "no home folder to keep state in")
                    .hint("set HOME or XDG_STATE_HOME, or give --state DIR or --no-state")
            })?,
        };
        Ok(Some(Store::new(folder).target(&key)))
    }

    /// Reads or fetches. Where nothing is fetched, nothing that fetches is started.
    fn obtain(
        &self,
        target: &Target,
        mirrors: &[Target],
        seen: Option<&Seen>,
        checkpoint: Option<&CachedCheckpoint>,
        now: Timestamp,
    ) -> Result<Got, Failure> {
        let (mut prefixes, mut read) = (Vec::new(), Vec::new());
        for mirror in mirrors {
            match &mirror.place {
                Place::Site(prefix) => prefixes.push(prefix.clone()),
                Place::Path(path) => {
                    let url = path.display().to_string();
                    read.push(Mirror { url, site: files::read_site(path) });
                }
            }
        }
        let mut got = match &target.place {
            Place::Path(path) => Got { evidence: files::read(path, now), checkpoint: None },
            Place::Site(prefix) => {
                let known = Known { seen, checkpoint };
                self.fetch(prefix, known, &prefixes, now)?
            }
        };
        if let (Place::Path(_), Some((first, others))) = (&target.place, prefixes.split_first()) {
            let fetched = self.fetch(first, Known::default(), others, now)?.evidence;
            if let Source::Site(site) = fetched.source {
                got.evidence.mirrors.push(Mirror { url: first.to_string(), site });
            }
            got.evidence.mirrors.extend(fetched.mirrors);
        }
        got.evidence.mirrors.extend(read);
        Ok(got)
    }

    /// The log's newest checkpoint as each witness of the policy serves it, where the policy says
    /// where that is.
    fn witness_copies(
        &self,
        trust: &Trust,
        evidence: &Evidence,
    ) -> Result<Vec<WitnessCopy>, Failure> {
        let Some(origin) = origin(&evidence.source) else { return Ok(Vec::new()) };
        let Some(policy) = &trust.witnesses else { return Ok(Vec::new()) };
        if policy.witnesses().iter().all(|witness| witness.url.is_none()) {
            return Ok(Vec::new());
        }
        let fetcher = self.fetcher()?;
        run(fetcher.witness_copies(policy, &origin))
    }

    fn fetch(
        &self,
        prefix: &Prefix,
        known: Known<'_>,
        mirrors: &[Prefix],
        now: Timestamp,
    ) -> Result<Got, Failure> {
        let fetcher = self.fetcher()?;
        let fetched = run(fetcher.fetch(prefix, known, mirrors, now))?;
        Ok(Got { evidence: fetched.evidence, checkpoint: fetched.checkpoint })
    }
}

/// Keeps what was seen, and both sides of whatever cannot both be true; gives where the latter is.
fn keep_seen(
    mut held: Held,
    judgement: &Judgement,
    checkpoint: Option<&CachedCheckpoint>,
) -> Result<Option<PathBuf>, Failure> {
    if let Some(seen) = &judgement.seen {
        held.advance(seen).map_err(of_state)?;
    }
    // Only what was accepted is asked for again as known: other bytes may carry the next one's validators.
    let accepted = judgement.seen.as_ref().map(|seen| seen.checkpoint.as_slice());
    if let Some(cached) = checkpoint.filter(|cached| accepted == Some(cached.bytes.as_slice())) {
        held.keep_checkpoint(cached).map_err(of_state)?;
    }
    for fork in &judgement.forks {
        held.keep_fork(fork.number, &fork.ours).map_err(of_state)?;
        held.keep_fork(fork.number, &fork.theirs).map_err(of_state)?;
    }
    let mut forks_in = None;
    for sides in &judgement.contradictions {
        let saved = fork::write(&held.folder().join("forks"), sides);
        forks_in = Some(saved.map_err(|error| Failure::from_error(Kind::Io, &error))?);
    }
    Ok(forks_in)
}

/// One path for one place, however it was typed: without `.` and `..`, and without a slash at its end.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

impl Examined {
    fn of(judgement: Judgement, evidence: &Evidence) -> Self {
        let file_as_of = file_as_of(evidence, &judgement);
        Self { judgement, forks_in: None, file_as_of, not_kept: None }
    }
}

fn file_as_of(evidence: &Evidence, judgement: &Judgement) -> Option<Timestamp> {
    match &evidence.source {
        Source::Proof(_) => judgement.newest_time_proof(),
        _ => None,
    }
}

struct Got {
    evidence: Evidence,
    checkpoint: Option<CachedCheckpoint>,
}

/// Says so where a host may have been meant, and a path was read.
pub(crate) fn warn_of_path(text: &str, path: &Path) {
    let like_a_host = text.split_once('/').is_some_and(|(host, _)| {
        !host.starts_with(['.', '~']) && host.contains('.') && !host.contains(' ')
    });
    if like_a_host && !path.exists() {
        let text = output::line(text);
        output::progress(&format!("{text} is read as a path; for a host write https://{text}"));
    }
}

/// The trust that the user asked for, filled up from the trust file.
fn trusted(target: &Target, evidence: &Evidence, asked: Trust) -> Result<Trust, Failure> {
    let url = match &target.place {
        Place::Site(prefix) => Some(prefix.to_string()),
        Place::Path(_) => asked.pin.as_ref().map(|pin| pin.url.clone()),
    };
    let entries = trust_entries()?;
    if entries.is_empty() {
        return Ok(asked);
    }
    let origin = origin(&evidence.source);
    let trusted = Trusted::of(&entries, url.as_deref(), origin.as_deref());
    let witnesses = match (asked.witnesses, trusted.witnesses) {
        (None, Some(path)) => Some(witness_policy(path)?),
        (witnesses, _) => witnesses,
    };
    Ok(Trust {
        witnesses,
        pin: asked.pin.or_else(|| trusted.pin.cloned()),
        acknowledged: asked.acknowledged.max(trusted.acknowledged),
        ..asked
    })
}

/// Reads a witness policy.
pub(crate) fn witness_policy(path: &Path) -> Result<WitnessPolicy, Failure> {
    let bytes = input::read(path, MAX_POLICY)?;
    let shown = output::line(&path.display().to_string());
    WitnessPolicy::parse(&bytes).map_err(|refusal| {
        Failure::new(Kind::Config, format!("{shown}: {refusal}"))
            .hint("a policy is a tlog-policy file: see docs/verifying.md")
    })
}

/// The origin that evidence claims; where a URL has an entry of its own, that goes before it.
fn origin(source: &Source) -> Option<String> {
    match source {
        Source::Site(site) => {
            let Obtained::Got(bytes) = &site.checkpoint else { return None };
            Some(Checkpoint::parse(bytes).ok()?.origin().to_owned())
        }
        Source::Proof(Obtained::Got(bytes)) => {
            Some(TlogProof::parse_all(bytes).ok()?.first()?.checkpoint.origin().to_owned())
        }
        Source::Envelope(Obtained::Got(bytes)) => {
            let envelope = Envelope::parse(bytes).ok()?;
            Some(Issue::parse(envelope.payload()).ok()?.origin)
        }
        _ => None,
    }
}

/// Everything in the trust file; nothing where the user has no home.
pub(crate) fn trust_entries() -> Result<Vec<Entry>, Failure> {
    match places::trust_file() {
        Some(path) => TrustStore::new(path).entries().map_err(of_trust),
        None => Ok(Vec::new()),
    }
}

pub(crate) fn parse_target(text: &str) -> Result<Target, Failure> {
    let target = Target::parse(text, Path::exists).map_err(|error| {
        Failure::from_error(Kind::Usage, &error)
            .hint("name a host, an http(s) URL, a pin, a directory or a file")
    })?;
    if let Place::Site(prefix) = &target.place
        && let Some((folder, file)) = file_of_a_site(prefix)
    {
        return Err(Failure::new(Kind::Usage, format!("{file} is one file of a canary's site"))
            .hint(format!("name the folder: {}", output::line(folder))));
    }
    let place = match target.place {
        Place::Path(path) => Place::Path(at_home(path)),
        place => place,
    };
    Ok(Target { place, ..target })
}

/// Files beside the checkpoint that a person may have the URL of.
const FILES: [&str; 10] = [
    "checkpoint",
    "latest.json",
    "latest.tlog-proof",
    "index.html",
    "verifier.html",
    "canary.txt",
    "feed.atom",
    "feed.json",
    "canary.ics",
    "badge.svg",
];

/// Folder and path in it, where a URL names a file that sites have.
fn file_of_a_site(prefix: &Prefix) -> Option<(&str, &str)> {
    let whole = prefix.as_str().trim_end_matches('/');
    let (folder, name) = whole.rsplit_once('/')?;
    let is_number = |stem: &str| stem.len() >= 4 && stem.bytes().all(|byte| byte.is_ascii_digit());
    let folder = match folder.strip_suffix("/issues") {
        Some(folder) if name.strip_suffix(".json").is_some_and(is_number) => folder,
        _ => FILES.contains(&name).then_some(folder)?,
    };
    Some((&whole[..=folder.len()], &whole[folder.len() + 1..]))
}

/// A path below `~`, which no shell has read where it comes from a timer or is quoted.
fn at_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => path,
    }
}

pub(crate) fn parse_pin(text: &str) -> Result<Pin, Failure> {
    Pin::parse(text).map_err(|refusal| {
        Failure::from_error(Kind::Usage, &refusal)
            .hint("a pin looks like https://example.com/.well-known/canary/#1:sha256:…")
    })
}

/// RFC 3339, in any offset; fractions of a second are cut off.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text)
        .ok_or_else(|| "an instant looks like 2026-03-02T09:00:00Z".to_owned())
}

pub(crate) fn of_state(error: StateError) -> Failure {
    let failure = |kind| Failure::from_error(kind, &error);
    match &error {
        StateError::Corrupt { path, .. } => failure(Kind::Config).hint(format!(
            "move {} away to begin anew: the next run then sees this target for the first time",
            output::line(&path.parent().unwrap_or(path).display().to_string())
        )),
        StateError::WouldGoBack { .. } => failure(Kind::Config),
        _ => failure(Kind::Io).hint("give another folder with --state, or --no-state"),
    }
}

pub(crate) fn of_trust(error: TrustError) -> Failure {
    match &error {
        TrustError::Corrupt { path, .. } => Failure::from_error(Kind::Config, &error)
            .hint(format!("mend or move away {}", output::line(&path.display().to_string()))),
        _ => Failure::from_error(Kind::Io, &error),
    }
}
