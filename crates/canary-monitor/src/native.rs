//! Checks native canaries: fetches, judges, and remembers what was seen by the digests of the bodies in
//! the store.

mod kept;
mod recent;
mod verified;
mod witnesses;

use std::sync::Arc;

use canary_format::digest::Digest;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Freshness, Obtained, Seen, Site, Source, Trust};
use canary_verifier::fetch::{Fetcher, Known};
use canary_verifier::judge::{Judgement, judge_again};
use canary_verifier::report::{Code, Finding};
use canary_verifier::state::CachedCheckpoint;
use canary_verifier::target::Prefix;

use self::kept::Kept;
use self::recent::Recent;
use self::verified::VerifiedTrees;
use self::witnesses::{LeftAlone, contrary, unheard};
use crate::axes;
use crate::checker::fetcher_for;
use crate::evidence::LEAF_LIST;
use crate::facts;
use crate::memory::Memory;
use crate::observe::{Body, Check, Dates, Heartbeat, Observation, Outcome, Said, Standing, Stated};
use crate::store::{Store, StoreError};
use crate::target::{Target, TargetId};

/// The checker of native canaries.
#[derive(Debug, Clone)]
pub struct NativeCheck<S> {
    fetcher: Fetcher,
    store: S,
    recent: Arc<Recent>,
    verified: Arc<VerifiedTrees>,
    left_alone: Arc<LeftAlone>,
}

impl<S: Store> NativeCheck<S> {
    /// With the fetcher that every format uses.
    pub fn with_fetcher(store: S, fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            store,
            recent: Arc::default(),
            verified: Arc::default(),
            left_alone: Arc::default(),
        }
    }

    /// What was seen of a target, from the store's bodies.
    async fn seen(&self, id: TargetId, kept: &Kept) -> Result<Option<Arc<Seen>>, StoreError> {
        let Some(digest) = kept.leaves else { return Ok(None) };
        if let Some(seen) = self.recent.find(id, kept) {
            return Ok(Some(seen));
        }
        let Some(list) = self.store.bodies(vec![digest]).await?.pop().flatten() else {
            return Ok(None);
        };
        let mut digests: Vec<[u8; 32]> = list.as_chunks::<32>().0.to_vec();
        digests.extend(kept.checkpoint);
        let bodies: Option<Vec<Vec<u8>>> = self.store.bodies(digests).await?.into_iter().collect();
        let Some(mut bodies) = bodies else { return Ok(None) };
        let checkpoint = match kept.checkpoint {
            Some(_) => bodies.pop().unwrap_or_default(),
            None => Vec::new(),
        };
        let seen = Arc::new(kept.seen(bodies, checkpoint));
        self.recent.keep(id, kept, Arc::clone(&seen));
        Ok(Some(seen))
    }
}

impl<S: Store> Check for NativeCheck<S> {
    async fn check(&self, target: &Target, memory: &Memory, now: i64) -> Observation {
        let Ok(prefix) = Prefix::parse(&target.url) else {
            return Observation::new(now, Outcome::Unreachable("not a URL".to_owned()));
        };
        let fetcher = fetcher_for(&self.fetcher, target);
        let kept: Kept = serde_json::from_str(&memory.checker).unwrap_or_default();
        let (judged_by, cached) = (judged_by(target), kept.cached());
        let first = if kept.judged_by.as_ref() == Some(&judged_by) && may_skip(memory, target, now)
        {
            let first = fetcher.ask(&prefix, cached.as_ref()).await;
            if first.is_known() {
                return Observation::new(now, Outcome::Unchanged).with_hints(first.hints());
            }
            Some(first)
        } else {
            None
        };
        let seen = match self.seen(target.id, &kept).await {
            Ok(seen) => seen,
            // No fault of the canary's.
            Err(error) if error.is_passing() => return Observation::new(now, Outcome::NotAsked),
            Err(error) => {
                let words = format!("the store could not be read: {error}");
                return Observation::new(now, Outcome::Unreachable(words));
            }
        };
        let known = Known { seen: seen.as_deref(), checkpoint: cached.as_ref() };
        let at = Timestamp::from_unix(now);
        let fetched = match first {
            Some(first) => fetcher.fetch_rest(first, &prefix, known, at).await,
            None => {
                let mirrors: Vec<Prefix> =
                    target.mirrors.iter().filter_map(|url| Prefix::parse(url).ok()).collect();
                fetcher.fetch(&prefix, known, &mirrors, at).await
            }
        };
        let hints = fetched.hints;
        let (trust, before) = (trust(target), seen.clone());
        let (evidence, checkpoint) = (fetched.evidence, fetched.checkpoint);
        let copies = self.left_alone.witness_copies(&fetcher, target, &evidence).await;
        let tree = self.verified.find(target.id);
        let judged = tokio::task::spawn_blocking(move || {
            let judgement = judge_again(&evidence, &trust, before.as_deref(), tree.as_ref(), at)
                .beside_witness_copies(&copies, at);
            (judgement, evidence, copies)
        });
        let Ok((judgement, evidence, copies)) = judged.await else {
            let words = "judging was cut short".to_owned();
            return Observation::new(now, Outcome::Unreachable(words)).with_hints(hints);
        };
        if let Some(tree) = judgement.verified {
            self.verified.keep(target.id, tree);
        }
        let contrary = contrary(&copies, &judgement);
        let unheard = unheard(memory, target, &copies, &judgement);
        let facts = judgement.report.facts.clone();
        let look = Look { target, kept, judged_by, seen: seen.as_deref(), now };
        let mut observation = self.observe(look, judgement, &evidence, checkpoint);
        // First of all: what the canary itself serves cannot use up its room.
        observation.bodies.splice(0..0, contrary);
        if let Outcome::Said(said) = &mut observation.outcome {
            said.findings.extend(unheard);
        }
        facts::note(&mut observation, memory, &target.url, &facts);
        observation.with_hints(hints)
    }
}

struct Look<'a> {
    target: &'a Target,
    kept: Kept,
    judged_by: String,
    seen: Option<&'a Seen>,
    now: i64,
}

impl<S: Store> NativeCheck<S> {
    fn observe(
        &self,
        look: Look<'_>,
        judgement: Judgement,
        evidence: &Evidence,
        checkpoint: Option<CachedCheckpoint>,
    ) -> Observation {
        let Look { target, kept, judged_by, seen, now } = look;
        let mut bodies = bodies(evidence, &target.url, seen);
        for fork in &judgement.forks {
            let url = fork.url.as_deref().unwrap_or(&target.url);
            for bytes in [&fork.ours, &fork.theirs] {
                bodies.push(Body {
                    url: format!("{url}issues/{}", fork.number),
                    bytes: bytes.clone(),
                });
            }
        }
        let (outcome, besides) = outcome(&judgement);
        let authentic =
            matches!(&outcome, Outcome::Said(said) if said.standing == Standing::Authentic);
        let mut next = match judgement.seen {
            Some(after) => {
                let leaves = match seen {
                    Some(seen) if seen.leaves == after.leaves => kept.leaves,
                    _ => None,
                };
                let leaves = leaves.unwrap_or_else(|| {
                    let digest = |leaf: &Vec<u8>| Digest::of(leaf).0;
                    let list: Vec<u8> = after.leaves.iter().flat_map(digest).collect();
                    let digest = Digest::of(&list).0;
                    bodies.push(Body { url: format!("{}{LEAF_LIST}", target.url), bytes: list });
                    digest
                });
                let kept = Kept::of(&after, leaves);
                self.recent.keep(target.id, &kept, Arc::new(after));
                kept
            }
            None => kept,
        };
        next.cache(checkpoint.filter(|_| authentic));
        next.judged_by = Some(judged_by);
        Observation {
            besides,
            bodies,
            checker: serde_json::to_string(&next).ok(),
            ..Observation::new(now, outcome)
        }
    }
}

/// The list of the leaves that a target's state rests on, and the checkpoint over them, by their digests.
pub(crate) fn rests_on(memory: &Memory) -> Option<([u8; 32], Option<[u8; 32]>)> {
    let kept: Kept = serde_json::from_str(&memory.checker).ok()?;
    Some((kept.leaves?, kept.checkpoint))
}

/// Whether an unchanged checkpoint leaves nothing to judge: no date that the judge alone compares has
/// passed, and there is no mirror and no witness's own copy to compare with.
fn may_skip(memory: &Memory, target: &Target, now: i64) -> bool {
    let Some(said) = &memory.said else { return false };
    let witnesses = target.policy.witnesses.as_ref();
    target.mirrors.is_empty()
        && !witnesses.is_some_and(|witnesses| witnesses.has_addresses())
        && said.issue.as_ref().is_some_and(|issue| now <= issue.expires)
        && !said.findings.iter().any(|finding| axes::needs_clock(finding.code))
}

/// What the user says about a target, as far as the judge asks: where it differs, what was judged is
/// judged again.
fn judged_by(target: &Target) -> String {
    let policy = &target.policy;
    let pin = target.pin.as_ref().map(ToString::to_string).unwrap_or_default();
    let witnesses = policy.witnesses.as_ref().map(|witnesses| witnesses.digest().to_string());
    let asked =
        (policy.acknowledged, policy.max_interval_days, policy.require_freshness, witnesses);
    Digest::of(format!("{pin} {asked:?}").as_bytes()).to_string()
}

fn trust(target: &Target) -> Trust {
    let policy = &target.policy;
    Trust {
        pin: target.pin.clone(),
        acknowledged: policy.acknowledged,
        max_interval_days: policy.max_interval_days,
        freshness: if policy.require_freshness { Freshness::Required } else { Freshness::AsBefore },
        witnesses: policy.witnesses.as_ref().map(|witnesses| witnesses.policy().clone()),
        ..Trust::default()
    }
}

/// The two axes of a report.
fn outcome(judgement: &Judgement) -> (Outcome, Vec<Stated>) {
    let report = &judgement.report;
    let findings: Vec<Stated> = report.findings.iter().map(stated).collect();
    if let Some(unreachable) = findings.iter().find(|f| f.code == Code::Unreachable) {
        let besides =
            findings.iter().filter(|finding| finding.code.is_authenticity()).cloned().collect();
        return (Outcome::Unreachable(unreachable.message.clone()), besides);
    }
    let standing = if findings.iter().any(|f| f.code == Code::Missing) {
        Standing::Missing
    } else {
        Standing::of(report.state)
    };
    let newest = judgement.series.last().map(|newest| newest.issue());
    let heartbeat_at = report.log.as_ref().and_then(|log| log.heartbeat_at);
    let declared = newest.and_then(|issue| issue.log.heartbeat.as_ref());
    let said = Said {
        origin: report.subject.origin.clone(),
        standing,
        issue: report.issue.as_ref().map(|issue| Dates {
            number: issue.number,
            digest: issue.digest.to_string(),
            as_of: issue.as_of.unix(),
            next_due: issue.next_due.unix(),
            expires: issue.expires.unix(),
        }),
        heartbeat: heartbeat_at
            .zip(declared)
            .map(|(at, declared)| Heartbeat { at: at.unix(), max_age: declared.max_age }),
        findings,
        facts: newest.map_or(0, |issue| u32::try_from(issue.facts.len()).unwrap_or(u32::MAX)),
        fact_list: None,
    };
    (Outcome::Said(Box::new(said)), Vec::new())
}

pub(crate) fn stated(finding: &Finding) -> Stated {
    let about = match (&finding.fact, &finding.url, &finding.signer, finding.issue) {
        (Some(fact), ..) => fact.clone(),
        (_, Some(url), ..) => url.clone(),
        (_, _, Some(signer), _) => signer.clone(),
        (.., Some(issue)) => format!("issue {issue}"),
        _ => String::new(),
    };
    Stated {
        code: finding.code,
        severity: finding.severity,
        about,
        message: finding.message.clone(),
    }
}

/// What was received and is not among what was seen.
fn bodies(evidence: &Evidence, url: &str, seen: Option<&Seen>) -> Vec<Body> {
    let mut bodies = Vec::new();
    let mut site = |url: &str, site: &Site| {
        if let Obtained::Got(bytes) = &site.checkpoint {
            bodies.push(Body { url: format!("{url}checkpoint"), bytes: bytes.clone() });
        }
        let known = seen.map_or(&[][..], |seen| &seen.leaves);
        if let Obtained::Got(leaves) = &site.leaves {
            for (index, leaf) in leaves.iter().enumerate() {
                if known.get(index) != Some(leaf) {
                    bodies.push(Body {
                        url: format!("{url}issues/{}", index + 1),
                        bytes: leaf.clone(),
                    });
                }
            }
        }
    };
    if let Source::Site(main) = &evidence.source {
        site(url, main);
    }
    for mirror in &evidence.mirrors {
        site(&mirror.url, &mirror.site);
    }
    bodies
}
