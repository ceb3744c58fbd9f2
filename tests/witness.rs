//! The witness as its clients see it: every status, races, and a kill between record and answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod log;
mod witnessing;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::merkle::leaf_hash;
use canary_witness::Store;
use log::{Answer, Connection, Log, body};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use witnessing::{NAME, Running, monitoring_path, run, unlimited, witness_key, write_origins};

fn path_of(origin: &str) -> String {
    format!("/{}", monitoring_path(origin))
}

/// The cosignature in an answer verifies over this checkpoint.
fn is_cosigned(answer: &Answer, checkpoint: &Checkpoint) -> bool {
    let text = format!("{checkpoint}{}", answer.body);
    let checkpoint = Checkpoint::parse_of_any_log(text.as_bytes()).unwrap();
    answer.status == 200
        && matches!(checkpoint.check_cosignature(&witness_key()), LineCheck::Verifies(times) if times.len() == 1)
}

#[test]
fn each_submission_gets_the_status_of_the_specification() {
    let log = Log::new("example.com/log", 1);
    let running = Running::new(&[&log.key], unlimited());
    let mut to = Connection::open(running.address);
    let path = "/add-checkpoint";
    assert_eq!(to.get(&path_of("example.com/log")).status, 404, "nothing yet");

    assert!(is_cosigned(&to.post(path, &log.body(0, 0)), &log.checkpoint(0)), "an empty tree");
    assert!(is_cosigned(&to.post(path, &log.body(0, 5)), &log.checkpoint(5)));
    assert!(is_cosigned(&to.post(path, &log.body(5, 9)), &log.checkpoint(9)));
    assert!(is_cosigned(&to.post(path, &log.body(9, 9)), &log.checkpoint(9)), "once more");

    for old in [0, 5, 8] {
        let answer = to.post(path, &log.body(old, 12));
        let expected = (409, "text/x.tlog.size", "9\n");
        assert_eq!((answer.status, &*answer.content_type, &*answer.body), expected);
    }
    assert_eq!(to.post(path, &log.body(5, 7)).status, 409, "never back");

    let with = |old, size: usize| body(old, &log.proof(9, 12), &log.checkpoint(size));
    assert_eq!(to.post(path, &with(13, 12)).status, 400, "old beyond new");
    let fork = Log::forked("example.com/log", 1, 8);
    assert_eq!(to.post(path, &fork.body(9, 12)).status, 422, "another story");
    assert_eq!(to.post(path, &fork.body(9, 9)).status, 422, "another root of the same size");
    assert_eq!(to.post(path, &body(9, &[], &log.checkpoint(12))).status, 422, "no proof");
    let empty = log.sign(Checkpoint::new("example.com/log", 0, leaf_hash(b"x")));
    assert_eq!(to.post(path, &body(0, &[], &empty)).status, 409, "the old size comes first");

    let stranger = Log::new("example.com/stranger", 2);
    assert_eq!(to.post(path, &stranger.body(0, 1)).status, 404);
    let forger = Log::new("example.com/log", 2);
    assert_eq!(to.post(path, &forger.body(9, 12)).status, 403, "no trusted key");
    let altered = log.body(9, 12).replacen("example.com/log\n12\n", "example.com/log\n13\n", 1);
    assert_eq!(to.post(path, &altered).status, 403, "a trusted line that fails");
    let both = log.body(9, 12) + &forger.checkpoint(12).note().signatures()[0].to_string() + "\n";
    assert!(is_cosigned(&to.post(path, &both), &log.checkpoint(12)), "unknown lines are ignored");

    for junk in ["", "old 12", "old 12\n\n", "old x\n\nexample.com/log\n", "\u{0}\n\n\n\n"] {
        assert_eq!(to.post(path, junk).status, 400, "{junk:?}");
    }
    assert_eq!(to.get(path).status, 405);
    assert_eq!(to.post("/sign-subtree", "").status, 404);
    assert_eq!(to.post("/", "").status, 404);

    let served = to.get(&path_of("example.com/log"));
    let served = Checkpoint::parse_of_any_log(served.body.as_bytes()).unwrap();
    assert_eq!((served.size(), served.root()), (12, log.checkpoint(12).root()));
    assert_eq!(served.check_signature(&log.key), LineCheck::Verifies(()));
    assert!(matches!(served.check_cosignature(&witness_key()), LineCheck::Verifies(_)));
    assert_eq!(served.note().signatures().len(), 2, "and no line that was not verified");
    assert_eq!(to.get("/0123/checkpoint").status, 404);
    assert_eq!(to.get(&path_of("example.com/log").to_uppercase()).status, 404);

    let metrics = Connection::open(running.metrics).get("/metrics").body;
    assert!(
        metrics.contains("canary_witness_add_checkpoint_total{status=\"200\"} 5\n"),
        "{metrics}"
    );
    assert!(metrics.contains("canary_witness_conflicts_total 1\n"), "{metrics}");
}

#[test]
fn a_root_of_the_empty_tree_is_asked_for() {
    let log = Log::new("example.com/log", 1);
    let running = Running::new(&[&log.key], unlimited());
    let wrong = log.sign(Checkpoint::new("example.com/log", 0, leaf_hash(b"x")));
    let mut to = Connection::open(running.address);
    assert_eq!(to.post("/add-checkpoint", &body(0, &[], &wrong)).status, 422);
    let proof = log.proof(5, 9);
    let extra = body(0, &proof, &log.checkpoint(9));
    assert_eq!(to.post("/add-checkpoint", &extra).status, 422, "a proof where none is needed");
}

#[test]
fn bodies_are_bounded_and_slow_clients_are_let_go() {
    let log = Log::new("example.com/log", 1);
    let mut limits = unlimited();
    limits.seconds = 1;
    let running = Running::new(&[&log.key], limits);
    let mut large = Connection::open(running.address);
    large.write("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 80000000\r\n\r\n");
    large.write(&"x".repeat(70_000));
    assert_eq!(large.read().unwrap().status, 413);
    let mut chunked = Connection::open(running.address);
    chunked.write("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunked.write(&format!("11170\r\n{}\r\n", "x".repeat(70_000)));
    assert_eq!(chunked.read().unwrap().status, 413);
    let mut stalled = Connection::open(running.address);
    stalled.write("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold");
    assert_eq!(stalled.read().unwrap().status, 408);
    let mut silent = Connection::open(running.address);
    silent.write("POST /add-che");
    let started = Instant::now();
    let _ = silent.read_to_end();
    assert!(started.elapsed() < Duration::from_secs(15), "it is closed, not kept");
    assert!(is_cosigned(
        &Connection::open(running.address).post("/add-checkpoint", &log.body(0, 1)),
        &log.checkpoint(1)
    ));
}

#[test]
fn rates_are_limited_by_address_and_by_log() {
    let (log, other) = (Log::new("example.com/log", 1), Log::new("example.com/other", 2));
    let mut limits = unlimited();
    limits.per_origin = 0.001;
    let running = Running::new(&[&log.key, &other.key], limits);
    let mut to = Connection::open(running.address);
    let statuses: Vec<_> =
        (0..8).map(|n| to.post("/add-checkpoint", &log.body(n, n + 1)).status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    assert_eq!(to.post("/add-checkpoint", &other.body(0, 1)).status, 200);

    limits.per_origin = 0.0;
    limits.per_address = 0.001;
    let running = Running::new(&[&log.key], limits);
    let mut to = Connection::open(running.address);
    let statuses: Vec<_> =
        (0..4).map(|n| to.post("/add-checkpoint", &log.body(n, n + 1)).status).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[test]
fn of_two_conflicting_checkpoints_at_once_exactly_one_is_cosigned() {
    let (honest, fork) = (Log::new("example.com/log", 1), Log::forked("example.com/log", 1, 10));
    let (honest, fork) = (Arc::new(honest), Arc::new(fork));
    let running = Running::new(&[&honest.key], unlimited());
    assert_eq!(
        Connection::open(running.address).post("/add-checkpoint", &honest.body(0, 10)).status,
        200
    );
    let threads = 16;
    let barrier = Arc::new(Barrier::new(threads));
    let racers: Vec<_> = (0..threads)
        .map(|n| {
            let log = if n % 2 == 0 { honest.clone() } else { fork.clone() };
            let (barrier, mut to) = (barrier.clone(), Connection::open(running.address));
            // Each at its own size: none of these extends another story.
            let body = log.body(10, 20 + n);
            thread::spawn(move || {
                barrier.wait();
                (n, to.post("/add-checkpoint", &body))
            })
        })
        .collect();
    let answers: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    let winners: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    let size = 20 + winners[0].0;
    for (_, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
        assert_eq!((answer.status, answer.body.clone()), (409, format!("{size}\n")));
    }
    let served = Connection::open(running.address).get(&path_of("example.com/log"));
    let served = Checkpoint::parse_of_any_log(served.body.as_bytes()).unwrap();
    let winner = if winners[0].0 % 2 == 0 { &honest } else { &fork };
    assert_eq!(served.root(), winner.checkpoint(size).root());
}

#[test]
fn a_growing_log_is_never_taken_back_by_racing_submissions() {
    let log = Arc::new(Log::new("example.com/log", 1));
    let running = Running::new(&[&log.key], unlimited());
    let cosigned: Vec<_> = (0..4)
        .map(|_| {
            let (log, mut to) = (log.clone(), Connection::open(running.address));
            thread::spawn(move || {
                let (mut old, mut cosigned) = (0, Vec::new());
                while old < 300 {
                    let answer = to.post("/add-checkpoint", &log.body(old, old + 1));
                    old = match answer.status {
                        200 => {
                            cosigned.push(old + 1);
                            old + 1
                        }
                        409 => answer.body.trim_end().parse().unwrap(),
                        status => panic!("{status}"),
                    };
                }
                cosigned
            })
        })
        .collect();
    let mut sizes: Vec<_> = cosigned.into_iter().flat_map(|one| one.join().unwrap()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, (1..=300).collect::<Vec<_>>(), "each size exactly once");
}

#[test]
fn what_is_under_way_is_finished_before_it_stops_and_origins_come_and_go() {
    let (log, other) = (Log::new("example.com/log", 1), Log::new("example.com/other", 2));
    let running = Running::new(&[&log.key], unlimited());
    let mut to = Connection::open(running.address);
    assert_eq!(to.post("/add-checkpoint", &log.body(0, 7)).status, 200);
    let started = Instant::now();
    let folder = running.stop();
    assert!(started.elapsed() < Duration::from_secs(5), "an idle connection holds nothing up");

    // Served again without its origin: what was cosigned is still on record.
    write_origins(folder.path(), &[&other.key]);
    let store = Store::open(&folder.path().join("witness.sqlite")).unwrap();
    assert_eq!(store.load_origins(&folder.path().join("origins.txt")).unwrap(), 1);
    std::fs::write(folder.path().join("bad.txt"), format!("{}\nnonsense\n", log.key)).unwrap();
    store.load_origins(&folder.path().join("bad.txt")).unwrap_err();
    let (runtime, address, stop) = start(folder.path());
    let mut to = Connection::open(address);
    assert_eq!(to.post("/add-checkpoint", &log.body(7, 8)).status, 404);
    assert_eq!(to.post("/add-checkpoint", &other.body(0, 8)).status, 200);
    assert_eq!(to.get(&path_of("example.com/log")).status, 200);
    drop(stop);
    drop(runtime);
    write_origins(folder.path(), &[&log.key]);
    let (_runtime, address, _stop) = start(folder.path());
    let answer = Connection::open(address).post("/add-checkpoint", &log.body(0, 3));
    assert_eq!((answer.status, &*answer.body), (409, "7\n"), "and it is not taken back");
}

fn start(folder: &Path) -> (tokio::runtime::Runtime, SocketAddr, oneshot::Sender<()>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stop, stopped) = oneshot::channel();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    runtime.spawn(async move { run(&folder, NAME, listener, None, unlimited(), stopped).await });
    (runtime, address, stop)
}

const CHILD: &str = "CANARY_TEST_WITNESS_FOLDER";

/// Not a test of its own: the process that the next one kills.
#[test]
fn a_witness_in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let (_runtime, address, _stop) = start(Path::new(&folder));
    let file = Path::new(&folder).join("address");
    std::fs::write(file.with_extension("new"), address.to_string()).unwrap();
    std::fs::rename(file.with_extension("new"), file).unwrap();
    loop {
        thread::park();
    }
}

/// A child that is killed without warning, and not left behind.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn spawn(folder: &Path) -> (Killed, SocketAddr) {
    let file = folder.join("address");
    let _ = std::fs::remove_file(&file);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_witness_in_a_process_of_its_own"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let child = Killed(child);
    let started = Instant::now();
    loop {
        if let Ok(address) = std::fs::read_to_string(&file) {
            return (child, address.parse().unwrap());
        }
        assert!(started.elapsed() < Duration::from_secs(60), "the witness did not start");
        thread::yield_now();
    }
}

#[test]
fn a_kill_loses_nothing_that_was_answered() {
    let log = Log::new("example.com/log", 1);
    let folder = tempfile::tempdir().unwrap();
    write_origins(folder.path(), &[&log.key]);
    let mut answered = 0;
    for round in 0..6 {
        let (mut child, address) = spawn(folder.path());
        let mut to = Connection::open(address);
        // What is on record is what was answered, or what was under way when it was killed.
        let answer = to.post("/add-checkpoint", &log.body(399, 400));
        let recorded: usize = answer.body.trim_end().parse().unwrap();
        assert!((answered..=answered + 1).contains(&recorded), "{answered} {recorded}");
        // What was recorded and never answered is cosigned when it is asked for again.
        let again = to.post("/add-checkpoint", &log.body(recorded, recorded));
        assert!(is_cosigned(&again, &log.checkpoint(recorded)));
        answered = recorded;
        let reader = thread::scope(|scope| {
            let killer = scope.spawn(|| {
                // At another moment of the work each round.
                let until = Instant::now() + Duration::from_micros(3_000 + 2_371 * round);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                child.0.kill().unwrap();
            });
            let mut answered = answered;
            while let Some(answer) =
                to.ask("POST", "/add-checkpoint", &log.body(answered, answered + 1))
            {
                assert!(is_cosigned(&answer, &log.checkpoint(answered + 1)));
                answered += 1;
            }
            killer.join().unwrap();
            answered
        });
        answered = reader;
    }
    assert!(answered > 0);
}
