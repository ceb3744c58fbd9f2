//! Where notices go, with real receivers: a mail server with TLS, Alertmanager, Prometheus, and small HTTP
//! servers for the rest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod monitor;
mod server;

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use canary_format::time::Timestamp;
use monitor::{Operator, Pages, Running, have, http, now, wait_for};
use serde_json::Value;

const DAY: i64 = 86_400;

/// Ended with its test.
struct Part(Child);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A request as a receiver got it.
#[derive(Clone)]
struct Got {
    head: String,
    body: Value,
}

/// Answers every request with a status, and keeps it.
fn receiver(status: u16) -> (u16, Arc<Mutex<Vec<Got>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let got: Arc<Mutex<Vec<Got>>> = Arc::default();
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap_or(0) > 0 {}
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            kept.lock().unwrap().push(Got { head, body });
            let answer =
                format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    (port, got)
}

#[test]
fn test_alert_goes_through_each_kind_of_sink() {
    let (port, got) = receiver(200);
    let (refusing, _) = receiver(503);
    let url = format!("http://127.0.0.1:{port}");
    let operator = Operator::new(&format!(
        "[[target]]\nurl = \"https://a.example/\"\n\
         [[sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\nsecret_env = \"KEY\"\n\
         [[sink]]\nname = \"slack\"\nkind = \"slack\"\nurl = \"{url}/slack\"\n\
         [[sink]]\nname = \"matrix\"\nkind = \"matrix\"\nhomeserver = \"{url}\"\nroom = \"!r:a.example\"\ntoken_env = \"KEY\"\n\
         [[sink]]\nname = \"ntfy\"\nkind = \"ntfy\"\nurl = \"{url}/topic\"\n\
         [[sink]]\nname = \"manager\"\nkind = \"alertmanager\"\nurl = \"{url}/am\"\n\
         [[sink]]\nname = \"program\"\nkind = \"exec\"\ncommand = [\"sh\", \"-c\", \"cat > notice.json; test -n \\\"$CANARY_TITLE\\\"\"]\n\
         [[sink]]\nname = \"refusing\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{refusing}/\"\n",
    ));
    let said = operator
        .command(&["watch", "test-alert"])
        .env("KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(!said.status.success());
    assert!(err.contains("1 sink did not accept"), "{err}");
    for sink in ["hook", "slack", "matrix", "ntfy", "manager", "program"] {
        assert!(out.contains(&format!("{sink}: accepted")), "{out}");
    }
    assert!(out.contains("refusing: ") && out.contains("503"), "{out}");
    assert!(!out.contains("whsec_") && !err.contains("whsec_"), "no secret is shown");
    let notice: Value =
        serde_json::from_slice(&std::fs::read(operator.path().join("notice.json")).unwrap())
            .unwrap();
    assert_eq!(notice["notice"], "warrant-canary/notice/v1");
    let got = got.lock().unwrap().clone();
    let to = |path: &str| {
        let asked = |one: &&Got| {
            let asked = one.head.split(' ').nth(1).unwrap();
            if path == "/" { asked == path } else { asked.starts_with(path) }
        };
        let found = got.iter().find(asked);
        found.unwrap_or_else(|| panic!("nothing came to {path}")).clone()
    };
    let head = to("/hook").head.to_ascii_lowercase();
    for header in
        ["idempotency-key: ", "webhook-id: ", "webhook-timestamp: ", "webhook-signature: v1,"]
    {
        assert!(head.contains(header), "{head}");
    }
    assert!(to("/slack").body["text"].as_str().unwrap().contains("test"));
    assert_eq!(to("/_matrix/").body["msgtype"], "m.text");
    assert!(to("/_matrix/").head.starts_with("PUT "), "its path has the transaction's id");
    assert_eq!(to("/").body["topic"], "topic");
    assert!(to("/am/api/v2/alerts").body.is_array());
}

/// A Python with aiosmtpd, made from PyPI where it is not there.
fn python() -> Option<PathBuf> {
    let has = |python: &Path| {
        let mut command = Command::new(python);
        command.args(["-c", "import aiosmtpd"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let own = PathBuf::from("python3");
    if has(&own) {
        return Some(own);
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aiosmtpd");
    let python = root.join("bin/python");
    if !has(&python) {
        let run = |command: &mut Command| {
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(&root));
        run(Command::new(&python).args(["-m", "pip", "install", "-q", "aiosmtpd==1.4.6"]));
    }
    if has(&python) {
        return Some(python);
    }
    eprintln!("left out: aiosmtpd is not there and could not be installed from PyPI");
    None
}

fn mail(how: &str) {
    let Some(python) = python() else { return };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let operator = Operator::new("");
    let certificate = operator.put("ca.pem", made.cert.pem());
    let key = operator.put("key.pem", made.signing_key.serialize_pem());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/monitor/mail.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([how.as_ref(), certificate.as_os_str(), key.as_os_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _server = Part(child);
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let port = next()["port"].clone();
    let scheme = if how == "implicit" { "smtps" } else { "smtp+starttls" };
    operator.put("password", "open sesame\n");
    let config = |ca: &str| {
        format!(
            "[[target]]\nurl = \"https://a.example/\"\n[[sink]]\nname = \"mail\"\nkind = \"email\"\n\
             server = \"{scheme}://localhost:{port}\"\nuser = \"canary\"\npassword_file = \"password\"\n\
             from = \"Canary <canary@a.example>\"\nto = [\"ops@a.example\", \"legal@a.example\"]\n{ca}"
        )
    };
    operator.configure(&config(""));
    let said = operator.run(&["watch", "test-alert"]);
    assert!(!said.status.success(), "a certificate that nobody vouches for is not believed");
    if cfg!(target_os = "linux") {
        let trusted = operator.path().join("ca.pem");
        let said =
            operator.command(&["watch", "test-alert"]).env("SSL_CERT_FILE", trusted).output();
        assert!(said.unwrap().status.success(), "the machine's own certificates count");
        next();
    }
    operator.configure(&config("ca_file = \"ca.pem\"\n"));
    let said = operator.run(&["watch", "test-alert"]);
    let out = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{out}");
    let message = next();
    assert_eq!((&message["tls"], &message["login"]), (&Value::from(true), &Value::from(true)));
    assert_eq!(message["to"], serde_json::json!(["ops@a.example", "legal@a.example"]));
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("Subject: =?utf-8?") || text.contains("Subject: [test]"), "{text}");
    assert!(text.contains("Message-ID: <") && text.contains("charset=utf-8"), "{text}");
}

#[test]
fn mail_by_tls_from_the_first_byte() {
    mail("implicit");
}

#[test]
fn mail_by_starttls() {
    mail("starttls");
}

/// A plain canary, silent since yesterday or in time.
fn plain(issued: Timestamp, next: Timestamp) -> String {
    format!(
        "Warrant canary\n\nDate: {}\nNext update: {}\n\n- We have never placed a backdoor.\n",
        issued.date(),
        next.date()
    )
}

#[test]
fn alertmanager_gets_alerts_and_their_end() {
    if !have("prometheus-alertmanager", "prometheus-alertmanager") {
        return;
    }
    let (pages, port) = (Pages::default(), free_port());
    let site = pages.serve();
    pages.set("/canary.txt", plain(now().plus(-30 * DAY), now().plus(-3 * DAY)));
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"edge \\\"1\\\"\\n\"\nurl = \"{}canary.txt\"\ndialect = \"plain\"\nresolve_checks = 1\n\
         labels = {{ team = \"ops\", \"odd-name\" = \"x\" }}\n\
         [[sink]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:{port}\"\n",
        site.url()
    ));
    let config = operator.put("am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n");
    let address = format!("127.0.0.1:{port}");
    let start = || {
        let part = Part(
            Command::new("prometheus-alertmanager")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.path={}", operator.path().join("am").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--cluster.listen-address=")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        wait_for("Alertmanager is ready", || {
            std::net::TcpStream::connect(&address).is_ok() && http(&address, "/-/ready").0 == 200
        });
        part
    };
    let part = start();
    let alerts = || -> Vec<Value> {
        let (status, body) = http(&address, "/api/v2/alerts");
        assert_eq!(status, 200);
        serde_json::from_str(&body).unwrap()
    };
    operator.once();
    wait_for("the alert is there", || {
        alerts().iter().any(|alert| alert["labels"]["code"] == "LAPSED")
    });
    let lapsed = alerts().into_iter().find(|a| a["labels"]["code"] == "LAPSED").unwrap();
    let labels = &lapsed["labels"];
    assert_eq!((labels["team"].as_str(), labels["odd_name"].as_str()), (Some("ops"), Some("x")));
    assert_eq!(
        (&lapsed["status"]["state"], &labels["severity"]),
        (&"active".into(), &"alarm".into())
    );
    let ends = lapsed["endsAt"].as_str().unwrap().to_owned();
    assert!(ends.as_str() > now().plus(2 * DAY).to_string().as_str(), "until the round after next");

    drop(part);
    let _part = start();
    assert_eq!(alerts(), Vec::<Value>::new(), "what it held is gone");
    let running = Running::start(&operator, &[]);
    wait_for("what is open is there again", || {
        let again = alerts().into_iter().find(|alert| alert["labels"]["code"] == "LAPSED");
        again.is_some_and(|again| again["labels"] == *labels)
    });
    let again = alerts().into_iter().find(|a| a["labels"]["code"] == "LAPSED").unwrap();
    let ends = again["endsAt"].as_str().unwrap().to_owned();
    assert!(ends.as_str() < now().plus(DAY).to_string().as_str(), "a monitor that is gone: {ends}");
    running.stop();

    pages.set("/canary.txt", plain(now().plus(-DAY), now().plus(30 * DAY)));
    operator.once();
    operator.once();
    wait_for("its end is there", || {
        !alerts().iter().any(|alert| {
            alert["labels"]["code"] == "LAPSED"
                && alert["endsAt"].as_str().unwrap() > now().plus(DAY).to_string().as_str()
        })
    });
    // What nothing is signed about stays open.
    assert!(alerts().iter().any(|alert| alert["labels"]["code"] == "UNSIGNED"));
}

#[test]
fn prometheus_takes_the_rules_and_the_metrics() {
    if !have("promtool", "prometheus") || !have("prometheus", "prometheus") {
        return;
    }
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations");
    for arguments in
        [["check", "rules", "prometheus-rules.yml"], ["test", "rules", "prometheus-rules.test.yml"]]
    {
        let said =
            Command::new("promtool").current_dir(&operations).args(arguments).output().unwrap();
        let out = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success(), "{out}{}", String::from_utf8_lossy(&said.stderr));
    }
    let pages = Pages::default();
    let site = pages.serve();
    pages.set("/canary.txt", plain(now().plus(-30 * DAY), now().plus(-3 * DAY)));
    let operator = Operator::new(&format!(
        "[[target]]\nname = \"a\\\"b\\\\c\\nd\\u202e\"\nurl = \"{}canary.txt\"\ndialect = \"plain\"\n\
         labels = {{ \"team name\" = \"o\\\"ps\" }}\n[metrics]\ntextfile = \"canary.prom\"\n",
        site.url()
    ));
    let running = Running::start(&operator, &[]);
    wait_for("it was asked", || running.page("/metrics").1.contains("canary_severity{"));
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(running.page("/metrics").1.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));

    let port = free_port();
    let config = operator.put(
        "prometheus.yml",
        format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: canary, static_configs: [{{targets: ['{}']}}]}}]\n",
            running.address
        ),
    );
    let _part = Part(
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", operator.path().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let address = format!("127.0.0.1:{port}");
    let mut found = String::new();
    wait_for("Prometheus has scraped", || {
        if std::net::TcpStream::connect(&address).is_err() {
            return false;
        }
        let (status, body) = http(&address, "/api/v1/query?query=canary_severity");
        found = body;
        status == 200 && found.contains("\"value\"")
    });
    let found: Value = serde_json::from_str(&found).unwrap();
    let sample = &found["data"]["result"][0];
    assert_eq!(sample["value"][1], "2", "an alarm: {sample}");
    assert_eq!(sample["metric"]["team_name"], "o\"ps");
    assert!(sample["metric"]["canary"].as_str().unwrap().starts_with("a\"b\\c"));
    wait_for("the textfile is written", || {
        std::fs::read_to_string(operator.path().join("canary.prom"))
            .is_ok_and(|text| text.contains("canary_severity{"))
    });
    running.stop();
}
