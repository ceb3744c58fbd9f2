//! The signing ceremony: every fact in full, in every language, and a question for each.
//!
//! The ceremony speaks to a [`Person`]. Only the caller can give one: the command line gives a real
//! terminal and nothing else. Nothing here asks, says or keeps why a fact is left out.

pub(crate) mod scope;
mod words;

use std::collections::BTreeSet;
use std::io;

use canary_format::key::Fingerprint;
use canary_format::time::Timestamp;

use crate::draft::{Draft, DraftError};
use crate::lint::lint;
use crate::past::Past;

/// How long after its making a clock may put `as_of` into the future, in seconds.
const CLOCK_TOLERANCE: i64 = 600;

/// The person who signs, at a terminal.
pub trait Person {
    /// Shows lines of text.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    fn show(&mut self, text: &str) -> io::Result<()>;

    /// Asks for one key press.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    fn choose(&mut self) -> io::Result<Choice>;

    /// Asks for a line of text.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    fn line(&mut self, question: &str) -> io::Result<String>;
}

/// What a person answers to a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The fact is affirmed.
    Affirm,
    /// The fact is not in the issue.
    LeaveOut,
    /// The ceremony ends here and nothing is signed.
    Stop,
}

/// How a ceremony ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person affirmed this draft: it is to be signed as it is here.
    Affirmed(Box<Draft>),
    /// The person stopped: nothing is to be signed or written.
    Stopped,
}

/// No ceremony could be held, or it broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The key may not sign this issue.
    #[error("the key is in no roster that signs this issue: {0}")]
    NotInRoster(Fingerprint),
    /// The key has signed already.
    #[error("the key has signed this draft already: {0}")]
    Signed(Fingerprint),
    /// Issues are not signed in advance (`verdicts.md`, `FUTURE_DATED`).
    #[error("as_of lies in the future: {0}")]
    Future(Timestamp),
    /// An issue that has lapsed is not signed.
    #[error("the draft expired at {0}")]
    Expired(Timestamp),
    /// The terminal is gone.
    #[error("the terminal is gone")]
    Terminal(#[from] io::Error),
    /// The draft could not be made anew.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

/// Whether a ceremony with this key makes sense at an instant.
///
/// # Errors
///
/// Why not.
pub fn check(draft: &Draft, keyid: Fingerprint, now: Timestamp) -> Result<(), CeremonyError> {
    if draft.key(keyid).is_none() {
        return Err(CeremonyError::NotInRoster(keyid));
    }
    if draft.signatures().iter().any(|signature| signature.keyid == keyid) {
        return Err(CeremonyError::Signed(keyid));
    }
    check_dates(draft, now)
}

/// Whether a draft can be signed at an instant, by whomever.
///
/// # Errors
///
/// An `as_of` that lies ahead, or an issue that has lapsed.
pub fn check_dates(draft: &Draft, now: Timestamp) -> Result<(), CeremonyError> {
    let issue = draft.issue();
    if issue.as_of.since(now) > CLOCK_TOLERANCE {
        return Err(CeremonyError::Future(issue.as_of));
    }
    if now >= issue.expires {
        return Err(CeremonyError::Expired(issue.expires));
    }
    Ok(())
}

/// Holds the ceremony with the person whose key this is; `past` is what is at hand of the series.
///
/// A fact that is left out makes another payload. Before anyone signed it is as if the fact had
/// never been in the draft. Afterwards the earlier signatures do not count for the new payload: the
/// person is told, and the earlier signers sign again.
///
/// # Errors
///
/// As [`check`], or a terminal that is gone.
pub fn hold(
    draft: &Draft,
    keyid: Fingerprint,
    past: &Past,
    now: Timestamp,
    person: &mut impl Person,
) -> Result<Outcome, CeremonyError> {
    check(draft, keyid, now)?;
    let signer = draft.signer(keyid).ok_or(CeremonyError::NotInRoster(keyid))?;
    let issue = draft.issue();
    person.show(&words::opening(draft, signer, keyid, now))?;
    person.show(&words::changes(draft, past))?;
    person.show(&words::warnings(&lint(issue, past)))?;
    let mut left_out = BTreeSet::new();
    for (index, fact) in issue.facts.iter().enumerate() {
        person.show(&words::fact(draft, past, index, fact))?;
        match person.choose()? {
            Choice::Affirm => {}
            Choice::LeaveOut => {
                left_out.insert(fact.id.clone());
            }
            Choice::Stop => return Ok(Outcome::Stopped),
        }
    }
    let signed = draft.without(&left_out)?;
    person.show(&words::rest(&signed))?;
    person.show(&words::closing(draft, &signed))?;
    let expected = format!("sign {}", issue.number);
    let typed = person.line(&format!("To sign, type {expected:?} and press Enter: "))?;
    if typed.trim() == expected {
        Ok(Outcome::Affirmed(Box::new(signed)))
    } else {
        Ok(Outcome::Stopped)
    }
}

/// Which rosters have a quorum, and who can still sign, in words.
pub fn standing(draft: &Draft) -> String {
    words::standing(draft)
}

#[cfg(test)]
mod tests;
