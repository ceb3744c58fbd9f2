//! `canary status`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_format::layout;
use canary_format::time::Timestamp;
use canary_signer::durable::{self, Access};
use canary_signer::folder::{self, FolderError};
use canary_signer::status::{DraftStatus, PublishedStatus, RosterStatus, Status, Urgency, status};
use clap::Args;

use super::draft::folder_failure;
use super::{delivered, publishing};
use crate::error::{Failure, Kind};
use crate::{clock, input, output};

const EXAMPLE: &str = "Example:
  canary status || mail -s 'warrant canary' canary@example.com < /dev/null
  canary status --ics renewal.ics

Exit status: 0 in time, 1 due soon (or no issue yet, or one that is not published), 2 overdue. Where
`canary publish` appended an issue and a target did not take it, the dates are those of the issue that
the target still shows.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct StatusCommand {
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Also write a calendar with the dates of the newest issue
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Judge as of another instant
    #[arg(long, value_name = "INSTANT", value_parser = crate::examine::instant)]
    at: Option<Timestamp>,
}

impl StatusCommand {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let newest = folder::newest(&self.folder).map_err(|error| folder_failure(&error))?;
        let draft = folder::draft(&self.folder.join(layout::DRAFT));
        let draft = draft.map_err(|error| folder_failure(&error))?;
        let config = self.folder.join(layout::CONFIG);
        if newest.is_none() && draft.is_none() && !config.is_file() {
            let cause = format!("no canary here: {}", self.folder.display());
            return Err(Failure::new(Kind::Config, cause)
                .hint("start with `canary init`, or name the folder with --folder"));
        }
        let issue = newest.as_ref().map(|newest| &newest.issue);
        let number = issue.map_or(0, |issue| issue.number);
        let published = self.published(number).map_err(|error| folder_failure(&error))?;
        let at = self.at.unwrap_or_else(clock::now);
        let status = status(issue, published, draft.as_ref(), at);
        if let Some(path) = &self.ics {
            let issue = issue.ok_or_else(|| {
                Failure::new(Kind::Config, "there is no issue yet, and so no date")
                    .hint("publish the first issue")
            })?;
            let calendar = canary_publisher::page::calendar(issue);
            input::refuse_other_kind(path, b"BEGIN:VCALENDAR")?;
            durable::replace(path, calendar.as_bytes(), Access::Shared).map_err(|error| {
                Failure::from_error(Kind::Io, &error)
                    .hint("name a place that can be written and has space")
            })?;
        }
        if self.json {
            output::json(&status);
        } else {
            output::result(&output::inert(&in_words(&status)));
        }
        Ok(ExitCode::from(status.urgency.exit_status()))
    }

    /// What earlier runs of `canary publish` found the targets to hold: those of canary.toml, or
    /// where it names none, all.
    fn published(&self, newest: u64) -> Result<Option<PublishedStatus>, FolderError> {
        let named = publishing::known_targets(&self.folder).unwrap_or_else(|failure| {
            if self.folder.join(layout::CONFIG).is_file() {
                let said = format!("warning: {}: every target on record counts", failure.cause());
                output::progress(&output::inert(&said));
            }
            Vec::new()
        });
        let targets = delivered::held(&self.folder, &named);
        PublishedStatus::of(targets, newest, |number| folder::issue(&self.folder, number))
    }
}

/// What readers are shown, as far as it is known here.
fn publication(status: &Status) -> String {
    let ahead = status.ahead();
    if !ahead.is_empty() {
        let ahead: Vec<String> =
            ahead.iter().map(|(name, number)| format!("; on {name}: issue {number}")).collect();
        return format!(
            "published: issues that canaries/ does not hold{}\nnext: \"One series\" in docs/publishing.md\n",
            ahead.concat()
        );
    }
    let (Some(newest), Some(published)) = (status.newest, &status.published) else {
        return "published: nothing on record here; `canary publish` makes sure\n".to_owned();
    };
    if !status.unpublished() {
        let names: Vec<&str> = published.targets.keys().map(String::as_str).collect();
        return format!("published: on {}\n", names.join(", "));
    }
    let mut text = format!("issue {} is not published", newest.number);
    for (name, number) in published.targets.iter().filter(|(_, n)| **n < newest.number) {
        let held = if *number == 0 { "not known".to_owned() } else { format!("issue {number}") };
        text += &format!("; on {name}: {held}");
    }
    if let Some(dates) = published.dates {
        text += &format!(", expires {}", dates.expires);
    }
    text + "\nnext: `canary publish`\n"
}

fn in_words(status: &Status) -> String {
    let mut text = match (status.urgency, status.in_force()) {
        (_, None) => "no issue yet\n".to_owned(),
        (Urgency::InTime, Some(newest)) => format!("in time: next due {}\n", newest.next_due),
        (Urgency::DueSoon, Some(_)) if !status.ahead().is_empty() => {
            "due: fetch what is published\n".to_owned()
        }
        (Urgency::DueSoon, Some(_)) if status.unpublished() => "due: publish\n".to_owned(),
        (Urgency::DueSoon, Some(newest)) => format!("due soon: next due {}\n", newest.next_due),
        (Urgency::Overdue, Some(newest)) => format!("overdue: was due {}\n", newest.next_due),
    };
    if let Some(newest) = status.newest {
        text += &format!(
            "newest issue: {}, as of {}, expires {}\n",
            newest.number, newest.as_of, newest.expires
        );
    }
    if status.newest.is_some() || status.published.is_some() {
        text += &publication(status);
    }
    match &status.draft {
        None => text += "draft: none; `canary draft` makes one\n",
        Some(draft) if !draft.follows_newest => {
            text += &format!("draft: issue {}, which does not follow the newest\n", draft.number);
        }
        Some(draft) => {
            let signed =
                if draft.signed.is_empty() { "nobody".into() } else { draft.signed.join(", ") };
            text += &format!("draft: issue {}, signed by {signed}\n", draft.number);
            text += &still_to_sign(draft);
        }
    }
    text
}

/// What the draft is short of. Each roster counts for itself: where both the previous issue's and the new
/// one have to sign, a person with another key in each signs twice.
fn still_to_sign(draft: &DraftStatus) -> String {
    if draft.quorum {
        return "a quorum has signed: `canary publish`\n".to_owned();
    }
    if draft.missing.is_none() {
        return "no quorum can be reached: change [roster] in canary.toml, then `canary draft`\n"
            .to_owned();
    }
    let short = draft.rosters.iter().filter(|roster| !roster.quorum);
    let line = |roster: &RosterStatus| {
        let of = match draft.rosters.len() {
            1 => String::new(),
            _ => format!(" for {}", roster.of),
        };
        let missing = roster.missing.unwrap_or_default();
        format!("still to sign{of}: {missing} of {}\n", roster.waiting.join(", "))
    };
    short.map(line).collect()
}

#[cfg(test)]
mod tests {
    use canary_signer::draft::RosterOf;

    use super::*;

    #[test]
    fn each_roster_that_has_to_sign_has_its_line() {
        let roster = |of, missing, waiting: &[&str]| RosterStatus {
            of,
            quorum: missing == Some(0),
            waiting: waiting.iter().map(|name| (*name).to_owned()).collect(),
            missing,
        };
        let said = |rosters: Vec<RosterStatus>| {
            let missing = rosters.iter().map(|roster| roster.missing).collect::<Option<Vec<_>>>();
            still_to_sign(&DraftStatus {
                number: 2,
                follows_newest: true,
                quorum: rosters.iter().all(|roster| roster.quorum),
                signed: Vec::new(),
                waiting: Vec::new(),
                missing: missing.and_then(|missing| missing.into_iter().max()),
                rosters,
            })
        };
        let before = |missing, waiting: &[&str]| roster(RosterOf::PreviousIssue, missing, waiting);
        let after = |missing, waiting: &[&str]| roster(RosterOf::ThisIssue, missing, waiting);
        let new = ["Ada", "Chen", "Dora"];
        assert_eq!(
            said(vec![before(Some(2), &["Ada", "Bo"]), after(Some(2), &new)]),
            "still to sign for the previous issue's roster: 2 of Ada, Bo\n\
             still to sign for the roster: 2 of Ada, Chen, Dora\n"
        );
        assert_eq!(
            said(vec![before(Some(0), &[]), after(Some(1), &["Chen"])]),
            "still to sign for the roster: 1 of Chen\n"
        );
        assert_eq!(said(vec![after(Some(1), &["Chen"])]), "still to sign: 1 of Chen\n");
        assert!(said(vec![before(None, &[]), after(Some(1), &new)]).starts_with("no quorum can"));
    }
}
