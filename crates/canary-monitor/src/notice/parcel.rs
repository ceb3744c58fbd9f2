//! Who is told what: by the routes there are, and by who was told before.

use std::collections::BTreeSet;

use crate::episode::{Change, Turn};
use crate::memory::Memory;
use crate::route::{Language, Route};

/// What one sink is told: the changes that any of its routes takes, in the language of the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub(super) sink: String,
    pub(super) language: Language,
    /// Places among the changes.
    pub(super) changes: BTreeSet<usize>,
}

/// What each sink is told of changes. Who was told of an episode is told how it ends, though its routes are
/// other ones by then, as long as there is a sink of that name.
pub fn parcels<'a>(
    changes: &[Change],
    routes: impl Iterator<Item = &'a Route>,
    is_sink: impl Fn(&str) -> bool,
) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut put = |sink: &str, language: Language, at: usize| match parcels
        .iter_mut()
        .find(|parcel| parcel.sink == sink)
    {
        Some(parcel) => drop(parcel.changes.insert(at)),
        None => {
            parcels.push(Parcel { sink: sink.to_owned(), language, changes: BTreeSet::from([at]) })
        }
    };
    for route in routes {
        for at in (0..changes.len()).filter(|&at| route.takes(&changes[at])) {
            route.sinks.iter().for_each(|sink| put(sink, route.language, at));
        }
    }
    for (at, change) in changes.iter().enumerate().filter(|(_, one)| one.turn == Turn::Resolved) {
        for (sink, language) in change.told_to.iter().filter(|(sink, _)| is_sink(sink)) {
            put(sink, *language, at);
        }
    }
    parcels
}

/// Keeps with each open episode who is told of it.
pub fn note_told(memory: &mut Memory, changes: &[Change], parcels: &[Parcel]) {
    for parcel in parcels {
        for change in parcel.changes.iter().map(|&at| &changes[at]) {
            let open = memory.episodes.iter_mut().find(|episode| episode.id == change.episode);
            if let Some(episode) = open {
                episode.told_to.insert(parcel.sink.clone(), parcel.language);
            }
        }
    }
}
