//! A small HTTP server that does exactly what a test says, well or badly.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The head of one request.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
}

impl Request {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.head.to_ascii_lowercase().contains(&header.to_ascii_lowercase())
    }
}

/// Runs until the process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request, on a connection of its own, with what `answer` writes.
    pub(crate) fn new(answer: impl Fn(&Request, &mut dyn Write) + Send + Sync + 'static) -> Self {
        Self::over(answer, Box::new)
    }

    /// The same, each connection wrapped first: in TLS, say.
    pub(crate) fn over<C: Read + Write + 'static>(
        answer: impl Fn(&Request, &mut dyn Write) + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> C + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (answer, wrap) = (Arc::new(answer), Arc::new(wrap));
        let requests = log.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, wrap, requests) = (answer.clone(), wrap.clone(), requests.clone());
                std::thread::spawn(move || {
                    let mut connection = wrap(stream);
                    if let Some(request) = read(&mut connection) {
                        requests.lock().unwrap().push(request.path.clone());
                        answer(&request, &mut connection);
                        let _ = connection.flush();
                    }
                });
            }
        });
        Self { port, log }
    }

    /// Serves the files of a folder.
    pub(crate) fn folder(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self::new(move |request, out| file(&root, request, out))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The paths asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// Answers with the file of the request's path.
pub(crate) fn file(root: &std::path::Path, request: &Request, out: &mut dyn Write) {
    match std::fs::read(root.join(request.path.trim_start_matches('/'))) {
        Ok(bytes) => respond(out, 200, "", &bytes),
        Err(_) => respond(out, 404, "", b"not here"),
    }
}

/// A whole and honest answer.
pub(crate) fn respond(out: &mut dyn Write, status: u16, headers: &str, body: &[u8]) {
    let length = body.len();
    let _ = write!(
        out,
        "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    let _ = out.write_all(body);
}

/// Writes until the other side has had enough.
pub(crate) fn without_end(out: &mut dyn Write) {
    while out.write_all(&[b'a'; 4_096]).is_ok() {}
}

fn read(connection: &mut impl Read) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Request { path, head })
}
