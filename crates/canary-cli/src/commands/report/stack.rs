//! What was asked about, and what was obtained of it.

use std::collections::BTreeMap;
use std::path::Path;

use canary_dialects::dialect::recognise;
use canary_dialects::reading::Published;
use canary_format::text::is_id;
use canary_format::time::Timestamp;
use canary_report::profile::{MAX_PROFILE, Profile, ProfileError};
use canary_report::stack::{Entry, MAX_STACK, Stack};
use canary_report::supplier::{Canary, Supplier};
use canary_report::tia::Exhibit;
use canary_report::watch::{MAX_WATCH, WatchRecord};
use canary_verifier::evidence::{self, Evidence, Seen, Site, Source, Trust};
use canary_verifier::fetch::{Fetcher, Known, Limits};
use canary_verifier::files;
use canary_verifier::judge::{Judgement, judge};
use canary_verifier::state::Store;
use canary_verifier::target::{Place, Prefix, Target};

use super::failure;
use crate::error::{Failure, Kind};
use crate::examine::{of_state, parse_pin, trust_entries};
use crate::runtime::run;
use crate::{clock, input, output, places};

/// The profile where none is named: it asks the most of suppliers.
const PROFILE: &str = "yd-t-4060-2022";

/// The suppliers asked about, with everything read that they name.
pub(super) struct Asked {
    pub(super) customer: Option<String>,
    suppliers: Vec<AskedSupplier>,
}

struct AskedSupplier {
    entry: Entry,
    target: Target,
    profile: Profile,
    profile_file: String,
    watch: Option<(WatchRecord, Vec<u8>)>,
}

/// What the command line says instead of a stack.
pub(super) struct Named<'a> {
    pub(super) targets: &'a [String],
    pub(super) pins: &'a [String],
    pub(super) profile: Option<&'a str>,
    pub(super) role: Option<&'a str>,
    pub(super) third_country: Option<&'a str>,
    pub(super) watch: Option<&'a Path>,
}

/// One supplier's canary, judged.
pub(super) struct Obtained<'a> {
    asked: &'a AskedSupplier,
    evidence: Evidence,
    judgement: Judgement,
    other_format: Option<String>,
}

impl Asked {
    pub(super) fn from_file(file: &Path, profile: Option<&str>) -> Result<Self, Failure> {
        let text = input::read_text(file, MAX_STACK)?;
        let stack = Stack::parse(&text).map_err(|error| failure::stack(&error))?;
        let beside = file.parent().unwrap_or(Path::new("")).to_owned();
        Self::read(stack, profile, &beside)
    }

    pub(super) fn from_targets(named: &Named<'_>) -> Result<Self, Failure> {
        if named.pins.len() > named.targets.len() {
            return Err(Failure::new(Kind::Usage, "there are more pins than targets")
                .hint("give one --pin for each target, in their order"));
        }
        if named.watch.is_some() && named.targets.len() > 1 {
            return Err(Failure::new(Kind::Usage, "a watch record is about one target")
                .hint("name the records of several suppliers in a stack: --stack"));
        }
        let mut suppliers = Vec::new();
        for (index, target) in named.targets.iter().enumerate() {
            let mut entry = Entry::new(&id_of(target, &suppliers), target);
            entry.pin = named.pins.get(index).cloned();
            entry.third_country = named.third_country.map(str::to_owned);
            entry.watch = named.watch.map(|path| path.display().to_string());
            if let Some(role) = named.role {
                entry.role = role.to_owned();
            }
            suppliers.push(entry);
        }
        let stack = Stack { customer: None, profile: None, suppliers };
        let stack = stack.checked().map_err(|error| failure::stack(&error))?;
        Self::read(stack, named.profile, Path::new(""))
    }

    fn read(stack: Stack, profile: Option<&str>, beside: &Path) -> Result<Self, Failure> {
        let mut profiles: BTreeMap<String, (Profile, String)> = BTreeMap::new();
        let mut suppliers = Vec::new();
        for entry in stack.suppliers {
            let stated = entry.profile.as_deref().or(stack.profile.as_deref()).unwrap_or(PROFILE);
            // A file on the command line is meant from here, one in a stack from the stack's folder.
            let (name, from) = profile.map_or((stated, beside), |name| (name, Path::new("")));
            let (profile, profile_file) = match profiles.get(name) {
                Some(known) => known.clone(),
                None => {
                    let read = read_profile(name, from)?;
                    profiles.entry(name.to_owned()).or_insert(read).clone()
                }
            };
            let watch = match &entry.watch {
                Some(path) => Some(read_watch(&beside.join(path))?),
                None => None,
            };
            let target = target(&entry, beside)?;
            let entry = Entry { pin: target.pin.as_ref().map(ToString::to_string), ..entry };
            suppliers.push(AskedSupplier { entry, target, profile, profile_file, watch });
        }
        Ok(Self { customer: stack.customer, suppliers })
    }

    /// Obtains and judges every canary, and keeps nothing. `stated` is the instant that the user
    /// named, if any: what is fetched is recorded as of now, what is read from files as of the judging
    /// instant.
    pub(super) fn obtain(
        &self,
        at: Timestamp,
        stated: Option<Timestamp>,
    ) -> Result<Vec<Obtained<'_>>, Failure> {
        let fetched_at = if stated.is_some() { clock::now() } else { at };
        let mut obtained = Vec::new();
        for asked in &self.suppliers {
            let (mut evidence, seen) = match &asked.target.place {
                Place::Path(path) => (files::read(path, at), None),
                Place::Site(prefix) => {
                    let seen = seen(prefix)?;
                    (fetch(prefix, seen.as_ref(), fetched_at)?, seen)
                }
            };
            let trust = Trust { pin: asked.target.pin.clone(), ..Trust::default() };
            let judgement = judge(&evidence, &trust, seen.as_ref(), at);
            if let (Some(seen), Source::Site(site)) = (seen, &mut evidence.source) {
                keep_what_was_seen(site, seen);
            }
            let other_format = asked.entry.format.clone().or_else(|| {
                judgement.series.is_empty().then(|| other_format(asked, &evidence)).flatten()
            });
            obtained.push(Obtained { asked, evidence, judgement, other_format });
        }
        Ok(obtained)
    }
}

/// What earlier commands saw of a target.
fn seen(prefix: &Prefix) -> Result<Option<Seen>, Failure> {
    match places::state_folder() {
        Some(folder) => Store::new(folder).target(&prefix.to_string()).seen().map_err(of_state),
        None => Ok(None),
    }
}

fn fetch(prefix: &Prefix, seen: Option<&Seen>, now: Timestamp) -> Result<Evidence, Failure> {
    let later = |error: &dyn std::error::Error| Failure::from_error(Kind::Later, error);
    let fetcher = Fetcher::new(Limits::default()).map_err(|error| later(&error))?;
    output::progress(&format!("fetching {prefix}"));
    let known = Known { seen, checkpoint: None };
    Ok(run(fetcher.fetch(prefix, known, &[], now))?.evidence)
}

/// Where nothing could be fetched, what was judged is what was seen before: those are the bytes to
/// file.
fn keep_what_was_seen(site: &mut Site, seen: Seen) {
    use evidence::Obtained::{Got, Unreachable};
    if matches!(site.checkpoint, Unreachable(_)) && !seen.leaves.is_empty() {
        *site = Site { checkpoint: Got(seen.checkpoint), leaves: Got(seen.leaves) };
    }
}

/// The format of a file that is no envelope and bears the marks of another format. Plain text is
/// one only by its name: any bytes at all would do otherwise.
fn other_format(asked: &AskedSupplier, evidence: &Evidence) -> Option<String> {
    let (Place::Path(path), Source::Envelope(evidence::Obtained::Got(body))) =
        (&asked.target.place, &evidence.source)
    else {
        return None;
    };
    let published = Published { source: &asked.entry.target, body, beside: &[], seen: None };
    let kind = recognise(&published).ok()?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let by_name = ["txt", "asc", "html", "htm"].contains(&ending);
    (kind.is_signed() || by_name).then(|| kind.name().to_owned())
}

impl Obtained<'_> {
    pub(super) fn exhibit(&self) -> Exhibit<'_> {
        let asked = self.asked;
        let canary = match &self.other_format {
            Some(format) => Canary::Other(format),
            None => Canary::Native(&self.judgement),
        };
        Exhibit {
            supplier: Supplier {
                entry: &asked.entry,
                profile: &asked.profile,
                canary,
                watch: asked.watch.as_ref().map(|(record, _)| record),
            },
            evidence: Some(&self.evidence),
            watch_file: asked.watch.as_ref().map(|(_, bytes)| bytes.as_slice()),
            profile_file: &asked.profile_file,
        }
    }
}

/// A target with its pin: the one given, the target's own, or the one in the trust file. A path in a
/// stack is meant from the stack's folder.
fn target(entry: &Entry, beside: &Path) -> Result<Target, Failure> {
    let at_hand = |path: &Path| beside.join(path).exists();
    let mut target = Target::parse(&entry.target, at_hand).map_err(|error| {
        Failure::from_error(Kind::Usage, &error)
            .hint("a target is a host, a URL prefix, a pin, a directory or a file")
    })?;
    let given = entry.pin.as_deref().map(parse_pin).transpose()?;
    if given.is_some() && target.pin.is_some() && given != target.pin {
        let what = format!("two pins are given for {}", entry.id);
        return Err(Failure::new(Kind::Usage, what).hint("leave one out"));
    }
    target.pin = given.or(target.pin);
    match &target.place {
        Place::Path(path) => target.place = Place::Path(beside.join(path)),
        Place::Site(prefix) if target.pin.is_none() => {
            let url = prefix.to_string();
            let entries = trust_entries()?;
            let known = entries.iter().filter(|known| known.is_at(&url));
            target.pin = known.filter_map(|known| known.pin.clone()).next();
        }
        Place::Site(_) => {}
    }
    Ok(target)
}

/// An id from what a target names: its host, or the folder's name.
fn id_of(target: &str, others: &[Entry]) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let host = rest.split(['/', '#']).next().unwrap_or_default();
    let is_path = target.starts_with(['.', '/']) || Path::new(target).exists();
    let name = if is_path {
        let mut parts = Path::new(target).components().rev().filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        let last = parts.next().unwrap_or_default();
        // Most sites are folders of that name.
        if last == "site" { parts.next().unwrap_or(last) } else { last }
    } else {
        host.to_owned()
    };
    let letters: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let base = words.join("-");
    let base = if is_id(&base) { base } else { "supplier".to_owned() };
    let taken = |id: &str| others.iter().any(|other| other.id == id);
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut ids = std::iter::once(base.clone()).chain(numbered);
    ids.find(|id| !taken(id)).expect("numbers do not end")
}

fn read_profile(name: &str, beside: &Path) -> Result<(Profile, String), Failure> {
    if let (Some(profile), Some(file)) = (Profile::shipped(name), Profile::shipped_file(name)) {
        return Ok((profile, file.to_owned()));
    }
    let path = beside.join(name);
    if !path.exists() {
        return Err(failure::profile(&ProfileError::Unknown(name.to_owned())));
    }
    let text = input::read_text(&path, MAX_PROFILE)?;
    let profile = Profile::parse(&text).map_err(|error| failure::profile(&error))?;
    Ok((profile, text))
}

fn read_watch(path: &Path) -> Result<(WatchRecord, Vec<u8>), Failure> {
    let bytes = input::read(path, MAX_WATCH)?;
    let record = WatchRecord::parse(&bytes).map_err(|error| failure::watch(&error))?;
    Ok((record, bytes))
}
