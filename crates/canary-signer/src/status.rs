//! Where a series and its draft stand: the publisher is reminded first.

use std::collections::BTreeMap;

use canary_format::issue::Issue;
use canary_format::roster::Signer;
use canary_format::time::Timestamp;
use serde::Serialize;

use crate::cadence::lead;
use crate::draft::{Draft, RosterOf, Standing};

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
    /// The newest issue of the series; none before issue 1.
    pub newest: Option<NewestStatus>,
    /// What readers are shown; none where nothing is on record.
    pub published: Option<PublishedStatus>,
    /// The draft; none where there is no file.
    pub draft: Option<DraftStatus>,
}

/// What the targets were last found to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedStatus {
    /// The newest issue that every target holds; 0 where it is not known of one.
    pub number: u64,
    /// The dates of the oldest issue that a target shows as its newest; none where it is not at hand.
    pub dates: Option<NewestStatus>,
    /// The newest issue that each target was found to hold; 0 where none was.
    pub targets: BTreeMap<String, u64>,
}

impl PublishedStatus {
    /// `targets` gives the newest issue that each target holds; `issue` reads one of the series, whose
    /// newest issue is `newest`.
    ///
    /// # Errors
    ///
    /// What `issue` gives.
    pub fn of<E>(
        targets: BTreeMap<String, u64>,
        newest: u64,
        issue: impl FnOnce(u64) -> Result<Issue, E>,
    ) -> Result<Option<Self>, E> {
        let Some(number) = targets.values().min().copied() else {
            return Ok(None);
        };
        let shown = targets.values().filter(|number| **number > 0).min();
        // A folder that was taken from its history may be behind what was published from it.
        let dates =
            shown.filter(|number| **number <= newest).map(|number| issue(*number)).transpose()?;
        let dates = dates.as_ref().map(NewestStatus::of);
        Ok(Some(Self { number, dates, targets }))
    }
}

/// An issue's dates.
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
    /// Whose signature can still help.
    pub waiting: Vec<String>,
    /// The most that one roster is still short of, in persons; none where all who are left of one are
    /// not enough. Where two rosters have to sign, both count: see `rosters`.
    pub missing: Option<u64>,
    /// Each roster that has to sign: the previous issue's, where it differs, and this issue's.
    pub rosters: Vec<RosterStatus>,
}

/// How far one roster has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RosterStatus {
    /// Whose it is.
    pub of: RosterOf,
    /// Whether it has a quorum.
    pub quorum: bool,
    /// Whose signature can still help.
    pub waiting: Vec<String>,
    /// How many more persons it takes at least; none where all who are left are not enough.
    pub missing: Option<u64>,
}

impl NewestStatus {
    fn of(issue: &Issue) -> Self {
        Self {
            number: issue.number,
            as_of: issue.as_of,
            remind_from: issue.next_due.plus(-lead(issue.as_of, issue.next_due)),
            next_due: issue.next_due,
            expires: issue.expires,
        }
    }

    fn urgency(&self, at: Timestamp) -> Urgency {
        if at > self.next_due {
            Urgency::Overdue
        } else if at >= self.remind_from {
            Urgency::DueSoon
        } else {
            Urgency::InTime
        }
    }
}

impl Status {
    /// Whether the newest issue is known not to be on every target.
    pub fn unpublished(&self) -> bool {
        let newest = self.newest.map_or(0, |newest| newest.number);
        self.published.as_ref().is_some_and(|published| published.number < newest)
    }

    /// The targets that hold issues which are not at hand, and the newest issue of each.
    pub fn ahead(&self) -> Vec<(&str, u64)> {
        let newest = self.newest.map_or(0, |newest| newest.number);
        let targets = self.published.iter().flat_map(|published| &published.targets);
        let targets = targets.map(|(name, number)| (name.as_str(), *number));
        targets.filter(|(_, number)| *number > newest).collect()
    }

    /// The issue whose dates count: the oldest that readers are still shown, where that is known; else
    /// the newest.
    pub fn in_force(&self) -> Option<NewestStatus> {
        let published = self.published.as_ref().filter(|_| self.unpublished());
        published.and_then(|published| published.dates).or(self.newest)
    }
}

/// Judges a folder at an instant.
pub fn status(
    newest: Option<&Issue>,
    published: Option<PublishedStatus>,
    draft: Option<&Draft>,
    at: Timestamp,
) -> Status {
    let newest = newest.map(NewestStatus::of);
    let number = newest.map_or(0, |newest| newest.number);
    let draft = draft.map(|draft| draft_status(draft, number));
    let mut status = Status { at, urgency: Urgency::DueSoon, newest, published, draft };
    // What is not published is to be, and what is not at hand to be fetched, whatever the dates.
    let agrees = !status.unpublished() && status.ahead().is_empty();
    let least = if agrees { Urgency::InTime } else { Urgency::DueSoon };
    if let Some(in_force) = status.in_force() {
        status.urgency = in_force.urgency(at).max(least);
    }
    status
}

fn draft_status(draft: &Draft, newest: u64) -> DraftStatus {
    let standing = draft.standing();
    let names = |signers: Vec<&Signer>| {
        let mut names: Vec<String> = Vec::new();
        for signer in signers {
            if !names.contains(&signer.name) {
                names.push(signer.name.clone());
            }
        }
        names
    };
    let signed = standing.iter().flat_map(|roster| roster.signed.clone()).collect();
    let waiting = standing.iter().flat_map(Standing::helpful).collect();
    // One roster out of reach is enough to stop.
    let missing: Option<Vec<u64>> = standing.iter().map(Standing::missing).collect();
    let roster = |roster: &Standing<'_>| RosterStatus {
        of: roster.of,
        quorum: roster.count.is_quorum(),
        waiting: names(roster.helpful()),
        missing: roster.missing(),
    };
    DraftStatus {
        number: draft.issue().number,
        follows_newest: draft.issue().number == newest.saturating_add(1),
        quorum: standing.iter().all(|roster| roster.count.is_quorum()),
        missing: missing.map(|missing| missing.into_iter().max().unwrap_or(0)),
        signed: names(signed),
        waiting: names(waiting),
        rosters: standing.iter().map(roster).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{content, key, sign};

    #[test]
    fn urgency_follows_from_the_last_issue_alone() {
        let draft = Draft::new(content(), None).unwrap();
        let issue = draft.issue();
        let at = |at: Timestamp| status(Some(issue), None, None, at).urgency;
        assert_eq!(at(issue.as_of), Urgency::InTime);
        assert_eq!(at(issue.next_due.plus(-7 * 86_400 - 1)), Urgency::InTime);
        assert_eq!(at(issue.next_due.plus(-7 * 86_400)), Urgency::DueSoon);
        assert_eq!(at(issue.next_due), Urgency::DueSoon);
        assert_eq!(at(issue.next_due.plus(1)), Urgency::Overdue);
        assert_eq!(at(issue.expires.plus(1)), Urgency::Overdue);
        assert_eq!(status(None, None, None, issue.as_of).urgency, Urgency::DueSoon);
    }

    #[test]
    fn an_issue_that_is_not_published_is_judged_by_the_one_that_is() {
        let first = Draft::new(content(), None).unwrap().issue().clone();
        let mut second = first.clone();
        second.number = 2;
        second.as_of = first.next_due;
        second.next_due = second.as_of.plus(30 * 86_400);
        second.expires = second.next_due.plus(7 * 86_400);
        let at = |targets: &[(&str, u64)], at| {
            let targets = targets.iter().map(|(name, number)| ((*name).to_owned(), *number));
            let published = PublishedStatus::of(targets.collect(), 2, |number| match number {
                1 => Ok(first.clone()),
                2 => Ok(second.clone()),
                _ => Err(number),
            });
            status(Some(&second), published.unwrap(), None, at)
        };
        let everywhere = at(&[("a", 2), ("b", 2)], second.as_of.plus(1));
        assert!(!everywhere.unpublished() && everywhere.urgency == Urgency::InTime);
        let behind = at(&[("a", 2), ("b", 1)], second.as_of.plus(1));
        assert!(behind.unpublished() && behind.urgency == Urgency::Overdue);
        assert_eq!(behind.in_force().unwrap().number, 1);
        assert_eq!(at(&[("a", 1)], first.as_of).urgency, Urgency::DueSoon);
        assert_eq!(at(&[("a", 1), ("b", 0)], second.as_of.plus(1)).urgency, Urgency::Overdue);
        assert_eq!(at(&[("a", 0)], second.as_of).urgency, Urgency::DueSoon);
        assert_eq!(at(&[("a", 0)], second.expires).urgency, Urgency::Overdue);
        assert_eq!(at(&[], second.as_of).published, None);
        let ahead = at(&[("a", 99), ("b", 2)], second.as_of);
        assert_eq!((ahead.ahead(), ahead.urgency), (vec![("a", 99)], Urgency::DueSoon));
        assert_eq!(at(&[("a", 99)], second.as_of).in_force().unwrap().number, 2);
    }

    #[test]
    fn it_says_who_can_still_sign() {
        let mut draft = Draft::new(content(), None).unwrap();
        draft.add(sign(&draft, 2)).unwrap();
        let status = status(None, None, Some(&draft), draft.issue().as_of).draft.unwrap();
        assert_eq!(
            (status.signed, status.waiting),
            (vec!["Bo".into()], vec!["Ada".into(), "Chen".into()])
        );
        assert_eq!((status.missing, status.quorum, status.follows_newest), (Some(1), false, true));
    }

    #[test]
    fn where_the_roster_changes_each_one_is_counted() {
        let mut first = Draft::new(content(), None).unwrap();
        [1, 2].into_iter().for_each(|seed| first.add(sign(&first, seed)).unwrap());
        let mut after = content();
        (after.number, after.as_of) = (2, after.as_of.plus(86_400));
        after.previous = Some(first.to_envelope().unwrap().digest());
        after.roster.signers[0].keys = vec![key(9).public()];
        after.roster.signers[1].name = "Dora".into();
        after.roster.signers[1].keys = vec![key(4).public()];
        let mut draft = Draft::new(after, first.to_envelope().ok().as_ref()).unwrap();
        let short = |draft: &Draft| {
            let status = status(None, None, Some(draft), draft.issue().as_of).draft.unwrap();
            let of = |roster: RosterStatus| (roster.missing.unwrap(), roster.waiting.join(" "));
            status.rosters.into_iter().map(of).collect::<Vec<_>>()
        };
        let (before, after) = ("Ada Bo Chen".to_owned(), "Ada Dora Chen".to_owned());
        assert_eq!(short(&draft), [(2, before), (2, after)]);
        draft.add(sign(&draft, 9)).unwrap();
        draft.add(sign(&draft, 2)).unwrap();
        assert_eq!(short(&draft), [(1, "Ada Chen".into()), (1, "Dora Chen".into())]);
        let json = serde_json::to_value(status(None, None, Some(&draft), draft.issue().as_of));
        let rosters = json.unwrap()["draft"]["rosters"].clone();
        assert_eq!(rosters[0]["of"], "previous-issue");
        assert_eq!(rosters[1]["of"], "this-issue");
    }

    #[test]
    fn only_those_are_named_whose_signature_helps() {
        let of = |jurisdictions: [&str; 3], signed: &[u8]| {
            let mut content = content();
            let signers = content.roster.signers.iter_mut().zip(jurisdictions);
            signers.for_each(|(signer, jurisdiction)| signer.jurisdiction = jurisdiction.into());
            let mut draft = Draft::new(content, None).unwrap();
            for seed in signed {
                draft.add(sign(&draft, *seed)).unwrap();
            }
            let status = status(None, None, Some(&draft), draft.issue().as_of).draft.unwrap();
            (status.missing, status.waiting.join(" "))
        };
        assert_eq!(of(["DE", "DE", "SG"], &[1]), (Some(1), "Chen".into()));
        assert_eq!(of(["DE", "DE", "SG"], &[1, 2]), (Some(1), "Chen".into()));
        assert_eq!(of(["DE", "DE", "SG"], &[3]), (Some(1), "Ada Bo".into()));
        assert_eq!(of(["DE", "DE", "DE"], &[1, 2]), (None, String::new()));
        assert_eq!(of(["DE", "DE", "SG"], &[]), (Some(2), "Ada Bo Chen".into()));
    }
}
