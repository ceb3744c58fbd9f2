use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rusty_s3::UrlStyle;

use super::*;

/// How a server treats conditions.
#[derive(Clone, Copy, PartialEq)]
enum Conditions {
    Honoured,
    Ignored,
    NotImplemented,
}

/// A server of one bucket.
struct Server {
    port: u16,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(conditions: Conditions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (files, heads) = (Arc::default(), Arc::default());
        let server = Self { port, files, heads };
        let (files, heads) = (server.files.clone(), server.heads.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, conditions, &files, &heads);
            }
        });
        server
    }

    fn open(&self) -> S3 {
        self.open_with("secret")
    }

    fn open_with(&self, secret: &str) -> S3 {
        let place = S3Place {
            bucket: "bucket".to_owned(),
            prefix: "canary/".to_owned(),
            endpoint: None,
            region: None,
            profile: None,
        };
        let access = Access {
            credentials: Credentials::new("AKIAEXAMPLE", secret),
            region: "eu-north-1".to_owned(),
            endpoint: format!("http://127.0.0.1:{}", self.port),
            style: UrlStyle::Path,
        };
        S3::with_access(place, access).unwrap()
    }
}

fn answer(
    stream: TcpStream,
    conditions: Conditions,
    files: &Mutex<BTreeMap<String, Vec<u8>>>,
    heads: &Mutex<Vec<String>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let lower = head.to_ascii_lowercase();
    let header = |name: &str| {
        lower.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let path = head.split([' ', '?']).nth(1).unwrap().to_owned();
    heads.lock().unwrap().push(head.clone());
    let mut files = files.lock().unwrap();
    let tag = |bytes: &[u8]| format!("\"{}\"", canary_format::digest::Digest::of(bytes));
    let held = files.get(&path).cloned();
    let conditional = lower.contains("\r\nif-match") || lower.contains("\r\nif-none-match");
    let holds = match (header("if-match"), header("if-none-match")) {
        (Some(wanted), _) => held.as_ref().is_some_and(|held| tag(held) == wanted),
        (None, Some(_)) => held.is_none(),
        (None, None) => true,
    };
    let (status, body, tag) = if head.contains("X-Amz-Credential=AKIADENIED") {
        (403, b"<Error><Code>AccessDenied</Code></Error>".to_vec(), None)
    } else if head.starts_with("GET") {
        match held {
            Some(bytes) => (200, bytes.clone(), Some(tag(&bytes))),
            None => (404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec(), None),
        }
    } else if conditional && conditions == Conditions::NotImplemented {
        (501, b"<Error><Code>NotImplemented</Code></Error>".to_vec(), None)
    } else if conditions == Conditions::Honoured && !holds {
        (412, b"<Error><Code>PreconditionFailed</Code></Error>".to_vec(), None)
    } else {
        files.insert(path, body);
        (200, Vec::new(), None)
    };
    let tag = tag.map_or_else(String::new, |tag| format!("ETag: {tag}\r\n"));
    let length = body.len();
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} x\r\n{tag}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

fn file(path: &str, bytes: &[u8]) -> SiteFile {
    SiteFile { path: path.to_owned(), bytes: bytes.to_vec() }
}

#[test]
fn files_are_written_with_their_type_and_caching_and_read_back() {
    let server = Server::start(Conditions::Honoured);
    let mut store = server.open();
    assert_eq!(store.read(CHECKPOINT, 100).unwrap(), None);
    assert_eq!(store.put_immutable(&file("issues/0001.json", b"{}")).unwrap(), Put::Written);
    assert_eq!(store.put_immutable(&file("issues/0001.json", b"{}")).unwrap(), Put::Unchanged);
    store.put_copy(&file("index.html", b"<p>")).unwrap();
    store.put_checkpoint(b"1", None).unwrap();
    assert_eq!(store.read(CHECKPOINT, 100).unwrap().unwrap(), b"1");
    assert!(matches!(store.read("index.html", 2), Err(StoreError::TooLarge { .. })));
    assert!(server.files.lock().unwrap().contains_key("/bucket/canary/issues/0001.json"));
    let heads = server.heads.lock().unwrap().join("\n").to_ascii_lowercase();
    assert!(heads.contains(
        "content-type: application/json\r\ncache-control: public, max-age=31536000, immutable"
    ));
    assert!(
        heads.contains(
            "content-type: text/html; charset=utf-8\r\ncache-control: public, max-age=30"
        )
    );
}

#[test]
fn other_bytes_under_an_immutable_path_are_a_conflict() {
    let server = Server::start(Conditions::Honoured);
    server.open().put_immutable(&file("issues/0001.json", b"one")).unwrap();
    let error = server.open().put_immutable(&file("issues/0001.json", b"two")).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }));
    assert_eq!(server.files.lock().unwrap()["/bucket/canary/issues/0001.json"], b"one");
}

#[test]
fn a_checkpoint_that_another_run_wrote_is_not_overwritten() {
    let server = Server::start(Conditions::Honoured);
    let (mut slow, mut fast) = (server.open(), server.open());
    assert_eq!(slow.read(CHECKPOINT, 10).unwrap(), None);
    fast.put_checkpoint(b"1", None).unwrap();
    assert!(matches!(slow.put_checkpoint(b"2", None), Err(StoreError::Moved)));
    slow.read(CHECKPOINT, 10).unwrap();
    fast.read(CHECKPOINT, 10).unwrap();
    fast.put_checkpoint(b"2", Some(b"1")).unwrap();
    assert!(matches!(slow.put_checkpoint(b"3", Some(b"1")), Err(StoreError::Moved)));
    assert_eq!(server.files.lock().unwrap()["/bucket/canary/checkpoint"], b"2");
}

#[test]
fn a_store_that_ignores_or_refuses_conditions_is_refused() {
    for conditions in [Conditions::Ignored, Conditions::NotImplemented] {
        let server = Server::start(conditions);
        let error = server.open().put_immutable(&file("issues/0001.json", b"{}")).unwrap_err();
        assert!(matches!(error, StoreError::Unconditional { .. }), "{error}");
        assert!(!server.files.lock().unwrap().contains_key("/bucket/canary/checkpoint"));
    }
}

#[test]
fn no_secret_and_no_signed_url_is_in_an_error() {
    let server = Server::start(Conditions::Honoured);
    let mut store = server.open_with("hunter2hunter2");
    store.credentials = Credentials::new("AKIADENIED", "hunter2hunter2");
    let refused = store.read(CHECKPOINT, 10).unwrap_err();
    assert!(matches!(refused, StoreError::Credentials { .. }), "{refused}");
    assert_eq!(refused.to_string(), "s3://bucket/canary/: it answered 403 Forbidden AccessDenied");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    store.bucket =
        Bucket::new(format!("http://{free}").parse().unwrap(), UrlStyle::Path, "bucket", "x")
            .unwrap();
    let gone = store.read(CHECKPOINT, 10).unwrap_err();
    assert!(matches!(gone, StoreError::Unreachable { .. }), "{gone}");
    for said in [format!("{gone} {gone:?} {store:?}"), format!("{refused:?}")] {
        assert!(!said.contains("hunter2") && !said.contains("X-Amz"), "{said}");
    }
}

#[test]
fn a_tag_is_believed_only_where_it_is_the_md5_of_the_right_bytes() {
    assert!(is_md5_of("5d41402abc4b2a76b9719d911017c592", b"hello"));
    assert!(!is_md5_of("5d41402abc4b2a76b9719d911017c592", b"hullo"));
    assert!(!is_md5_of("5d41402abc4b2a76b9719d911017c592-2", b"hello"));
    assert!(!is_md5_of("", b""));
}
