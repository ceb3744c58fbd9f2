//! The hosts: each answers as a static site does, in a process of its own.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Checkpoints over one tree, each with a later heartbeat.
pub(crate) const HEARTBEATS: usize = 16;

/// What a host answers: the same checkpoint always, or another one each time it is asked.
struct Site {
    files: HashMap<String, Vec<u8>>,
    checkpoints: Vec<Vec<u8>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Site {
    fn read(folder: &Path, changes: bool) -> Self {
        let mut files = HashMap::new();
        for path in std::fs::read_to_string(folder.join("files")).unwrap().lines() {
            files.insert(format!("/{path}"), std::fs::read(folder.join(path)).unwrap());
        }
        let most = if changes { HEARTBEATS } else { 1 };
        let read = |n| std::fs::read(folder.join(format!("checkpoint.{n}"))).unwrap();
        Self { files, checkpoints: (0..most).map(read).collect(), asked: Mutex::default() }
    }

    /// A body and its tag.
    fn page(&self, host: &str, path: &str) -> Option<(Vec<u8>, usize)> {
        if path != "/checkpoint" {
            return self.files.get(path).map(|body| (body.clone(), 0));
        }
        let mut asked = self.asked.lock().unwrap();
        let turn = asked.entry(host.to_owned()).or_default();
        let tag = (*turn).min(self.checkpoints.len() - 1);
        *turn += 1;
        Some((self.checkpoints[tag].clone(), tag))
    }
}

pub(crate) async fn serve(folder: &Path, tls: &str, changes: bool) {
    let files = Arc::new(Site::read(folder, changes));
    let acceptor = (tls != "plain").then(|| {
        let chain = vec![CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        match tls {
            "resume" => config.ticketer = rustls::crypto::ring::Ticketer::new().unwrap(),
            _ => config.send_tls13_tickets = 0,
        }
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (files, acceptor) = (files.clone(), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = answer(stream, &files).await;
                    }
                }
                None => drop(answer(stream, &files).await),
            }
        });
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    site: &Site,
) -> std::io::Result<()> {
    let mut head = Vec::with_capacity(1_024);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16_384 || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let path = text.split(' ').nth(1).unwrap_or_default();
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    let (status, body, tag) = match site.page(header("host: "), path) {
        Some((_, tag)) if header("if-none-match: ") == format!("\"{tag}\"") => {
            ("304 Not Modified", Vec::new(), tag)
        }
        Some((body, tag)) => ("200 OK", body, tag),
        None => ("404 Not Found", Vec::new(), 0),
    };
    let length = body.len();
    let mut out = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"{tag}\"\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(&body);
    stream.write_all(&out).await?;
    stream.shutdown().await
}
