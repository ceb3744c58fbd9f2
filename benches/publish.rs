//! What one more issue costs at issue 10 and ten daily years later. Figures: `docs/benchmarks.md`.
//!
//! Time on the processor is given beside the time that passed: the rest is waiting for the disk, and for
//! whatever else the machine does.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

#[path = "../tests/publishing/fixture.rs"]
#[allow(dead_code, clippy::cast_possible_wrap)]
mod fixture;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use canary_format::envelope::Envelope;
use canary_publisher::FutureHeartbeat;
use canary_publisher::folder::Folder;
use canary_publisher::heartbeat::{Current, refresh};
use canary_publisher::publish::{Preparing, Publication};
use canary_publisher::store::Directory;
use canary_publisher::update::Updated;

use fixture::{ADA, BO, content, day, signed, write_folder};

/// Daily for ten years.
const ISSUES: u64 = 3_650;
/// So many issues, one after the other, of which the middle one counts.
const RUNS: u64 = 15;

/// Nanoseconds that this thread was on a processor.
fn on_processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, [Duration; 2]) {
    let (wall, busy) = (Instant::now(), on_processor());
    let out = run();
    (out, [wall.elapsed(), on_processor() - busy])
}

fn publish(folder: &Path, site: &Path, number: u64) -> Updated {
    let folder = Folder::open(folder).unwrap();
    let keys = folder.machine_keys().unwrap();
    let draft = fs::read(folder.root().join("draft.json")).ok();
    let draft = draft.map(|bytes| Envelope::parse(&bytes).unwrap());
    let mut store = Directory::open(site).unwrap();
    let now = day(number);
    let publication =
        Publication::prepare(&folder, &keys, draft.as_ref(), now, Preparing::Append).unwrap();
    let updated = publication.write(&mut store).unwrap();
    assert_eq!(publication.read_back(&mut store, now).unwrap().mended, [""; 0]);
    updated
}

fn middle(mut times: Vec<[Duration; 2]>) -> [Duration; 2] {
    times.sort();
    let wall = times[times.len() / 2][0];
    times.sort_by_key(|time| time[1]);
    [wall, times[times.len() / 2][1]]
}

fn say(what: &str, [wall, busy]: [Duration; 2]) {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{what}: {:.1} ms, of which {:.1} ms on the processor", ms(wall), ms(busy));
}

/// Publishes a whole series at once, then one issue after the other.
fn measure(size: u64) {
    let root = tempfile::tempdir().unwrap();
    let (folder, site) = (root.path().join("folder"), root.path().join("site"));
    let mut series: Vec<Envelope> = Vec::new();
    for number in 1..=size + RUNS {
        series.push(signed(content(number, series.last()), &[ADA, BO]));
    }
    let published = usize::try_from(size).unwrap();
    fs::create_dir(&folder).unwrap();
    write_folder(&folder, &series[..published]);
    let (updated, time) = timed(|| publish(&folder, &site, size));
    say(&format!("the whole site of {size} issues, {} files", updated.written.len()), time);
    let mut written = Vec::new();
    let mut times = Vec::new();
    for (number, envelope) in (size + 1..).zip(&series[published..]) {
        fs::write(folder.join("draft.json"), envelope.bytes()).unwrap();
        let (updated, time) = timed(|| publish(&folder, &site, number));
        written = updated.written;
        times.push(time);
    }
    let files = written.len();
    say(&format!("one more issue after {size}, {files} files"), middle(times));
    println!("  {}", written.join(" "));
    let beats = (1..=RUNS).map(|beat| {
        let folder = Folder::open(&folder).unwrap();
        let key = folder.heartbeat_key().unwrap().unwrap();
        let now = day(size + RUNS).plus(i64::try_from(beat).unwrap());
        let set = || {
            let mut store = Directory::open(&site).unwrap();
            refresh(&mut store, &Current::read(&folder).unwrap(), &key, now, FutureHeartbeat::Keep)
                .unwrap();
        };
        timed(set).1
    });
    say(&format!("a heartbeat after {size}"), middle(beats.collect()));
}

fn main() {
    for size in [10, ISSUES] {
        measure(size);
    }
}
