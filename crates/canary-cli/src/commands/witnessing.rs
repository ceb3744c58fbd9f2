//! The witnesses of `canary.toml`, between signing the checkpoint and writing the site.

use std::path::Path;
use std::time::Duration;

use canary_publisher::publish::Publication;
use canary_publisher::witnesses::{self, Submitted, Witness};
use canary_verifier::fetch::{Fetcher, Limits};
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::runtime::run;
use crate::{clock, input, output};

/// How long all witnesses together may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of one witness.
#[derive(Serialize)]
pub(super) struct WitnessOutcome {
    witness: String,
    cosigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Submits the checkpoint to every witness, and adds the cosignatures that verify. One that gives none
/// is named and holds nothing up.
pub(super) fn gather(
    folder: &Path,
    publication: &mut Publication,
) -> Result<Vec<WitnessOutcome>, Failure> {
    let witnesses = named(folder)?;
    if witnesses.is_empty() {
        return Ok(Vec::new());
    }
    let limits = Limits { deadline: PATIENCE, ..Limits::default() };
    let fetcher = Fetcher::new(limits).map_err(|error| Failure::from_error(Kind::Io, &error))?;
    output::progress(&format!("submitting the checkpoint to {} witnesses", witnesses.len()));
    // They cosigned the tree before this issue, as a rule; one that did not says what it cosigned.
    let published = publication.series().size().saturating_sub(1);
    let submitted = run(witnesses::gather(
        &fetcher,
        &witnesses,
        publication.checkpoint(),
        publication.series().leaves(),
        published,
        clock::now(),
    ))?;
    let outcome = |one: &Submitted| WitnessOutcome {
        witness: one.witness.clone(),
        cosigned: one.result.is_ok(),
        error: one.result.as_ref().err().map(ToString::to_string),
    };
    let outcomes: Vec<_> = submitted.iter().map(outcome).collect();
    for one in &outcomes {
        let said = one.error.as_deref().unwrap_or("cosigned");
        output::progress(&output::inert(&format!("  {}: {said}", one.witness)));
    }
    let lines = submitted.into_iter().filter_map(|one| one.result.ok()).flatten();
    publication.add_cosignatures(lines).map_err(|error| {
        Failure::from_error(Kind::Data, &error).hint("nothing was written; run it again")
    })?;
    Ok(outcomes)
}

/// The witnesses of a publisher's folder.
fn named(folder: &Path) -> Result<Vec<Witness>, Failure> {
    let text = input::publisher_config(folder)?;
    Witness::all_named(&text).map_err(|error| {
        Failure::from_error(Kind::Config, &error)
            .hint("each [[witnesses]] has key and url: see docs/witnessing.md")
    })
}
