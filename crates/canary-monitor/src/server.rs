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

pub use self::page::{Sort, index, target_page};
use crate::observe::Check;
use crate::status;
use crate::store::{Order, Store};
use crate::target::TargetId;
use crate::worker::{Worker, wall_clock};

/// Targets on one page.
pub const PAGE: usize = 200;
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
    let from = number.min(100_000) * PAGE;
    let order = if sort == Sort::Name { Order::Name } else { Order::Urgency };
    let (store, now) = (worker.store(), wall_clock());
    match (store.list(order, from, PAGE).await, store.counts().await) {
        (Ok(page), Ok(counts)) => {
            let lines: Vec<status::Line> =
                page.iter().map(|stored| status::line(stored, now)).collect();
            let total = usize::try_from(counts.targets).unwrap_or(0);
            answer(StatusCode::OK, HTML, index(&lines, sort, number, total, now))
        }
        _ => refused(),
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
            answer(StatusCode::OK, HTML, target_page(&line, &events, &sightings, now))
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
