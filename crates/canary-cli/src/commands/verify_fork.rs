//! `canary verify-fork`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_verifier::fork::{self, ForkError};
use canary_verifier::judge::{Contradiction, contradiction};
use canary_verifier::report::{Person, Severity};
use clap::Args;

use crate::error::{Failure, Kind};
use crate::examine::witness_policy;
use crate::output;

const EXAMPLE: &str = "Example:
  canary verify-fork forks/9f86d081884c7d65

The folder is one that `canary verify` or `canary watch` saved. Nothing is fetched, and nobody's word
is taken: what the signatures in it show is all that is said. Whose the keys are is as the issues
say: compare a fingerprint, or a pin, with one that you had before.

Exit status: 2 the two sides contradict each other, 3 they do not.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct VerifyFork {
    /// The folder with both sides
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Whose cosignatures to look for on both sides: a C2SP tlog-policy file
    #[arg(long, value_name = "POLICY")]
    witnesses: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl VerifyFork {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let policy = self.witnesses.as_deref().map(witness_policy).transpose()?;
        let [ours, theirs] = fork::read(&self.folder).map_err(|error| {
            let kind = match &error {
                ForkError::File(_) => Kind::Io,
                _ => Kind::Data,
            };
            Failure::from_error(kind, &error)
                .hint("a fork's folder holds ours/ and theirs/, each with a checkpoint or issues/")
        })?;
        let found = contradiction(&ours, &theirs, policy.as_ref());
        if self.json {
            output::json(&found);
        } else {
            output::result(&output::inert(&words(found.as_ref())));
        }
        let severity = if found.is_some() { Severity::Alarm } else { Severity::Unknown };
        Ok(ExitCode::from(severity.exit_status()))
    }
}

fn words(found: Option<&Contradiction>) -> String {
    let Some(Contradiction { origin, payloads, trees }) = found else {
        return "The two sides do not contradict each other, or nothing ties them to one series.\n"
            .to_owned();
    };
    let mut text = format!("Two sides of {origin} that cannot both be true.\n");
    if let Some(two) = payloads {
        let [ours, theirs] = &two.digests;
        text += &format!("\nIssue {} has two payloads:\n", two.number);
        text += &format!("  ours    {ours}\n          signed by {}\n", names(&two.affirmed_by[0]));
        text +=
            &format!("  theirs  {theirs}\n          signed by {}\n", names(&two.affirmed_by[1]));
        text += match two.same_predecessor {
            true => "Both follow the same issue.\n",
            false => {
                "They do not follow the same issue at hand: a pin says which series is meant.\n"
            }
        };
        match &two.signed_both[..] {
            [] => text += "No key signed both.\n",
            both => {
                text += "Signed both:\n";
                for key in both {
                    text += &format!("  {} with {}\n", key.name, key.key);
                }
            }
        }
    }
    if let Some(two) = trees {
        let [ours, theirs] = two.sizes;
        text += &format!(
            "\nTwo trees, of {ours} and of {theirs} issues, of which neither extends the other:\n"
        );
        if let Some(key) = &two.log_key {
            text += &format!("  the log's key signed both: {key}\n");
        }
        if let [Some(ours), Some(theirs)] = two.heartbeats {
            text += &format!("  the heartbeat's key cosigned both: {ours} and {theirs}\n");
        }
        for witness in &two.witnesses {
            text += &format!("  the witness {witness} cosigned both\n");
        }
    }
    text
}

fn names(persons: &[Person]) -> String {
    let names: Vec<_> = persons.iter().map(|person| person.name.as_str()).collect();
    names.join(", ")
}
