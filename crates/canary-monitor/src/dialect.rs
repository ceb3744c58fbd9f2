//! Checks canaries of other formats: fetches the text and the signatures beside it, judges them together
//! with what was published before, and remembers that by the digests of the bodies in the store.

mod kept;
mod look;

use std::sync::Arc;

use canary_dialects::dialect::MAX_TEXT;
use canary_verifier::evidence::Obtained;
use canary_verifier::fetch::{Again, Fetcher, Hints, Object};
use canary_verifier::report::{Code, Severity};
use futures_util::future::join_all;
use url::Url;

pub(crate) use self::kept::{Hex, Kept, Publication};
use self::look::{Held, Scene, look};
use crate::axes;
use crate::checker::fetcher_for;
use crate::facts;
use crate::form::Dialect;
use crate::memory::Memory;
use crate::observe::{Body, Observation, Outcome, Said, Standing, Stated};
use crate::store::{Store, StoreError};
use crate::target::Target;

/// The most bytes of a detached signature.
const MAX_SIGNATURE: u64 = 1 << 20;
/// Even where nothing changed, keys and digests are judged again after so many seconds.
const JUDGED_FOR: i64 = 86_400;

/// The checker of canaries of other formats.
#[derive(Debug, Clone)]
pub struct DialectCheck<S> {
    fetcher: Fetcher,
    store: S,
}

/// Why a look came to nothing.
enum Failed {
    /// The store did not answer for a moment: no fault of the canary's.
    NotAsked,
    Unreachable(String),
    Said(Box<Said>),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            return Self::NotAsked;
        }
        Self::Unreachable(format!("the store could not be read: {error}"))
    }
}

impl<S: Store> DialectCheck<S> {
    /// With the fetcher that every format uses.
    pub fn new(store: S, fetcher: Fetcher) -> Self {
        Self { fetcher, store }
    }

    /// Checks a target.
    pub async fn check(
        &self,
        target: &Target,
        dialect: &Arc<Dialect>,
        memory: &Memory,
        now: i64,
    ) -> Observation {
        let kept: Kept = serde_json::from_str(&memory.checker).unwrap_or_default();
        let urls = [&target.url].into_iter().chain(dialect.signatures());
        let urls: Vec<Url> = urls.filter_map(|url| Url::parse(url).ok()).collect();
        let fetcher = fetcher_for(&self.fetcher, target);
        let asked = urls.iter().enumerate().map(|(place, url)| {
            let limit = if place == 0 { MAX_TEXT as u64 } else { MAX_SIGNATURE };
            let (urls, known) = (&urls, kept.validators(place));
            let fetcher = &fetcher;
            async move { fetcher.object_again(url, urls, limit, &known).await }
        });
        let objects: Vec<Object> = join_all(asked).await;
        let hints = Hints {
            retry_after: objects.iter().filter_map(|object| object.hints.retry_after).max(),
            date: objects.first().and_then(|object| object.hints.date),
        };
        let told = self.told(Look { target, dialect, memory, now }, kept, &urls, objects).await;
        let observation = told.unwrap_or_else(|failed| {
            let outcome = match failed {
                Failed::NotAsked => Outcome::NotAsked,
                Failed::Unreachable(words) => Outcome::Unreachable(words),
                Failed::Said(said) => Outcome::Said(said),
            };
            Observation::new(now, outcome)
        });
        observation.with_hints(hints)
    }

    async fn told(
        &self,
        at: Look<'_>,
        kept: Kept,
        urls: &[Url],
        objects: Vec<Object>,
    ) -> Result<Observation, Failed> {
        let Look { target, dialect, memory, now } = at;
        let before = kept.served.as_ref().map(Publication::digests).unwrap_or_default();
        let mut asked = Vec::new();
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (place, (url, object)) in urls.iter().zip(objects).enumerate() {
            let Object { answer, validators, .. } = object;
            parts.push(match answer {
                Again::Obtained(obtained) => part(place, url, obtained)?,
                Again::Unchanged => self.known(before.get(place).copied(), url).await?,
            });
            asked.push((validators.etag, validators.last_modified));
        }
        let mut parts = parts.into_iter();
        let Some(text) = parts.next() else {
            return Err(Failed::Unreachable("not a URL".to_owned()));
        };
        let served = Held { at: now, text, beside: parts.collect() };
        let by = format!("{} {:?}", dialect.identity(), target.policy.acknowledged);
        let digests = Publication {
            at: now,
            text: Hex::of(&served.text),
            beside: served.beside.iter().map(|bytes| Hex::of(bytes)).collect(),
        };
        let same = kept.served.as_ref().is_some_and(|last| last.is(&digests));
        if same && kept.by == by && may_skip(&kept, memory, now) {
            return Ok(Observation::new(now, Outcome::Unchanged));
        }
        let new = |place: usize, hex: &Hex| before.get(place) != Some(hex);
        let bytes = [&served.text].into_iter().chain(&served.beside);
        let bodies: Vec<Body> = (urls.iter().zip(bytes).zip(digests.digests()).enumerate())
            .filter(|(place, (_, hex))| new(*place, hex))
            .map(|(_, ((url, bytes), _))| Body { url: url.to_string(), bytes: bytes.clone() })
            .collect();
        let series = self.series(&kept).await?;
        let (form, policy) = (Arc::clone(dialect), Arc::clone(&target.policy));
        let url = target.url.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let scene = Scene { url: &url, dialect: &form, policy: &policy, now };
            look(scene, kept, &series, &served)
        });
        let Ok((said, mut kept, facts)) = judged.await else {
            return Err(Failed::Unreachable("judging was cut short".to_owned()));
        };
        (kept.by, kept.asked, kept.served) = (by, asked, Some(digests));
        (kept.standing, kept.judged_at) = (said.standing, now);
        let checker = serde_json::to_string(&kept).ok();
        let outcome = Outcome::Said(Box::new(said));
        let mut seen = Observation { bodies, checker, ..Observation::new(now, outcome) };
        facts::note(&mut seen, memory, &target.url, &facts);
        Ok(seen)
    }

    /// The bytes that the server says are still the ones.
    async fn known(&self, digest: Option<Hex>, url: &Url) -> Result<Vec<u8>, Failed> {
        let kept = match digest {
            Some(hex) => self.store.bodies(vec![hex.0]).await?.pop().flatten(),
            None => None,
        };
        kept.ok_or_else(|| Failed::Unreachable(format!("{url}: an answer out of turn")))
    }

    async fn series(&self, kept: &Kept) -> Result<Vec<Held>, Failed> {
        let digests = kept.series.iter().flat_map(Publication::digests).map(|hex| hex.0).collect();
        let mut bodies = self.store.bodies(digests).await?.into_iter();
        let mut next = || {
            let gone = || Failed::Unreachable("evidence kept before is not there".to_owned());
            bodies.next().flatten().ok_or_else(gone)
        };
        let one = |publication: &Publication| {
            let text = next()?;
            let beside = publication.beside.iter().map(|_| next()).collect::<Result<_, _>>()?;
            Ok(Held { at: publication.at, text, beside })
        };
        kept.series.iter().map(one).collect()
    }
}

#[derive(Clone, Copy)]
struct Look<'a> {
    target: &'a Target,
    dialect: &'a Arc<Dialect>,
    memory: &'a Memory,
    now: i64,
}

/// The bytes of the text, or of a signature beside it; or what it means that there are none.
fn part(place: usize, url: &Url, obtained: Obtained<Vec<u8>>) -> Result<Vec<u8>, Failed> {
    let about = if place == 0 { String::new() } else { url.to_string() };
    let said = |standing, code, message: String, about| {
        let finding = Stated { code, severity: Severity::Alarm, about, message };
        let said = Said { standing, findings: vec![finding], ..Said::default() };
        Err(Failed::Said(Box::new(said)))
    };
    match obtained {
        Obtained::Got(bytes) => Ok(bytes),
        Obtained::Unreachable(words) if place == 0 => Err(Failed::Unreachable(words)),
        Obtained::Unreachable(words) => Err(Failed::Unreachable(format!("{url}: {words}"))),
        Obtained::Missing => {
            let what = if place == 0 { "canary" } else { "signature" };
            let message = format!("the host answers that there is no {what}");
            said(Standing::Missing, Code::Missing, message, about)
        }
        Obtained::Refused(refusal) => {
            said(Standing::Unverified, Code::TooLarge, refusal.to_string(), about)
        }
    }
}

/// Whether the same bytes as before leave nothing to judge.
fn may_skip(kept: &Kept, memory: &Memory, now: i64) -> bool {
    let Some(said) = &memory.said else { return false };
    kept.standing == Standing::Authentic
        && kept.waiting.is_none()
        && (0..JUDGED_FOR).contains(&(now - kept.judged_at))
        && !said.findings.iter().any(|f| axes::needs_clock(f.code) || f.code == Code::Rollback)
}
