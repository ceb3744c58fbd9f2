//! `witness.toml`: a witness's name, files, addresses and limits.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use canary_durable::Content;
use serde::Deserialize;

const MAX_FILE: u64 = 65_536;

/// A witness's configuration. Paths are relative to the file's folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The key's name: a URL without its scheme that identifies the witness.
    pub name: String,
    /// The OpenSSH Ed25519 private key, without a passphrase.
    #[serde(default = "default_key")]
    pub key: PathBuf,
    /// The logs served: see [`crate::origins`].
    #[serde(default = "default_origins")]
    pub origins: PathBuf,
    /// The database.
    #[serde(default = "default_database")]
    pub database: PathBuf,
    /// Where the witness listens.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where its metrics are served; nowhere where absent.
    pub metrics: Option<SocketAddr>,
    /// What comes before the protocol's paths, such as `/w1`; nothing where absent.
    #[serde(default)]
    pub prefix: String,
    /// What one client may cost.
    #[serde(default)]
    pub limits: Limits,
}

/// What clients may cost.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Requests per second from one IPv4 address or one IPv6 /64; 0 is no limit. Behind a proxy all
    /// clients have its address.
    pub per_address: f32,
    /// Submissions per second signed by one log; 0 is no limit.
    pub per_origin: f32,
    /// Seconds for a request to arrive, and for an idle connection.
    pub seconds: u64,
}

impl Default for Limits {
    /// 1,024 connections, 20 requests per second and address, one per second and log, 10 seconds.
    fn default() -> Self {
        Self { connections: 1_024, per_address: 20.0, per_origin: 1.0, seconds: 10 }
    }
}

fn default_key() -> PathBuf {
    "witness.key".into()
}

fn default_origins() -> PathBuf {
    "origins.txt".into()
}

fn default_database() -> PathBuf {
    "witness.sqlite".into()
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8_090))
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The system refused.
    #[error("could not read {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not such a configuration.
    #[error("{} is not a witness's configuration", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: toml::de::Error,
    },
    /// The prefix is no path.
    #[error("expected a prefix that begins with '/' and does not end with it: {0:?}")]
    Prefix(String),
}

impl Config {
    /// Reads a file of at most 64 KiB.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or has a member that is not known or not right.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let io = |source| ConfigError::Io { path: path.to_owned(), source };
        let text = match canary_durable::read(path, MAX_FILE).map_err(io)? {
            Content::Bytes(bytes) => String::from_utf8(bytes)
                .map_err(|error| io(io::Error::new(io::ErrorKind::InvalidData, error)))?,
            Content::NotThere => return Err(io(io::ErrorKind::NotFound.into())),
            Content::TooLarge => return Err(io(io::ErrorKind::FileTooLarge.into())),
        };
        let mut config: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Form { path: path.to_owned(), source })?;
        let prefix = &config.prefix;
        if !prefix.is_empty() && (!prefix.starts_with('/') || prefix.ends_with('/')) {
            return Err(ConfigError::Prefix(config.prefix));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in [&mut config.key, &mut config.origins, &mut config.database] {
            *file = folder.join(&*file);
        }
        Ok(config)
    }

    /// The file for a new witness of this name.
    pub fn template(name: &str) -> String {
        let name = toml::Value::from(name);
        format!(
            "# A witness: see docs/witnessing.md. Paths are relative to this file.\n\
             name = {name}\n\
             key = \"witness.key\"\n\
             origins = \"origins.txt\"\n\
             database = \"witness.sqlite\"\n\
             listen = \"127.0.0.1:8090\"\n\
             # metrics = \"127.0.0.1:9190\"\n\
             # prefix = \"/w1\"\n\
             \n\
             [limits]\n\
             connections = 1024\n\
             per_address = 20   # requests a second; 0 behind a proxy that limits them itself\n\
             per_origin = 1     # submissions a second\n\
             seconds = 10\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn the_template_is_the_default() {
        let written = read(&Config::template("w.example/\"1\"")).unwrap();
        let least = read("name = 'w.example/\"1\"'").unwrap();
        assert_eq!(written.limits, least.limits);
        assert_eq!(written.listen, least.listen);
        assert_eq!(written.name, "w.example/\"1\"");
        assert!(written.key.ends_with("witness.key") && written.key.is_absolute());
    }

    #[test]
    fn what_is_not_known_or_not_right_is_refused() {
        assert!(matches!(read("name = 'w'\nnmae = 1"), Err(ConfigError::Form { .. })));
        assert!(matches!(read("key = 'k'"), Err(ConfigError::Form { .. })));
        let long = format!("name = 'w'\n{}\n[limits]\n", "#".repeat(65_536));
        assert!(matches!(read(&long), Err(ConfigError::Io { .. })), "no limit is cut off");
        assert!(matches!(read("name = 'w'\nprefix = '/a/'"), Err(ConfigError::Prefix(_))));
        assert!(matches!(read("name = 'w'\nprefix = 'a'"), Err(ConfigError::Prefix(_))));
    }
}
