//! Transparency numbers (`format.md` §2.3).

use serde::Serialize;

use super::publisher::{Localised, Publisher};
use crate::json::At;
use crate::refusal::{Refusal, Rule};
use crate::time::Date;

/// A transparency number over a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counter {
    /// The stable id.
    pub id: String,
    /// What is counted, in every language.
    pub text: Localised,
    /// The first date of the period.
    pub from: Date,
    /// The last date of the period.
    pub to: Date,
    /// The number, or the band it lies in.
    pub value: CounterValue,
}

/// A number or a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterValue {
    /// Exactly so many.
    Exact(u64),
    /// At least the first and at most the second; the first is less.
    #[serde(untagged, serialize_with = "band")]
    Band(u64, u64),
}

fn band<S: serde::Serializer>(low: &u64, high: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Band {
        band: [u64; 2],
    }
    Band { band: [*low, *high] }.serialize(serializer)
}

impl Counter {
    pub(super) fn read(at: At<'_, '_>, publisher: &Publisher) -> Result<Self, Refusal> {
        let members = at.object(&["id", "text", "from", "to", "value"])?;
        Ok(Self {
            id: members.required("id")?.id()?,
            text: Localised::read(members.required("text")?, publisher)?,
            from: members.required("from")?.date()?,
            to: members.required("to")?.date()?,
            value: CounterValue::read(members.required("value")?)?,
        })
    }
}

impl CounterValue {
    fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["exact", "band"])?;
        match (members.optional("exact"), members.optional("band")) {
            (Some(exact), None) => Ok(Self::Exact(exact.count()?)),
            (None, Some(band)) => match band.list(2, 2, |end| end.count())?[..] {
                [low, high] if low < high => Ok(Self::Band(low, high)),
                _ => {
                    band.refuse(Rule::Relation("a band's first number is not less than its second"))
                }
            },
            _ => at.refuse(Rule::Form("either exact or band")),
        }
    }
}

impl At<'_, '_> {
    fn count(&self) -> Result<u64, Refusal> {
        self.integer(0, super::MAX_SAFE).map(i64::unsigned_abs)
    }
}
