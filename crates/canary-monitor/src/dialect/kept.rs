//! What the checker keeps of a target of another format: digests of what was published, not the bytes.

use canary_format::digest::Digest;
use canary_verifier::state::Validators;
use serde::{Deserialize, Serialize};

use crate::observe::Standing;

/// Kept between looks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// What it was judged by: another value where the user's words for this target changed.
    pub(crate) by: String,
    /// The dialect's name, once it was recognised: it stays, so that nothing else is trusted later.
    pub(crate) kind: Option<String>,
    /// Publications that differ in what counts, in the order in which they were seen.
    pub(crate) series: Vec<Publication>,
    /// Issues of older publications that are no longer in `series`: numbers go on from there.
    pub(crate) forgotten: u64,
    /// What was served last.
    pub(crate) served: Option<Publication>,
    /// To ask with, in the order text, signatures.
    pub(crate) asked: Vec<(Option<String>, Option<String>)>,
    /// What the last judging made of what was served.
    pub(crate) standing: Standing,
    /// When that was.
    pub(crate) judged_at: i64,
    /// Something that is looked at again before it is believed.
    pub(crate) waiting: Option<Waiting>,
}

/// One publication, by digests in hex: retention looks for them in the stored text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Publication {
    /// When it was first seen.
    pub(crate) at: i64,
    /// The text.
    pub(crate) text: Hex,
    /// The signatures beside it, in the order of the configuration.
    pub(crate) beside: Vec<Hex>,
}

/// What waits for confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// What was served.
    pub(crate) served: Vec<Hex>,
    /// Since when.
    pub(crate) since: i64,
    /// In how many looks.
    pub(crate) looks: u32,
}

/// A digest in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Hex(pub(crate) [u8; 32]);

impl Hex {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Digest::of(bytes).0)
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        Digest(hex.0).to_string()
    }
}

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Digest::parse(&text).map(|digest| Self(digest.0)).ok_or("not a digest")
    }
}

impl Publication {
    pub(crate) fn digests(&self) -> Vec<Hex> {
        [self.text].into_iter().chain(self.beside.iter().copied()).collect()
    }

    /// Whether it holds the same bytes.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.text == other.text && self.beside == other.beside
    }

    /// Whether one half is that of another publication, and the other half is not: an upload under way.
    pub(crate) fn is_half_of(&self, other: &Self) -> bool {
        !self.beside.is_empty() && (self.text == other.text) != (self.beside == other.beside)
    }
}

impl Kept {
    pub(crate) fn validators(&self, place: usize) -> Validators {
        let (etag, last_modified) = self.asked.get(place).cloned().unwrap_or_default();
        Validators { etag, last_modified }
    }

    /// Counts a look at something that is not believed yet; whether it is now.
    pub(crate) fn confirm(&mut self, served: Vec<Hex>, now: i64, checks: u32, after: i64) -> bool {
        let before = self.waiting.take().filter(|one| one.served == served && one.since <= now);
        let mut waiting = before.unwrap_or(Waiting { served, since: now, looks: 0 });
        waiting.looks = waiting.looks.saturating_add(1);
        let ripe = waiting.looks >= checks && now - waiting.since >= after;
        self.waiting = Some(waiting);
        ripe
    }
}
