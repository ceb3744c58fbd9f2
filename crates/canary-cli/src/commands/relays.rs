//! drand's relays: the newest beacon, for a draft.

use std::time::Duration;

use canary_format::issue::NotBefore;
use canary_signer::evidence::{MAX_BEACON, latest_beacon_path, read_beacon};
use canary_verifier::evidence::Obtained;
use canary_verifier::fetch::{Fetcher, Limits};
use canary_verifier::target::Prefix;

use crate::error::{Failure, Kind};
use crate::output;
use crate::runtime::run;

/// How long all relays together may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// The newest beacon that any of these relays answers and that verifies. Where none does, nothing:
/// that is said, and the draft goes on without.
pub(super) fn newest_beacon(relays: &[String]) -> Result<Vec<NotBefore>, Failure> {
    let prefixes = relays.iter().map(|relay| {
        Prefix::parse(relay).map_err(|error| {
            Failure::from_error(Kind::Config, &error).hint("mend [evidence] drand of canary.toml")
        })
    });
    let prefixes: Vec<Prefix> = prefixes.collect::<Result<_, _>>()?;
    if prefixes.is_empty() {
        return Ok(Vec::new());
    }
    let limits = Limits { deadline: PATIENCE, ..Limits::default() };
    let fetcher = Fetcher::new(limits).map_err(|error| Failure::from_error(Kind::Io, &error))?;
    let answers = run(fetcher.objects(&prefixes, &latest_beacon_path(), MAX_BEACON))?;
    let mut newest: Option<(NotBefore, _)> = None;
    for (relay, answer) in relays.iter().zip(answers) {
        let failed = match answer {
            Obtained::Got(bytes) => match read_beacon(&bytes) {
                Ok((beacon, at)) => {
                    if newest.as_ref().is_none_or(|(_, newest)| at > *newest) {
                        newest = Some((beacon, at));
                    }
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Obtained::Missing => "it has no beacon".to_owned(),
            Obtained::Unreachable(words) => words,
            Obtained::Refused(refusal) => refusal.to_string(),
        };
        output::progress(&output::inert(&format!("{relay}: {failed}")));
    }
    match newest {
        Some((beacon, at)) => {
            output::progress(&format!("beacon of drand's quicknet, round {}: {at}", beacon.round));
            Ok(vec![beacon])
        }
        None => {
            output::progress(
                "warning: no relay gave a beacon: nothing will show that this draft was not made in \
                 advance. Run it again later, or give one with --evidence",
            );
            Ok(Vec::new())
        }
    }
}
