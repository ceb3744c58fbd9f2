//! A native target: the site as it was served, and both sides where a number was served twice.

use canary_format::envelope::Envelope;
use canary_format::time::Timestamp;
use canary_monitor::export::{Holding, file_name};
use canary_monitor::store::Store;
use canary_report::command;
use canary_report::site;
use canary_verifier::fork;
use canary_verifier::judge::Side;

use super::super::store_failure;
use crate::commands::report::folder::NewFolder;
use crate::error::{Failure, Kind};

/// Writes it, and gives the commands that check it again.
pub(super) async fn write<S: Store>(
    store: &S,
    held: &Holding,
    folder: &str,
    until: Timestamp,
    out: &mut NewFolder,
) -> Result<Vec<String>, Failure> {
    let failed = |error| store_failure(&error);
    let mut commands = Vec::new();
    if let Some(seen) = held.site(store, until.unix()).await.map_err(failed)? {
        for (path, bytes) in site::files(&seen.checkpoint, &seen.leaves) {
            out.put(&format!("{folder}/site/{path}"), &bytes)?;
        }
        let pin = held.target.pin.as_ref().map(ToString::to_string);
        let place = format!("{folder}/site");
        commands.push(command::verify(&place, pin.as_deref(), until));
        commands.push(command::history(&place));
    }
    for (number, digests) in held.twice() {
        let bodies = store.bodies(digests.clone()).await.map_err(failed)?;
        let mut sides: Vec<Vec<u8>> = Vec::new();
        for (digest, body) in digests.into_iter().zip(bodies) {
            let Some(body) = body else { continue };
            let name = file_name(digest);
            out.put(&format!("{folder}/twice/{number:04}/{name}.json"), &body)?;
            if Envelope::parse(&body).is_ok() {
                sides.push(body);
            }
        }
        let payload = |body: &[u8]| Envelope::parse(body).map(|one| one.payload().to_vec()).ok();
        let Some((ours, others)) = sides.split_first() else { continue };
        for theirs in others.iter().filter(|theirs| payload(theirs) != payload(ours)) {
            let side = |body: &Vec<u8>| Side {
                first: number,
                envelopes: vec![body.clone()],
                checkpoint: None,
            };
            let parent = out.path().join(folder).join("forks");
            let written = fork::write(&parent, &[side(ours), side(theirs)])
                .map_err(|error| Failure::from_error(Kind::Io, &error))?;
            let name = written.file_name().unwrap_or_default().to_string_lossy().into_owned();
            commands.push(format!(
                "canary verify-fork {}",
                command::quoted(&format!("{folder}/forks/{name}"))
            ));
        }
    }
    Ok(commands)
}
