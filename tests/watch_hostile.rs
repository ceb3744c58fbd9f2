//! `canary watch` among hosts that are slow, endless, cut short, lying or worse: each gets the finding that
//! is its own, and none keeps the others waiting.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod build;
mod monitor;
mod server;

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use build::{Series, first};
use monitor::{Operator, Pages, Running, codes, now, wait_for};
use serde_json::Value;
use server::{Server, respond, without_end};

const DAY: i64 = 86_400;

fn live(pages: &Pages) -> Server {
    let server = pages.serve();
    let mut content = first();
    content.as_of = now().plus(-DAY);
    (content.next_due, content.expires) = (now().plus(7 * DAY), now().plus(14 * DAY));
    content.publisher.canonical_url = server.url();
    let folder = tempfile::tempdir().unwrap();
    Series::of(content, &["Ada", "Bo"]).heartbeat_at(now().plus(-600)).write(folder.path());
    pages.folder("/", folder.path());
    server
}

/// A server whose certificate ended years ago.
fn expired() -> (Server, String) {
    let mut made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    made.not_before = rcgen::date_time_ymd(2020, 1, 1);
    made.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = made.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let server = Server::over(
        |_, out| respond(out, 200, "", b"never read"),
        move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            rustls::StreamOwned::new(connection, stream)
        },
    );
    (server, certificate.pem())
}

#[test]
fn each_gets_its_own_finding_and_none_holds_up_the_others() {
    let slow = Server::new(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 600\r\n\r\n");
        while out.write_all(b"a").and_then(|()| out.flush()).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let silent = Server::new(|_, _| std::thread::sleep(Duration::from_secs(120)));
    let endless = Server::new(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n");
        without_end(out);
    });
    let cut = Server::new(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 600\r\n\r\nshort");
    });
    let lying = Server::new(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 99999999999999\r\n\r\n");
        without_end(out);
    });
    let circle = Server::new(|_, out| respond(out, 302, "Location: /again\r\n", b""));
    let bomb = Server::new(|_, out| respond(out, 200, "Content-Encoding: gzip\r\n", &[0; 64]));
    let elsewhere = Server::new(|_, out| respond(out, 200, "", b"private"));
    let private = format!("Location: {}secret\r\n", elsewhere.url());
    let inward = Server::new(move |_, out| respond(out, 302, &private, b""));
    let noise = Server::new(|_, out| respond(out, 200, "", b"\x00\xff<script>alert(1)</script>\n"));
    let broken = Server::new(|_, out| respond(out, 500, "", b""));
    let (over, roots) = expired();
    let bad = [
        ("slow", slow.url(), "UNREACHABLE", "within"),
        ("silent", silent.url(), "UNREACHABLE", "within"),
        ("endless", endless.url(), "TOO_LARGE", ""),
        ("cut", cut.url(), "UNREACHABLE", "broke off"),
        ("lying", lying.url(), "TOO_LARGE", ""),
        ("circle", circle.url(), "UNREACHABLE", "more than 5 redirects"),
        ("bomb", bomb.url(), "UNREACHABLE", "content encoding"),
        ("inward", inward.url(), "UNREACHABLE", "not public"),
        ("noise", noise.url(), "MALFORMED", ""),
        ("broken", broken.url(), "UNREACHABLE", "status 500"),
        ("expired", format!("https://localhost:{}/", over.port), "UNREACHABLE", "xpired"),
    ];
    // More good hosts than bad ones: else it would look like the monitor's own network.
    let pages = Pages::default();
    let good: Vec<Server> = (0..14).map(|_| live(&pages)).collect();
    let mut config =
        "[limits]\ncheck_timeout = \"3s\"\nconcurrency = 8\n[defaults]\ninterval = \"10s\"\n\
         confirm_checks = 1\nmissing_after = \"0s\"\nunreachable_after = \"0s\"\n"
            .to_owned();
    for (name, url, ..) in &bad {
        config += &format!("[[target]]\nname = \"{name}\"\nurl = \"{url}\"\n");
    }
    for (number, server) in good.iter().enumerate() {
        config += &format!("[[target]]\nname = \"good{number}\"\nurl = \"{}\"\n", server.url());
    }
    let operator = Operator::new(&config);
    operator.put("roots.pem", roots);
    let begun = Instant::now();
    let running = Running::start_with(&operator, &[], &[("SSL_CERT_FILE", "roots.pem")]);
    wait_for("the good ones were asked", || running.page("/").1.matches(">LIVE<").count() == 14);
    let until_good = begun.elapsed();
    assert!(until_good < Duration::from_secs(30), "they waited {until_good:?}");
    let row = |name: &str| {
        let page = running.page("/?sort=name").1;
        let row = page.lines().find(|line| line.contains(&format!(">{name}</a>")));
        row.unwrap_or_else(|| panic!("{name} is on the page")).to_owned()
    };
    for (name, _, code, words) in &bad {
        let row = row(name);
        let address = row.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        let page = || running.page(&format!("/{address}")).1;
        let opened = format!("\">{code}: ");
        wait_for(&format!("{name}: {code}"), || page().contains(&opened));
        let page = page();
        let told = page.split(&opened).nth(1).unwrap().split("</li>").next().unwrap();
        assert!(told.contains(words), "{name}: {told}");
        assert!(!page.contains("<script"), "{name}");
    }
    assert_eq!(elsewhere.asked(), [""; 0], "what was not named is not asked");
    let metrics = running.page("/metrics").1;
    let lag = metrics.lines().find_map(|line| line.strip_prefix("canary_watch_lag_seconds "));
    assert!(lag.unwrap().parse::<i64>().unwrap() < 10, "late by {lag:?} seconds");
    running.stop();
}

#[test]
fn a_name_that_resolves_to_a_private_address_is_not_connected_to() {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().to_owned();
    let server = Server::new(|_, out| respond(out, 200, "", b"private"));
    let resolved = (host.as_str(), server.port).to_socket_addrs();
    let private = |ip: std::net::IpAddr| match ip {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || (ip.segments()[0] & 0xfe00) == 0xfc00,
    };
    if !resolved.is_ok_and(|mut all| all.all(|address| private(address.ip()))) {
        eprintln!("left out: this machine's own name does not resolve to a private address");
        return;
    }
    let config = |more: &str| {
        format!(
            "[[target]]\nname = \"it\"\nurl = \"http://{host}:{}/\"\nconfirm_checks = 1\n\
             unreachable_after = \"0s\"\nmissing_after = \"0s\"\n{more}",
            server.port
        )
    };
    let operator = Operator::new(&config(""));
    let line = operator.once().remove("it").unwrap();
    assert_eq!(codes(&line), ["UNREACHABLE"]);
    assert!(line["open"][0]["message"].as_str().unwrap().contains("not public"), "{line}");
    assert_eq!(server.asked(), [""; 0]);
    operator.configure(&config("danger_allow_private = true\n"));
    operator.once();
    // Where the name leads to another address than the server's, nobody answers; but it was allowed.
    let line = operator.once().remove("it").unwrap();
    assert!(!line.to_string().contains("not public"), "{line}");
}

#[test]
fn bodies_that_differ_each_time_fill_no_disk() {
    // Each answer is another page of 300 KiB.
    let count = Arc::new(AtomicU64::new(0));
    let counter = count.clone();
    let server = Server::new(move |_, out| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let mut page = format!("{number}\n- We have never placed a backdoor.\n").into_bytes();
        page.resize(300 << 10, b' ');
        respond(out, 200, "", &page);
    });
    let operator = Operator::new(&format!(
        "[retention]\nevidence_per_day = \"1MiB\"\n[[target]]\nname = \"it\"\nurl = \"{}page\"\ndialect = \"plain\"\n",
        server.url()
    ));
    let mut left_out = Vec::new();
    for _ in 0..8 {
        let line = operator.once().remove("it").unwrap();
        assert_eq!(line["state"], "LIVE", "it is watched all the same: {line}");
        left_out.push(line["evidence_left_out"].as_u64().unwrap_or(0));
    }
    assert!(count.load(Ordering::Relaxed) >= 8);
    // A day may end meanwhile: then the limit begins anew.
    let (first, last) = (left_out[0], left_out[7]);
    assert!(first == 0 && (last == 5 || left_out.contains(&1)), "{left_out:?}");
    assert!(operator.run(&["watch", "export", "--out", "out"]).status.success());
    let listed = std::fs::read(operator.path().join("out/targets.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let folder = operator.path().join("out").join(listed["targets"][0]["folder"].as_str().unwrap());
    let kept: u64 = std::fs::read_dir(folder.join("bodies"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(kept <= 2 << 20, "{kept} bytes are kept");
    let timeline = std::fs::read_to_string(folder.join("timeline.json")).unwrap();
    assert!(timeline.contains("evidence-cap"), "{timeline}");
}
