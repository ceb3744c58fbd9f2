//! A native target: the site as it was served, and both sides where a number was served twice.

use canary_format::digest::Digest;
use canary_format::envelope::Envelope;
use canary_format::time::Timestamp;
use canary_monitor::export::{Holding, SiteAsSeen, file_name};
use canary_monitor::policy::Policy;
use canary_monitor::store::configured::ConfiguredStore;
use canary_monitor::store::{Sighting, Store as _, StoreError};
use canary_report::command::{self, Asked};
use canary_report::site;
use canary_verifier::fork;
use canary_verifier::judge::{Side, contradiction};

use super::super::store_failure;
use super::AsOf;
use crate::commands::report::folder::NewFolder;
use crate::error::{Failure, Kind};

/// Other checkpoints, the newest first, that are compared with the site at most.
const MAX_TREES: usize = 256;

/// Writes it, and gives the commands that check it again.
pub(super) async fn write(
    store: &ConfiguredStore,
    held: &Holding,
    folder: &str,
    as_of: AsOf,
    out: &mut NewFolder,
) -> Result<Vec<String>, Failure> {
    let AsOf { until, known_by } = as_of;
    let failed = |error| store_failure(&error);
    let mut commands = Vec::new();
    let mut sides = Vec::new();
    if let Some(seen) = held.site(store, known_by).await.map_err(failed)? {
        for (path, bytes) in site::files(&seen.checkpoint, &seen.leaves) {
            out.put(&format!("{folder}/site/{path}"), &bytes)?;
        }
        let place = format!("{folder}/site");
        commands.push(verify(held, folder, until, out)?);
        commands.push(command::history(&place));
        sides = other_trees(store, held, &seen, known_by).await.map_err(failed)?;
    }
    for (number, digests) in held.twice() {
        let bodies = store.bodies(digests.clone()).await.map_err(failed)?;
        let mut envelopes: Vec<Vec<u8>> = Vec::new();
        for (digest, body) in digests.into_iter().zip(bodies) {
            let Some(body) = body else { continue };
            let name = file_name(digest);
            out.put(&format!("{folder}/twice/{number:04}/{name}.json"), &body)?;
            if Envelope::parse(&body).is_ok() {
                envelopes.push(body);
            }
        }
        let payload = |body: &[u8]| Envelope::parse(body).map(|one| one.payload().to_vec()).ok();
        let Some((ours, others)) = envelopes.split_first() else { continue };
        for theirs in others.iter().filter(|theirs| payload(theirs) != payload(ours)) {
            let side = |body: &Vec<u8>| Side {
                first: number,
                envelopes: vec![body.clone()],
                checkpoint: None,
            };
            sides.push([side(ours), side(theirs)]);
        }
    }
    for both in &sides {
        let parent = out.path().join(folder).join("forks");
        let written =
            fork::write(&parent, both).map_err(|error| Failure::from_error(Kind::Io, &error))?;
        let name = written.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = command::quoted(&format!("{folder}/forks/{name}"));
        commands.push(format!("canary verify-fork {place}"));
    }
    Ok(commands)
}

/// The command that judges the site by what the watcher asks of it.
fn verify(
    held: &Holding,
    folder: &str,
    until: Timestamp,
    out: &mut NewFolder,
) -> Result<String, Failure> {
    let (pin, policy) = (held.target.pin.as_ref().map(ToString::to_string), &held.target.policy);
    let witnesses = format!("{folder}/keys/witnesses.policy");
    if let Some(one) = &policy.witnesses {
        out.put(&witnesses, one.bytes())?;
    }
    let usual = Policy::default().max_interval_days;
    let asked = Asked {
        pin: pin.as_deref(),
        witnesses: policy.witnesses.as_ref().map(|_| witnesses.as_str()),
        max_interval_days: Some(policy.max_interval_days).filter(|days| *days != usual),
        require_freshness: policy.require_freshness,
    };
    Ok(command::verify_as(&format!("{folder}/site"), asked, until))
}

/// The site beside every other checkpoint that was obtained, from a witness or at another time, where
/// the two cannot both be true.
async fn other_trees(
    store: &ConfiguredStore,
    held: &Holding,
    seen: &SiteAsSeen,
    known_by: i64,
) -> Result<Vec<[Side; 2]>, StoreError> {
    let ours = Side {
        first: 1,
        envelopes: seen.leaves.clone(),
        checkpoint: Some(seen.checkpoint.clone()),
    };
    let witnesses = held.target.policy.witnesses.as_ref().map(|one| one.policy());
    let is_other = |one: &&Sighting| {
        one.url.ends_with("checkpoint")
            && one.first <= known_by
            && one.digest != Digest::of(&seen.checkpoint).0
    };
    let mut digests: Vec<[u8; 32]> =
        held.sightings.iter().rev().filter(is_other).map(|one| one.digest).collect();
    digests.truncate(MAX_TREES);
    let mut sides = Vec::new();
    for checkpoint in store.bodies(digests).await?.into_iter().flatten() {
        let theirs = Side { checkpoint: Some(checkpoint), ..Side::default() };
        if contradiction(&ours, &theirs, witnesses).is_some() {
            sides.push([ours.clone(), theirs]);
        }
    }
    Ok(sides)
}
