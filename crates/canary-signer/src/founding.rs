//! A new publisher's folder: its `canary.toml`, the machines' keys, room for the series.
//!
//! A run that was cut short is simply run again: keys that are there already are used, and
//! `canary.toml` comes last.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use canary_format::key::PublicKey;
use canary_format::layout;
use canary_format::note::{KeyKind, VerifierKey};

use crate::cadence::Profile;
use crate::durable::{self, Access, WriteError};
use crate::private_key::{CreateKeyError, OpenKeyError, PrivateKey, Protection, public_of};

/// What a publisher says about itself.
#[derive(Debug, Clone)]
pub struct Founding {
    /// 1–200 characters.
    pub name: String,
    /// The URL prefix of the series, ending in `/`.
    pub url: String,
    /// Language tags, that of record first.
    pub languages: Vec<String>,
    /// Names and jurisdictions.
    pub entities: Vec<(String, String)>,
    /// Names and models.
    pub services: Vec<(String, String)>,
    /// What the publisher is to its customers' data.
    pub roles: Vec<String>,
    /// How often issues appear.
    pub cadence: Profile,
    /// Ids of fact templates.
    pub facts: Vec<String>,
    /// Ids of promise templates.
    pub promises: Vec<String>,
    /// Who signs.
    pub signers: Vec<FoundingSigner>,
    /// How many of them it takes.
    pub threshold: u64,
    /// From how many jurisdictions.
    pub min_jurisdictions: u64,
}

/// A person who signs.
#[derive(Debug, Clone)]
pub struct FoundingSigner {
    /// Unique.
    pub name: String,
    /// What the person is at the publisher.
    pub role: String,
    /// ISO 3166-1 alpha-2.
    pub jurisdiction: String,
    /// The public key: its private part stays with the person.
    pub key: PublicKey,
}

/// A folder could not be founded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoundingError {
    /// There is a canary already.
    #[error("there is a canary already: {}", .0.display())]
    Founded(PathBuf),
    /// The URL gives no origin: too long, or with characters that an origin does not have.
    #[error("not the URL prefix of a series: {0:?}")]
    Url(String),
    /// A machine's key could not be made.
    #[error("cannot make a machine's key")]
    Create(#[from] CreateKeyError),
    /// A machine's key that is there could not be used.
    #[error("cannot use a machine's key that is there")]
    Open(#[from] OpenKeyError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What never belongs to the folder's history: private keys, and drafts before they are published.
const GITIGNORE: &str = "/keys/log\n/keys/heartbeat\n/draft.json\n/.draft.json.lock\n";

impl Founding {
    /// Makes the folder: keys of the machines, public keys of the signers, `canary.toml`.
    ///
    /// # Errors
    ///
    /// A folder that has a `canary.toml`, or the system's refusal.
    pub fn found(&self, folder: &Path) -> Result<(), FoundingError> {
        let config = folder.join(layout::CONFIG);
        if config.exists() {
            return Err(FoundingError::Founded(config));
        }
        durable::make_folder(&folder.join(layout::KEYS), Access::Shared)?;
        durable::make_folder(&folder.join(layout::CANARIES), Access::Shared)?;
        let origin = self.origin().ok_or_else(|| FoundingError::Url(self.url.clone()))?;
        let log = machine_key(&folder.join(layout::LOG_KEY), "log")?;
        let heartbeat = machine_key(&folder.join(layout::HEARTBEAT_KEY), "heartbeat")?;
        let vkey = |name: &str, kind, key| {
            VerifierKey::new(name, kind, key).ok_or_else(|| FoundingError::Url(self.url.clone()))
        };
        let log = vkey(&origin, KeyKind::Note, log)?;
        let heartbeat = vkey(&format!("{origin}/heartbeat"), KeyKind::Cosignature, heartbeat)?;
        for (signer, path) in self.signers.iter().zip(self.key_files()) {
            let line = format!("{}\n", signer.key.to_openssh());
            durable::replace(&folder.join(path), line.as_bytes(), Access::Shared)?;
        }
        create_unless_there(&folder.join(".gitignore"), GITIGNORE)?;
        let text = self.config(&origin, &log, &heartbeat);
        durable::create(&config, text.as_bytes(), Access::Shared)?;
        Ok(())
    }

    /// The URL without its scheme and final slash.
    fn origin(&self) -> Option<String> {
        let (_, rest) = self.url.split_once("://")?;
        Some(rest.strip_suffix('/')?.to_owned()).filter(|origin| !origin.is_empty())
    }

    /// The public key files of the signers, each by its own name.
    fn key_files(&self) -> Vec<String> {
        let files = ids(self.signers.iter().map(|signer| signer.name.as_str()), "signer");
        files.into_iter().map(|id| format!("{}/{id}.pub", layout::KEYS)).collect()
    }

    fn config(&self, origin: &str, log: &VerifierKey, heartbeat: &VerifierKey) -> String {
        let mut out =
            String::from("# Who speaks, what is said, who signs. See docs/publishing.md.\n\n");
        let mut put = |text: String| out.push_str(&text);
        put(format!("origin = {}\n\n[publisher]\n", quoted(origin)));
        put(format!("name = {}\n", quoted(&self.name)));
        put(format!("languages = {}\n", list(&self.languages)));
        put(format!("canonical_url = {}\n", quoted(&self.url)));
        let named = |pairs: &[(String, String)], member: &str, table: &str, fallback: &str| {
            let ids = ids(pairs.iter().map(|(name, _)| name.as_str()), fallback);
            let mut text = String::new();
            for ((name, value), id) in pairs.iter().zip(ids) {
                let _ = write!(
                    text,
                    "\n[[publisher.{table}]]\nid = {}\nname = {}\n{member} = {}\n",
                    quoted(&id),
                    quoted(name),
                    quoted(value)
                );
            }
            text
        };
        put(named(&self.entities, "jurisdiction", "entities", "entity"));
        put(named(&self.services, "model", "services", "service"));
        let profile = match self.cadence {
            Profile::Daily => "daily",
            Profile::Weekly => "weekly",
            Profile::Monthly => "monthly",
            Profile::Quarterly => "quarterly",
        };
        put(format!("\n[cadence]\nprofile = \"{profile}\" # daily, weekly, monthly, quarterly\n"));
        put(format!(
            "\n# The scope of every fact, unless the fact says otherwise. Layers come from the templates.\n[scope]\nentities = [\"all\"]\nservices = [\"all\"]\nroles = {}\njurisdictions = [\"all\"]\n",
            list(&self.roles)
        ));
        for (table, templates) in [("facts", &self.facts), ("promises", &self.promises)] {
            for template in templates {
                put(format!("\n[[{table}]]\ntemplate = {}\n", quoted(template)));
            }
        }
        put(format!(
            "\n[roster]\nthreshold = {}\nmin_jurisdictions = {}\n",
            self.threshold, self.min_jurisdictions
        ));
        for (signer, file) in self.signers.iter().zip(self.key_files()) {
            put(format!(
                "\n[[roster.signers]]\nname = {}\nrole = {}\njurisdiction = {}\nkeys = [{}]\n",
                quoted(&signer.name),
                quoted(&signer.role),
                quoted(&signer.jurisdiction),
                quoted(&file)
            ));
        }
        put(format!(
            "\n# Machines' keys: they can sign no issue.\n[log]\nkey = {}\n",
            quoted(&log.to_string())
        ));
        put(format!(
            "\n[log.heartbeat]\nkey = {}\nmax_age_hours = 24\n",
            quoted(&heartbeat.to_string())
        ));
        put("\n# Where `canary publish --to NAME` writes. No passwords or tokens here.\n[targets]\n# production = \"/var/www/html/.well-known/canary\"\n".to_owned());
        out
    }
}

/// A machine's key: unencrypted, since a timer uses it, and its owner's alone.
fn machine_key(path: &Path, name: &str) -> Result<PublicKey, FoundingError> {
    match PrivateKey::create(path, name, Protection::DangerNone) {
        Ok(key) => Ok(key.public()),
        Err(CreateKeyError::Write(error))
            if error.source.kind() == io::ErrorKind::AlreadyExists =>
        {
            Ok(public_of(path)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn create_unless_there(path: &Path, text: &str) -> Result<(), WriteError> {
    match durable::create(path, text.as_bytes(), Access::Shared) {
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Ids made of names, each once; a name without Latin letters or digits becomes its number.
fn ids<'a>(names: impl Iterator<Item = &'a str>, fallback: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (index, name) in names.enumerate() {
        let spaced: String = name
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
            .collect();
        let mut id: String = spaced.split_whitespace().collect::<Vec<_>>().join("-");
        id.truncate(40);
        let id = id.trim_end_matches('-').to_owned();
        let numbered = format!("{fallback}-{}", index + 1);
        let taken = id.is_empty() || all.contains(&id) || ["log", "heartbeat"].contains(&&*id);
        all.push(if taken { numbered } else { id });
    }
    all
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::draft::Draft;
    use crate::fixture::key;
    use canary_format::time::Timestamp;

    fn founding() -> Founding {
        let signer = |name: &str, jurisdiction: &str, seed| FoundingSigner {
            name: name.into(),
            role: "officer \"of\" record".into(),
            jurisdiction: jurisdiction.into(),
            key: key(seed).public(),
        };
        Founding {
            name: "Exämple, \"Inc\"".into(),
            url: "https://example.com/.well-known/canary/".into(),
            languages: vec!["en".into(), "zh-Hans".into()],
            entities: vec![("Example GmbH".into(), "DE".into())],
            services: vec![("CDN".into(), "paas".into()), ("名".into(), "saas".into())],
            roles: vec!["processor".into()],
            cadence: Profile::Quarterly,
            facts: vec!["keys.own".into(), "net.no-feed".into()],
            promises: vec!["commitment.contest".into()],
            signers: vec![signer("Ada", "DE", 1), signer("ada", "SE", 2), signer("Log", "SG", 3)],
            threshold: 2,
            min_jurisdictions: 2,
        }
    }

    #[test]
    fn a_new_folder_drafts_its_first_issue() {
        let folder = tempfile::tempdir().unwrap();
        founding().found(folder.path()).unwrap();
        let config = Config::read(folder.path()).unwrap();
        let as_of = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let draft = Draft::new(config.content(None, as_of, Vec::new()).unwrap(), None).unwrap();
        let issue = draft.issue();
        assert_eq!(issue.publisher.name, "Exämple, \"Inc\"");
        assert_eq!(issue.origin, "example.com/.well-known/canary");
        assert_eq!(issue.roster.signers[2].keys, [key(3).public()]);
        assert_eq!(issue.publisher.services[1].id, "service-2");
        let log = public_of(&folder.path().join("keys/log")).unwrap();
        assert_eq!(issue.log.key.key(), log);
        assert!(matches!(founding().found(folder.path()), Err(FoundingError::Founded(_))));
    }

    #[test]
    fn a_run_that_was_cut_short_is_run_again() {
        let folder = tempfile::tempdir().unwrap();
        founding().found(folder.path()).unwrap();
        let log = public_of(&folder.path().join("keys/log")).unwrap();
        std::fs::remove_file(folder.path().join("canary.toml")).unwrap();
        founding().found(folder.path()).unwrap();
        assert_eq!(public_of(&folder.path().join("keys/log")).unwrap(), log);
    }
}
