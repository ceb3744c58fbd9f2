//! Real places for a site: a git repository, sshd, an S3-compatible server. What is not installed is
//! left out, and said so.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "publishing/fixture.rs"]
#[allow(dead_code, clippy::cast_possible_wrap)]
mod fixture;
#[path = "publishing/folder.rs"]
#[allow(dead_code)]
mod folder;
#[path = "server/mod.rs"]
mod server;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use canary_format::time::Timestamp;
use canary_verifier::evidence::Trust;
use canary_verifier::judge::judge;

use fixture::series;
use folder::{Publisher, left_out};

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64)
}

/// The newest authentic issue of a site in a directory.
fn newest_in(site: &Path) -> u64 {
    let evidence = canary_verifier::files::read(site, now());
    judge(&evidence, &Trust::default(), None, now()).report.issue.unwrap().number
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A process that ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    /// Starts a program that listens on a port; `None` where it does not come up.
    fn start(command: &mut Command, port: u16) -> Option<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut daemon = Self(child);
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > end || daemon.0.try_wait().ok()?.is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(daemon)
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_branch_holds_the_site_below_well_known_and_moves_one_commit_at_a_time() {
    let publisher = Publisher::with(&series(2));
    let repository = publisher.path().join("site.git");
    git(publisher.path(), &["init", "--quiet", "--bare", "site.git"]);
    let to = format!("git+{}#pages", repository.display());
    // No public URL shows a repository on this machine; that is said, and the branch is published.
    let output = publisher.run("publish", &["--to", &to, "--wait", "0"]);
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));

    let checkout = publisher.path().join("checkout");
    git(publisher.path(), &["clone", "--quiet", "-b", "pages", "site.git", "checkout"]);
    assert!(checkout.join(".nojekyll").exists());
    assert_eq!(newest_in(&checkout.join(".well-known/canary")), 2);

    // Someone else moves the branch; their files stay.
    std::fs::write(checkout.join("about.html"), "about us").unwrap();
    git(&checkout, &["add", "about.html"]);
    let identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
    git(&checkout, &[&identity[..], &["commit", "--quiet", "-m", "about"]].concat());
    git(&checkout, &["push", "--quiet"]);

    // A pages host serves the checkout: the public URL shows the issue once it is pulled.
    let host = server::Server::folder(checkout.clone());
    let url = format!("{}.well-known/canary/", host.url());
    publisher.draft(3);
    let behind = publisher.run("publish", &["--to", &to, "--url", &url, "--wait", "0"]);
    assert_eq!(behind.status.code(), Some(75));
    let said = String::from_utf8_lossy(&behind.stdout).into_owned();
    assert!(said.contains("behind: it shows issue 2"), "{said}");
    git(&checkout, &["pull", "--quiet", "--ff-only"]);
    let said = publisher.publish(&["--to", &to, "--url", &url, "--wait", "0"]);
    assert!(said.contains("shows the issue, verified"), "{said}");
    assert_eq!(newest_in(&checkout.join(".well-known/canary")), 3);
    assert_eq!(std::fs::read_to_string(checkout.join("about.html")).unwrap(), "about us");

    // Someone who tidies the branch up breaks an issue: the next run says so and puts it back.
    git(&checkout, &["pull", "--quiet", "--ff-only"]);
    let broken = checkout.join(".well-known/canary/issues/0001.json");
    let whole = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, "{}").unwrap();
    git(&checkout, &[&identity[..], &["commit", "--quiet", "-am", "tidy"]].concat());
    git(&checkout, &["push", "--quiet"]);
    publisher.draft(4);
    let output = publisher.run("publish", &["--to", &to, "--url", &url, "--wait", "0"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("put back: issues/0001.json"), "{said}");
    git(&checkout, &["pull", "--quiet", "--ff-only"]);
    assert_eq!(std::fs::read(&broken).unwrap(), whole);
    assert_eq!(newest_in(&checkout.join(".well-known/canary")), 4);

    assert!(publisher.run("heartbeat", &["--to", &to]).status.success());
    let messages = git(&repository, &["log", "--format=%s", "pages"]);
    let ours = messages.lines().filter(|message| *message == "canary: site").count();
    assert_eq!(ours, 6, "{messages}");
}

#[test]
fn two_runs_at_once_push_to_one_branch_without_loss() {
    let publishers = [Publisher::with(&series(2)), Publisher::with(&series(2))];
    let repository = publishers[0].path().join("site.git");
    git(publishers[0].path(), &["init", "--quiet", "--bare", "site.git"]);
    let to = format!("git+{}#pages", repository.display());
    let mut runs: Vec<_> = publishers
        .iter()
        .map(|publisher| {
            let mut command = publisher.command("publish", &["--to", &to, "--wait", "0"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for run in runs.drain(..) {
        // 75: published, and no public URL shows it.
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    }
    git(publishers[0].path(), &["clone", "--quiet", "-b", "pages", "site.git", "checkout"]);
    assert_eq!(newest_in(&publishers[0].path().join("checkout/.well-known/canary")), 2);
}

#[test]
fn over_sftp_a_site_is_written_and_another_series_refused() {
    let sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
    let Some(sshd) = sshd.iter().find(|path| Path::new(path).exists()) else {
        left_out("publishing over sftp (no sshd is installed)");
        return;
    };
    let publisher = Publisher::with(&series(2));
    let root = publisher.path();
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(root.join(key))
            .status();
        assert!(made.unwrap().success());
    }
    let port = free_port();
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let user = user.trim();
    let sshd_config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/user.pub\n\
         StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n\
         Subsystem sftp internal-sftp\n",
        root.display()
    );
    std::fs::write(root.join("sshd_config"), sshd_config).unwrap();
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut command = Command::new(sshd);
    command.args(["-D", "-e", "-f"]).arg(root.join("sshd_config"));
    let Some(_sshd) = Daemon::start(&mut command, port) else {
        left_out("publishing over sftp (sshd does not start here)");
        return;
    };
    let ssh_config = format!(
        "Host *\n  IdentityFile {0}/user\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  \
         UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
        root.display()
    );
    std::fs::write(root.join("ssh_config"), ssh_config).unwrap();
    let site = root.join("www/canary");
    let named = |folder: &Path| {
        let config = format!(
            "[targets.web]\nto = \"sftp://{user}@127.0.0.1:{port}{}\"\nssh_config = \"{}/ssh_config\"\n",
            site.display(),
            root.display()
        );
        std::fs::write(folder.join("canary.toml"), config).unwrap();
    };
    named(root);
    // The user's key lies in the folder: it is no signer's, so there is a warning only.
    let published = |publisher: &Publisher| {
        let output = publisher.run("publish", &["--wait", "0", "--url", "http://127.0.0.1:9/"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = published(&publisher);
    assert_eq!(code, Some(75), "{said}");
    assert_eq!(newest_in(&site), 2);
    publisher.draft(3);
    let (code, said) = published(&publisher);
    assert_eq!(code, Some(75), "{said}");
    assert_eq!(newest_in(&site), 3);
    let left: Vec<_> =
        walk(&site).into_iter().filter(|path| path.contains(".canary-tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
    let output = publisher.run("heartbeat", &["--to", "web"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // What was published before and is gone or damaged is put back.
    let (gone, damaged) = (site.join("issues/0001.json"), site.join("tile/entries/000.p/3"));
    let whole = [std::fs::read(&gone).unwrap(), std::fs::read(&damaged).unwrap()];
    std::fs::remove_file(&gone).unwrap();
    std::fs::write(&damaged, "x").unwrap();
    let output = publisher.run("publish", &["--wait", "0", "--url", "http://127.0.0.1:9/"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("put back: issues/0001.json, tile/entries/000.p/3"), "{said}");
    assert_eq!([std::fs::read(&gone).unwrap(), std::fs::read(&damaged).unwrap()], whole);
    // The page is not sent again where it is the same.
    assert!(is_little(&said), "{said}");
    assert!(said.contains("http://127.0.0.1:9/: cannot be reached: "), "{said}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("once the URL answers"), "{said}");

    // Another series under the same numbers; first beyond the checkpoint, then below it.
    let checkpoint = std::fs::read(site.join("checkpoint")).unwrap();
    std::fs::write(site.join("issues/0004.json"), "{}").unwrap();
    publisher.draft(4);
    let (code, said) = published(&publisher);
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("issues/0004.json is published with other bytes"), "{said}");
    assert_eq!(std::fs::read(site.join("checkpoint")).unwrap().len(), checkpoint.len());
    assert_eq!(newest_in(&site), 3);
    std::fs::remove_file(site.join("issues/0004.json")).unwrap();
    let (code, said) = published(&publisher);
    assert_eq!((code, newest_in(&site)), (Some(75), 4), "{said}");

    std::fs::write(root.join("user.pub"), "").unwrap();
    let (code, said) = published(&publisher);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("Permission denied"), "{said}");

    // A host whose key nobody has compared.
    let strict = std::fs::read_to_string(root.join("ssh_config")).unwrap();
    let strict = strict.replace("StrictHostKeyChecking no", "StrictHostKeyChecking yes");
    std::fs::write(root.join("ssh_config"), strict).unwrap();
    let (code, said) = published(&publisher);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("a key that is not known here"), "{said}");
    assert!(said.contains("connect once by hand"), "{said}");
}

fn walk(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(walk(&path));
        } else {
            paths.push(path.display().to_string());
        }
    }
    paths
}

/// The checkpoint, and where it has another heartbeat by then, the page and the proof that carry it.
fn is_little(said: &str) -> bool {
    said.contains("; 1 file written") || said.contains("; 3 files written")
}

/// One HTTP request without credentials: status line, headers and body.
fn http(port: u16, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn an_s3_compatible_store_shows_the_site_at_its_public_url() {
    let port = free_port();
    let mut command = Command::new("python3");
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let Some(_moto) = Daemon::start(&mut command, port) else {
        left_out("publishing to S3 (python3 has no moto server)");
        return;
    };
    assert!(http(port, "PUT", "/bucket", "").starts_with("HTTP/1.1 200"));
    let everyone = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",
        "Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"}]}"#;
    assert!(http(port, "PUT", "/bucket?policy", everyone).starts_with("HTTP/1.1 20"));
    let endpoint = format!("http://127.0.0.1:{port}");
    let url = format!("{endpoint}/bucket/canary/");
    let publish = |publisher: &Publisher| {
        let arguments = ["--to", "s3://bucket/canary", "--url", &url, "--wait", "0"];
        let mut command = publisher.command("publish", &arguments);
        command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("AWS_ENDPOINT_URL_S3", &endpoint);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    };
    let publisher = Publisher::with(&series(2));
    let (code, said) = publish(&publisher);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("shows the issue, verified"), "{said}");
    publisher.draft(3);
    let (code, said) = publish(&publisher);
    assert_eq!(code, Some(0), "{said}");
    let answer = http(port, "GET", "/bucket/canary/issues/0003.json", "").to_ascii_lowercase();
    assert!(answer.contains("content-type: application/json"), "{answer}");
    assert!(answer.contains("immutable"), "{answer}");

    assert!(http(port, "DELETE", "/bucket/canary/issues/0001.json", "").starts_with("HTTP/1.1 20"));
    assert!(http(port, "PUT", "/bucket/canary/issues/0002.json", "{}").starts_with("HTTP/1.1 200"));
    publisher.draft(4);
    let (code, said) = publish(&publisher);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("put back: issues/0001.json, issues/0002.json"), "{said}");
    let (code, said) = publish(&publisher);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("put back"), "{said}");
    assert!(is_little(&said), "{said}");

    // A publisher whose folder is older does not take the site back.
    let older = Publisher::with(&series(2));
    let (code, said) = publish(&older);
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("4 issues are published there, and the folder holds 2"), "{said}");
}

#[test]
fn what_is_wrong_with_a_target_is_named_once_with_what_to_do() {
    let publisher = Publisher::with(&series(1));
    std::fs::write(publisher.path().join("canary.toml"), "[targets]\nproduction = \"www\"\n")
        .unwrap();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let nothing = format!("git+{}/nothing.git#pages", publisher.path().display());
    for (to, endpoint, code, cause, next) in [
        ("produktion", "", 64, "neither a target nor a directory", "say ./produktion"),
        (nothing.as_str(), "", 78, "is not there: fatal: '", "make it with"),
        ("git+https://127.0.0.1:1/x.git#pages", "", 75, "cannot be reached", "run it again"),
        ("s3://bucket/canary", "127.0.0.1:9", 78, "is no URL", "AWS_ENDPOINT_URL"),
        ("s3://bucket/canary", &nobody, 75, "Connection refused", "run it again"),
    ] {
        let mut command = publisher.command("publish", &["--to", to, "--wait", "0"]);
        command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("AWS_ENDPOINT_URL_S3", endpoint);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(cause) && said.contains(next), "{to}: {said}");
        assert!(said.matches(to.trim_end_matches('/')).count() <= 2, "{said}");
    }
    assert!(!publisher.path().join("produktion").exists());
}

#[test]
fn without_credentials_the_error_says_where_they_are_looked_for() {
    let publisher = Publisher::with(&series(1));
    let mut command = publisher.command("publish", &["--to", "s3://bucket/canary"]);
    command.env_clear().env("HOME", publisher.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("AWS_ACCESS_KEY_ID"), "{said}");
}

/// What a URL answers, headers in lower case.
fn answer(url: &str, path: &str) -> String {
    let rest = url.strip_prefix("http://127.0.0.1:").unwrap();
    let (port, prefix) = rest.split_once('/').unwrap();
    http(port.parse().unwrap(), "GET", &format!("/{prefix}{path}"), "").to_ascii_lowercase()
}

#[test]
fn nginx_takes_the_advice_that_a_site_brings_along() {
    let publisher = Publisher::with(&series(2));
    let site = publisher.site();
    publisher.publish(&["--to", site.to_str().unwrap()]);
    let Some(nginx) = folder::Nginx::serve(&site) else {
        left_out("serving with nginx (it is not installed)");
        return;
    };
    for (path, kind, caching) in [
        ("checkpoint", "text/plain", "max-age=60"),
        ("latest.tlog-proof", "text/plain", "max-age=60"),
        ("latest.json", "application/json", "max-age=60"),
        ("", "text/html", "max-age=60"),
        ("canary.ics", "text/calendar", "max-age=60"),
        ("feed.atom", "application/atom+xml", "max-age=60"),
        ("badge.svg", "image/svg+xml", "max-age=60"),
        ("issues/0001.json", "application/json", "immutable"),
        ("tile/entries/000.p/2", "application/octet-stream", "immutable"),
    ] {
        let said = answer(&nginx.url, path);
        let head = said.split("\r\n\r\n").next().unwrap();
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        let caches: Vec<_> =
            head.lines().filter(|line| line.starts_with("cache-control")).collect();
        assert!(caches.len() == 1 && caches[0].contains(caching), "{path}: {head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
    }
    assert!(answer(&nginx.url, "issues/0003.json").starts_with("http/1.1 404"));
}

#[test]
fn caddy_and_apache_take_the_advice_that_a_site_brings_along() {
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    publisher.publish(&["--to", site.to_str().unwrap()]);
    let root = publisher.path();
    let caddyfile = format!(
        "{{\n\tadmin off\n}}\n:8080 {{\n\troot * {}\n\timport {}/hosting/Caddyfile\n\tfile_server\n}}\n",
        root.display(),
        site.display()
    );
    std::fs::write(root.join("Caddyfile"), caddyfile).unwrap();
    let caddy = Command::new("caddy")
        .args(["validate", "--adapter", "caddyfile", "--config"])
        .arg(root.join("Caddyfile"))
        .env("HOME", root)
        .output();
    match caddy {
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr)),
        Err(_) => left_out("the advice for Caddy (it is not installed)"),
    }
    let modules = Path::new("/usr/lib/apache2/modules");
    let config = format!(
        "ServerRoot {0}\nServerName localhost\nListen 127.0.0.1:8080\nPidFile {0}/pid\nErrorLog {0}/errors\n\
         LoadModule mpm_event_module {1}/mod_mpm_event.so\nLoadModule authz_core_module {1}/mod_authz_core.so\n\
         LoadModule headers_module {1}/mod_headers.so\nLoadModule mime_module {1}/mod_mime.so\nTypesConfig /etc/mime.types\n\
         <VirtualHost *:8080>\nDocumentRoot {0}\nInclude {2}/hosting/apache.conf\n</VirtualHost>\n",
        root.display(),
        modules.display(),
        site.display()
    );
    std::fs::write(root.join("apache.conf"), config).unwrap();
    let mut apache = Command::new("/usr/sbin/apache2");
    apache.arg("-t").arg("-f").arg(root.join("apache.conf"));
    match apache.output() {
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr)),
        Err(_) => left_out("the advice for Apache (it is not installed)"),
    }
}

#[test]
fn a_host_that_hides_well_known_is_named_and_told_what_to_do() {
    let publisher = Publisher::with(&series(1));
    let www = publisher.path().join("www");
    let site = www.join(".well-known/canary");
    let host = server::Server::new(move |request, out| {
        if request.path.contains("/.") {
            server::respond(out, 404, "", b"not found");
        } else {
            server::file(&www, request, out);
        }
    });
    let url = format!("{}.well-known/canary/", host.url());
    let to = ["--to", site.to_str().unwrap(), "--url", &url, "--wait", "0"];
    let output = publisher.run("publish", &to);
    assert_eq!(output.status.code(), Some(75));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("behind: it shows no canary yet"), "{said}");
    assert!(said.contains("serve no hidden folders"), "{said}");
    assert_eq!(newest_in(&site), 1);
}

#[test]
fn a_cache_that_is_stale_for_a_while_is_waited_for() {
    let publisher = Publisher::with(&series(1));
    let site = publisher.site();
    let old = publisher.path().join("old");
    publisher.publish(&["--to", site.to_str().unwrap(), "--to", old.to_str().unwrap()]);
    publisher.draft(2);
    let (fresh, stale) = (site.clone(), old.clone());
    let looks = std::sync::atomic::AtomicU32::new(0);
    let cdn = server::Server::new(move |request, out| {
        // The first look finds the copy that the cache kept.
        let checkpoint = request.path.ends_with("/checkpoint");
        let look = looks.fetch_add(u32::from(checkpoint), std::sync::atomic::Ordering::SeqCst);
        server::file(if look < 2 { &stale } else { &fresh }, request, out);
    });
    let url = cdn.url();
    let to = ["--to", site.to_str().unwrap(), "--url", &url, "--wait", "30"];
    let said = publisher.publish(&to);
    assert!(said.contains("shows the issue, verified"), "{said}");
    assert!(cdn.asked().iter().filter(|path| path.ends_with("checkpoint")).count() >= 2);
}
