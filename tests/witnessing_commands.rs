//! The commands around witnesses, as people type them: a witness, a file for the road, a fork.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use build::Series;
use canary_format::cosigner::Cosigner;
use canary_format::tlog_proof::TlogProof;
use serde_json::Value;
use tempfile::TempDir;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        command.env_clear().env("HOME", self.path()).current_dir(self.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let (status, out, err) = self.run(arguments);
        (status, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
    }
}

fn three() -> Series {
    Series::new().and(|_| {}).and(|_| {})
}

const NOW: [&str; 2] = ["--at", "2026-03-02T09:00:00Z"];

#[test]
fn a_file_for_the_road_verifies_back_to_the_pin_without_a_network() {
    let home = Home::new();
    let series = three();
    series.write(&home.path().join("site"));
    let pin = series.pin(1).to_string();
    let export = |pin: &str, file: &str| home.run(&["export", "site", "--pin", pin, "-o", file]);
    let (status, _, err) = export(&pin, "series.canary");
    assert_eq!(status, 0, "{err}");
    let verify = |file: &str, pin: &str| {
        let arguments = [&["verify", file, "--pin", pin, "--json"][..], &NOW].concat();
        home.json(&arguments)
    };
    let (status, report) = verify("series.canary", &pin);
    assert_eq!((status, report["severity"].as_str()), (0, Some("alive")), "{report:#}");
    assert_eq!(report["issue"]["number"], 3);

    let arguments = [&["verify", "series.canary", "--pin", &pin][..], &NOW].concat();
    let (_, said, _) = home.run(&arguments);
    assert!(said.starts_with("As of 2026-03-02T08:00:00Z, the newest time proof"), "{said}");

    // Pinned at the newest issue it is the plain form, which the site itself has.
    let newest = series.pin(3).to_string();
    assert_eq!(export(&newest, "newest.canary").0, 0);
    let plain = std::fs::read(home.path().join("newest.canary")).unwrap();
    assert_eq!(plain, std::fs::read(home.path().join("site/latest.tlog-proof")).unwrap());
    assert_eq!(verify("newest.canary", &newest).0, 0);
    let (status, report) = verify("newest.canary", &pin);
    assert_eq!((status, report["findings"][0]["code"].as_str()), (1, Some("UNPINNED")));

    // Each part of the long form is a proof of its own.
    let long = std::fs::read(home.path().join("series.canary")).unwrap();
    assert!(long.starts_with(&plain));
    assert_eq!(TlogProof::parse_all(&long).unwrap().len(), 3);
    let mut altered = long.clone();
    let at = altered.len() / 2;
    altered[at] ^= 1;
    std::fs::write(home.path().join("altered.canary"), altered).unwrap();
    assert_eq!(verify("altered.canary", &pin).0, 2);
}

#[test]
fn what_does_not_verify_is_not_exported() {
    let home = Home::new();
    three().write(&home.path().join("site"));
    let other = Series::new().and(|content| content.facts.clear());
    let (status, out, err) =
        home.run(&["export", "site", "--pin", &other.pin(2).to_string(), "-o", "x.canary"]);
    assert_eq!((status, out.as_str()), (65, ""), "{err}");
    assert!(err.contains("nothing was written"), "{err}");
    assert!(!home.path().join("x.canary").exists());
}

#[test]
fn who_signed_twice_is_shown_from_what_verify_saved() {
    let home = Home::new();
    let series = Series::new().and(|_| {});
    let mut other = Series::new();
    let mut content = other.next();
    content.facts.pop();
    other.push(content, &["Ada", "Chen"]);
    series.write(&home.path().join("site"));
    other.write(&home.path().join("mirror"));
    let pin = series.pin(1).to_string();
    let verify =
        ["verify", "site", "--pin", &pin, "--mirror", "mirror", "--state", "seen", "--json"];
    let (status, report) = home.json(&[&verify[..], &["--at", "2026-02-02T09:00:00Z"]].concat());
    assert_eq!(status, 2);
    let codes: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    assert!(codes.contains(&&Value::from("FORK")), "{codes:?}");

    let saved = find(&home.path().join("seen"), "README.txt").unwrap();
    let folder = saved.parent().unwrap().to_str().unwrap();
    let (status, out, _) = home.run(&["verify-fork", folder]);
    assert_eq!(status, 2);
    let ada = build::public("Ada").fingerprint().to_string();
    assert!(out.contains("Issue 2 has two payloads") && out.contains(&format!("Ada with {ada}")));
    assert!(!out.contains("Bo with") && !out.contains("Chen with"), "{out}");
    let (_, found) = home.json(&["verify-fork", folder, "--json"]);
    assert_eq!(found["payloads"]["same_predecessor"], true);
    let log = build::public("log").fingerprint().to_string();
    assert_eq!(found["trees"]["log_key"], log.as_str());

    // Two sides that agree are no contradiction; nothing at all is an error.
    let ours = Path::new(folder).join("ours");
    let theirs = Path::new(folder).join("theirs");
    std::fs::remove_dir_all(&theirs).unwrap();
    assert_eq!(home.run(&["verify-fork", folder]).0, 65);
    copy(&ours, &theirs);
    assert_eq!(home.run(&["verify-fork", folder]).0, 3);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).find_map(|path| {
        match path.is_dir() {
            true => find(&path, name),
            false => path.ends_with(name).then_some(path),
        }
    })
}

/// A witness that is told to stop at the end.
struct Witness {
    child: Child,
    address: String,
    key: Cosigner,
}

impl Witness {
    fn start(home: &Home) -> Self {
        let arguments = ["witness", "--config", "w/witness.toml", "--listen", "127.0.0.1:0"];
        let mut child = home.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let (key, address) = line.trim_end().split_once(" at http://").unwrap();
        Self {
            child,
            address: address.trim_end_matches('/').to_owned(),
            key: Cosigner::parse(key).unwrap(),
        }
    }

    fn post(&self, body: &str) -> (u16, String) {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_witness_is_made_told_of_a_canary_and_cosigns_it() {
    let home = Home::new();
    let series = three();
    series.write(&home.path().join("site"));
    let (status, printed, err) =
        home.run(&["witness", "init", "w", "--name", "witness.example/w1"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(home.run(&["witness", "init", "w", "--name", "witness.example/w1"]).0, 78);
    let config = ["--config", "w/witness.toml"];
    assert_eq!(home.run(&[&["witness", "key"][..], &config].concat()).1, printed);

    let pin = series.pin(1).to_string();
    let add = |more: &[&str]| home.run(&[&["witness", "add", "site"][..], &config, more].concat());
    let (status, _, err) = add(&[]);
    assert_eq!(status, 64, "a log is served for a pin, not for a name: {err}");
    let other = Series::of(build::first(), &["Bo", "Chen"]).and(|content| content.facts.clear());
    assert_eq!(add(&["--pin", &other.pin(2).to_string()]).0, 65);
    assert_eq!(add(&["--pin", &pin]).0, 0);
    let (status, again, _) = add(&["--pin", &pin, "--json"]);
    assert_eq!((status, again.contains("\"added\": false")), (0, true));

    let witness = Witness::start(&home);
    assert_eq!(witness.key.to_string(), printed.trim_end());
    let (status, line) = witness.post(&format!("old 0\n\n{}", series.checkpoint()));
    assert_eq!(status, 200, "{line}");
    let cosigned = format!("{}{line}", series.checkpoint());
    std::fs::write(home.path().join("site/checkpoint"), cosigned).unwrap();
    let policy = format!("witness w {printed}quorum w\n");
    std::fs::write(home.path().join("policy"), policy).unwrap();
    let (_, report) =
        home.json(&["verify", "site", "--pin", &pin, "--witnesses", "policy", "--json"]);
    assert_eq!(report["log"]["witnesses"][0]["name"], "witness.example/w1", "{report:#}");
    let codes: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    assert!(!codes.contains(&&Value::from("WITNESS_SHORT")), "{codes:?}");
    witness.stop();
}
