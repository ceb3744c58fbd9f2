//! `canary watch` as an operator runs it.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use canary_format::time::Timestamp;
use serde_json::Value;

use crate::server::{Server, respond};

/// Now, as the command's own clock has it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

/// A folder with a configuration, a home of its own, and the command.
pub(crate) struct Operator {
    folder: tempfile::TempDir,
}

impl Operator {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let operator = Self { folder };
        operator.configure(config);
        operator
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.path().join("watch.toml"), config).unwrap();
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        let home = self.path().join("home");
        command
            .args(arguments)
            .current_dir(self.path())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_STATE_HOME", home.join(".state"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `canary watch --once`: each target's line, by its name.
    pub(crate) fn once(&self) -> BTreeMap<String, Value> {
        let output = self.run(&["watch", "--once", "--json"]);
        let lines: Vec<Value> = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        lines.into_iter().map(|line| (line["name"].as_str().unwrap().to_owned(), line)).collect()
    }
}

/// The codes that are open.
pub(crate) fn codes(line: &Value) -> Vec<&str> {
    let mut codes: Vec<&str> = line["open"]
        .as_array()
        .unwrap()
        .iter()
        .map(|open| open["code"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    codes
}

/// What a host serves, and may change.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Pages {
    pub(crate) fn set(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.0.lock().unwrap().insert(path.to_owned(), bytes.into());
    }

    pub(crate) fn remove(&self, path: &str) {
        self.0.lock().unwrap().remove(path);
    }

    /// Every file of a folder, below a path that ends in `/`.
    pub(crate) fn folder(&self, below: &str, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                self.folder(&format!("{name}/"), &entry.path());
            } else {
                self.set(&name, std::fs::read(entry.path()).unwrap());
            }
        }
    }

    pub(crate) fn serve(&self) -> Server {
        let pages = self.clone();
        Server::new(move |request, out| {
            let page = pages.0.lock().unwrap().get(&request.path).cloned();
            match page {
                Some(bytes) => respond(out, 200, "", &bytes),
                None => respond(out, 404, "", b"not here"),
            }
        })
    }
}

/// A running `canary watch --listen`.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(operator: &Operator, more: &[&str]) -> Self {
        Self::start_with(operator, more, &[])
    }

    /// With variables of the environment besides.
    pub(crate) fn start_with(
        operator: &Operator,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut arguments = vec!["watch", "--listen", "127.0.0.1:0"];
        arguments.extend(more);
        let mut child = operator
            .command(&arguments)
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, stderr) = (said.clone(), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let mut running = Self { child, address: String::new(), said };
        let line = running.wait_for_words("status at http://");
        let address = line.split("http://").nth(1).unwrap();
        running.address = address.trim_end_matches('/').to_owned();
        running
    }

    /// Waits until a line with these words was printed, and gives it.
    pub(crate) fn wait_for_words(&self, words: &str) -> String {
        let find = || self.said.lock().unwrap().iter().find(|line| line.contains(words)).cloned();
        wait_for(words, || find().is_some());
        find().unwrap()
    }

    /// How many lines with these words were printed.
    pub(crate) fn said(&self, words: &str) -> usize {
        self.said.lock().unwrap().iter().filter(|line| line.contains(words)).count()
    }

    /// A page of it: status and body.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        http(&self.address, path)
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One page over plain HTTP.
pub(crate) fn http(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    (status, body)
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

/// Waits, a minute at most, until something is so.
pub(crate) fn wait_for(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether a program is there; says so where it is not.
pub(crate) fn have(program: &str, package: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    });
    if !found {
        eprintln!("left out: {program} is not there (Debian package {package})");
    }
    found
}
