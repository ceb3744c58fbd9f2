//! Where a site goes: `--to`, and the named targets of `canary.toml` (`cli.md`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use canary_format::time::Timestamp;
use serde::Deserialize;

use crate::apart;
use crate::misread::Misread;
use crate::store::{Directory, Git, Preview, S3, S3Place, Sftp, Store, StoreError};

/// A place for a site. It never holds a secret: those come from the environment, from profile files
/// or from an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What the user calls it: a name of `canary.toml`, or the address itself.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// The public URL prefix under which visitors find it, where it is stated.
    pub url: Option<String>,
    is_named: bool,
    settings: Settings,
}

/// The kinds of place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A directory on this machine.
    Directory(PathBuf),
    /// `s3://bucket/prefix`: any S3-compatible store.
    S3 {
        /// The bucket.
        bucket: String,
        /// Empty, or ending in `/`.
        prefix: String,
    },
    /// `sftp://[user@]host[:port]/path`, through the system's OpenSSH.
    Sftp {
        /// `[user@]host`.
        destination: String,
        /// Where not 22 or as the system's configuration says.
        port: Option<u16>,
        /// The directory; `~/` begins one below the user's home.
        path: String,
    },
    /// `git+<url or path>#<branch>[:<folder>]`, through the system's git.
    Git {
        /// What git takes as a remote.
        remote: String,
        /// The branch.
        branch: String,
        /// The folder of the site in the branch; empty, or ending in `/`.
        folder: String,
    },
}

/// Why a target cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The address is of no known form.
    #[error("{address}: {expected}")]
    Form {
        /// The address, without what looks like a secret.
        address: String,
        /// Which form is expected.
        expected: &'static str,
    },
    /// The address holds a password or a key.
    #[error("{address} holds a secret")]
    Secret {
        /// The address without it.
        address: String,
    },
    /// No target has this name, and no directory.
    #[error("there is neither a target nor a directory {name:?}")]
    Unknown {
        /// What was given.
        name: String,
    },
    /// A directory that is, holds or lies in what a publisher's folder keeps from visitors.
    #[error("{target} overlaps with {}, which is not for visitors", kept.display())]
    Kept {
        /// What the user calls the target.
        target: String,
        /// The keys, the series or what runs remember.
        kept: PathBuf,
    },
    /// `canary.toml` is no TOML, or its targets are of another form.
    #[error(transparent)]
    Config(#[from] Misread),
}

/// The settings of a named target. They are none of them secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Settings {
    endpoint: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    ssh_config: Option<PathBuf>,
}

/// `[targets]` of `canary.toml`: `name = "address"`, or a table `[targets.name]`.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an address, or a table of to, url, endpoint, region, profile and ssh_config"
)]
enum Named {
    Address(String),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    to: String,
    url: Option<String>,
    endpoint: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    ssh_config: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    targets: BTreeMap<String, Named>,
}

/// Where a site lies in a branch when nothing else is said: below the root that a pages host serves.
const GIT_FOLDER: &str = ".well-known/canary/";

impl Target {
    /// Reads the named targets of a `canary.toml`. Its other members are not looked at.
    ///
    /// # Errors
    ///
    /// Where it is no TOML, or a target is not understood.
    pub fn all_named(config: &str, folder: &Path) -> Result<Vec<Self>, TargetError> {
        let config: Config = toml::from_str(config).map_err(|error| Misread::of(config, &error))?;
        let named = config.targets.into_iter().map(|(name, target)| match target {
            Named::Address(address) => {
                let address = Address::parse(&address, folder)?;
                let settings = Settings::default();
                Ok(Self { name, address, url: None, is_named: true, settings })
            }
            Named::Table(Table { to, url, endpoint, region, profile, ssh_config }) => {
                let address = Address::parse(&to, folder)?;
                let ssh_config = ssh_config.map(|path| folder.join(path));
                let settings = Settings { endpoint, region, profile, ssh_config };
                Ok(Self { name, address, url, is_named: true, settings })
            }
        });
        named.collect()
    }

    /// Reads what `--to` says: the name of a target, or an address. The address of a named target is that target,
    /// however it is typed.
    ///
    /// # Errors
    ///
    /// Where it is neither.
    pub fn parse(text: &str, named: &[Self]) -> Result<Self, TargetError> {
        if let Some(target) = named.iter().find(|target| target.name == text) {
            return Ok(target.clone());
        }
        // A name that is mistyped makes no new directory.
        let is_name = !text.is_empty() && !text.contains(['/', '\\', '.', ':']);
        if is_name && !named.is_empty() && !Path::new(text).exists() {
            return Err(TargetError::Unknown { name: text.to_owned() });
        }
        let address = Address::parse(text, Path::new(""))?;
        if let Some(target) = named.iter().find(|target| target.address.is_place_of(&address)) {
            return Ok(target.clone());
        }
        let (name, settings) = (text.to_owned(), Settings::default());
        Ok(Self { name, address, url: None, is_named: false, settings })
    }

    /// Whether `canary.toml` names it.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// Refuses a directory in which a site would lie among the keys, the series or what runs remember
    /// of a publisher's folder: whoever serves it would serve those as well.
    ///
    /// # Errors
    ///
    /// [`TargetError::Kept`]: which of them.
    pub fn refuse_kept(&self, folder: &Path) -> Result<(), TargetError> {
        let Address::Directory(path) = &self.address else { return Ok(()) };
        match apart::overlapped(path, folder) {
            Some(kept) => Err(TargetError::Kept { target: self.name.clone(), kept }),
            None => Ok(()),
        }
    }

    /// Opens the place to see what a run would do: nothing is ever written there.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached.
    pub fn preview(&self, now: Timestamp) -> Result<Preview, StoreError> {
        let is_absent = matches!(&self.address, Address::Directory(path) if !path.exists());
        let inner = if is_absent { None } else { Some(self.open(now)?) };
        Ok(Preview::new(self.name.clone(), inner))
    }

    /// Whether visitors find the site elsewhere than where it is written.
    pub fn is_remote(&self) -> bool {
        !matches!(self.address, Address::Directory(_))
    }

    /// Opens the place for one run. `now` dates a commit.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached.
    pub fn open(&self, now: Timestamp) -> Result<Box<dyn Store>, StoreError> {
        Ok(match &self.address {
            Address::Directory(path) => Box::new(Directory::open(path)?),
            Address::S3 { bucket, prefix } => {
                let Settings { endpoint, region, profile, .. } = self.settings.clone();
                let (bucket, prefix) = (bucket.clone(), prefix.clone());
                Box::new(S3::open(S3Place { bucket, prefix, endpoint, region, profile })?)
            }
            Address::Sftp { destination, port, path } => {
                let config = self.settings.ssh_config.as_deref();
                Box::new(Sftp::open(destination, *port, path, config)?)
            }
            Address::Git { remote, branch, folder } => {
                Box::new(Git::open(remote, branch, folder, now)?)
            }
        })
    }
}

impl Address {
    /// Whether both are one place, wherever links of this machine lead.
    pub fn is_place_of(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// The place in words that do not depend on the current folder, for records. It holds no secret.
    pub fn place(&self) -> String {
        match self {
            Self::Directory(path) => apart::resolved(path).display().to_string(),
            Self::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
            Self::Sftp { destination, port, path } => {
                let port = port.map_or_else(String::new, |port| format!(":{port}"));
                format!("sftp://{destination}{port}/{path}")
            }
            Self::Git { remote, branch, folder } => format!("git+{remote}#{branch}:{folder}"),
        }
    }

    /// Reads an address. A directory is relative to `base`.
    ///
    /// # Errors
    ///
    /// Where it is of no known form, or holds a secret.
    pub fn parse(text: &str, base: &Path) -> Result<Self, TargetError> {
        refuse_secret(text)?;
        let refuse = |expected| Err(TargetError::Form { address: without_secrets(text), expected });
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let bucket_form = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            if bucket.is_empty() || !bucket.bytes().all(bucket_form) || !is_folder(prefix) {
                return refuse("expected s3://bucket or s3://bucket/prefix");
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: as_prefix(prefix) });
        }
        if let Some(rest) = text.strip_prefix("sftp://") {
            let expected = "expected sftp://user@host/path";
            let Some((place, path)) = rest.split_once('/') else { return refuse(expected) };
            let (destination, port) = match place.rsplit_once(':') {
                Some((destination, port)) => match port.parse() {
                    Ok(port) => (destination, Some(port)),
                    Err(_) => return refuse(expected),
                },
                None => (place, None),
            };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
            let option = destination.starts_with('-') || destination.contains("@-");
            if destination.is_empty() || option || !destination.bytes().all(plain) {
                return refuse(expected);
            }
            let path = match path.strip_prefix("~/") {
                Some(below_home) => below_home.to_owned(),
                None => format!("/{path}"),
            };
            if !is_folder(path.trim_start_matches('/')) {
                return refuse("expected a path of letters, digits and ._-~");
            }
            return Ok(Self::Sftp { destination: destination.to_owned(), port, path });
        }
        if let Some(rest) = text.strip_prefix("git+") {
            let Some((remote, place)) = rest.rsplit_once('#') else {
                return refuse("expected git+<url or path>#<branch>");
            };
            let (branch, folder) = place.split_once(':').unwrap_or((place, GIT_FOLDER));
            let is_branch = is_folder(branch) && !branch.is_empty() && !branch.ends_with(".lock");
            if !is_branch || branch.contains("..") || remote.is_empty() || remote.starts_with('-') {
                return refuse("expected git+<url or path>#<branch>");
            }
            // A helper of git's would run any program that its name says.
            if remote.contains("://") && remote.contains('?') {
                return refuse("expected git+<url>#<branch>, and no query in the URL");
            }
            if remote.contains("::") || !is_folder(folder) {
                return refuse("expected git+<url or path>#<branch>:<folder>");
            }
            let (remote, branch) = (remote.to_owned(), branch.to_owned());
            return Ok(Self::Git { remote, branch, folder: as_prefix(folder) });
        }
        if text.contains("://") || text.is_empty() {
            return refuse("expected a directory, s3://, sftp://, git+ or a name of canary.toml");
        }
        if text.starts_with('~') {
            return refuse(
                "the home directory is to be written in full; for a folder named ~ say ./~",
            );
        }
        Ok(Self::Directory(base.join(text)))
    }
}

/// A relative path whose segments are plain words: nothing that a shell, an sftp batch, a ref or a
/// URL would read otherwise.
fn is_folder(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
    let segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && !segment.starts_with('-')
            && segment.bytes().all(plain)
    };
    path.is_empty() || path.split('/').all(segment)
}

fn as_prefix(folder: &str) -> String {
    match folder {
        "" => String::new(),
        folder if folder.ends_with('/') => folder.to_owned(),
        folder => format!("{folder}/"),
    }
}

/// An address as far as it is of plain words: what follows might be a token.
fn without_secrets(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let plain = |c: &char| c.is_ascii_alphanumeric() || "._-~/+#".contains(*c);
    let shown: String = rest.chars().take_while(plain).collect();
    let cut = if shown.len() < rest.len() { "…" } else { "" };
    format!("{scheme}{shown}{cut}")
}

/// A password or key within an address would end up in files, errors and lists of processes.
fn refuse_secret(text: &str) -> Result<(), TargetError> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(()) };
    let authority = rest.split(['/', '#', '?']).next().unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else { return Ok(()) };
    let named_user = matches!(scheme, "sftp" | "git+ssh") && !user.contains(':');
    if named_user {
        return Ok(());
    }
    Err(TargetError::Secret { address: format!("{scheme}://…@{host}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text, Path::new("")).unwrap()
    }

    #[test]
    fn every_kind_of_address_is_read() {
        assert_eq!(parse("/var/www/x"), Address::Directory("/var/www/x".into()));
        assert_eq!(
            parse("s3://bucket/a/b"),
            Address::S3 { bucket: "bucket".to_owned(), prefix: "a/b/".to_owned() }
        );
        assert_eq!(
            parse("sftp://web@host.example:2222/srv/canary/"),
            Address::Sftp {
                destination: "web@host.example".to_owned(),
                port: Some(2222),
                path: "/srv/canary/".to_owned()
            }
        );
        assert_eq!(
            parse("git+ssh://git@codeberg.example/me/site.git#pages"),
            Address::Git {
                remote: "ssh://git@codeberg.example/me/site.git".to_owned(),
                branch: "pages".to_owned(),
                folder: ".well-known/canary/".to_owned()
            }
        );
        assert_eq!(
            parse("git+../site.git#main:public/canary"),
            Address::Git {
                remote: "../site.git".to_owned(),
                branch: "main".to_owned(),
                folder: "public/canary/".to_owned()
            }
        );
    }

    #[test]
    fn a_secret_in_an_address_is_refused_and_not_repeated() {
        for text in [
            "s3://AKIA:hunter2@bucket/x",
            "sftp://me:hunter2@host/x",
            "git+https://me:hunter2@host/x#main",
            "git+https://hunter2@host/x#main",
            "git+https://host/x?token=hunter2#main",
            "https://host/x?token=hunter2",
            "s3://AKIA:hunter2",
            "s3://bucket/x?key=hunter2",
            "sftp://host:hunter2/x",
        ] {
            let error = Address::parse(text, Path::new("")).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_another_program_would_read_otherwise_is_refused() {
        for text in [
            "",
            "ftp://host/x",
            "s3://",
            "s3://bucket/../x",
            "sftp://-oProxyCommand=x/y",
            "sftp://me@-oX/y",
            "sftp://host",
            "sftp://host/a b",
            "sftp://host/a*",
            "sftp://host/../x",
            "git+https://host/x",
            "git+https://host/x#",
            "git+https://host/x#-f",
            "git+https://host/x#a..b",
            "git+ext::sh -c x#main",
            "git+--upload-pack=x#main",
            "git+x#main:../y",
            "~",
            "~/www",
            "~ada/www",
        ] {
            assert!(Address::parse(text, Path::new("")).is_err(), "{text}");
        }
    }

    #[test]
    fn named_targets_are_read_beside_other_members() {
        let config = "[publisher]\nname = \"Example\"\n\n[targets]\ncopy = \"site\"\n\n[targets.main]\nto = \"s3://bucket\"\n\
                      endpoint = \"https://s3.example\"\nurl = \"https://example.com/c/\"\n";
        let named = Target::all_named(config, Path::new("/srv/canary")).unwrap();
        assert_eq!(named.len(), 2);
        assert_eq!(named[0].address, Address::Directory("/srv/canary/site".into()));
        let main = Target::parse("main", &named).unwrap();
        assert_eq!(main.url.as_deref(), Some("https://example.com/c/"));
        assert_eq!(Target::parse("./other", &named).unwrap().name, "./other");
        assert!(matches!(Target::parse("mian", &named), Err(TargetError::Unknown { .. })));
        assert!(Target::parse("www", &[]).is_ok());
        assert!(
            Target::all_named("[targets.x]\nto = \"s3://b\"\nsecret = \"x\"", Path::new(""))
                .is_err()
        );
    }
}
