//! What the user trusts, kept durably: pins, and the newest issue acknowledged of each series.
//!
//! One small file. Each change is read, made and written back under a lock, whole or not at all.

use std::path::{Path, PathBuf};

use canary_format::checkpoint::is_origin;
use canary_format::pin::Pin;
use serde::{Deserialize, Serialize};

use crate::durable::{self, Content, FileError};

/// The greatest size of the file, in bytes.
const MAX_FILE: u64 = 64 << 20;

const TRUST_TYPE: &str = "warrant-canary/trust/v1";

/// The file that holds what the user trusts.
#[derive(Debug, Clone)]
pub struct TrustStore {
    path: PathBuf,
}

/// What the user trusts of one series. At least one of `url` and `origin` is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Where the series is published: a URL prefix.
    pub url: Option<String>,
    /// The origin of the series, where it is known.
    pub origin: Option<String>,
    /// What names the series for ever.
    pub pin: Option<Pin>,
    /// How the pin came to be trusted.
    pub pinned: Pinned,
    /// The newest issue that the user acknowledged.
    pub acknowledged: Option<u64>,
    /// Which witnesses are asked for: a policy file.
    pub witnesses: Option<PathBuf>,
}

/// How a pin came to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pinned {
    /// The user gave it.
    #[default]
    Given,
    /// It was taken from the site itself the first time that it was seen.
    FirstUse,
}

/// What the user trusts could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file does not read back.
    #[error("the trust file does not read back: {what}: {}", path.display())]
    Corrupt {
        /// What is wrong.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
}

impl TrustStore {
    /// The store in this file; nothing is made before something is kept.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every entry, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or does not read back.
    pub fn entries(&self) -> Result<Vec<Entry>, TrustError> {
        let corrupt = |what| TrustError::Corrupt { what, path: self.path.clone() };
        match durable::read(&self.path, MAX_FILE)? {
            Content::NotThere => Ok(Vec::new()),
            Content::TooLarge => Err(corrupt("too large")),
            Content::Bytes(bytes) => {
                let file: File = serde_json::from_slice(&bytes)
                    .map_err(|_| corrupt("not a list of trusted series"))?;
                if file.trust != TRUST_TYPE {
                    return Err(corrupt("of another version"));
                }
                let entries: Option<Vec<Entry>> =
                    file.series.into_iter().map(KeptEntry::read).collect();
                entries.ok_or_else(|| corrupt("an entry with a pin or name that is none"))
            }
        }
    }

    /// Changes the entries: reads them, lets `change` work on them, and writes them back, while no
    /// other run can do the same. Where `change` fails, nothing is written.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or written, or what `change` gives.
    pub fn update<T, E: From<TrustError>>(
        &self,
        change: impl FnOnce(&mut Vec<Entry>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            durable::create_folder(folder).map_err(TrustError::from)?;
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        let lock = durable::lock_file(&path).map_err(TrustError::from)?;
        lock.lock().map_err(FileError::of("lock", &path)).map_err(TrustError::from)?;
        let mut entries = self.entries()?;
        let before = entries.clone();
        let result = change(&mut entries)?;
        if entries != before {
            let file = File {
                trust: TRUST_TYPE.to_owned(),
                series: entries.iter().map(KeptEntry::of).collect(),
            };
            let bytes = serde_json::to_vec_pretty(&file).expect("members are strings and integers");
            durable::write(&self.path, &bytes).map_err(TrustError::from)?;
        }
        Ok(result)
    }
}

impl Entry {
    /// Whether this is the series at a URL prefix.
    pub fn is_at(&self, url: &str) -> bool {
        self.url.as_deref() == Some(url)
    }

    /// Whether this is the series of an origin. An origin also names the series whose URL prefix it is
    /// without the scheme (`format.md` §2).
    pub fn is_of_origin(&self, origin: &str) -> bool {
        self.origin.as_deref() == Some(origin)
            || self.url.as_deref().and_then(schemeless) == Some(origin)
    }

    /// Whether a user means this entry by a name of their own: its pin, its URL prefix or, where it has no URL,
    /// its origin, each with or without a final slash; or a host with its canary in the usual place.
    fn is_named(&self, name: &str) -> bool {
        let trimmed = name.trim_end_matches('/');
        let url = self.url.as_deref().map(|url| url.trim_end_matches('/'));
        let bare = url.and_then(schemeless);
        self.pin.as_ref().is_some_and(|pin| pin.to_string() == name)
            || self.url.is_none() && self.claims(name)
            || url == Some(trimmed)
            || bare == Some(trimmed)
            || bare.and_then(|bare| bare.strip_suffix("/.well-known/canary")) == Some(trimmed)
    }

    /// Whether its site says that it is of this origin. Any site can.
    fn claims(&self, origin: &str) -> bool {
        self.origin.as_deref() == Some(origin.trim_end_matches('/'))
    }
}

/// Which entries a user means by a name: a pin, a URL prefix, an origin or a host, each with or without a final slash.
///
/// An entry that only claims an origin is meant by it only where no other is: what a site says of itself takes no
/// name from another.
pub fn named(entries: &[Entry], name: &str) -> Vec<usize> {
    let all = |meant: &dyn Fn(&Entry) -> bool| {
        let meant = entries.iter().enumerate().filter(|(_, entry)| meant(entry));
        meant.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let own = all(&|entry| entry.is_named(name));
    if own.is_empty() { all(&|entry| entry.claims(name)) } else { own }
}

/// What the user trusts of the series at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trusted<'a> {
    /// What names it for ever.
    pub pin: Option<&'a Pin>,
    /// The newest issue that the user acknowledged.
    pub acknowledged: Option<u64>,
    /// Which witnesses are asked for: a policy file.
    pub witnesses: Option<&'a Path>,
}

impl<'a> Trusted<'a> {
    /// What is trusted of what lies at a URL prefix, or in a file, and claims an origin.
    ///
    /// The URL is the user's own word, the origin that of whoever answers. So what is kept for the URL
    /// stands, whatever is claimed there; an entry at another URL says something only where there is
    /// none, and it can then only make judging stricter. Of several pins a given one goes before one of
    /// first use, then the one of the earliest issue.
    pub fn of(entries: &'a [Entry], url: Option<&str>, origin: Option<&str>) -> Self {
        let at = entries.iter().filter(|entry| url.is_some_and(|url| entry.is_at(url)));
        let at: Vec<&Entry> = at.collect();
        let claimed = |entry: &&Entry| origin.is_some_and(|origin| entry.is_of_origin(origin));
        let pins = entries.iter().filter(claimed);
        let pins = pins.filter_map(|entry| Some((entry.pinned, entry.pin.as_ref()?)));
        let best = pins.min_by_key(|(pinned, pin)| (*pinned, pin.number)).map(|(_, pin)| pin);
        let more = |entry: &&Entry| claimed(entry) && (at.is_empty() || entry.url.is_none());
        let here = || at.iter().copied().chain(entries.iter().filter(more));
        Self {
            pin: at.iter().find_map(|entry| entry.pin.as_ref()).or(best),
            acknowledged: here().filter_map(|entry| entry.acknowledged).max(),
            witnesses: here().find_map(|entry| entry.witnesses.as_deref()),
        }
    }
}

/// A URL prefix without its scheme and final slash.
pub fn schemeless(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(rest.trim_end_matches('/'))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    trust: String,
    series: Vec<KeptEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    #[serde(default)]
    pinned: Pinned,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witnesses: Option<PathBuf>,
}

impl KeptEntry {
    fn read(self) -> Option<Entry> {
        let named = self.url.is_some() || self.origin.as_deref().is_some_and(is_origin);
        let pin = self.pin.map(|pin| Pin::parse(&pin).ok());
        if !named || pin == Some(None) {
            return None;
        }
        Some(Entry {
            url: self.url,
            origin: self.origin,
            pin: pin.flatten(),
            pinned: self.pinned,
            acknowledged: self.acknowledged,
            witnesses: self.witnesses,
        })
    }

    fn of(entry: &Entry) -> Self {
        Self {
            url: entry.url.clone(),
            origin: entry.origin.clone(),
            pin: entry.pin.as_ref().map(Pin::to_string),
            pinned: entry.pinned,
            acknowledged: entry.acknowledged,
            witnesses: entry.witnesses.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";

    fn entry() -> Entry {
        let pin = Pin::parse(PIN).unwrap();
        Entry { url: Some(pin.url.clone()), pin: Some(pin), ..Entry::default() }
    }

    fn add(store: &TrustStore, entry: Entry) {
        let pushed = store.update(|entries| {
            entries.push(entry);
            Ok::<_, TrustError>(())
        });
        pushed.unwrap();
    }

    #[test]
    fn entries_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = TrustStore::new(folder.path().join("canary/trust.json"));
        assert_eq!(store.entries().unwrap(), []);
        add(&store, entry());
        let other = Entry {
            origin: Some("other.example/canary".into()),
            acknowledged: Some(3),
            pinned: Pinned::FirstUse,
            witnesses: Some("policy".into()),
            ..Entry::default()
        };
        add(&store, other.clone());
        assert_eq!(store.entries().unwrap(), [entry(), other]);
    }

    #[test]
    fn where_the_change_fails_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = TrustStore::new(folder.path().join("trust.json"));
        add(&store, entry());
        let failed: Result<(), TrustError> = store.update(|entries| {
            entries.clear();
            Err(TrustError::Corrupt { what: "a test", path: PathBuf::new() })
        });
        assert!(failed.is_err());
        assert_eq!(store.entries().unwrap(), [entry()]);
    }

    #[test]
    fn changes_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = TrustStore::new(folder.path().join("trust.json"));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..4).for_each(|_| add(&store, entry())));
            }
        });
        assert_eq!(store.entries().unwrap().len(), 32);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = TrustStore::new(folder.path().join("trust.json"));
        add(&store, entry());
        let whole = std::fs::read_to_string(store.path()).unwrap();
        for (from, to) in [
            ("trust/v1", "trust/v2"),
            ("#1:", "#0:"),
            ("\"url\"", "\"reason\""),
            ("\"given\"", "\"guessed\""),
            ("}", ""),
        ] {
            let damaged = whole.replacen(from, to, 1);
            assert_ne!(damaged, whole, "{from}");
            std::fs::write(store.path(), &damaged).unwrap();
            assert!(matches!(store.entries(), Err(TrustError::Corrupt { .. })), "{from}");
            assert!(store.update(|_| Ok::<_, TrustError>(())).is_err());
            assert_eq!(std::fs::read_to_string(store.path()).unwrap(), damaged);
        }
    }

    #[test]
    fn a_series_goes_by_several_names() {
        let entry = entry();
        for name in [
            PIN,
            "https://example.com/.well-known/canary/",
            "https://example.com/.well-known/canary",
            "example.com/.well-known/canary",
            "example.com",
        ] {
            assert!(entry.is_named(name), "{name}");
        }
        assert!(!entry.is_named("example.co") && !entry.is_named("http://example.com/"));
        assert!(entry.is_of_origin("example.com/.well-known/canary"));
        assert!(entry.is_at("https://example.com/.well-known/canary/"));
        assert!(!entry.is_of_origin("example.com") && !entry.is_at("https://example.com/"));
    }

    fn at(url: &str, number: u64, pinned: Pinned) -> Entry {
        let pin =
            PIN.replace("https://example.com/.well-known/canary/#1", &format!("{url}#{number}"));
        let pin = Pin::parse(&pin).unwrap();
        Entry { url: Some(url.to_owned()), pin: Some(pin), pinned, ..Entry::default() }
    }

    #[test]
    fn what_is_kept_for_a_url_stands_whatever_origin_it_claims() {
        let mut supplier = at("https://a.example/", 3, Pinned::Given);
        supplier.acknowledged = Some(9);
        supplier.witnesses = Some("policy".into());
        let entries = [supplier, at("https://b.example/", 1, Pinned::Given)];
        let of = |url, origin| Trusted::of(&entries, Some(url), Some(origin));
        let theirs = of("https://b.example/", "a.example");
        assert_eq!(
            (theirs.pin, theirs.acknowledged, theirs.witnesses),
            (entries[1].pin.as_ref(), None, None)
        );
        // A mirror that nothing is kept for is held against the series that it claims to be.
        let mirror = of("https://c.example/", "a.example");
        assert_eq!((mirror.pin, mirror.acknowledged), (entries[0].pin.as_ref(), Some(9)));
        assert_eq!(of("https://c.example/", "c.example"), Trusted::default());
    }

    #[test]
    fn a_given_pin_goes_before_one_of_first_use_and_an_earlier_issue_before_a_later() {
        let of_a = |entry: Entry| Entry { origin: Some("a.example".into()), ..entry };
        let entries = [
            of_a(at("https://m.example/", 1, Pinned::FirstUse)),
            of_a(at("https://n.example/", 4, Pinned::Given)),
            at("https://a.example/", 2, Pinned::Given),
        ];
        let pin = |entries| Trusted::of(entries, None, Some("a.example")).pin.map(|pin| pin.number);
        assert_eq!(pin(&entries), Some(2));
        assert_eq!(pin(&entries[..2]), Some(4));
        assert_eq!(pin(&entries[..1]), Some(1));
    }

    #[test]
    fn a_claimed_origin_takes_no_name_from_another() {
        let mut claims = at("https://b.example/", 1, Pinned::FirstUse);
        claims.origin = Some("a.example".into());
        let entries = [claims, at("https://a.example/", 1, Pinned::Given)];
        assert_eq!(named(&entries, "a.example"), [1]);
        assert_eq!(named(&entries, "https://b.example"), [0]);
        assert_eq!(named(&entries[..1], "a.example/"), [0]);
        assert!(named(&entries, "c.example").is_empty());
    }

    #[test]
    fn what_is_acknowledged_by_origin_counts_at_the_urls_of_that_origin() {
        let read =
            Entry { origin: Some("a.example".into()), acknowledged: Some(7), ..Entry::default() };
        let entries = [read, at("https://m.example/", 1, Pinned::Given)];
        let of = |origin| Trusted::of(&entries, Some("https://m.example/"), Some(origin));
        assert_eq!(of("a.example").acknowledged, Some(7));
        assert_eq!(of("other.example").acknowledged, None);
    }
}
