//! A published history as files: which are issues, which are signatures over them, and in what order they stood.
//!
//! Reading a repository or a folder is the caller's; this part is pure and takes what was read.

use std::collections::{BTreeMap, BTreeSet};

use crate::Timestamp;
use crate::dialect::{dialect, recognise};
use crate::judge::when;
use crate::reading::{Issue, Kind, Letter, Outcome, Published, Remark, check};
use crate::trust::Trust;

/// One version of one file.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its path, parts parted by `/`.
    pub path: String,
    /// Its bytes; none where it was deleted.
    pub bytes: Vec<u8>,
    /// When it came to be there: the time of its commit. `None` for a folder, which does not say.
    pub at: Option<Timestamp>,
}

/// What an import made of the files.
#[derive(Debug, Default)]
pub struct Imported {
    /// The issues, in the order in which they were published; judging puts them in the order of their dates.
    pub issues: Vec<Issue>,
    /// What is to be said of single publications: the path and the remark.
    pub remarks: Vec<(String, Remark)>,
    /// Files that are no issues, each with the reason.
    pub left_out: Vec<(String, LeftOut)>,
}

/// Why a file is not an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It accompanies an issue: its name begins with that issue's. Its signatures are among the issue's letters.
    Accompanies,
    /// It is not signed, and the issues beside it are.
    NotSigned,
    /// It bears the marks of several dialects, or of none.
    Unrecognised,
    /// Not a text.
    NotText,
}

/// The most versions of files in one import.
pub const MAX_VERSIONS: usize = 100_000;

/// Ends of file names under which detached signatures stand.
const SIGNATURE_ENDS: [&str; 7] = ["sig", "asc", "minisig", "signify", "sshsig", "gpg", "sign"];
/// Ends of file names that are texts.
const TEXT_ENDS: [&str; 9] = ["txt", "md", "asc", "html", "htm", "json", "text", "gpg", "pgp"];

/// Finds the issues among files and reads them.
///
/// `kind` is the dialect that the user names; without it each file is recognised by its marks.
pub fn import(versions: &[Version], kind: Option<Kind>, trust: &Trust) -> Imported {
    let mut imported = Imported::default();
    let mut paths: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for version in versions.iter().take(MAX_VERSIONS) {
        paths.entry(&version.path).or_default().push(version);
    }
    let names: Vec<&str> = paths.keys().copied().collect();
    // A detached signature is a file whose name is another's with an end of its own.
    let owner: BTreeMap<&str, &str> =
        names.iter().filter_map(|name| Some((*name, signed_file(name, &paths)?))).collect();
    let mut beside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (signature, text) in &owner {
        beside.entry(text).or_default().push(signature);
    }
    let mut found: Vec<(Kind, &str, usize, Issue)> = Vec::new();
    let mut letters: BTreeMap<&str, Vec<Letter>> = BTreeMap::new();
    for (path, all) in paths.iter().filter(|(path, _)| !owner.contains_key(**path)) {
        let signatures = beside.get(path).map(Vec::as_slice).unwrap_or_default();
        if signatures.is_empty() && !is_text(path) {
            imported.left_out.push(((*path).to_owned(), LeftOut::NotText));
            continue;
        }
        if let Some(issue) = accompanied(path, &names, &owner) {
            imported.left_out.push(((*path).to_owned(), LeftOut::Accompanies));
            if let Some(newest) = all.last() {
                let held = held(signatures, &paths, None);
                letters.entry(issue).or_default().push(letter(path, newest, &held, kind, trust));
            }
            continue;
        }
        for (place, version) in all.iter().enumerate() {
            // The signatures as they stood at the end of this version's time.
            let until = all.get(place + 1).and_then(|next| next.at);
            let held = held(signatures, &paths, until);
            if version.bytes.is_empty() {
                continue;
            }
            let published =
                Published { source: path, body: &version.bytes, beside: &held, seen: version.at };
            let Some(kind) = kind.or_else(|| recognise(&published).ok()) else {
                imported.left_out.push(((*path).to_owned(), LeftOut::Unrecognised));
                continue;
            };
            let reading = dialect(kind).read(&published, trust);
            if reading.issues.is_empty() && !kind.is_signed() {
                // Of the pages around a canary most are none.
                imported.left_out.push(((*path).to_owned(), LeftOut::Unrecognised));
                continue;
            }
            imported
                .remarks
                .extend(reading.remarks.into_iter().map(|remark| ((*path).to_owned(), remark)));
            found.extend(reading.issues.into_iter().map(|issue| (kind, *path, place, issue)));
        }
    }
    let any_signed =
        found.iter().any(|(kind, _, _, issue)| kind.is_signed() && !issue.signatures.is_empty());
    let canaries = found.iter().any(|(_, path, ..)| path.to_lowercase().contains("canary"));
    let mut last: Option<(&str, canary_format::digest::Digest, bool)> = None;
    let mut standing: Vec<Standing<'_>> = Vec::new();
    for (kind, path, place, issue) in found {
        let unsigned_beside_signed = any_signed && !kind.is_signed();
        let other_page = !kind.is_signed() && canaries && !path.to_lowercase().contains("canary");
        if unsigned_beside_signed || other_page {
            if imported.left_out.last().is_none_or(|(known, _)| known != path) {
                imported.left_out.push((path.to_owned(), LeftOut::NotSigned));
            }
            continue;
        }
        let stands = Standing::of(&issue, path, place + 1 == paths[path].len(), trust);
        // A commit that touches only white space outside of what counts is no new issue, unless its signatures do not
        // count as those before did.
        let this = Some((path, issue.digest, stands.authentic));
        standing.push(stands);
        if last == this {
            continue;
        }
        last = this;
        imported.issues.push(issue);
    }
    if let Some((path, remark)) = taken_away(&standing) {
        imported.remarks.push((path.to_owned(), remark));
    }
    // Where a file has several versions, its letters stand beside the newest.
    for issue in imported.issues.iter_mut().rev() {
        issue.letters = letters.remove(issue.source.as_str()).unwrap_or_default();
    }
    // Of issues with one date the one that was published last counts, whatever the names of their files.
    imported.issues.sort_by_key(|issue| issue.seen);
    imported
}

/// An issue at the place where a version of a file held it.
struct Standing<'a> {
    path: &'a str,
    /// Whether the file holds it to this day.
    now: bool,
    /// Its date, which its commit bounds, and then that of the commit.
    at: (Timestamp, Option<Timestamp>),
    digest: canary_format::digest::Digest,
    authentic: bool,
}

impl<'a> Standing<'a> {
    fn of(issue: &Issue, path: &'a str, now: bool, trust: &Trust) -> Self {
        let latest = issue.seen.unwrap_or(Timestamp::MAX);
        let (issued, _) = when::issued(issue, latest);
        let good = issue.signatures.iter().filter(|signed| signed.outcome == Outcome::Good);
        let persons: BTreeSet<&str> = good.filter_map(|signed| signed.person.as_deref()).collect();
        let authentic = persons.len() >= trust.threshold.max(1);
        let at = (issued.earliest.min(latest), issue.seen);
        Self { path, now, at, digest: issue.digest, authentic }
    }
}

/// What is to be said where no file holds the newest issue any more: of those that a quorum signed, where there are any.
fn taken_away<'a>(standing: &[Standing<'a>]) -> Option<(&'a str, Remark)> {
    let signed = standing.iter().any(|one| one.authentic);
    let counts = |one: &&Standing<'a>| one.authentic || !signed;
    let newest = standing.iter().filter(counts).max_by_key(|one| one.at)?;
    if standing.iter().filter(counts).any(|one| one.now && one.digest == newest.digest) {
        return None;
    }
    let path = newest.path;
    let mut here = standing.iter().filter(|one| one.now && one.path == path).peekable();
    if here.peek().is_none() {
        return Some((path, Remark::Withdrawn(path.to_owned())));
    }
    // Of what is not authentic nothing is concluded; that it is not is said of the issue.
    here.any(|one| counts(&one)).then(|| (path, Remark::PutBack(path.to_owned())))
}

/// The signatures of a text as they stood at an instant, or as they stand.
fn held<'a>(
    signatures: &[&'a str],
    paths: &BTreeMap<&'a str, Vec<&'a Version>>,
    until: Option<Timestamp>,
) -> Vec<(&'a str, &'a [u8])> {
    signatures
        .iter()
        .filter_map(|name| {
            let stood =
                |one: &&&Version| until.is_none_or(|until| one.at.is_some_and(|at| at < until));
            let last = paths[name].iter().rev().find(stood)?;
            (!last.bytes.is_empty()).then_some((*name, last.bytes.as_slice()))
        })
        .collect()
}

fn letter(
    path: &str,
    version: &Version,
    held: &[(&str, &[u8])],
    kind: Option<Kind>,
    trust: &Trust,
) -> Letter {
    let published =
        Published { source: path, body: &version.bytes, beside: held, seen: version.at };
    let kind = kind.or_else(|| recognise(&published).ok());
    let signatures = kind.map(|kind| check(kind, &published, trust)).unwrap_or_default();
    Letter { source: path.to_owned(), signatures }
}

/// The text that a file's name makes it a signature of: `a.txt.sig`, `a.txt.sig.alice`, `a.txt.asc`, `a.sig` for `a.txt`.
fn signed_file<'a>(name: &str, paths: &BTreeMap<&'a str, Vec<&Version>>) -> Option<&'a str> {
    let ends = |end: &str| SIGNATURE_ENDS.contains(&end.to_lowercase().as_str());
    let mut rest = name;
    for _ in 0..3 {
        let (stem, end) = rest.rsplit_once('.')?;
        let is_signature = ends(end) || name[stem.len() + 1..].split('.').any(ends);
        if is_signature {
            if let Some((text, _)) = paths.get_key_value(stem) {
                return Some(text);
            }
            if let Some((text, _)) = TEXT_ENDS
                .iter()
                .filter(|end| !ends(end))
                .find_map(|end| paths.get_key_value(format!("{stem}.{end}").as_str()))
            {
                return Some(text);
            }
        }
        rest = stem;
    }
    None
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_none_or(|(_, end)| TEXT_ENDS.contains(&end.to_lowercase().as_str()))
}

/// The issue whose name this one continues with words of its own: a letter or translation beside it. A name that goes
/// on with a number or a month is the next issue, not a letter.
fn accompanied<'a>(path: &str, names: &[&'a str], owner: &BTreeMap<&str, &str>) -> Option<&'a str> {
    fn stem(name: &str) -> &str {
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
    let own = stem(path);
    let continues = |other: &str| {
        own.strip_prefix(stem(other)).and_then(|more| more.strip_prefix(['-', '_'])).is_some_and(
            |more| {
                let parts = crate::dates::words(&more.replace(['-', '_'], " "))
                    .iter()
                    .any(|word| word.month().is_some());
                !parts && !more.bytes().any(|byte| byte.is_ascii_digit())
            },
        )
    };
    names
        .iter()
        .filter(|other| {
            **other != path
                && !owner.contains_key(**other)
                && is_text(other)
                && stem(other).bytes().any(|byte| byte.is_ascii_digit())
                && continues(other)
        })
        .max_by_key(|other| other.len())
        .copied()
}
