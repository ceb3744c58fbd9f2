//! The protocol over HTTP: `add-checkpoint`, and each log's newest checkpoint for monitors.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use canary_format::time::Timestamp;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::config::Limits;
use crate::decision::{self, Refused};
use crate::key::WitnessKey;
use crate::metrics::Metrics;
use crate::rate::{Rate, network};
use crate::request::{MAX_BODY, Submission};
use crate::store::{Store, StoreError, origin_hash};
use crate::writer::{Job, NotCosigned, Writer};

/// How often the origins file is looked at for a change.
const ORIGINS_EVERY: Duration = Duration::from_secs(5);

/// How long requests under way may take once the witness is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A witness to be run.
pub struct Options {
    /// The key that cosigns.
    pub key: WitnessKey,
    /// The database.
    pub store: Store,
    /// The logs served; looked at again when it changes.
    pub origins: PathBuf,
    /// What comes before the protocol's paths; empty, or begins with `/` and does not end with it.
    pub prefix: String,
    /// What clients may cost.
    pub limits: Limits,
    /// Where the metrics are served.
    pub metrics: Option<TcpListener>,
    /// Told of what an operator should know.
    pub tell: fn(Event),
}

/// What an operator should know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The origins file was read: so many keys.
    Origins(u64),
    /// The origins file was refused: those served before still are.
    OriginsRefused(StoreError),
    /// The witness was told to stop, and finishes what is under way.
    Stopping,
}

/// Why a witness could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The database or the origins could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refused a thread or a socket.
    #[error("could not start")]
    Io(#[from] std::io::Error),
}

/// What every request shares.
struct Witness {
    store: Store,
    jobs: mpsc::Sender<Job>,
    prefix: String,
    per_address: Rate,
    per_origin: Rate,
    patience: Duration,
    metrics: Arc<Metrics>,
}

/// Serves until `stop` is ready, then finishes what is under way. Everything answered is on the disk.
///
/// # Errors
///
/// Where the origins, the database or a thread cannot be had at the start.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let Options { key, store, origins, prefix, limits, metrics: metrics_listener, tell } = options;
    let metrics = Arc::new(Metrics::default());
    let loaded = store.load_origins(&origins)?;
    metrics.origin_keys.set(loaded);
    tell(Event::Origins(loaded));
    let connection = store.connection()?;
    let writer =
        Writer { connection, key: Arc::new(key), clock: system_clock, metrics: metrics.clone() };
    let (jobs, thread) = writer.start()?;
    let witness = Arc::new(Witness {
        store,
        jobs,
        prefix,
        per_address: Rate::new(limits.per_address, limits.per_address.max(1.0) * 2.0),
        per_origin: Rate::new(limits.per_origin, limits.per_origin.max(1.0) * 5.0),
        patience: Duration::from_secs(limits.seconds.max(1)),
        metrics,
    });
    let (stopping, stopped) = watch::channel(());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch_origins(witness.clone(), origins, tell, stopped.clone()));
    if let Some(listener) = metrics_listener {
        tasks.spawn(serve_metrics(listener, witness.clone(), stopped.clone()));
    }
    accept(&listener, &witness, limits.connections.max(1), &stopped, &mut tasks, stop).await;
    drop(listener);
    tell(Event::Stopping);
    drop(stopped);
    let _ = stopping.send(());
    let drained = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, drained).await;
    tasks.shutdown().await;
    drop(witness);
    // The writer ends after the last job, which nobody can send any more.
    let _ = tokio::task::spawn_blocking(|| thread.join()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    witness: &Arc<Witness>,
    connections: usize,
    stopped: &watch::Receiver<()>,
    tasks: &mut JoinSet<()>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => return,
            accepted = accepted => accepted,
        };
        // Tasks that ended are forgotten as others begin.
        while tasks.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // Out of files, for instance: what is open may end meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        witness.metrics.connections.add(1);
        let (witness, stopped) = (witness.clone(), stopped.clone());
        tasks.spawn(async move {
            let _place = place;
            converse(stream, peer, witness, stopped).await;
        });
    }
}

/// One connection, until either side ends it or the witness stops.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    witness: Arc<Witness>,
    mut stopped: watch::Receiver<()>,
) {
    let _ = stream.set_nodelay(true);
    let patience = witness.patience;
    let service = service_fn(|request| {
        let witness = witness.clone();
        async move { Ok::<_, Infallible>(witness.answer(request, peer.ip()).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(16_384)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // How a peer left is its own affair.
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Witness {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        let Some(path) = request.uri().path().strip_prefix(&self.prefix).map(str::to_owned) else {
            return plain(StatusCode::NOT_FOUND, "no such path");
        };
        let is_add = path == "/add-checkpoint";
        if !self.per_address.take(&network(peer), Instant::now()) {
            self.count(is_add, StatusCode::TOO_MANY_REQUESTS);
            return later(StatusCode::TOO_MANY_REQUESTS, "too many requests from this address");
        }
        if is_add {
            let answer = match request.method() {
                &Method::POST => self.add_checkpoint(request).await,
                _ => with(plain(StatusCode::METHOD_NOT_ALLOWED, "expected POST"), ALLOW, "POST"),
            };
            self.count(true, answer.status());
            return answer;
        }
        let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
        match (hash.and_then(parse_hash), request.method()) {
            (Some(hash), &Method::GET | &Method::HEAD) => self.checkpoint(&hash),
            (Some(_), _) => {
                with(plain(StatusCode::METHOD_NOT_ALLOWED, "expected GET"), ALLOW, "GET, HEAD")
            }
            (None, _) => plain(StatusCode::NOT_FOUND, "no such path"),
        }
    }

    fn count(&self, is_add: bool, status: StatusCode) {
        if is_add {
            self.metrics.answered(status.as_u16());
        }
    }

    async fn add_checkpoint(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let body = Limited::new(request.into_body(), MAX_BODY).collect();
        let body = match tokio::time::timeout(self.patience, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
            }
            Ok(Err(_)) => return plain(StatusCode::BAD_REQUEST, "the body is incomplete"),
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        };
        let submission = match Submission::parse(&body) {
            Ok(submission) => submission,
            Err(words) => return plain(StatusCode::BAD_REQUEST, &words),
        };
        let origin = origin_hash(submission.checkpoint.origin());
        let keys = match self.store.keys(&origin) {
            Ok(keys) => keys,
            Err(_) => return refusal(NotCosigned::Storage),
        };
        if keys.is_empty() {
            return plain(StatusCode::NOT_FOUND, "this origin is not served");
        }
        let lines = match decision::trusted_lines(&submission.checkpoint, &keys) {
            Ok(lines) => lines,
            Err(refused) => return refusal(NotCosigned::Refused(refused)),
        };
        if let Err(refused) = decision::check_sizes(&submission) {
            return refusal(NotCosigned::Refused(refused));
        }
        // Only now: nobody else can use up a log's budget.
        if !self.per_origin.take(&origin, Instant::now()) {
            return later(StatusCode::TOO_MANY_REQUESTS, "too many submissions of this origin");
        }
        let (answer, cosigned) = oneshot::channel();
        if self.jobs.try_send(Job { origin, submission, lines, answer }).is_err() {
            return later(StatusCode::SERVICE_UNAVAILABLE, "too many submissions wait");
        }
        match cosigned.await {
            Ok(Ok(line)) => plain(StatusCode::OK, &line.to_string()),
            Ok(Err(not_cosigned)) => refusal(not_cosigned),
            Err(_) => refusal(NotCosigned::Storage),
        }
    }

    fn checkpoint(&self, origin: &[u8; 32]) -> Response<Full<Bytes>> {
        match self.store.checkpoint(origin) {
            Ok(Some(checkpoint)) => {
                let answer = text(StatusCode::OK, checkpoint.into());
                with(answer, CACHE_CONTROL, "public, max-age=60")
            }
            Ok(None) => plain(StatusCode::NOT_FOUND, "nothing was cosigned for this origin"),
            Err(_) => refusal(NotCosigned::Storage),
        }
    }
}

/// The status of each refusal (`tlog-witness`, add-checkpoint).
fn refusal(not_cosigned: NotCosigned) -> Response<Full<Bytes>> {
    match not_cosigned {
        NotCosigned::Refused(Refused::Signature) => {
            plain(StatusCode::FORBIDDEN, "no trusted key of this origin signed, or a line fails")
        }
        NotCosigned::Refused(Refused::OldBeyondNew) => {
            plain(StatusCode::BAD_REQUEST, "the old size is greater than the checkpoint's")
        }
        NotCosigned::Refused(Refused::OldSize(size)) => {
            let answer = plain(StatusCode::CONFLICT, &size.to_string());
            with(answer, CONTENT_TYPE, "text/x.tlog.size")
        }
        NotCosigned::Refused(Refused::Proof) => {
            let words = "the checkpoint does not extend the one cosigned before";
            plain(StatusCode::UNPROCESSABLE_ENTITY, words)
        }
        NotCosigned::Clock => {
            later(StatusCode::SERVICE_UNAVAILABLE, "the clock is behind the last cosignature")
        }
        NotCosigned::Storage => {
            later(StatusCode::SERVICE_UNAVAILABLE, "the record could not be written")
        }
    }
}

fn plain(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    text(status, format!("{words}\n").into())
}

fn text(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    with(answer, CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn later(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    with(plain(status, words), RETRY_AFTER, "5")
}

fn with(
    mut answer: Response<Full<Bytes>>,
    name: HeaderName,
    value: &'static str,
) -> Response<Full<Bytes>> {
    answer.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    answer
}

/// 64 lowercase hex digits.
fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect();
    bytes?.try_into().ok()
}

fn system_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// Reads the origins again whenever their file changes.
async fn watch_origins(
    witness: Arc<Witness>,
    path: PathBuf,
    tell: fn(Event),
    mut stopped: watch::Receiver<()>,
) {
    let state = |path: &PathBuf| {
        std::fs::metadata(path).ok().and_then(|file| Some((file.len(), file.modified().ok()?)))
    };
    let mut before = state(&path);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(ORIGINS_EVERY) => {}
        }
        let now = state(&path);
        if now == before {
            continue;
        }
        before = now;
        let (loader, file) = (witness.clone(), path.clone());
        let loaded = tokio::task::spawn_blocking(move || loader.store.load_origins(&file)).await;
        match loaded {
            Ok(Ok(count)) => {
                witness.metrics.origin_keys.set(count);
                tell(Event::Origins(count));
            }
            Ok(Err(error)) => {
                witness.metrics.origins_refused.add(1);
                tell(Event::OriginsRefused(error));
            }
            Err(_) => return,
        }
    }
}

/// Serves the metrics, one connection at a time: one reader is all there is.
async fn serve_metrics(
    listener: TcpListener,
    witness: Arc<Witness>,
    mut stopped: watch::Receiver<()>,
) {
    let patience = Duration::from_secs(5);
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = service_fn(|request: Request<Incoming>| {
            let answer = match request.uri().path() {
                "/metrics" => text(StatusCode::OK, witness.metrics.render().into()),
                _ => plain(StatusCode::NOT_FOUND, "no such path"),
            };
            async { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        let _ = tokio::time::timeout(patience, connection).await;
    }
}
