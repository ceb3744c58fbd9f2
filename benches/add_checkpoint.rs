//! How many `add-checkpoint` a second a witness answers for distinct origins, each recorded durably
//! before it is answered; and how much memory that takes.
//!
//! `cargo bench -p canary-witness -- [ORIGINS] [SUBMISSIONS] [CONNECTIONS] [FOLDER]`
//!
//! The clients run on the same machine, in the same process: the rate is a lower bound. FOLDER is
//! where the database lies; it must be on a disk that a sync reaches.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, reason = "its result")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use canary_format::checkpoint::Checkpoint;
use canary_format::key::PublicKey;
use canary_format::merkle::leaf_hash;
use canary_format::note::{KeyKind, NoteSignature, VerifierKey};
use canary_witness::config::Limits;
use canary_witness::origins::Origin;
use canary_witness::{Options, Store, WitnessKey, serve};
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (origins, submissions, connections) = (number(20_000), number(20_000), number(64));
    let parent = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent).unwrap();
    let started = Instant::now();
    write_origins(&folder.path().join("origins.txt"), origins);
    println!("{origins} origins written in {:.1} s", started.elapsed().as_secs_f64());

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let requests: Vec<_> =
        (0..submissions).map(|n| request(n as u64 * (origins / submissions) as u64)).collect();
    runtime.block_on(measure(folder.path(), requests, connections));
}

async fn measure(folder: &Path, requests: Vec<Vec<u8>>, connections: usize) {
    let before = resident_kib();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut limits = Limits::default();
    (limits.per_address, limits.per_origin) = (0.0, 0.0);
    let started = Instant::now();
    let store = Store::open(&folder.join("witness.sqlite")).unwrap();
    let (ready, loaded) = oneshot::channel();
    let options = Options {
        key: WitnessKey::from_seed("witness.example/w1", &[1; 32]).unwrap(),
        store,
        origins: folder.join("origins.txt"),
        prefix: String::new(),
        limits,
        metrics: None,
        tell: |_| {},
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        ready.send(()).unwrap();
        serve(listener, options, async { drop(stopped.await) }).await
    });
    loaded.await.unwrap();
    // The first answer comes once the origins are loaded.
    let mut stream = TcpStream::connect(address).await.unwrap();
    ask(&mut stream, b"GET / HTTP/1.1\r\nHost: w\r\n\r\n").await;
    drop(stream);
    println!("origins loaded in {:.1} s", started.elapsed().as_secs_f64());

    let count = requests.len();
    let requests = std::sync::Arc::new(requests);
    let started = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|first| {
            let requests = requests.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut slowest = 0.0_f64;
                for request in requests.iter().skip(first).step_by(connections) {
                    let asked = Instant::now();
                    let answer = ask(&mut stream, request).await;
                    assert!(answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8(answer));
                    slowest = slowest.max(asked.elapsed().as_secs_f64());
                }
                slowest
            })
        })
        .collect();
    let mut slowest = 0.0_f64;
    for client in clients {
        slowest = slowest.max(client.await.unwrap());
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{count} add-checkpoint over {connections} connections in {seconds:.2} s: {:.0} a second; \
         slowest answer {:.0} ms",
        count as f64 / seconds,
        slowest * 1e3
    );
    println!(
        "resident memory: {} MiB before, {} MiB after (peak {} MiB), clients and their requests \
         ({} MiB) included",
        before / 1_024,
        resident_kib() / 1_024,
        status_kib("VmHWM:") / 1_024,
        requests.iter().map(Vec::len).sum::<usize>() >> 20
    );
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

async fn ask(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let mut chunk = [0; 2_048];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the witness went away");
        answer.extend_from_slice(&chunk[..count]);
        // Answers are short and end in a line feed after the empty line.
        if answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .is_some_and(|end| answer.len() > end + 4 && answer.ends_with(b"\n"))
        {
            return answer;
        }
    }
}

fn key(n: u64) -> (VerifierKey, SigningKey) {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    let secret = SigningKey::from_bytes(&seed);
    let public = PublicKey(secret.verifying_key().to_bytes());
    let name = format!("log-{n}.example/.well-known/canary");
    (VerifierKey::new(&name, KeyKind::Note, public).unwrap(), secret)
}

fn request(n: u64) -> Vec<u8> {
    let (key, secret) = key(n);
    let mut checkpoint = Checkpoint::new(key.name(), 1, leaf_hash(&n.to_be_bytes()));
    let signature = secret.sign(checkpoint.note().text().as_bytes()).to_bytes();
    checkpoint.note_mut().push(NoteSignature::new(&key, signature.to_vec()));
    let body = format!("old 0\n\n{checkpoint}");
    let length = body.len();
    format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn write_origins(path: &Path, count: usize) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    for n in 0..count as u64 {
        let (key, _) = key(n);
        let origin = Origin { origin: key.name().to_owned(), key };
        writeln!(file, "{origin}").unwrap();
    }
    file.flush().unwrap();
}

fn resident_kib() -> u64 {
    status_kib("VmRSS:")
}

/// A number of `/proc/self/status`; zero where there is none.
fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
