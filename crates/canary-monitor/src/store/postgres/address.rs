//! Where the database is, and how it is reached: a connection URL without its password.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::config::{Host, SslMode};

use crate::sinks::{Secret, SecretError};

/// How a database is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    config: tokio_postgres::Config,
    tls: Tls,
    password: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tls {
    Off,
    /// The certificate is verified, its name too; against a file of roots or those of the system.
    Verified(Option<PathBuf>),
}

/// Why a URL is not one of a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It holds a password.
    #[error(
        "a password does not belong in the URL; use PGPASSWORD, ~/.pgpass, store_password_env or store_password_file"
    )]
    Password,
    /// Its `sslmode` is not offered.
    #[error("`sslmode` must be disable, require or verify-full: {0:?}")]
    SslMode(String),
    /// PostgreSQL's URLs are not like this.
    #[error("not a connection URL of PostgreSQL")]
    Form(#[source] tokio_postgres::Error),
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The roots cannot be read.
    #[error("cannot read certificates from {path}")]
    Roots {
        /// Where.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// TLS refuses.
    #[error("TLS cannot be set up")]
    Setup(#[from] rustls::Error),
}

impl Address {
    /// Reads `postgres://user@host:port/database?sslmode=…&sslrootcert=…`. Several hosts may be named.
    /// Without `sslmode`, a socket or loopback address is reached without TLS and every other with it;
    /// with TLS the certificate is always verified.
    ///
    /// # Errors
    ///
    /// [`AddressError`].
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let decoded = url::form_urlencoded::parse(pair.as_bytes()).into_owned().next();
            match decoded {
                Some((name, value)) if name == "sslmode" => mode = Some(value),
                Some((name, value)) if name == "sslrootcert" && value == "system" => roots = None,
                Some((name, value)) if name == "sslrootcert" => roots = Some(PathBuf::from(value)),
                _ => rest.push(pair),
            }
        }
        let plain = match rest.is_empty() {
            true => base.to_owned(),
            false => format!("{base}?{}", rest.join("&")),
        };
        let mut config: tokio_postgres::Config = plain.parse().map_err(AddressError::Form)?;
        if config.get_password().is_some() {
            return Err(AddressError::Password);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            on_this_machine(&mut config);
        }
        let tls = match mode.as_deref() {
            Some("disable") => Tls::Off,
            Some("require" | "verify-full") => Tls::Verified(roots),
            Some(other) => return Err(AddressError::SslMode(other.to_owned())),
            None if is_local(&config) => Tls::Off,
            None => Tls::Verified(roots),
        };
        config.ssl_mode(if tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        config.application_name("canary watch");
        config.connect_timeout(Duration::from_secs(10));
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        Ok(Self { config, tls, password: None })
    }

    /// The same with a password from the environment or a file.
    #[must_use]
    pub fn with_password(self, password: Option<Secret>) -> Self {
        Self { password, ..self }
    }

    /// What connects: with the password, wherever it is kept.
    pub(super) fn config(&self) -> Result<tokio_postgres::Config, SecretError> {
        let mut config = self.config.clone();
        let password = match &self.password {
            Some(secret) => Some(secret.reveal()?),
            None => std::env::var("PGPASSWORD").ok().or_else(|| self.kept_in_pass_file()),
        };
        if let Some(password) = password {
            config.password(password);
        }
        Ok(config)
    }

    fn kept_in_pass_file(&self) -> Option<String> {
        let path = match std::env::var_os("PGPASSFILE") {
            Some(path) => PathBuf::from(path),
            None => pass_file()?,
        };
        let text = is_private(&path).then(|| fs::read_to_string(&path).ok()).flatten()?;
        let user = self.config.get_user().unwrap_or_default();
        let database = self.config.get_dbname().unwrap_or(user);
        let port = self.config.get_ports().first().copied().unwrap_or(5432).to_string();
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            _ => "localhost".to_owned(),
        };
        password_of(&text, [&host, &port, database, user])
    }

    /// What TLS needs; `None` for a connection without.
    pub(super) fn tls(&self) -> Result<Option<ClientConfig>, TlsError> {
        let Tls::Verified(roots) = &self.tls else { return Ok(None) };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let Some(path) = roots else {
            return Ok(Some(builder.with_platform_verifier()?.with_no_client_auth()));
        };
        let unreadable = |source| TlsError::Roots { path: path.clone(), source };
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            store.add(certificate.map_err(unreadable)?)?;
        }
        Ok(Some(builder.with_root_certificates(store).with_no_client_auth()))
    }
}

/// Where a URL names no host: the folder in which Debian and most others keep the server's socket.
#[cfg(unix)]
fn on_this_machine(config: &mut tokio_postgres::Config) {
    config.host_path("/var/run/postgresql");
}

#[cfg(not(unix))]
fn on_this_machine(config: &mut tokio_postgres::Config) {
    config.host("localhost");
}

/// Where PostgreSQL's own tools look for passwords.
#[cfg(unix)]
fn pass_file() -> Option<PathBuf> {
    Some(Path::new(&std::env::var_os("HOME")?).join(".pgpass"))
}

#[cfg(not(unix))]
fn pass_file() -> Option<PathBuf> {
    Some(Path::new(&std::env::var_os("APPDATA")?).join("postgresql").join("pgpass.conf"))
}

fn is_local(config: &tokio_postgres::Config) -> bool {
    let addresses = config.get_hostaddrs();
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    match addresses.is_empty() {
        true => named,
        false => addresses.iter().all(std::net::IpAddr::is_loopback),
    }
}

/// PostgreSQL's own tools pass over a password file that others may read.
#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 == 0)
}

/// Elsewhere they leave that to the folder's rules.
#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    path.is_file()
}

/// The first line that fits: `host:port:database:user:password`, `*` for any, `\` before `:` and `\`.
fn password_of(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = vec![String::new()];
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => fields.last_mut()?.extend(letters.next()),
                ':' if fields.len() < 5 => fields.push(String::new()),
                letter => fields.last_mut()?.push(letter),
            }
        }
        let password = fields.get(4)?.clone();
        let fits = fields.iter().zip(wanted).all(|(field, value)| field == "*" || field == value);
        fits.then_some(password)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(url: &str) -> Tls {
        Address::parse(url).map(|address| address.tls).expect("a URL")
    }

    #[test]
    fn tls_is_off_only_on_this_machine_or_where_asked() {
        for url in [
            "postgres:///canary",
            "postgres://a@localhost/canary",
            "postgresql://a@127.0.0.1:5433/canary",
            "postgres://a@%2Frun%2Fpg/canary",
            "postgres://a@db.example/canary?sslmode=disable",
        ] {
            assert_eq!(tls(url), Tls::Off, "{url}");
        }
        let verified = |roots: Option<&str>| Tls::Verified(roots.map(PathBuf::from));
        assert_eq!(tls("postgres://a@db.example/canary"), verified(None));
        assert_eq!(tls("postgres://a@127.0.0.1,db.example/canary"), verified(None));
        assert_eq!(
            tls("postgres://a@localhost/c?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"),
            verified(Some("/etc/ca.pem"))
        );
    }

    #[test]
    fn what_would_leak_or_weaken_is_refused() {
        let password = Address::parse("postgres://a:secret@db.example/c");
        assert!(matches!(password, Err(AddressError::Password)));
        let prefer = Address::parse("postgres://a@db.example/c?sslmode=prefer");
        assert!(matches!(prefer, Err(AddressError::SslMode(mode)) if mode == "prefer"));
        let unknown = Address::parse("postgres://a@db.example/c?colour=red");
        assert!(matches!(unknown, Err(AddressError::Form(_))));
    }

    #[test]
    fn a_password_file_is_read_as_postgresql_reads_it() {
        let text = "# a comment\n\
                    db.example:5432:other:canary:no\n\
                    db.example:*:canary:can\\:ary:p\\\\w:1\n\
                    *:*:*:*:last\n";
        let of = |user| password_of(text, ["db.example", "5432", "canary", user]);
        assert_eq!(of("can:ary").as_deref(), Some("p\\w:1"));
        assert_eq!(of("bo").as_deref(), Some("last"));
        assert_eq!(password_of("a:1:b:c:d\n", ["a", "2", "b", "c"]), None);
    }
}
