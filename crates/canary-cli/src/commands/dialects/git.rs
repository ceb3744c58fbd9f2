//! A git repository's history, read through the system's git. Nothing of the repository is run: no hooks, no
//! filters, no helpers. Each call has a time limit, and what is read has a size limit.

use std::collections::HashMap;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use canary_dialects::dialect::MAX_TEXT;
use canary_dialects::import::{MAX_VERSIONS, Version};
use canary_format::time::Timestamp;

use crate::commands::dialects::files::MAX_ALL;
use crate::error::{Failure, Kind};

/// For one call on a repository that is here.
const LOCAL: Duration = Duration::from_secs(120);
/// The most that one call may answer, in bytes.
const MAX_OUT: u64 = 2 * MAX_ALL as u64;
/// For fetching one that is not.
const REMOTE: Duration = Duration::from_secs(600);

/// Whether a folder is a repository, bare or not.
pub(crate) fn is_repository(path: &Path) -> bool {
    path.join(".git").exists() || path.join("objects").is_dir() && path.join("HEAD").is_file()
}

/// The history of a repository elsewhere: copied to a temporary folder, read and removed.
pub(crate) fn remote(url: &str, below: Option<&str>) -> Result<Vec<Version>, Failure> {
    if url.starts_with('-') || url.contains("::") {
        return Err(Failure::new(Kind::Usage, format!("{url} is not a repository's address")));
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::from_error(Kind::Io, &error))?;
    let copy = folder.path().join("repository");
    let mut command = git();
    command
        .args(["clone", "--quiet", "--bare", "--no-tags", "--single-branch", "--"])
        .arg(url)
        .arg(&copy);
    run(command, b"", REMOTE)?;
    history(&copy, below)
}

/// Every version of every file on the first line of the history, oldest first; a deletion is an empty one.
pub(crate) fn history(path: &Path, below: Option<&str>) -> Result<Vec<Version>, Failure> {
    let mut log = git();
    log.arg("-C").arg(path).args([
        "log",
        "--reverse",
        "--first-parent",
        "-m",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--diff-filter=AMTD",
        "--format=%x01%ct",
        "HEAD",
        "--",
    ]);
    if let Some(below) = below {
        log.arg(format!(":(literal){below}"));
    }
    let changes = changes(&run(log, b"", LOCAL)?).ok_or_else(|| {
        Failure::new(Kind::Data, format!("the history has more than {MAX_VERSIONS} versions"))
            .hint("name a folder of the repository that holds only canaries, with --below")
    })?;
    let blobs_of = changes.iter().map(|(_, _, blob)| blob.as_str());
    let mut wanted: Vec<&str> = blobs_of.filter(|blob| !is_gone(blob)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let blobs = blobs(path, &wanted)?;
    Ok(changes
        .into_iter()
        .map(|(path, at, blob)| {
            // What is too large to be a canary leaves none there, as a deletion does.
            let bytes = blobs.get(&blob).cloned().unwrap_or_default();
            Version { bytes, path, at: Some(at) }
        })
        .collect())
}

/// Path, commit time and blob of each change, from `log --raw -z`; the blob is all zeros where no plain file is left.
/// `None` where there are more than an import takes.
fn changes(log: &[u8]) -> Option<Vec<(String, Timestamp, String)>> {
    let mut found = Vec::new();
    let mut at = Timestamp::MIN;
    let mut parts = log.split(|byte| *byte == 0);
    while let Some(part) = parts.next() {
        let mut part = part;
        while let Some(rest) = part.strip_prefix(b"\n") {
            part = rest;
        }
        if let Some(time) = part.strip_prefix(b"\x01") {
            let mut lines = time.splitn(2, |byte| *byte == b'\n');
            let seconds = lines
                .next()
                .and_then(|text| std::str::from_utf8(text).ok())
                .and_then(|text| text.trim().parse().ok());
            at = seconds.map_or(at, Timestamp::from_unix);
            part = lines.next().unwrap_or_default();
            while let Some(rest) = part.strip_prefix(b"\n") {
                part = rest;
            }
        }
        if !part.starts_with(b":") {
            continue;
        }
        let header = String::from_utf8_lossy(part).into_owned();
        let fields: Vec<&str> = header.split(' ').collect();
        let Some(path) = parts.next() else { break };
        // Plain files, and that they are gone: links and submodules hold no text of their own.
        let blob = match fields[..] {
            [_, "100644" | "100755", _, blob, _] => blob,
            [":100644" | ":100755", ..] => GONE,
            _ => continue,
        };
        if found.len() == MAX_VERSIONS {
            return None;
        }
        found.push((String::from_utf8_lossy(path).into_owned(), at, blob.to_owned()));
    }
    Some(found)
}

/// In place of a blob where none is left.
const GONE: &str = "0000000000000000000000000000000000000000";

/// Whether a change of the log left no file: its blob is all zeros.
fn is_gone(blob: &str) -> bool {
    blob.bytes().all(|byte| byte == b'0')
}

/// The bytes of blobs by their id, which are sorted; those too large to be a canary are left out before they are
/// read.
fn blobs(path: &Path, wanted: &[&str]) -> Result<HashMap<String, Vec<u8>>, Failure> {
    let list =
        |ids: &[&str]| ids.iter().flat_map(|id| id.bytes().chain([b'\n'])).collect::<Vec<u8>>();
    let mut sizes = git();
    sizes.arg("-C").arg(path).args(["cat-file", "--batch-check=%(objectname) %(objectsize)"]);
    let sizes = run(sizes, &list(wanted), LOCAL)?;
    let mut left = MAX_ALL;
    let mut small: Vec<&str> = Vec::new();
    for line in String::from_utf8_lossy(&sizes).lines() {
        let Some((id, size)) = line.split_once(' ') else { continue };
        let size: usize = size.parse().unwrap_or(usize::MAX);
        let Ok(place) = wanted.binary_search(&id) else { continue };
        if size <= MAX_TEXT {
            left = left.checked_sub(size).ok_or_else(too_much)?;
            small.push(wanted[place]);
        }
    }
    let mut contents = git();
    contents.arg("-C").arg(path).args(["cat-file", "--batch"]);
    let all = run(contents, &list(&small), LOCAL)?;
    let mut found = HashMap::new();
    let mut rest = all.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let mut fields = header.split(' ');
        let (Some(id), Some("blob"), Some(Ok(size))) =
            (fields.next(), fields.next(), fields.next().map(str::parse::<usize>))
        else {
            break;
        };
        let Some(bytes) = rest.get(end + 1..end + 1 + size) else { break };
        found.insert(id.to_owned(), bytes.to_vec());
        rest = rest.get(end + 2 + size..).unwrap_or_default();
    }
    Ok(found)
}

fn git() -> Command {
    let mut command = Command::new("git");
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.attributesFile=/dev/null",
            "-c",
            "protocol.ext.allow=never",
            "--no-pager",
            "--no-replace-objects",
        ]);
    command
}

fn too_much() -> Failure {
    Failure::new(
        Kind::Data,
        format!("the repository holds more than {} MiB of versions", MAX_ALL >> 20),
    )
    .hint("name a folder of the repository that holds only canaries, with --below")
}

/// Runs git within a time and a size.
fn run(mut command: Command, input: &[u8], limit: Duration) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Io, format!("git: {error}"))
            .hint("git must be installed to read a repository")
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_vec();
    std::thread::spawn(move || {
        if let Some(stdin) = &mut stdin {
            let _ = stdin.write_all(&input);
        }
    });
    let collect = |from: Option<Box<dyn Read + Send>>, most: u64| {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(from) = from {
                let _ = from.take(most).read_to_end(&mut bytes);
            }
            let _ = send.send(bytes);
        });
        receive
    };
    let out = collect(stdout.map(|out| Box::new(out) as Box<dyn Read + Send>), MAX_OUT + 1);
    let said = collect(stderr.map(|err| Box::new(err) as Box<dyn Read + Send>), 64 << 10);
    let Ok(bytes) = out.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::new(
            Kind::Later,
            format!("git took longer than {} s", limit.as_secs()),
        ));
    };
    if bytes.len() as u64 > MAX_OUT {
        let _ = child.kill();
        let _ = child.wait();
        return Err(too_much());
    }
    // Its output has ended, and so has it.
    let words = said.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(bytes);
    }
    let words = String::from_utf8_lossy(&words);
    let words = words.lines().next().map_or_else(|| status.to_string(), str::to_owned);
    Err(Failure::new(Kind::Data, format!("git: {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_log_is_taken_apart() {
        let log = b"\x01100\0\n:000000 100644 0000 aaaa A\0canary.txt\0:000000 120000 0000 bbbb A\0link\0\x01200\0\n:100644 100644 aaaa cccc M\0canary.txt\0\x01300\0\n:120000 000000 bbbb 0000 D\0link\0:100644 000000 cccc 0000 D\0canary.txt\0\x01400\0\n:000000 100644 0000 aaaa A\0canary.txt\0\x01500\0\n:100644 160000 aaaa dddd T\0canary.txt\0";
        let found: Vec<_> = changes(log)
            .unwrap()
            .into_iter()
            .map(|(path, at, blob)| format!("{path} {} {blob}", at.unix()))
            .collect();
        let expected = [
            "canary.txt 100 aaaa".to_owned(),
            "canary.txt 200 cccc".to_owned(),
            format!("canary.txt 300 {GONE}"),
            "canary.txt 400 aaaa".to_owned(),
            format!("canary.txt 500 {GONE}"),
        ];
        assert_eq!(found, expected);
    }
}
