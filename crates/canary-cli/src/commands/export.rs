//! `canary export`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_durable::Access;
use canary_format::merkle::{inclusion_proof, leaf_hash};
use canary_format::tlog_proof::TlogProof;
use canary_verifier::evidence::Trust;
use canary_verifier::judge::Judgement;
use canary_verifier::report::Severity;
use clap::Args;
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::examine::{Keep, Subject};
use crate::{output, report};

const EXAMPLE: &str = "Example:
  canary export 'https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY' -o example.canary
  canary verify example.canary --pin 'https://example.com/.well-known/canary/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY'

Writes one file that verifies without a network: every issue from the pinned one on, each with its
proof under one checkpoint. Where the newest issue is the pinned one, that is a plain tlog-proof.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Export {
    #[command(flatten)]
    subject: Subject,
    /// The file to write; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Outcome {
    file: String,
    first: u64,
    last: u64,
    bytes: usize,
}

impl Export {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let examined = self.subject.examine(Trust::default(), Keep::Nothing)?;
        let judgement = examined.judgement;
        let report = &judgement.report;
        if let Some((kind, finding)) = report::hindrance(report) {
            return Err(not_written(kind, &finding.message));
        }
        let (text, first, last) = file(&judgement)?;
        canary_durable::replace(&self.output, text.as_bytes(), Access::Shared).map_err(
            |error| {
                let path = self.output.display();
                Failure::new(Kind::Io, format!("{path} cannot be written: {error}"))
            },
        )?;
        let bytes = text.len();
        let outcome = Outcome { file: self.output.display().to_string(), first, last, bytes };
        if self.json {
            output::json(&outcome);
        } else {
            let Outcome { file, .. } = &outcome;
            output::progress(&output::inert(&format!(
                "{file}: issues {first} to {last}, {bytes} bytes"
            )));
        }
        if report.severity > Severity::Alive {
            output::progress(&format!("the report is {}: see `canary verify`", report.severity));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The proofs of every issue from the pinned one on, the newest first.
fn file(judgement: &Judgement) -> Result<(String, u64, u64), Failure> {
    let series = &judgement.series;
    let (Some(oldest), Some(newest)) = (series.first(), series.last()) else {
        let said = judgement.report.findings.first().map(|finding| finding.message.as_str());
        return Err(not_written(Kind::Data, said.unwrap_or("there is no canary")));
    };
    let Some(checkpoint) = judgement.checkpoint() else {
        return Err(not_written(Kind::Data, "there is no checkpoint to prove anything by"));
    };
    let last = newest.issue().number;
    if oldest.issue().number != 1 || checkpoint.size() != last {
        return Err(not_written(
            Kind::Data,
            "not every issue that the checkpoint covers is at hand",
        ));
    }
    let first = judgement.report.subject.pin.as_ref().map_or(1, |pin| pin.number);
    let leaves: Vec<_> = series.iter().map(|issue| issue.envelope().bytes()).collect();
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let mut text = String::new();
    for (index, leaf) in leaves.iter().enumerate().rev() {
        if (index as u64) + 1 < first {
            break;
        }
        let hashes = inclusion_proof(&hashes, index).expect("every index is in the tree");
        let proof = TlogProof {
            extra: Some(leaf.to_vec()),
            index: index as u64,
            hashes,
            checkpoint: checkpoint.clone(),
        };
        text += &proof.to_string();
    }
    Ok((text, first.max(1), last))
}

fn not_written(kind: Kind, said: &str) -> Failure {
    Failure::new(kind, format!("nothing was written: {said}"))
        .hint("`canary verify` says more; export from a site or its directory")
}
