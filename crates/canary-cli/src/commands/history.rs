//! `canary history`.

use std::fmt::Write as _;
use std::process::ExitCode;

use canary_format::time::Timestamp;
use canary_verifier::evidence::Trust;
use canary_verifier::history::{self, Entry, FactLife, Run};
use canary_verifier::report::Gap;
use clap::Args;

use crate::commands::dialects::{DialectOptions, show};
use crate::error::Failure;
use crate::examine::{Keep, Subject};
use crate::output::{self, line};
use crate::{changes, report};

const EXAMPLE: &str = "Examples:
  canary history example.com
  canary history ./site --fact keys.none-shared
  canary history example.com --json | jq '.facts[].id'
  canary history old-canaries --dialect openpgp --trust-key alice=alice.asc";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct History {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    dialect: DialectOptions,
    /// Only the life of this fact, with its words
    #[arg(long, value_name = "ID")]
    fact: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl History {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.dialect.asked() {
            let (place, now) = self.subject.of_another_format(&[])?;
            let (history, left_out) = self.dialect.history(place, None, now)?;
            show::known(&history, self.fact.as_deref())?;
            return Ok(show::print(&history, self.fact.as_deref(), &left_out, self.json));
        }
        let judgement = self.subject.examine(Trust::default(), Keep::Nothing)?.judgement;
        if judgement.series.is_empty() {
            return Ok(changes::nothing_authentic(&judgement.report, self.json));
        }
        changes::warn(&judgement.report);
        let mut history = history::History::of(&judgement);
        if let Some(id) = &self.fact {
            let known: Vec<String> = history.facts.iter().map(|fact| fact.id.clone()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            history = history.about(id).ok_or_else(|| show::no_such_fact(id, &known))?;
        }
        if self.json {
            output::json(&history);
        } else {
            output::result(&text(&history, self.fact.is_some()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(history: &history::History, one_fact: bool) -> String {
    let mut out = String::new();
    let origin = history.subject.origin.as_deref().unwrap_or("a series");
    let _ = writeln!(out, "{}: {}\n", line(origin), history.state);
    for entry in &history.issues {
        if one_fact {
            let _ = writeln!(out, "  {:>4}  {}", entry.number, entry.as_of);
        } else {
            issue(&mut out, entry);
        }
        for gap in history.gaps.iter().filter(|gap| gap.after_issue == entry.number) {
            let next = history.issues.iter().find(|next| next.number == entry.number + 1);
            gap_line(&mut out, gap, next.map(|next| next.as_of));
        }
    }
    for fact in &history.facts {
        life(&mut out, fact, one_fact);
    }
    out
}

fn issue(out: &mut String, entry: &Entry) {
    let _ = writeln!(
        out,
        "  {:>4}  {}  {} facts, by {}",
        entry.number,
        entry.as_of,
        entry.facts.len(),
        report::people(&entry.affirmed_by)
    );
    if let Some(changes) = &entry.changes {
        for said in changes::summary(changes) {
            let _ = writeln!(out, "        {said}");
        }
    }
    for retiring in &entry.retiring {
        let _ = writeln!(
            out,
            "        announced: {} will not be affirmed from {} on",
            line(&retiring.id),
            retiring.after
        );
    }
}

/// `resumed` is the date of the issue after the gap.
fn gap_line(out: &mut String, gap: &Gap, resumed: Option<Timestamp>) {
    let what = match resumed.is_some_and(|as_of| gap.to > as_of) {
        true => "nothing newer found",
        false => "nothing affirmed",
    };
    let _ = writeln!(out, "        gap: {what} from {} to {}", gap.from, gap.to);
}

fn life(out: &mut String, fact: &FactLife, whole: bool) {
    let runs: Vec<String> = fact.affirmed.iter().map(run).collect();
    if !whole {
        let start = if out.contains("\nFacts:\n") { "" } else { "\nFacts:\n" };
        let _ = writeln!(out, "{start}  {}: affirmed in {}", line(&fact.id), runs.join(", "));
        return;
    }
    let _ = writeln!(out, "\n{}: affirmed in {}", line(&fact.id), runs.join(", "));
    for words in &fact.words {
        let _ = writeln!(out, "\n  words from issue {} on:", words.issue);
        changes::words(out, &words.what, "    ");
    }
    for scope in &fact.scopes {
        let _ = writeln!(out, "\n  scope from issue {} on:", scope.issue);
        changes::scope(out, &scope.what, "    ");
    }
}

fn run(run: &Run) -> String {
    if run.first == run.last {
        format!("issue {} ({})", run.first, run.from.date())
    } else {
        format!("issues {} to {} ({} to {})", run.first, run.last, run.from.date(), run.to.date())
    }
}
