//! The witnesses' own copies of a canary's checkpoint, at each check.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use canary_format::checkpoint::Checkpoint;
use canary_verifier::evidence::{Evidence, Obtained, Source};
use canary_verifier::fetch::Fetcher;
use canary_verifier::judge::{Judgement, WitnessCopy};
use canary_verifier::report::Code;
use canary_verifier::target::Prefix;
use canary_verifier::witness::Witness;

use crate::memory::Memory;
use crate::observe::{Body, Stated};
use crate::target::Target;

/// For how long a witness that does not answer is left alone: a whole fleet may have the same one, and
/// every check would wait for it.
const REST: Duration = Duration::from_secs(60);

/// Witnesses that did not answer lately, by their prefixes and by whether the target that asked may reach
/// private addresses: what one target may not reach is silent to that one only.
#[derive(Debug, Default)]
pub(super) struct LeftAlone {
    until: Mutex<HashMap<(String, bool), Instant>>,
}

impl LeftAlone {
    /// The witnesses' own copies of the checkpoint that was served.
    pub(super) async fn witness_copies(
        &self,
        fetcher: &Fetcher,
        target: &Target,
        evidence: &Evidence,
    ) -> Vec<WitnessCopy> {
        let witnesses = target.policy.witnesses.as_ref().filter(|one| one.has_addresses());
        let (Some(witnesses), Source::Site(site)) = (witnesses, &evidence.source) else {
            return Vec::new();
        };
        let Obtained::Got(bytes) = &site.checkpoint else { return Vec::new() };
        let Ok(checkpoint) = Checkpoint::parse(bytes) else { return Vec::new() };
        let now = Instant::now();
        let private = target.policy.danger_allow_private;
        let may_ask = |one: &&Witness| self.may_ask(one, private, now);
        let asked = witnesses.policy().witnesses().iter().filter(may_ask);
        let asked: Vec<&Witness> = asked.collect();
        let copies = fetcher.copies_of(asked.iter().copied(), checkpoint.origin()).await;
        let until = Instant::now() + REST;
        let mut left_alone = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        for copy in copies.iter().filter(|copy| is_silent(copy)) {
            let prefixes = asked.iter().filter_map(|one| prefix(one));
            let silent = prefixes.filter(|prefix| copy.url.starts_with(prefix.as_str()));
            left_alone.extend(silent.map(|prefix| ((prefix, private), until)));
        }
        drop(left_alone);
        copies
    }

    fn may_ask(&self, witness: &Witness, private: bool, now: Instant) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let until = prefix(witness).and_then(|prefix| until.get(&(prefix, private)).copied());
        until.is_none_or(|until| until <= now)
    }
}

fn is_silent(copy: &WitnessCopy) -> bool {
    matches!(copy.checkpoint, Obtained::Unreachable(_))
}

/// Where a witness is, in the one form of a URL prefix.
fn prefix(witness: &Witness) -> Option<String> {
    Prefix::parse(witness.url.as_deref()?).ok().map(|prefix| prefix.to_string())
}

/// The copies that a finding speaks of: evidence beside what was served.
pub(super) fn contrary(copies: &[WitnessCopy], judgement: &Judgement) -> Vec<Body> {
    let spoken_of = |copy: &&WitnessCopy| {
        judgement.report.findings.iter().any(|finding| finding.url.as_deref() == Some(&copy.url))
    };
    let body = |copy: &WitnessCopy| match &copy.checkpoint {
        Obtained::Got(bytes) => Some(Body { url: copy.url.clone(), bytes: bytes.clone() }),
        _ => None,
    };
    copies.iter().filter(spoken_of).filter_map(body).collect()
}

/// What a witness or a mirror contradicted before and nobody took back: one that cannot be read now has
/// not changed its mind.
pub(super) fn unheard(
    memory: &Memory,
    target: &Target,
    copies: &[WitnessCopy],
    judgement: &Judgement,
) -> Vec<Stated> {
    let Some(said) = &memory.said else { return Vec::new() };
    let mut prefixes = Vec::new();
    if let Some(witnesses) = &target.policy.witnesses {
        prefixes.extend(witnesses.policy().witnesses().iter().filter_map(prefix));
    }
    let heard = |about: &str| copies.iter().any(|copy| copy.url == about && judgement.hears(copy));
    let failed = |about: &str| {
        let findings = &judgement.report.findings;
        let of_mirrors = findings.iter().filter(|one| one.code == Code::MirrorFailed);
        of_mirrors.filter_map(|one| one.url.as_deref()).any(|url| url == about)
    };
    let is_unheard = |about: &str| {
        let of_witness = prefixes.iter().any(|prefix| about.starts_with(prefix.as_str()));
        of_witness && !heard(about)
            || target.mirrors.iter().any(|url| url == about) && failed(about)
    };
    let contradicted = said.findings.iter().filter(|one| one.code.is_authenticity());
    contradicted.filter(|one| is_unheard(&one.about)).cloned().collect()
}
