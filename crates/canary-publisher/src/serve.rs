//! A site over HTTP on this machine, as visitors will see it.
//!
//! For looking and for trying out: a publisher's own server is nginx, a store or a pages host.

use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use canary_format::digest::Digest;
use canary_format::layout::WELL_KNOWN;
use canary_format::tile::{TILE_WIDTH, max_bundle};
use tokio::net::TcpListener;

use crate::media::{Caching, content_type};
use crate::site::is_of_a_site;

/// A directory that is there.
#[derive(Debug, Clone)]
pub struct Served {
    /// Without links.
    root: PathBuf,
}

impl Served {
    /// Finds the directory that holds a site.
    ///
    /// # Errors
    ///
    /// Where none is there.
    pub fn open(site: &Path) -> io::Result<Self> {
        let root = site.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root })
    }

    /// Serves the site until the future is dropped. It is found at `/` and, as a bare host's is, below
    /// `/.well-known/canary/`. Whoever asks for another host than this machine or the address of the
    /// listener gets no file: a page elsewhere, under a name that it turned to this address, reads
    /// nothing here.
    ///
    /// # Errors
    ///
    /// Where the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let address = listener.local_addr()?.ip();
        let service = Arc::new(Service { root: self.root, address });
        axum::serve(listener, Router::new().fallback(answer).with_state(service)).await
    }
}

struct Service {
    root: PathBuf,
    /// Where it listens.
    address: IpAddr,
}

async fn answer(State(service): State<Arc<Service>>, request: Request<Body>) -> Response<Body> {
    let mut hosts = request.headers().get_all(HOST).iter();
    if !hosts.all(|host| host.to_str().is_ok_and(|host| is_asked_for(host, service.address))) {
        return status(StatusCode::MISDIRECTED_REQUEST);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = status(StatusCode::METHOD_NOT_ALLOWED);
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let Some(path) = site_path(request.uri().path()) else {
        return status(StatusCode::NOT_FOUND);
    };
    let name = path.clone();
    let read = tokio::task::spawn_blocking(move || read(&service.root, &name)).await;
    let bytes = match read {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return status(StatusCode::NOT_FOUND),
        Ok(Err(_)) | Err(_) => return status(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let tag = format!("\"{}\"", &Digest::of(&bytes).to_string()["sha256:".len()..]);
    let known = request.headers().get_all(IF_NONE_MATCH).iter();
    let unchanged = known.filter_map(|value| value.to_str().ok()).any(|value| names(value, &tag));

    let mut answer = if unchanged {
        status(StatusCode::NOT_MODIFIED)
    } else {
        let length = bytes.len();
        let body = if request.method() == Method::HEAD { Body::empty() } else { bytes.into() };
        let mut answer = Response::new(body);
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
        let kind = HeaderValue::from_static(content_type(&path));
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    };
    let headers = answer.headers_mut();
    let caching = Caching::of(&path).cache_control();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ETAG, HeaderValue::from_str(&tag).expect("hex between quotes"));
    answer
}

fn status(code: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = code;
    answer
}

/// Whether `Host` is this machine, or an address at which the listener was told to answer.
fn is_asked_for(host: &str, listening: IpAddr) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match name.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip == listening || listening.is_unspecified(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// The path below the site's prefix that a request asks for. No path of a site needs an escape or
/// begins with a dot, so whatever has one is no file of it. Nothing else that may lie in the directory
/// is a visitor's.
fn site_path(request: &str) -> Option<String> {
    let path = request.strip_prefix('/')?;
    let path = path.strip_prefix(WELL_KNOWN).unwrap_or(path);
    if path.is_empty() {
        return Some("index.html".to_owned());
    }
    let plain = |segment: &str| {
        let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(ordinary)
    };
    (path.split('/').all(plain) && is_of_a_site(path)).then(|| path.to_owned())
}

/// Reads a file that lies within the root, wherever links lead.
fn read(root: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    let absent = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    };
    let found: PathBuf = match root.join(path).canonicalize() {
        Ok(found) => found,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !found.starts_with(root) || !found.is_file() {
        return Ok(None);
    }
    let limit = max_bundle(TILE_WIDTH);
    let mut bytes = Vec::new();
    std::fs::File::open(&found)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(Some(bytes))
}

/// Whether `If-None-Match` names this tag.
fn names(value: &str, tag: &str) -> bool {
    let weak = |candidate: &str| candidate.strip_prefix("W/").unwrap_or(candidate) == tag;
    value.trim() == "*" || value.split(',').any(|candidate| weak(candidate.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_a_site_are_looked_for() {
        assert_eq!(site_path("/").as_deref(), Some("index.html"));
        assert_eq!(site_path("/.well-known/canary/").as_deref(), Some("index.html"));
        let tile = "tile/entries/x001/234.p/7";
        assert_eq!(site_path(&format!("/{tile}")).as_deref(), Some(tile));
        assert_eq!(site_path(&format!("/.well-known/canary/{tile}")).as_deref(), Some(tile));
        for path in [
            "",
            "/../etc/passwd",
            "/tile/../../etc/passwd",
            "//etc/passwd",
            "/%2e%2e/etc/passwd",
            "/a\\b",
            "/.git/config",
            "/.canary-tmp-x",
            "/tile//0",
            "/tile/0/",
            "/keys/log",
            "/canary/keys/log",
            "/canary.toml",
            "/canaries/0001.json",
            "/issues/draft.json",
            "/issues/0001.json/x",
        ] {
            assert_eq!(site_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_that_was_turned_to_this_address_is_another_host() {
        let asked = |host: &str, listening: &str| is_asked_for(host, listening.parse().unwrap());
        for host in ["localhost", "LocalHost:8787", "127.0.0.1:8787", "[::1]:8787", "[::1]"] {
            assert!(asked(host, "127.0.0.1"), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example:8787", "192.0.2.7:8787", ":8787"] {
            assert!(!asked(host, "127.0.0.1"), "{host}");
        }
        assert!(asked("192.0.2.7:80", "192.0.2.7") && !asked("192.0.2.8", "192.0.2.7"));
        assert!(asked("192.0.2.7", "0.0.0.0") && !asked("evil.example", "0.0.0.0"));
    }

    #[test]
    fn a_directory_is_served_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.canary");
        std::fs::write(&file, "").unwrap();
        let refused = Served::open(&file).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotADirectory);
        assert!(Served::open(folder.path()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_site_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site").canonicalize();
        assert!(root.is_err());
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("secret"), "key").unwrap();
        let root = folder.path().join("site").canonicalize().unwrap();
        std::os::unix::fs::symlink("../secret", root.join("checkpoint")).unwrap();
        assert_eq!(read(&root, "checkpoint").unwrap(), None);
        std::fs::write(root.join("latest.json"), "{}").unwrap();
        assert_eq!(read(&root, "latest.json").unwrap().unwrap(), b"{}");
        assert_eq!(read(&root, "latest.json/x").unwrap(), None);
    }

    #[test]
    fn a_tag_is_recognised_in_a_list() {
        assert!(names("*", "\"a\""));
        assert!(names("\"b\", W/\"a\"", "\"a\""));
        assert!(!names("\"b\", a", "\"a\""));
    }
}
