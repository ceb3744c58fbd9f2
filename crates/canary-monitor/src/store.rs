//! Where the monitor keeps what it knows. A step's state, timeline, notices and evidence are written in
//! one transaction; a worker that stalls and wakes cannot write over another's work.

pub mod configured;
mod listing;
pub mod postgres;
pub mod sqlite;

use std::collections::HashMap;
use std::future::Future;

use canary_verifier::report::{Severity, State};
use rusqlite::ErrorCode;

use crate::config::Retention;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::observe::Body;
use crate::step::Event;
use crate::target::TargetId;

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The lease on the target or notice is another's by now.
    #[error("the lease has passed to another worker")]
    Fenced,
    /// Another process uses the file.
    #[error("another monitor uses {0}")]
    InUse(std::path::PathBuf),
    /// A SQLite file is made where there is none; its folder is not, as its path may be mistyped.
    #[error("there is no folder {0}")]
    NoFolder(std::path::PathBuf),
    /// The file is not a store: another program's, or no SQLite file at all.
    #[error("{0} is not a store of canary watch")]
    Foreign(std::path::PathBuf),
    /// SQLite's error.
    #[error("SQLite refused")]
    Sqlite(#[from] rusqlite::Error),
    /// A worker of the same name was started after this one, and has taken over.
    #[error("another worker named {0:?} has been started")]
    Replaced(String),
    /// PostgreSQL's error.
    #[error("PostgreSQL refused")]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection to PostgreSQL can be had.
    #[error("no connection to PostgreSQL")]
    Connection(#[from] deadpool_postgres::PoolError),
    /// The connections cannot be set up.
    #[error("connections to PostgreSQL cannot be set up")]
    Pool(#[from] deadpool_postgres::BuildError),
    /// TLS to PostgreSQL cannot be set up.
    #[error("TLS to PostgreSQL cannot be set up")]
    Tls(#[from] postgres::TlsError),
    /// PostgreSQL's password cannot be had.
    #[error("the password for PostgreSQL cannot be had")]
    Password(#[from] crate::sinks::SecretError),
    /// The database keeps texts in another encoding than UTF-8.
    #[error("the database's encoding is {0}, not UTF8")]
    Encoding(String),
    /// What is stored is not of its form.
    #[error("stored state is not of its form")]
    Form(#[from] serde_json::Error),
    /// The store was written by a newer version.
    #[error("the store has version {found}, newer than {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// A folder or lock could not be made.
    #[error("cannot use {path}")]
    Io {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store has been shut.
    #[error("the store has been shut")]
    Shut,
}

impl StoreError {
    /// Whether it may be over in a moment: the server starts again, cannot be reached, two
    /// transactions were in each other's way, or the disk is full. What was under way is not lost: it is
    /// taken again.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            Self::Postgres(error) => is_passing(error),
            Self::Connection(deadpool_postgres::PoolError::Backend(error)) => is_passing(error),
            Self::Connection(deadpool_postgres::PoolError::Timeout(_)) => true,
            _ => false,
        }
    }
}

fn is_passing(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // Connections, resources, conflicts, locks, shutdown: Appendix A of PostgreSQL's documentation.
        Some(code) => ["08", "40", "53", "55P03", "57"].iter().any(|c| code.code().starts_with(c)),
        None => error.is_closed() || std::error::Error::source(error).is_some_and(is_io),
    }
}

fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
}

/// No lease is longer, in seconds: one that ends further ahead was written under a clock that was ahead, and
/// holds nobody back.
pub(crate) const LONGEST_LEASE: i64 = 3_600;
/// Notices made so much later than now, in seconds, were made under a clock that was ahead.
pub(crate) const AHEAD: i64 = 120;

/// A watch gap shorter than this, in seconds, is a restart.
pub(crate) const GAP: i64 = 120;

/// What is known of a target as it is stored; nothing before its first step.
pub(crate) fn memory_of(text: &str) -> Result<Memory, StoreError> {
    if text.is_empty() { Ok(Memory::default()) } else { Ok(serde_json::from_str(text)?) }
}

/// A target to look at, leased to one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub id: TargetId,
    /// Goes up with each claim; a write under an older one is refused.
    pub fence: i64,
    /// When it was due.
    pub due: i64,
    /// What is known of it.
    pub memory: Memory,
}

/// What a step leaves behind: all of it, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Which target.
    pub id: TargetId,
    /// The claim's fence; `None` for the monitor's own state, which is never claimed.
    pub fence: Option<i64>,
    /// When.
    pub at: i64,
    /// When to look again.
    pub wake: i64,
    /// What to know from now on.
    pub memory: Memory,
    /// Its severity, for sorting and counting.
    pub severity: Severity,
    /// Its state, for counting.
    pub state: State,
    /// Lines for the timeline.
    pub events: Vec<Event>,
    /// What to tell.
    pub notices: Vec<NewNotice>,
    /// What was received.
    pub bodies: Vec<Body>,
}

/// A notice for one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// The idempotency key.
    pub key: String,
    /// The sink's name.
    pub sink: String,
    /// The notice as JSON.
    pub body: String,
}

/// A notice to be sent, leased to one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its row.
    pub row: i64,
    /// Goes up with each claim.
    pub fence: i64,
    /// The idempotency key.
    pub key: String,
    /// The sink's name.
    pub sink: String,
    /// The notice as JSON.
    pub body: String,
    /// When it was made.
    pub created: i64,
    /// How often sending failed.
    pub tries: u32,
}

/// How many notices each sink may have under way: none waits for another one's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Room {
    /// For each sink.
    pub each: usize,
    /// What each has under way already.
    pub taken: HashMap<String, usize>,
}

impl Room {
    /// So many for each sink.
    pub fn of(each: usize) -> Self {
        Self { each, taken: HashMap::new() }
    }

    /// How many more a sink may have.
    pub fn left(&self, sink: &str) -> usize {
        self.each.saturating_sub(self.taken.get(sink).copied().unwrap_or(0))
    }
}

/// The sinks that have notices to be sent, each found by one step into the index.
pub(crate) const SINKS: &str = "WITH RECURSIVE one (sink) AS (
    SELECT MIN(sink) FROM outbox WHERE state = 0
    UNION ALL
    SELECT (SELECT MIN(o.sink) FROM outbox AS o WHERE o.state = 0 AND o.sink > one.sink)
    FROM one WHERE one.sink IS NOT NULL)
  SELECT sink FROM one WHERE sink IS NOT NULL";

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The other side accepted it.
    Sent,
    /// Try again at this instant.
    Again {
        /// When.
        at: i64,
        /// Why it failed.
        error: String,
    },
    /// Never: it was tried for too long.
    GivenUp {
        /// Why it failed last.
        error: String,
    },
}

/// A target's stored line, for the status page, metrics and export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub id: TargetId,
    /// Its URL.
    pub url: String,
    /// Its name.
    pub name: String,
    /// Its severity at its last turn.
    pub severity: Severity,
    /// What is known of it.
    pub memory: Memory,
}

impl Stored {
    /// Its place in every order.
    pub fn mark(&self) -> Mark {
        Mark { severity: self.severity, name: self.name.clone(), id: self.id }
    }
}

/// A place in the list of targets: what follows it is found without counting what comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The severity that was stored of the last target seen.
    pub severity: Severity,
    /// Its name.
    pub name: String,
    /// Which it was.
    pub id: TargetId,
}

/// Targets of one state and severity, as of the last turn of each: that is the second after a signed
/// date at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Their severity.
    pub severity: Severity,
    /// Their state; `None` until the next turn where an earlier version wrote the row.
    pub state: Option<State>,
    /// How many.
    pub targets: i64,
}

/// From the worst to the best, as they are stored.
pub(crate) const WORST_FIRST: [Severity; 4] =
    [Severity::Alarm, Severity::Unknown, Severity::Attention, Severity::Alive];

/// The severity and the state of a target before its first look.
pub(crate) const UNASKED: (Severity, State) = (Severity::Unknown, State::Unreachable);

const STATES: [State; 6] = [
    State::Live,
    State::Overdue,
    State::Lapsed,
    State::Missing,
    State::Unreachable,
    State::Unverified,
];

pub(crate) fn severity_of(stored: i64) -> Severity {
    WORST_FIRST.into_iter().find(|one| *one as i64 == stored).unwrap_or(Severity::Unknown)
}

pub(crate) fn state_of(stored: i64) -> Option<State> {
    STATES.into_iter().find(|one| *one as i64 == stored)
}

/// A line of a timeline as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// When.
    pub at: i64,
    /// Its kind's word.
    pub kind: String,
    /// In a word or two.
    pub detail: String,
}

/// A body, and where and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Its SHA-256.
    pub digest: [u8; 32],
    /// Where from.
    pub url: String,
    /// First.
    pub first: i64,
    /// Last.
    pub last: i64,
    /// How often.
    pub times: i64,
}

/// Counts for metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Targets.
    pub targets: Vec<Tally>,
    /// Notices not sent yet.
    pub pending: i64,
    /// When the oldest of them was made.
    pub oldest_pending: Option<i64>,
    /// Notices given up.
    pub given_up: i64,
    /// Bytes of evidence.
    pub evidence_bytes: i64,
}

impl Counts {
    /// How many targets there are.
    pub fn watched(&self) -> usize {
        let all: i64 = self.targets.iter().map(|tally| tally.targets).sum();
        usize::try_from(all).unwrap_or(0)
    }
}

/// In which order targets are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Worst first, by severity as of the last turn; then by name.
    Urgency,
    /// By name.
    Name,
    /// By identity: each target once, whatever changes meanwhile.
    Identity,
}

/// A store. Instants are unix seconds.
pub trait Store: Clone + Send + Sync + 'static {
    /// Takes the fleet over: new targets get their first turn, targets that are gone keep their history
    /// and are not looked at. Turns that passed while nobody looked are spread again, and so are those planned
    /// under a clock that was ahead; notices that were put off under one are due.
    fn enroll(
        &self,
        fleet: &Fleet,
        now: i64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Now, by the clock of a store that workers on several machines share; `None` where this machine's is the
    /// only one.
    fn clock(&self) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// Leases targets that are due by an instant, those first that have waited longest.
    fn claim(
        &self,
        now: i64,
        due_by: i64,
        lease: i64,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Claim>, StoreError>> + Send;

    /// Gives a claimed target back untouched.
    fn release(
        &self,
        claim: &Claim,
        wake: i64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes a step.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// When the next target is due.
    fn next_due(&self) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// One target's state, or a default.
    fn load(&self, id: TargetId) -> impl Future<Output = Result<Memory, StoreError>> + Send;

    /// Leases notices that are due, as many of each sink as there is room for: for one sink and target in
    /// the order they were made.
    fn outgoing(
        &self,
        now: i64,
        lease: i64,
        room: Room,
    ) -> impl Future<Output = Result<Vec<Outgoing>, StoreError>> + Send;

    /// Says what came of sending.
    fn settle(
        &self,
        notice: &Outgoing,
        now: i64,
        settled: Settled,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The bodies of these digests, where kept.
    fn bodies(
        &self,
        digests: Vec<[u8; 32]>,
    ) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>> + Send;

    /// Where and when a target's bodies were seen.
    fn sightings(
        &self,
        id: TargetId,
    ) -> impl Future<Output = Result<Vec<Sighting>, StoreError>> + Send;

    /// A target's timeline, newest first.
    fn events(
        &self,
        id: TargetId,
        most: usize,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;

    /// Targets being watched: those after a place, or the first.
    fn list(
        &self,
        order: Order,
        after: Option<Mark>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, StoreError>> + Send;

    /// Counts, without looking at every target or body.
    fn counts(&self) -> impl Future<Output = Result<Counts, StoreError>> + Send;

    /// This worker is alive. Returns when it was last, where it is recorded.
    fn beat(
        &self,
        worker: &str,
        now: i64,
    ) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// Deletes what has been kept for long enough. Bodies that a present state rests on stay.
    fn prune(
        &self,
        keep: &Retention,
        now: i64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
