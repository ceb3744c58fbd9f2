//! Programs of the system that carry a site: `git` and `sftp`. Their output, their time and what
//! they write are bounded.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long one run of a program may take.
const DEADLINE: Duration = Duration::from_secs(600);

/// How much of what a program says on standard error is kept, in bytes.
const MAX_SAID: u64 = 8_192;

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) output: Vec<u8>,
    /// The last lines of standard error.
    pub(crate) said: String,
}

impl Ran {
    /// What the program said, on one line.
    pub(crate) fn in_words(&self) -> String {
        // What ssh and git say around the cause.
        let around = [
            "Connected to ",
            "Connection closed",
            "Warning: Permanently added",
            "fatal: Could not read from remote repository.",
            "Please make sure you have the correct access rights",
            "and the repository exists.",
        ];
        let is_said = |line: &&str| !around.iter().any(|words| line.starts_with(words));
        let lines = self.said.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.filter(is_said).collect();
        match lines.as_slice() {
            [] => format!("it ended with {}", self.status),
            lines => lines[lines.len().saturating_sub(3)..].join("; "),
        }
    }
}

/// A file that the program writes, or a folder of them, and how large it may grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growing<'a> {
    pub(crate) path: &'a Path,
    pub(crate) limit: u64,
}

/// Runs a program with this input and at most so many bytes of output. Messages are asked for in
/// plain English, so that they can be told apart.
///
/// # Errors
///
/// Where it cannot be started, runs too long, or says or writes too much: it is ended then.
pub(crate) fn run(
    command: &mut Command,
    input: &[u8],
    max_output: u64,
    growing: Option<Growing<'_>>,
) -> io::Result<Ran> {
    command.env("LC_ALL", "C").env("LANGUAGE", "");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let pipes = stdin.zip(stdout).zip(stderr).ok_or(io::ErrorKind::BrokenPipe)?;
    let ((mut stdin, stdout), stderr) = pipes;
    thread::scope(|scope| {
        scope.spawn(move || {
            // A program that reads no further says why on standard error.
            let _ = stdin.write_all(input);
        });
        let output = scope.spawn(move || read_up_to(stdout, max_output));
        let said = scope.spawn(move || read_up_to(stderr, MAX_SAID));
        let ended = wait(&mut child, growing);
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let output = output.join().map_err(|_| io::ErrorKind::Other)??;
        let said = said.join().map_err(|_| io::ErrorKind::Other)??;
        let status = ended?;
        if output.len() as u64 > max_output {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Ran { status, output, said: String::from_utf8_lossy(&said).into_owned() })
    })
}

/// The size of a file, or of the files in a folder; 0 where there is none yet.
fn size_of(path: &Path) -> u64 {
    match path.read_dir() {
        Ok(entries) => {
            let size = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.metadata().ok();
            entries.filter_map(size).map(|metadata| metadata.len()).sum()
        }
        Err(_) => path.metadata().map_or(0, |metadata| metadata.len()),
    }
}

fn wait(child: &mut Child, growing: Option<Growing<'_>>) -> io::Result<ExitStatus> {
    let end = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if growing.is_some_and(|growing| size_of(growing.path) > growing.limit) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if Instant::now() > end {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // The system tells a thread that waits for the end of a child nothing of a file that grows past
        // its limit nor of the deadline: all three are looked at again and again, until `end`.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Reads to the end and keeps one byte more than the limit at most: a pipe that nobody reads would
/// hold the program up.
fn read_up_to(mut from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.by_ref().take(limit + 1).read_to_end(&mut bytes)?;
    io::copy(&mut from, &mut io::sink())?;
    Ok(bytes)
}

// The programs they run are the shell and its tools.
#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn input_goes_in_and_output_and_words_come_out() {
        let mut command = Command::new("sh");
        command.args(["-c", "cat; echo said >&2; exit 3"]);
        let ran = run(&mut command, b"bytes", 5, None).unwrap();
        assert_eq!((ran.status.code(), ran.output.as_slice()), (Some(3), b"bytes".as_slice()));
        assert_eq!(ran.in_words(), "said");
    }

    #[test]
    fn a_program_that_says_too_much_is_refused() {
        let mut command = Command::new("sh");
        command.args(["-c", "cat"]);
        let error = run(&mut command, &[0; 100_000], 10, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_file_that_grows_past_its_limit_ends_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut command = Command::new("sh");
        command.arg("-c").arg("exec yes > \"$0\"").arg(&path);
        let growing = Growing { path: &path, limit: 1_000 };
        let error = run(&mut command, b"", 10, Some(growing)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
