//! Publishers that are killed, run at once or stopped by the system, while readers look on.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "publishing/fixture.rs"]
#[allow(dead_code, clippy::cast_possible_wrap)]
mod fixture;
#[path = "publishing/folder.rs"]
#[allow(dead_code)]
mod folder;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use canary_format::time::Timestamp;
use canary_publisher::serve::Served;
use canary_verifier::evidence::{Evidence, Trust};
use canary_verifier::fetch::{Fetcher, Known, Limits};
use canary_verifier::judge::judge;
use canary_verifier::report::{Code, Severity};
use canary_verifier::target::Prefix;

use fixture::{day, series};
use folder::{Nginx, Publisher, left_out};

/// Judges what a reader got, just after issue `number` was due to be published, and gives the newest
/// issue's number. Every read has to verify.
fn newest_of(evidence: &Evidence, at: Timestamp) -> u64 {
    let report = judge(evidence, &Trust::default(), None, at).report;
    let harmless = [Code::Lapsed, Code::HeartbeatStale, Code::ClockSuspect, Code::HeartbeatMissing];
    let against: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| {
            finding.severity >= Severity::Unknown && !harmless.contains(&finding.code)
        })
        .collect();
    assert!(against.is_empty(), "{against:?}");
    report.issue.unwrap().number
}

/// Reads a site again and again, as files, over HTTP, and from nginx where it is installed, until told
/// to stop.
struct Readers {
    _nginx: Option<Nginx>,
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
    threads: Vec<thread::JoinHandle<u64>>,
}

impl Readers {
    fn start(site: &Path) -> Self {
        let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let follow = |read: Box<dyn Fn() -> Evidence + Send>| {
            let (stop, reads) = (stop.clone(), reads.clone());
            thread::spawn(move || {
                let mut newest = 0;
                while !stop.load(Ordering::Relaxed) {
                    let number = newest_of(&read(), now());
                    assert!(number >= newest, "issue {number} after issue {newest}");
                    newest = number;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
                newest
            })
        };
        let directory = site.to_owned();
        let files = follow(Box::new(move || canary_verifier::files::read(&directory, now())));
        let nginx = Nginx::serve(site);
        if nginx.is_none() {
            left_out("reading from nginx while a publisher is killed (it is not installed)");
        }
        let mut threads = vec![files];
        for url in [Some(serve(site)), nginx.as_ref().map(|nginx| nginx.url.clone())] {
            let Some(url) = url else { continue };
            let url = Prefix::parse(&url).unwrap();
            let fetcher = Fetcher::new(Limits::default()).unwrap();
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            threads.push(follow(Box::new(move || {
                let fetch = fetcher.fetch(&url, Known::default(), &[], now());
                runtime.block_on(fetch).evidence
            })));
        }
        Self { _nginx: nginx, stop, reads, threads }
    }

    /// How many reads there were, and the newest issue that each reader saw.
    fn stop(self) -> (u64, Vec<u64>) {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        (self.reads.load(Ordering::Relaxed), seen)
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64)
}

/// Serves a directory until the test ends; gives its URL.
fn serve(site: &Path) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    let site = site.to_owned();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            Served::open(&site).unwrap().serve(listener).await.unwrap();
        });
    });
    format!("http://{}/", receive.recv().unwrap())
}

#[test]
fn killed_at_any_instant_not_one_read_fails_to_verify_and_the_next_run_finishes() {
    const KILLS: u64 = 24;
    let publisher = Publisher::new();
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.draft(1);
    publisher.publish(&to);
    let readers = Readers::start(&site);
    // How long a run takes beside the readers.
    publisher.draft(2);
    let begun = Instant::now();
    publisher.publish(&to);
    let mut whole = begun.elapsed();
    let mut killed = 0;
    for number in 3..=KILLS + 2 {
        publisher.draft(number);
        let mut run = publisher.command("publish", &to);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // From its first instant to after its end.
        let part = (number - 2) as f64 / KILLS as f64 * 1.2;
        thread::sleep(whole.mul_f64(part));
        run.kill().unwrap();
        let finished = run.wait().unwrap().success();
        killed += u64::from(!finished);
        // The machine is less busy than when a run was timed.
        if finished && part < 0.9 {
            whole = whole.mul_f64(0.6);
        }
        publisher.publish(&to);
        let published = canary_verifier::files::read(&site, now());
        assert_eq!(newest_of(&published, now()), number);
        // A heartbeat, too, at any of its steps.
        if number % 3 == 0 {
            let mut run = publisher.command("heartbeat", &to);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(whole.mul_f64((number - 2) as f64 / KILLS as f64 * 0.6));
            run.kill().unwrap();
            run.wait().unwrap();
        }
    }
    // A last run leaves the readers time for one more look each.
    let before = readers.reads.load(Ordering::Relaxed);
    let patience = Instant::now() + Duration::from_secs(20);
    while readers.reads.load(Ordering::Relaxed) < before + 8 && Instant::now() < patience {
        thread::yield_now();
    }
    let (reads, seen) = readers.stop();
    assert!(killed > KILLS / 4, "{killed} of {KILLS} runs were still under way when killed");
    assert!(reads > KILLS, "{reads} reads");
    assert!(seen.len() >= 2 && seen.iter().all(|seen| *seen == KILLS + 2), "{seen:?}");
}

#[test]
fn two_publishers_at_once_leave_one_whole_site() {
    let issues = series(6);
    // The same series on two machines, and one directory.
    let (one, two) = (Publisher::with(&issues[..5]), Publisher::with(&issues));
    let site = one.site();
    let to = ["--to", site.to_str().unwrap()];
    one.publish(&to);
    let readers = Readers::start(&site);
    for _ in 0..4 {
        let mut runs: Vec<_> = [&two, &two, &one, &two]
            .iter()
            .map(|publisher| {
                let mut command = publisher.command("publish", &to);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for run in &mut runs {
            run.wait().unwrap();
        }
    }
    two.publish(&to);
    let (_, _) = readers.stop();
    assert_eq!(newest_of(&canary_verifier::files::read(&site, now()), now()), 6);
    let behind = one.run("publish", &to);
    assert_eq!(behind.status.code(), Some(65));
    let said = String::from_utf8_lossy(&behind.stderr).into_owned();
    assert!(said.contains("6 issues are published there, and the folder holds 5"), "{said}");
}

#[test]
fn a_target_that_cannot_be_written_is_named_and_the_others_are_published() {
    let publisher = Publisher::with(&series(2));
    let blocked = publisher.path().join("blocked");
    std::fs::write(&blocked, "a file where a folder must be").unwrap();
    let site = publisher.site();
    let output = publisher
        .run("publish", &["--to", blocked.to_str().unwrap(), "--to", site.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(74));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("blocked") && said.contains("1 is published"), "{said}");
    assert_eq!(newest_of(&canary_verifier::files::read(&site, now()), now()), 2);
}

#[test]
fn a_full_disk_is_an_error_that_names_it_and_nothing_published_is_harmed() {
    // A small file system in memory stands for a disk that is full; only root may mount one.
    let publisher = Publisher::with(&series(1));
    let disk = publisher.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |arguments: &[&str]| {
        let status = std::process::Command::new("mount").args(arguments).arg(&disk).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=600k", "tmpfs"]) {
        left_out("a full disk (no file system could be mounted)");
        return;
    }
    let site = disk.join("site");
    let to = ["--to", site.to_str().unwrap()];
    let outcome = std::panic::catch_unwind(|| {
        publisher.publish(&to);
        std::fs::write(disk.join("ballast"), vec![0; 1 << 20]).unwrap_err();
        publisher.draft(2);
        let output = publisher.run("publish", &to);
        assert_eq!(output.status.code(), Some(74));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("No space left"), "{said}");
        assert_eq!(newest_of(&canary_verifier::files::read(&site, now()), now()), 1);
        std::fs::remove_file(disk.join("ballast")).unwrap();
        publisher.publish(&to);
        assert_eq!(newest_of(&canary_verifier::files::read(&site, now()), now()), 2);
    });
    let unmounted = std::process::Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    outcome.unwrap();
}

#[test]
fn a_draft_short_of_a_quorum_is_not_published_and_what_is_published_is_looked_at() {
    let publisher = Publisher::new();
    publisher.draft_signed_by(1, &[fixture::ADA]);
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    let output = publisher.run("publish", &to);
    assert_eq!(output.status.code(), Some(65), "there is nothing else to publish");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("1 of 2 persons"), "{said}");
    assert!(!site.exists());

    publisher.draft(1);
    publisher.publish(&to);
    publisher.draft_signed_by(2, &[fixture::ADA]);
    let draft = std::fs::read(publisher.path().join("draft.json")).unwrap();
    std::fs::write(site.join("issues/0001.json"), "{}").unwrap();
    let said = publisher.publish(&to);
    assert!(
        said.contains("draft.json: not published") && said.contains("1 of 2 persons"),
        "{said}"
    );
    assert!(said.contains("put back: issues/0001.json"), "{said}");
    assert_eq!(newest_of(&canary_verifier::files::read(&site, now()), now()), 1);
    assert_eq!(std::fs::read(publisher.path().join("draft.json")).unwrap(), draft);
}

#[test]
fn a_dry_run_says_what_it_would_write_and_writes_nothing() {
    let publisher = Publisher::with(&series(1));
    publisher.draft(2);
    let site = publisher.site();
    let said = publisher.publish(&["--dry-run", "--to", site.to_str().unwrap()]);
    assert!(said.contains("would be written"), "{said}");
    assert!(!site.exists());
    assert!(publisher.path().join("draft.json").exists());
    assert!(!publisher.path().join("canaries/0002.json").exists());
}

#[test]
fn a_heartbeat_is_set_by_a_timer_and_never_goes_back() {
    let publisher = Publisher::with(&series(2));
    let site = publisher.site();
    let to = ["--to", site.to_str().unwrap()];
    publisher.publish(&to);
    let output = publisher.run("heartbeat", &to);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report =
        judge(&canary_verifier::files::read(&site, now()), &Trust::default(), None, now()).report;
    assert!(report.ages.heartbeat.unwrap() <= 60);
    assert!(report.ages.human.unwrap() > now().since(day(3)));
    // The log's key need not be where the timer is.
    std::fs::remove_file(publisher.path().join("keys/log")).unwrap();
    assert!(publisher.run("heartbeat", &to).status.success());
}
