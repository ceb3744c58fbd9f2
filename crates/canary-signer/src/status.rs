//! Where a series and its draft stand: the publisher is reminded first (R33).

use canary_format::issue::Issue;
use canary_format::time::Timestamp;
use serde::Serialize;

use crate::cadence::lead;
use crate::draft::Draft;

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Nothing to do yet. Exit status 0.
    InTime,
    /// The next issue is due soon, or there is none yet. Exit status 1.
    DueSoon,
    /// `next_due` has passed. Exit status 2.
    Overdue,
}

impl Urgency {
    /// 0, 1 or 2.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::InTime => 0,
            Self::DueSoon => 1,
            Self::Overdue => 2,
        }
    }
}

/// Where a series and its draft stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The judging instant.
    pub at: Timestamp,
    /// How urgent it is.
    pub urgency: Urgency,
    /// The newest issue; none before issue 1.
    pub newest: Option<NewestStatus>,
    /// The draft; none where there is no file.
    pub draft: Option<DraftStatus>,
}

/// The newest issue's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NewestStatus {
    /// Its number.
    pub number: u64,
    /// The instant its facts are affirmed for.
    pub as_of: Timestamp,
    /// From when on `status` says that the next is due soon.
    pub remind_from: Timestamp,
    /// When the next is due.
    pub next_due: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// How far the draft has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftStatus {
    /// The number of the issue being signed.
    pub number: u64,
    /// Whether it is the one after the newest issue. If not, it is to be made anew.
    pub follows_newest: bool,
    /// Whether it can be published.
    pub quorum: bool,
    /// Who signed.
    pub signed: Vec<String>,
    /// Who can still sign.
    pub waiting: Vec<String>,
    /// How many more persons it takes, over all rosters that have to sign.
    pub missing: u64,
}

/// Judges a folder at an instant.
pub fn status(newest: Option<&Issue>, draft: Option<&Draft>, at: Timestamp) -> Status {
    let newest = newest.map(|issue| NewestStatus {
        number: issue.number,
        as_of: issue.as_of,
        remind_from: issue.next_due.plus(-lead(issue.as_of, issue.next_due)),
        next_due: issue.next_due,
        expires: issue.expires,
    });
    let urgency = match newest {
        None => Urgency::DueSoon,
        Some(newest) if at > newest.next_due => Urgency::Overdue,
        Some(newest) if at >= newest.remind_from => Urgency::DueSoon,
        Some(_) => Urgency::InTime,
    };
    let number = newest.map_or(0, |newest| newest.number);
    Status { at, urgency, newest, draft: draft.map(|draft| draft_status(draft, number)) }
}

fn draft_status(draft: &Draft, newest: u64) -> DraftStatus {
    let standing = draft.standing();
    let names = |waiting: bool| {
        let mut names: Vec<String> = Vec::new();
        for roster in &standing {
            for signer in if waiting { &roster.waiting } else { &roster.signed } {
                if !names.contains(&signer.name) {
                    names.push(signer.name.clone());
                }
            }
        }
        names
    };
    let missing = standing.iter().map(|roster| {
        let persons = roster.count.threshold.saturating_sub(roster.count.persons as u64);
        let count = &roster.count;
        persons.max(count.min_jurisdictions.saturating_sub(count.jurisdictions as u64))
    });
    DraftStatus {
        number: draft.issue().number,
        follows_newest: draft.issue().number == newest.saturating_add(1),
        quorum: standing.iter().all(|roster| roster.count.is_quorum()),
        missing: missing.max().unwrap_or(0),
        signed: names(false),
        waiting: names(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{content, sign};

    #[test]
    fn urgency_follows_from_the_last_issue_alone() {
        let draft = Draft::new(content(), None).unwrap();
        let issue = draft.issue();
        let at = |at: Timestamp| status(Some(issue), None, at).urgency;
        assert_eq!(at(issue.as_of), Urgency::InTime);
        assert_eq!(at(issue.next_due.plus(-7 * 86_400 - 1)), Urgency::InTime);
        assert_eq!(at(issue.next_due.plus(-7 * 86_400)), Urgency::DueSoon);
        assert_eq!(at(issue.next_due), Urgency::DueSoon);
        assert_eq!(at(issue.next_due.plus(1)), Urgency::Overdue);
        assert_eq!(at(issue.expires.plus(1)), Urgency::Overdue);
        assert_eq!(status(None, None, issue.as_of).urgency, Urgency::DueSoon);
    }

    #[test]
    fn it_says_who_can_still_sign() {
        let mut draft = Draft::new(content(), None).unwrap();
        draft.add(sign(&draft, 2)).unwrap();
        let status = status(None, Some(&draft), draft.issue().as_of).draft.unwrap();
        assert_eq!(
            (status.signed, status.waiting),
            (vec!["Bo".into()], vec!["Ada".into(), "Chen".into()])
        );
        assert_eq!((status.missing, status.quorum, status.follows_newest), (1, false, true));
    }
}
