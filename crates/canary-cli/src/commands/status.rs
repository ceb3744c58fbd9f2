//! `canary status`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_format::layout;
use canary_format::time::Timestamp;
use canary_signer::durable::{self, Access};
use canary_signer::folder;
use canary_signer::status::{Status, Urgency, status};
use clap::Args;

use super::draft::folder_failure;
use crate::error::{Failure, Kind};
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary status || mail -s 'warrant canary' canary@example.com < /dev/null
  canary status --ics renewal.ics

Exit status: 0 in time, 1 due soon (or no issue yet), 2 overdue.";

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
        let status = status(issue, draft.as_ref(), self.at.unwrap_or_else(clock::now));
        if let Some(path) = &self.ics {
            let issue = issue.ok_or_else(|| {
                Failure::new(Kind::Config, "there is no issue yet, and so no date")
                    .hint("publish the first issue")
            })?;
            let calendar = canary_publisher::page::calendar(issue);
            durable::replace(path, calendar.as_bytes(), Access::Shared)
                .map_err(|error| Failure::from_error(Kind::Io, &error))?;
        }
        if self.json {
            output::json(&status);
        } else {
            output::result(&output::inert(&in_words(&status)));
        }
        Ok(ExitCode::from(status.urgency.exit_status()))
    }
}

fn in_words(status: &Status) -> String {
    let mut text = match (status.urgency, status.newest) {
        (_, None) => "no issue yet\n".to_owned(),
        (Urgency::InTime, Some(newest)) => format!("in time: next due {}\n", newest.next_due),
        (Urgency::DueSoon, Some(newest)) => format!("due soon: next due {}\n", newest.next_due),
        (Urgency::Overdue, Some(newest)) => format!("overdue: was due {}\n", newest.next_due),
    };
    if let Some(newest) = status.newest {
        text += &format!(
            "newest issue: {}, as of {}, expires {}\n",
            newest.number, newest.as_of, newest.expires
        );
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
            if draft.quorum {
                text += "a quorum has signed: `canary publish`\n";
            } else {
                text +=
                    &format!("still to sign: {} of {}\n", draft.missing, draft.waiting.join(", "));
            }
        }
    }
    text
}
