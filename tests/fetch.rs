//! What a fetch makes of servers that are slow, endless, cut short, lying or worse.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use canary_format::checkpoint::Checkpoint;
use canary_format::merkle::{TreeHash, leaf_hash, root};
use canary_format::refusal::Refusal;
use canary_format::tile::{Tile, bundle};
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Obtained, Seen, Site, Source};
use canary_verifier::fetch::{Change, Fetched, Fetcher, Known, Limits, Network};
use canary_verifier::target::Prefix;
use server::{Request, Server, file, respond, without_end};

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name).join("site")
}

fn fetch_as(fetcher: &Fetcher, url: &str, known: Known<'_>, mirrors: &[&str]) -> Fetched {
    let prefix = Prefix::parse(url).unwrap();
    let mirrors: Vec<_> = mirrors.iter().map(|url| Prefix::parse(url).unwrap()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = Timestamp::parse("2026-03-02T09:00:00Z").unwrap();
    runtime.block_on(fetcher.fetch(&prefix, known, &mirrors, now))
}

fn fetch(url: &str) -> Site {
    site(fetch_as(&fetcher(), url, Known::default(), &[]))
}

fn fetcher() -> Fetcher {
    Fetcher::new(Limits { deadline: Duration::from_secs(20), ..Limits::default() }).unwrap()
}

fn hasty() -> Fetcher {
    Fetcher::new(Limits { deadline: Duration::from_millis(300), ..Limits::default() }).unwrap()
}

fn site(fetched: Fetched) -> Site {
    match fetched.evidence.source {
        Source::Site(site) => site,
        other => panic!("not a site: {other:?}"),
    }
}

#[track_caller]
fn words<T: std::fmt::Debug>(obtained: Obtained<T>) -> String {
    match obtained {
        Obtained::Unreachable(words) => words,
        other => panic!("reachable: {other:?}"),
    }
}

/// A server that does one thing with `checkpoint`.
fn checkpoint_is(answer: impl Fn(&mut dyn std::io::Write) + Send + Sync + 'static) -> Server {
    Server::new(move |_, out| answer(out))
}

#[test]
fn a_site_is_fetched_as_it_was_published() {
    let root = vector("alive");
    let server = Server::folder(&root);
    let site = fetch(&server.url());
    assert_eq!(site.checkpoint, Obtained::Got(std::fs::read(root.join("checkpoint")).unwrap()));
    assert_eq!(site, canary_verifier::files::read_site(&root));
    assert_eq!(server.asked(), ["/checkpoint", "/tile/entries/000.p/3"]);
}

#[test]
fn gone_is_missing_and_any_other_status_is_unreachable() {
    for status in [404, 410] {
        let server = checkpoint_is(move |out| respond(out, status, "", b""));
        assert_eq!(fetch(&server.url()).checkpoint, Obtained::Missing, "{status}");
    }
    for status in [204, 206, 304, 400, 401, 403, 429, 451, 500, 502, 503] {
        let server = checkpoint_is(move |out| respond(out, status, "Retry-After: 7\r\n", b"words"));
        let fetched = fetch_as(&fetcher(), &server.url(), Known::default(), &[]);
        assert_eq!(fetched.hints.retry_after, Some(Duration::from_secs(7)), "{status}");
        let said = words(site(fetched).checkpoint);
        assert_eq!(said, format!("answered with status {status}"));
    }
}

#[test]
fn a_closed_port_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = words(fetch(&format!("http://127.0.0.1:{port}/")).checkpoint);
    assert!(said.starts_with("could not connect: "), "{said}");
}

#[test]
fn a_server_that_says_nothing_is_left_at_the_deadline() {
    let server = Server::over(
        |_, out| without_end(out),
        |mut stream| {
            // Reads for ever and never answers.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            stream
        },
    );
    let site = site(fetch_as(&hasty(), &server.url(), Known::default(), &[]));
    assert_eq!(words(site.checkpoint), "no complete answer within 0.3 s");
}

#[test]
fn a_drip_of_bytes_does_not_stretch_the_deadline() {
    let server = checkpoint_is(|out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 1000000\r\n\r\n");
        // As slow as the reader takes it, in the smallest pieces.
        while out.write_all(b"a").and_then(|()| out.flush()).is_ok() {
            std::thread::yield_now();
        }
    });
    let site = site(fetch_as(&hasty(), &server.url(), Known::default(), &[]));
    match site.checkpoint {
        Obtained::Unreachable(words) => assert_eq!(words, "no complete answer within 0.3 s"),
        // A fast machine gets to the limit first.
        other => assert_eq!(other, too_large("the checkpoint", 65_536)),
    }
}

#[test]
fn an_answer_without_end_is_read_to_the_limit() {
    for head in ["", "Content-Length: 99999999999\r\n", "Content-Length: 65537\r\n"] {
        let server = checkpoint_is(move |out| {
            let _ = write!(out, "HTTP/1.1 200 x\r\n{head}\r\n");
            without_end(out);
        });
        assert_eq!(fetch(&server.url()).checkpoint, too_large("the checkpoint", 65_536), "{head}");
    }
    let server = checkpoint_is(|out| {
        let _ = out.write_all(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n");
        while out.write_all(b"3\r\naaa\r\n").is_ok() {}
    });
    assert_eq!(fetch(&server.url()).checkpoint, too_large("the checkpoint", 65_536));
}

fn too_large<T>(what: &'static str, limit: usize) -> Obtained<T> {
    Obtained::Refused(Refusal::TooLarge { what, limit })
}

#[test]
fn an_answer_cut_short_is_unreachable() {
    let cut: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 x\r\nContent-Le",
        b"HTTP/1.1 200 x\r\nContent-Length: 900\r\n\r\norigin\n",
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nabcde",
    ];
    for answer in cut {
        let server = checkpoint_is(move |out| drop(out.write_all(answer)));
        let said = words(fetch(&server.url()).checkpoint);
        assert!(said.starts_with("the answer broke off: "), "{said}");
    }
}

#[test]
fn what_is_not_http_is_unreachable() {
    for answer in ["SSH-2.0-OpenSSH_9.7\r\n", "HTTP/1.1 99999 x\r\n\r\n", "\0\0\0\0"] {
        let server = checkpoint_is(move |out| drop(out.write_all(answer.as_bytes())));
        words(fetch(&server.url()).checkpoint);
    }
}

#[test]
fn a_compressed_answer_is_not_unpacked() {
    let server = Server::new(|request, out| {
        assert!(request.has("accept-encoding: identity\r\n"), "{}", request.head);
        respond(out, 200, "Content-Encoding: gzip\r\n", &[0x1f, 0x8b, 8, 0]);
    });
    let said = words(fetch(&server.url()).checkpoint);
    assert_eq!(said, "answered in a content encoding that was not asked for");
}

#[test]
fn five_redirects_are_followed_and_six_are_not() {
    let root = vector("alive");
    let hops = |count: u32| {
        let root = root.clone();
        Server::new(move |request: &Request, out| {
            let (hop, path) = request.path[1..].split_once("hop/").unwrap_or(("0", &request.path));
            let hop: u32 = hop.parse().unwrap_or(0);
            if path.trim_start_matches('/') == "checkpoint" && hop < count {
                let to = format!("Location: /{}hop/checkpoint\r\n", hop + 1);
                return respond(out, 302, &to, b"");
            }
            let request = Request { path: path.to_owned(), head: String::new() };
            file(&root, &request, out);
        })
    };
    assert!(matches!(fetch(&hops(5).url()).leaves, Obtained::Got(leaves) if leaves.len() == 3));
    assert_eq!(words(fetch(&hops(6).url()).checkpoint), "more than 5 redirects");
}

#[test]
fn a_redirect_leads_to_no_private_address_and_no_other_scheme() {
    let inner = Server::folder(vector("alive"));
    for (to, expected) in [
        (inner.url(), "redirected to an address that is not public"),
        (
            format!("http://localhost:{}/", inner.port),
            "redirected to an address that is not public",
        ),
        (
            format!("http://2130706433:{}/", inner.port),
            "redirected to an address that is not public",
        ),
        (format!("http://[::ffff:127.0.0.1]:{}/", inner.port), "redirected to an address that is"),
        (format!("http://rebind.example:{}/", inner.port), "rebind.example resolves to an address"),
        ("file:///etc/passwd".to_owned(), "redirected to another scheme"),
        ("https://a:b@example.com/".to_owned(), "redirected to a URL with a user name"),
        ("http://[/".to_owned(), "redirected without a place to go to"),
    ] {
        let location = format!("Location: {to}checkpoint\r\n");
        let server = checkpoint_is(move |out| respond(out, 302, &location, b""));
        let site = site(fetch_as(&rebinding(), &server.url(), Known::default(), &[]));
        let said = words(site.checkpoint);
        assert!(said.starts_with(expected), "{to} gave {said}");
    }
    assert_eq!(inner.asked(), [""; 0], "nothing reached the inner server");
    // What the user named may be redirected to.
    let location = format!("Location: {}checkpoint\r\n", inner.url());
    let server = checkpoint_is(move |out| respond(out, 302, &location, b""));
    let named = fetch_as(&fetcher(), &server.url(), Known::default(), &[&inner.url()]);
    assert!(matches!(site(named).checkpoint, Obtained::Got(_)));
}

/// A resolver that gives a private address for a public name.
fn rebinding() -> Fetcher {
    let hosts = [("rebind.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])].into();
    let network = Network { hosts, ..Network::default() };
    Fetcher::with_network(Limits::default(), network).unwrap()
}

#[test]
fn a_name_that_resolves_to_a_private_address_is_refused_even_where_it_was_named() {
    let server = Server::folder(vector("alive"));
    let url = format!("http://rebind.example:{}/", server.port);
    let said = words(site(fetch_as(&rebinding(), &url, Known::default(), &[])).checkpoint);
    assert_eq!(said, "rebind.example resolves to an address that is not public: 127.0.0.1");
    assert_eq!(server.asked(), [""; 0]);
    // Unless the user vouches for it.
    let network = Network {
        danger_private_hosts: ["rebind.example".to_owned()].into(),
        hosts: [("rebind.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])].into(),
    };
    let fetcher = Fetcher::with_network(Limits::default(), network).unwrap();
    let fetched = fetch_as(&fetcher, &url, Known::default(), &[]);
    assert!(matches!(site(fetched).checkpoint, Obtained::Got(_)));
}

/// Runs itself once more, in a process that may open few files.
#[cfg(unix)]
#[test]
fn a_machine_without_descriptors_is_known_from_a_host_that_does_not_answer() {
    let name = "a_machine_without_descriptors_is_known_from_a_host_that_does_not_answer";
    if std::env::var_os("CANARY_TEST_FEW_FILES").is_none() {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "ulimit -n 64; exec \"$0\" --exact \"$1\""]);
        shell.arg(std::env::current_exe().unwrap()).arg(name).env("CANARY_TEST_FEW_FILES", "1");
        assert!(shell.status().unwrap().success());
        return;
    }
    let server = Server::folder(vector("alive"));
    let fetcher = fetcher();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = |url: &str| {
        let prefix = Prefix::parse(url).unwrap();
        drop(runtime.block_on(fetcher.ask(&prefix, None)));
        fetcher.lacks()
    };
    // Nothing listens there.
    assert_eq!(ask("http://127.0.0.1:1/"), 0);
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    assert_eq!(ask(&server.url()), 1);
    assert_eq!(ask("http://a.example/"), 2, "its name cannot be asked for either");
    drop(files);
    assert_eq!(ask(&server.url()), 2);
    assert_eq!(server.asked(), ["/checkpoint"]);
}

#[test]
fn names_under_localhost_are_loopback() {
    let server = Server::folder(vector("alive"));
    let site = fetch(&format!("http://a.localhost:{}/", server.port));
    assert!(matches!(site.checkpoint, Obtained::Got(_)), "{site:?}");
}

#[test]
fn no_request_carries_credentials_or_says_where_it_came_from() {
    let server = Server::new(|request, out| {
        for header in ["authorization:", "cookie:", "referer:", "origin:"] {
            assert!(!request.has(header), "{}", request.head);
        }
        respond(out, 302, "Set-Cookie: a=b\r\nLocation: /checkpoint\r\n", b"");
    });
    assert_eq!(words(fetch(&server.url()).checkpoint), "more than 5 redirects");
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn a_certificate_that_no_authority_signed_is_unreachable_and_downgrades_are_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    let server = Server::over(
        |_, out| respond(out, 200, "", b"never read"),
        move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            rustls::StreamOwned::new(connection, stream)
        },
    );
    let said = words(fetch(&format!("https://localhost:{}/", server.port)).checkpoint);
    assert!(said.starts_with("could not connect: invalid peer certificate"), "{said}");
    assert_eq!(server.asked(), [""; 0]);
}

/// Leaves of no meaning under a checkpoint of the right root.
struct Log(Vec<Vec<u8>>);

impl Log {
    fn of(size: u32) -> Self {
        Self((0..size).map(|n| format!("leaf {n}").into_bytes()).collect())
    }

    fn checkpoint(&self, size: usize) -> Vec<u8> {
        let hashes: Vec<TreeHash> = self.0[..size].iter().map(|leaf| leaf_hash(leaf)).collect();
        let unsigned = Checkpoint::new("example.com/log", size as u64, root(&hashes)).to_string();
        format!("{unsigned}\u{2014} example.com/log AAAAAAAA\n").into_bytes()
    }

    /// The object at a path of the site of this log, of which so many leaves are published.
    fn object(&self, path: &str, size: usize) -> Option<Vec<u8>> {
        let entries = |tile: Tile| {
            let first = usize::try_from(tile.index * 256).unwrap();
            let last = first + usize::try_from(tile.width).unwrap();
            bundle(self.0[first..last].iter().map(Vec::as_slice))
        };
        let tiles = Tile::of_level(size as u64, 0);
        let issue = |number: usize| self.0.get(number - 1).filter(|_| number <= size).cloned();
        match path.strip_prefix("/issues/").and_then(|rest| rest.strip_suffix(".json")) {
            Some(number) => issue(number.parse().ok()?),
            None => tiles
                .into_iter()
                .find(|tile| path == format!("/{}", tile.entries_path()))
                .map(entries),
        }
    }

    fn seen(&self, size: usize) -> Seen {
        let (leaves, checkpoint) = (self.0[..size].to_vec(), self.checkpoint(size));
        Seen { leaves, checkpoint, ..Seen::default() }
    }
}

fn give(out: &mut dyn std::io::Write, object: Option<Vec<u8>>) {
    match object {
        Some(bytes) => respond(out, 200, "", &bytes),
        None => respond(out, 404, "", b""),
    }
}

#[test]
fn the_checkpoints_of_these_tests_read() {
    assert_eq!(Checkpoint::parse(&Log::of(3).checkpoint(3)).unwrap().size(), 3);
}

#[test]
fn a_partial_bundle_that_was_completed_is_read_from_the_full_one() {
    let server = Server::new(|request, out| {
        let log = Log::of(300);
        match request.path.as_str() {
            "/checkpoint" => respond(out, 200, "", &log.checkpoint(200)),
            path => give(out, log.object(path, 300)),
        }
    });
    assert_eq!(fetch(&server.url()).leaves, Obtained::Got(Log::of(200).0));
    assert_eq!(
        server.asked(),
        ["/checkpoint", "/tile/entries/000.p/200", "/tile/entries/000"],
        "the checkpoint is not asked for again"
    );
}

#[test]
fn a_stale_checkpoint_is_asked_for_again_past_caches_once() {
    let server = Server::new(|request, out| {
        let log = Log::of(5);
        match request.path.as_str() {
            "/checkpoint" if request.has("cache-control: no-cache") => {
                respond(out, 200, "", &log.checkpoint(5));
            }
            "/checkpoint" => respond(out, 200, "", &log.checkpoint(4)),
            path if path.starts_with("/tile") => give(out, log.object(path, 5)),
            _ => respond(out, 404, "", b""),
        }
    });
    let site = fetch(&server.url());
    assert_eq!(site.checkpoint, Obtained::Got(Log::of(5).checkpoint(5)));
    assert_eq!(site.leaves, Obtained::Got(Log::of(5).0));
}

#[test]
fn leaves_that_are_nowhere_are_unreachable_and_not_missing() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(4).checkpoint(4)),
        _ => respond(out, 404, "", b""),
    });
    let said = words(fetch(&server.url()).leaves);
    assert!(said.contains("which is not served"), "{said}");
    let checkpoints = server.asked().iter().filter(|path| *path == "/checkpoint").count();
    assert_eq!(checkpoints, 2);
}

#[test]
fn without_bundles_the_issues_are_read() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(300).checkpoint(300)),
        path if path.starts_with("/issues/") => give(out, Log::of(300).object(path, 300)),
        _ => respond(out, 404, "", b""),
    });
    assert_eq!(fetch(&server.url()).leaves, Obtained::Got(Log::of(300).0));
}

#[test]
fn leaves_that_do_not_give_the_root_are_handed_over_as_they_are() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(4).checkpoint(4)),
        "/tile/entries/000.p/4" => respond(out, 200, "", &bundle([b"other".as_slice(); 4])),
        _ => respond(out, 404, "", b""),
    });
    assert_eq!(fetch(&server.url()).leaves, Obtained::Got(vec![b"other".to_vec(); 4]));
}

#[test]
fn bundles_that_break_their_form_or_limit_are_refused() {
    let answer = |body: &'static [u8]| {
        Server::new(move |request, out| match request.path.as_str() {
            "/checkpoint" => respond(out, 200, "", &Log::of(4).checkpoint(4)),
            _ => respond(out, 200, "", body),
        })
    };
    for body in [b"".as_slice(), b"\0\x01", b"\0\0\0\0\0\0\0\0\0\0"] {
        let leaves = fetch(&answer(body).url()).leaves;
        assert!(matches!(leaves, Obtained::Refused(Refusal::Malformed { .. })), "{leaves:?}");
    }
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(4).checkpoint(4)),
        _ => {
            let _ = out.write_all(b"HTTP/1.1 200 x\r\n\r\n");
            without_end(out);
        }
    });
    assert_eq!(fetch(&server.url()).leaves, too_large("an entry bundle", 4 * 65_537));
}

#[test]
fn a_tree_that_is_too_large_is_not_fetched() {
    let server = Server::new(|_, out| {
        let checkpoint = Checkpoint::new("example.com/log", 16_385, TreeHash([0; 32]));
        let text = format!("{checkpoint}\u{2014} example.com/log AAAAAAAA\n");
        respond(out, 200, "", text.as_bytes());
    });
    let refusal = Refusal::TooMany { what: "leaves in the log", limit: 16_384 };
    assert_eq!(fetch(&server.url()).leaves, Obtained::Refused(refusal));
    assert_eq!(server.asked(), ["/checkpoint"]);
}

#[test]
fn a_site_has_a_limit_over_all() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(600).checkpoint(600)),
        path => give(out, Log::of(600).object(path, 600)),
    });
    let limits = Limits { site_bytes: 4_000, ..Limits::default() };
    let fetched = fetch_as(&Fetcher::new(limits).unwrap(), &server.url(), Known::default(), &[]);
    assert_eq!(site(fetched).leaves, too_large("the site", 4_000));
}

#[test]
fn only_bundles_with_new_leaves_are_fetched() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(600).checkpoint(600)),
        path => give(out, Log::of(600).object(path, 600)),
    });
    let seen = Log::of(520).seen(520);
    let known = Known { seen: Some(&seen), checkpoint: None };
    let fetched = fetch_as(&fetcher(), &server.url(), known, &[]);
    assert_eq!(site(fetched).leaves, Obtained::Got(Log::of(600).0));
    assert_eq!(server.asked(), ["/checkpoint", "/tile/entries/002.p/88"]);
    // A smaller tree needs no bundle at all where it is a part of what was seen.
    let seen = Log::of(700).seen(700);
    let known = Known { seen: Some(&seen), checkpoint: None };
    assert_eq!(
        site(fetch_as(&fetcher(), &server.url(), known, &[])).leaves,
        Obtained::Got(Log::of(600).0)
    );
    assert_eq!(server.asked(), ["/checkpoint"]);
}

#[test]
fn where_seen_leaves_do_not_fit_every_bundle_is_fetched_again() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(600).checkpoint(600)),
        path => give(out, Log::of(600).object(path, 600)),
    });
    let mut other = Log::of(520);
    other.0[3] = b"another leaf".to_vec();
    let seen = other.seen(520);
    let known = Known { seen: Some(&seen), checkpoint: None };
    let fetched = fetch_as(&fetcher(), &server.url(), known, &[]);
    assert_eq!(site(fetched).leaves, Obtained::Got(Log::of(600).0));
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn an_unchanged_checkpoint_is_not_sent_again() {
    let server = Server::new(|request, out| match request.path.as_str() {
        "/checkpoint" if request.has("if-none-match: \"one\"") => respond(out, 304, "", b""),
        "/checkpoint" => respond(out, 200, "ETag: \"one\"\r\n", &Log::of(9).checkpoint(9)),
        path => give(out, Log::of(9).object(path, 9)),
    });
    let fetcher = fetcher();
    let first = fetch_as(&fetcher, &server.url(), Known::default(), &[]);
    assert_eq!(first.change, Change::Some);
    let checkpoint = first.checkpoint.unwrap();
    server.asked();
    let seen = Log::of(9).seen(9);
    let known = Known { seen: Some(&seen), checkpoint: Some(&checkpoint) };
    let second = fetch_as(&fetcher, &server.url(), known, &[]);
    assert_eq!(second.change, Change::None);
    assert_eq!(second.evidence.source, first.evidence.source);
    assert_eq!(server.asked(), ["/checkpoint"]);
}

#[test]
fn mirrors_are_fetched_within_the_same_deadline() {
    let main = Server::folder(vector("alive"));
    let mirror = Server::folder(vector("quorum-short"));
    let silent = Server::over(
        |_, _| {},
        |mut stream| {
            let _ = stream.read_to_end(&mut Vec::new());
            stream
        },
    );
    let mirrors = [mirror.url(), silent.url()];
    let mirrors: Vec<&str> = mirrors.iter().map(String::as_str).collect();
    let fetched = fetch_as(&hasty(), &main.url(), Known::default(), &mirrors);
    let [first, second] = &fetched.evidence.mirrors[..] else { panic!("two mirrors") };
    assert_eq!(first.site, canary_verifier::files::read_site(&vector("quorum-short")));
    assert_eq!(first.url, mirror.url());
    assert_eq!(words(second.site.checkpoint.clone()), "no complete answer within 0.3 s");
    assert!(matches!(site(fetched).leaves, Obtained::Got(_)));
}

#[test]
fn at_most_so_many_objects_are_asked_for_at_once() {
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, greatest) = (now.clone(), most.clone());
    let server = Server::new(move |request, out| match request.path.as_str() {
        "/checkpoint" => respond(out, 200, "", &Log::of(40).checkpoint(40)),
        path if path.starts_with("/issues/") => {
            let at_once = counted.fetch_add(1, Ordering::SeqCst) + 1;
            greatest.fetch_max(at_once, Ordering::SeqCst);
            std::thread::yield_now();
            // Counted out before the answer ends: the next request can only come after it.
            counted.fetch_sub(1, Ordering::SeqCst);
            give(out, Log::of(40).object(path, 40));
        }
        _ => respond(out, 404, "", b""),
    });
    let limits = Limits { concurrency: 3, ..Limits::default() };
    let fetched = fetch_as(&Fetcher::new(limits).unwrap(), &server.url(), Known::default(), &[]);
    assert_eq!(site(fetched).leaves, Obtained::Got(Log::of(40).0));
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
}
