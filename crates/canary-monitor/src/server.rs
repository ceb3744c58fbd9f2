//! What `--listen` serves: health, metrics and the status page. Reading only; nothing from a canary is
//! markup.

mod connections;
mod page;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::connections::{AT_ONCE, Bounded, IDLE};
pub use self::page::{Links, Part, SORTS, STYLE, Shown, Sort, Table, index, target_page};
use crate::facts::FactList;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::observe::Check;
use crate::status::{self, Now};
use crate::store::{Mark, Order, Store, StoreError, Stored, WORST_FIRST};
use crate::target::TargetId;
use crate::worker::Worker;

/// Targets on one page.
pub const PAGE: usize = 200;
/// Lines of a timeline on a page.
const EVENTS: usize = 500;
/// Up to so many targets the whole table is sorted; of more, each part of it.
pub const SORTED: usize = 5_000;
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Serves until told to stop.
pub async fn serve<S: Store, C: Check>(
    listener: TcpListener,
    worker: Worker<S, C>,
    mut stop: watch::Receiver<bool>,
) {
    let router = Router::new()
        .route("/", get(home::<S, C>))
        .route("/target/{id}", get(one::<S, C>))
        .route("/style.css", get(style))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz::<S, C>))
        .route("/metrics", get(metrics::<S, C>))
        .with_state(Arc::new(worker));
    let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
    let listener = Bounded::new(listener, AT_ONCE, IDLE);
    drop(axum::serve(listener, router).with_graceful_shutdown(stopped).await);
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

fn refused() -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "the store does not answer\n".to_owned())
}

async fn home<S: Store, C: Check>(
    State(worker): State<Arc<Worker<S, C>>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = pairs(query.as_deref().unwrap_or_default());
    let sort = Sort::parse(query.get("sort").map_or("", String::as_str));
    let number = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let fleet = &worker.settings().config.fleet;
    let after = query.get("after").and_then(|after| mark(after, fleet));
    let (store, now) = (worker.store(), Now { fleet, at: worker.now() });
    match part(store, sort, (number, after), now).await {
        Ok((lines, part, total)) => {
            let table = Table { sort, part, total, links: Links::Served };
            answer(StatusCode::OK, HTML, index(&lines, table, now.at))
        }
        Err(_) => refused(),
    }
}

/// A part of the table, in order, and how many targets there are. Up to a number of targets the whole is
/// sorted; of more the store gives the worst first, and each part is sorted by itself.
async fn part<S: Store>(
    store: &S,
    sort: Sort,
    (number, after): (usize, Option<Mark>),
    now: Now<'_>,
) -> Result<(Vec<status::Line>, Part, usize), StoreError> {
    let total = store.counts().await?.watched();
    if total <= SORTED {
        let mut lines = all(store, now).await?;
        sort.sort(&mut lines);
        let lines = lines.into_iter().skip(number.saturating_mul(PAGE)).take(PAGE).collect();
        return Ok((lines, Part::Numbered(number), total));
    }
    let begins = after.is_none();
    let (lines, next) = stretch(store, sort, after, now).await?;
    Ok((lines, Part::After { begins, next: next.map(|mark| word(&mark)) }, total))
}

/// A page of a table that is too large to be sorted as a whole, and the place after it where more follows.
///
/// # Errors
///
/// The store's.
pub async fn stretch<S: Store>(
    store: &S,
    sort: Sort,
    after: Option<Mark>,
    now: Now<'_>,
) -> Result<(Vec<status::Line>, Option<Mark>), StoreError> {
    let order = if sort == Sort::Name { Order::Name } else { Order::Urgency };
    let stored = store.list(order, after, PAGE).await?;
    let next = stored.last().filter(|_| stored.len() == PAGE).map(Stored::mark);
    let mut lines: Vec<_> = stored.iter().map(|stored| status::line(stored, now)).collect();
    sort.sort(&mut lines);
    Ok((lines, next))
}

/// A place in an address: the severity, and the identity of a target.
fn word(mark: &Mark) -> String {
    format!("{}-{}", mark.severity, mark.id)
}

fn mark(word: &str, fleet: &Fleet) -> Option<Mark> {
    let (severity, id) = word.split_once('-')?;
    let severity = WORST_FIRST.into_iter().find(|one| one.to_string() == severity)?;
    let id = TargetId(i64::from_str_radix(id, 16).ok()?);
    Some(Mark { severity, name: fleet.find(id)?.name, id })
}

/// Every target that is watched, in a line.
///
/// # Errors
///
/// The store's.
pub async fn all<S: Store>(store: &S, now: Now<'_>) -> Result<Vec<status::Line>, StoreError> {
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let stored = store.list(Order::Name, after, PAGE).await?;
        lines.extend(stored.iter().map(|stored| status::line(stored, now)));
        after = stored.last().map(Stored::mark);
        if stored.len() < PAGE {
            return Ok(lines);
        }
    }
}

fn pairs(query: &str) -> HashMap<String, String> {
    let pair = |part: &str| part.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    query.split('&').filter_map(pair).collect()
}

async fn one<S: Store, C: Check>(
    State(worker): State<Arc<Worker<S, C>>>,
    Path(id): Path<String>,
) -> Response {
    let none = || answer(StatusCode::NOT_FOUND, TEXT, "no such target\n".to_owned());
    let Ok(id) = i64::from_str_radix(&id, 16) else { return none() };
    let id = TargetId(id);
    let fleet = &worker.settings().config.fleet;
    let Some(target) = fleet.find(id) else { return none() };
    let (store, now) = (worker.store(), Now { fleet, at: worker.now() });
    let read = async {
        let memory = store.load(id).await?;
        let line = status::line_of(id, &target.url, &target.name, &memory, now);
        page_of(store, &line, id, &memory, (Links::Served, now.at)).await
    };
    match read.await {
        Ok(page) => answer(StatusCode::OK, HTML, page),
        Err(_) => refused(),
    }
}

/// One target's page, from what the store has of it.
///
/// # Errors
///
/// The store's.
pub async fn page_of<S: Store>(
    store: &S,
    line: &status::Line,
    id: TargetId,
    memory: &Memory,
    place: (Links, i64),
) -> Result<String, StoreError> {
    let (events, sightings) = (store.events(id, EVENTS).await?, store.sightings(id).await?);
    let facts = FactList::read(store, memory).await?;
    let shown = Shown { line, facts: &facts, events: &events, sightings: &sightings };
    Ok(target_page(shown, place))
}

async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", page::STYLE.to_owned())
}

async fn healthz() -> Response {
    answer(StatusCode::OK, TEXT, "ok\n".to_owned())
}

async fn readyz<S: Store, C: Check>(State(worker): State<Arc<Worker<S, C>>>) -> Response {
    match worker.store().next_due().await {
        Ok(_) if worker.is_well() => answer(StatusCode::OK, TEXT, "ready\n".to_owned()),
        Ok(_) => {
            let words = "behind the schedule, or the store cannot be written to\n";
            answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, words.to_owned())
        }
        Err(_) => refused(),
    }
}

async fn metrics<S: Store, C: Check>(State(worker): State<Arc<Worker<S, C>>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    answer(StatusCode::OK, kind, worker.exposition().await)
}
