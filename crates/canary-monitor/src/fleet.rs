//! A fleet in memory: about two hundred bytes a target, so that a million fit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use canary_format::pin::Pin;

use crate::policy::Policy;
use crate::target::{Target, TargetId, host_of};

/// All targets, sorted by identity. Texts lie in one arena; what is shared is kept once.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    arena: String,
    rows: Vec<Row>,
    profiles: Vec<Profile>,
    mirrors: HashMap<i64, Vec<String>>,
    hosts: usize,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    id: i64,
    start: u32,
    url: u16,
    pin: u16,
    name: u16,
    profile: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Profile {
    policy: Arc<Policy>,
    labels: BTreeMap<String, String>,
}

impl Fleet {
    /// How many targets.
    pub fn len(&self) -> usize {
        self.inner.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.inner.rows.is_empty()
    }

    /// On how many distinct hosts.
    pub fn hosts(&self) -> usize {
        self.inner.hosts
    }

    /// A target by its identity.
    pub fn find(&self, id: TargetId) -> Option<Target> {
        let at = self.inner.rows.binary_search_by_key(&id.0, |row| row.id).ok()?;
        Some(self.target(&self.inner.rows[at]))
    }

    /// Whether it is in the fleet.
    pub fn contains(&self, id: TargetId) -> bool {
        self.inner.rows.binary_search_by_key(&id.0, |row| row.id).is_ok()
    }

    /// Every identity and interval, in order.
    pub fn intervals(&self) -> impl Iterator<Item = (TargetId, i64)> + '_ {
        let inner = &self.inner;
        inner
            .rows
            .iter()
            .map(|row| (TargetId(row.id), inner.profiles[row.profile as usize].policy.interval))
    }

    /// The interval of one target.
    pub fn interval(&self, id: TargetId) -> Option<i64> {
        let at = self.inner.rows.binary_search_by_key(&id.0, |row| row.id).ok()?;
        let row = &self.inner.rows[at];
        Some(self.inner.profiles[row.profile as usize].policy.interval)
    }

    /// What a store needs of every target, in the order of their identities.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> + '_ {
        self.inner.rows.iter().map(|row| self.inner.entry(row))
    }

    /// What a store needs of one target.
    pub fn entry(&self, id: TargetId) -> Option<Entry<'_>> {
        let at = self.inner.rows.binary_search_by_key(&id.0, |row| row.id).ok()?;
        Some(self.inner.entry(&self.inner.rows[at]))
    }

    /// The host and port of one target's URL.
    pub fn host(&self, id: TargetId) -> Option<&str> {
        self.entry(id).map(|entry| host_of(entry.url))
    }

    /// Every target, in the order of their identities.
    pub fn iter(&self) -> impl Iterator<Item = Target> + '_ {
        self.inner.rows.iter().map(|row| self.target(row))
    }

    /// The longest interval in the fleet.
    pub fn longest_interval(&self) -> i64 {
        self.inner.profiles.iter().map(|profile| profile.policy.interval).max().unwrap_or(3_600)
    }

    fn target(&self, row: &Row) -> Target {
        let inner = &self.inner;
        let Entry { id, url, name, .. } = inner.entry(row);
        let pin_at = row.start as usize + usize::from(row.url);
        let pin = &inner.arena[pin_at..pin_at + usize::from(row.pin)];
        let profile = &inner.profiles[row.profile as usize];
        Target {
            id,
            url: url.to_owned(),
            name: name.to_owned(),
            pin: if pin.is_empty() { None } else { Pin::parse(&format!("{url}{pin}")).ok() },
            mirrors: inner.mirrors.get(&row.id).cloned().unwrap_or_default(),
            labels: profile.labels.clone(),
            policy: Arc::clone(&profile.policy),
        }
    }
}

impl Inner {
    fn entry(&self, row: &Row) -> Entry<'_> {
        let from = row.start as usize;
        let url_end = from + usize::from(row.url);
        let name_at = url_end + usize::from(row.pin);
        let url = &self.arena[from..url_end];
        let name = &self.arena[name_at..name_at + usize::from(row.name)];
        Entry {
            id: TargetId(row.id),
            url,
            name: if name.is_empty() { url } else { name },
            interval: self.profiles[row.profile as usize].policy.interval,
        }
    }
}

/// What a store needs of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its identity.
    pub id: TargetId,
    /// Its URL.
    pub url: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Seconds between checks.
    pub interval: i64,
}

/// Why a target cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// Its URL is there already.
    #[error("the target is listed twice: {0}")]
    Twice(String),
    /// Its pin is of another URL.
    #[error("the pin is of another URL than the target: {0}")]
    Elsewhere(String),
    /// URL, pin or name are too long.
    #[error("the target's text is too long: {0}")]
    TooLong(String),
    /// The fleet's texts are over 4 GiB.
    #[error("the fleet's texts are over 4 GiB")]
    Full,
}

/// Collects targets.
#[derive(Debug, Default)]
pub struct FleetBuilder {
    inner: Inner,
    ids: HashSet<i64>,
    hosts: HashSet<u64>,
    profiles: HashMap<Profile, u32>,
}

impl FleetBuilder {
    /// Adds a target.
    ///
    /// # Errors
    ///
    /// [`AddError`].
    pub fn add(&mut self, target: &Target) -> Result<(), AddError> {
        let pin = target.pin.as_ref().map(ToString::to_string);
        let pin = match pin.as_deref().map(|pin| pin.strip_prefix(target.url.as_str())) {
            Some(Some(pin)) => pin,
            Some(None) => return Err(AddError::Elsewhere(target.url.clone())),
            None => "",
        };
        let name = if target.name == target.url { "" } else { target.name.as_str() };
        let id = TargetId::of(&target.url).0;
        if !self.ids.insert(id) {
            return Err(AddError::Twice(target.url.clone()));
        }
        let short = |text: &str| {
            u16::try_from(text.len()).map_err(|_| AddError::TooLong(target.url.clone()))
        };
        let (url_len, pin_len, name_len) = (short(&target.url)?, short(pin)?, short(name)?);
        let start = u32::try_from(self.inner.arena.len()).map_err(|_| AddError::Full)?;
        for part in [target.url.as_str(), pin, name] {
            self.inner.arena.push_str(part);
        }
        let profile = Profile { policy: Arc::clone(&target.policy), labels: target.labels.clone() };
        let next = u32::try_from(self.profiles.len()).map_err(|_| AddError::Full)?;
        let profile = *self.profiles.entry(profile).or_insert(next);
        if !target.mirrors.is_empty() {
            self.inner.mirrors.insert(id, target.mirrors.clone());
        }
        self.hosts.insert(host_hash(&target.url));
        self.inner.rows.push(Row {
            id,
            start,
            url: url_len,
            pin: pin_len,
            name: name_len,
            profile,
        });
        Ok(())
    }

    /// The fleet.
    pub fn build(self) -> Fleet {
        let mut inner = self.inner;
        let mut profiles: Vec<(u32, Profile)> =
            self.profiles.into_iter().map(|(profile, index)| (index, profile)).collect();
        profiles.sort_unstable_by_key(|(index, _)| *index);
        inner.profiles = profiles.into_iter().map(|(_, profile)| profile).collect();
        inner.rows.sort_unstable_by_key(|row| row.id);
        inner.rows.shrink_to_fit();
        inner.arena.shrink_to_fit();
        inner.hosts = self.hosts.len();
        Fleet { inner: Arc::new(inner) }
    }
}

/// A host as a number: what the sampler goes by.
pub fn host_hash(url: &str) -> u64 {
    TargetId::of(host_of(url)).0.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let url = "https://canary.holdout.example/main/";
        let pin =
            Pin::parse(&format!("{url}#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY"));
        let target = Target {
            id: TargetId::of(url),
            url: url.to_owned(),
            name: "main".to_owned(),
            pin: pin.ok(),
            mirrors: vec!["https://m.example/".to_owned()],
            labels: BTreeMap::from([("team".to_owned(), "ops".to_owned())]),
            policy: Arc::new(Policy::default()),
        };
        let plain = Target::new("https://b.example/", Arc::default());
        let mut builder = FleetBuilder::default();
        assert_eq!(builder.add(&target), Ok(()));
        assert_eq!(builder.add(&plain), Ok(()));
        assert_eq!(builder.add(&plain), Err(AddError::Twice(plain.url.clone())));
        let fleet = builder.build();
        assert_eq!(fleet.find(target.id), Some(target));
        assert_eq!(fleet.find(plain.id), Some(plain));
        assert_eq!((fleet.len(), fleet.hosts()), (2, 2));
    }
}
