//! `canary watch` beside witnesses: what each of them holds is compared with what the target serves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
#[path = "monitor/live.rs"]
mod live;
mod monitor;
mod server;
mod witnessing;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use build::Series;
use canary_format::cosigner::Cosigner;
use canary_format::note::{KeyKind, VerifierKey};
use live::{live, pin, publish};
use monitor::{Operator, Pages, codes, http, now};
use serde_json::Value;
use server::{Server, respond};
use witnessing::{NAME, key, monitoring_path};

/// `canary witness` in the operator's folder, stopped in the end.
struct Witness {
    child: Child,
    address: String,
}

impl Witness {
    /// Makes one that serves the log of a series.
    fn make(operator: &Operator, series: &Series) -> Cosigner {
        series.write(&operator.path().join("first"));
        let ran = |arguments: &[&str]| {
            let output = operator.run(arguments);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let key = ran(&["witness", "init", "w", "--name", NAME]);
        let pin = series.pin(1).to_string();
        ran(&["witness", "add", "first", "--config", "w/witness.toml", "--pin", &pin]);
        Cosigner::parse(key.trim_end()).unwrap()
    }

    fn start(operator: &Operator, listen: &str) -> Self {
        let arguments = ["witness", "--config", "w/witness.toml", "--listen", listen];
        let mut child = operator.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.trim_end().split_once(" at http://").unwrap();
        Self { child, address: address.trim_end_matches('/').to_owned() }
    }

    /// Has it cosign the series.
    fn cosign(&self, series: &Series) {
        let body = format!("old 0\n\n{}", series.checkpoint());
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn policy(operator: &Operator, key: &Cosigner, url: &str) {
        operator.put("policy", format!("witness w {key} {url}\nquorum w\n"));
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another last issue than the series has, as authentic as it is.
fn another(series: &Series, url: &str, issues: u64) -> Series {
    let mut other = live(url, issues - 1);
    other.leaves = series.leaves[..series.leaves.len() - 1].to_vec();
    let mut last = series.newest.clone();
    last.next_due = last.next_due.plus(3_600);
    other.push(last, &["Bo", "Chen"]);
    other.heartbeat_at(now().plus(-300))
}

fn find(folder: &Path, wanted: &dyn Fn(&[u8]) -> bool) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { find(&path, wanted) } else { wanted(&std::fs::read(path).unwrap()) }
    })
}

#[test]
fn a_tree_that_a_witness_does_not_know_is_a_fork_with_both_sides_kept() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let series = live(&url, 3);
    let other = another(&series, &url, 3);
    publish(&pages, "/canary/", &other);
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"edge\"\npin = \"{}\"\nwitnesses = \"policy\"\n",
        pin(&series, &url)
    ));
    let key = Witness::make(&operator, &series);
    let witness = Witness::start(&operator, "127.0.0.1:0");
    witness.cosign(&series);
    let address = witness.address.clone();
    Witness::policy(&operator, &key, &format!("http://{address}/"));

    let line = operator.once().remove("edge").unwrap();
    assert_eq!(codes(&line), ["FORK", "WITNESS_SHORT"], "{line}");
    assert_eq!((line["state"].as_str(), line["severity"].as_str()), (Some("LIVE"), Some("alarm")));
    let open = line["open"].as_array().unwrap();
    let fork = open.iter().find(|open| open["code"] == "FORK").unwrap();
    let copy = format!("http://{address}/{}", monitoring_path(&series.newest.origin));
    assert_eq!(fork["about"], copy.as_str());
    assert!(fork["message"].as_str().unwrap().contains(NAME), "{fork}");

    // Both sides are kept, and what is exported shows it to anyone, with no network.
    let exported = operator.run(&["watch", "export", "--out", "out"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let listed = std::fs::read(operator.path().join("out/targets.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let folder = operator.path().join("out").join(listed["targets"][0]["folder"].as_str().unwrap());
    let path = format!("/{}", monitoring_path(&series.newest.origin));
    let theirs = http(&address, &path).1.into_bytes();
    let ours = other.checkpoint().to_string().into_bytes();
    for side in [&ours, &theirs] {
        assert!(find(&folder.join("bodies"), &|bytes| bytes == side.as_slice()));
        assert!(find(&folder.join("forks"), &|bytes| bytes == side.as_slice()));
    }
    let commands = listed["targets"][0]["recheck"].as_array().unwrap();
    let command = commands.iter().filter_map(Value::as_str).find(|one| one.contains("fork"));
    let words: Vec<&str> = command.unwrap().split(' ').skip(1).chain(["--json"]).collect();
    let output = operator.command(&words).current_dir(operator.path().join("out")).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let log = build::public("log").fingerprint().to_string();
    assert_eq!(found["trees"]["log_key"], log.as_str(), "{found}");

    // A witness that does not answer has not changed its mind.
    drop(witness);
    for _ in 0..3 {
        let line = operator.once().remove("edge").unwrap();
        assert_eq!(codes(&line), ["FORK", "WITNESS_SHORT"], "{line}");
    }
}

#[test]
fn a_policy_that_is_not_met_is_attention_until_it_is() {
    let pages = Pages::default();
    let server = pages.serve();
    let url = format!("{}canary/", server.url());
    let series = live(&url, 2);
    publish(&pages, "/canary/", &series);
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"edge\"\npin = \"{}\"\nwitnesses = \"policy\"\n",
        pin(&series, &url)
    ));
    // Without an address it is not asked, and its cosignature counts all the same.
    let witness = VerifierKey::new(NAME, KeyKind::Cosignature, build::public("witness")).unwrap();
    operator.put("policy", format!("witness w {witness}\nquorum w\n"));
    let line = operator.once().remove("edge").unwrap();
    assert_eq!(
        (codes(&line), line["severity"].as_str()),
        (vec!["WITNESS_SHORT"], Some("attention"))
    );
    assert_eq!(line["state"], "LIVE");
    let mut witnessed = series.checkpoint();
    build::cosign(&mut witnessed, &witness, "witness", now().plus(-60));
    pages.set("/canary/checkpoint", witnessed.to_string());
    operator.once();
    let line = operator.once().remove("edge").unwrap();
    assert_eq!((codes(&line).len(), line["severity"].as_str()), (0, Some("alive")), "{line}");

    // With an address its own copy is compared: what it contradicts stays until it takes it back.
    operator.put("policy", format!("witness w {witness} {}\nquorum w\n", server.url()));
    let copy = format!("/{}", monitoring_path(&series.newest.origin));
    let mut contrary = another(&series, &url, 2).checkpoint();
    build::cosign(&mut contrary, &witness, "witness", now().plus(-30));
    pages.set(&copy, contrary.to_string());
    assert_eq!(codes(&operator.once()["edge"]), ["FORK"]);
    for nothing in [Some(&b"nonsense"[..]), None] {
        match nothing {
            Some(bytes) => pages.set(&copy, bytes),
            None => pages.remove(&copy),
        }
        for _ in 0..3 {
            assert_eq!(codes(&operator.once()["edge"]), ["FORK"], "it says nothing now");
        }
    }
    pages.set(&copy, witnessed.to_string());
    operator.once();
    assert_eq!(codes(&operator.once()["edge"]), [""; 0]);
}

#[test]
fn a_witness_that_stalls_or_talks_nonsense_says_nothing_and_holds_nobody_up() {
    let pages = Pages::default();
    let server = pages.serve();
    let stalled = Server::new(|_, _| {
        // Until the other side has enough of it.
        std::thread::sleep(std::time::Duration::from_secs(60));
    });
    let other = live("https://other.example/", 1);
    let answers: [Vec<u8>; 5] = [
        b"<html>no</html>".to_vec(),
        vec![b'A'; 1 << 20],
        Vec::new(),
        other.checkpoint().to_string().into_bytes(),
        b"canary.example/main\n18446744073709551615\n\n\n\xe2\x80\x94 \n".to_vec(),
    ];
    let speaking: Vec<Server> = answers
        .into_iter()
        .map(|answer| Server::new(move |_, out| respond(out, 200, "", &answer)))
        .collect();
    let broken = Server::new(|_, out| respond(out, 500, "", b"broken"));
    let mut config =
        "[limits]\ncheck_timeout = \"2s\"\nconcurrency = 1\n[defaults]\nwitnesses = \"policy\"\n"
            .to_owned();
    for n in 0..8 {
        let url = format!("{}{n}/", server.url());
        let series = live(&url, 2);
        publish(&pages, &format!("/{n}/"), &series);
        config += &format!("[[target]]\nname = \"{n}\"\npin = \"{}\"\n", pin(&series, &url));
    }
    let operator = Operator::new(&config);
    let mut policy = String::new();
    for (n, server) in speaking.iter().chain([&stalled, &broken]).enumerate() {
        let name = format!("witness.example/w{n}");
        policy += &format!("witness w{n} {} {}\n", key(&name).verifier(), server.url());
    }
    operator.put("policy", format!("{policy}quorum none\n"));
    let lines = operator.once();
    for (name, line) in &lines {
        assert_eq!(
            (codes(line).len(), &line["state"]),
            (0, &Value::from("LIVE")),
            "{name}: {line}"
        );
    }
    assert_eq!((lines.len(), stalled.asked().len()), (8, 1), "one that stalls is left alone");
    assert_eq!(speaking[0].asked().len(), 8);
}
