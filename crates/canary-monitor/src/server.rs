//! What `--listen` serves: health, metrics and the status page. Reading only; nothing from a canary is
//! markup.

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

pub use self::page::{Links, SORTS, STYLE, Sort, Table, index, target_page};
use crate::observe::Check;
use crate::status;
use crate::store::{Order, Store, StoreError};
use crate::target::TargetId;
use crate::worker::{Worker, wall_clock};

/// Targets on one page.
pub const PAGE: usize = 200;
/// Up to so many targets the whole table is sorted; of more, each part of it.
const SORTED: usize = 5_000;
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
    let number: usize = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let number = number.min(100_000);
    let (store, now) = (worker.store(), wall_clock());
    match part(store, sort, number, now).await {
        Ok((lines, total)) => {
            let table = Table { sort, page: number, total, links: Links::Served };
            answer(StatusCode::OK, HTML, index(&lines, table, now))
        }
        Err(_) => refused(),
    }
}

/// A part of the table, in order, and how many targets there are. Up to a number of targets the whole is
/// sorted; of more the store gives the worst first, and each part is sorted by itself.
async fn part<S: Store>(
    store: &S,
    sort: Sort,
    page: usize,
    now: i64,
) -> Result<(Vec<status::Line>, usize), StoreError> {
    let total = usize::try_from(store.counts().await?.targets).unwrap_or(0);
    let mut lines = Vec::new();
    if total <= SORTED {
        lines = all(store, now).await?;
        sort.sort(&mut lines);
        lines = lines.into_iter().skip(page * PAGE).take(PAGE).collect();
    } else {
        let order = if sort == Sort::Name { Order::Name } else { Order::Urgency };
        let stored = store.list(order, page * PAGE, PAGE).await?;
        lines.extend(stored.iter().map(|stored| status::line(stored, now)));
        sort.sort(&mut lines);
    }
    Ok((lines, total))
}

/// Every target that is watched, in a line.
///
/// # Errors
///
/// The store's.
pub async fn all<S: Store>(store: &S, now: i64) -> Result<Vec<status::Line>, StoreError> {
    let mut lines = Vec::new();
    loop {
        let stored = store.list(Order::Name, lines.len(), 500).await?;
        lines.extend(stored.iter().map(|stored| status::line(stored, now)));
        if stored.len() < 500 {
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
    let Some(target) = worker.settings().config.fleet.find(id) else { return none() };
    let (store, now) = (worker.store(), wall_clock());
    match (store.load(id).await, store.events(id, 500).await, store.sightings(id).await) {
        (Ok(memory), Ok(events), Ok(sightings)) => {
            let stored = crate::store::Stored { id, url: target.url, name: target.name, memory };
            let line = status::line(&stored, now);
            let page = target_page(&line, &events, &sightings, (Links::Served, now));
            answer(StatusCode::OK, HTML, page)
        }
        _ => refused(),
    }
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
        Ok(_) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "behind the schedule\n".to_owned()),
        Err(_) => refused(),
    }
}

async fn metrics<S: Store, C: Check>(State(worker): State<Arc<Worker<S, C>>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    answer(StatusCode::OK, kind, worker.exposition().await)
}
