//! `canary key`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_format::key::PublicKey;
use canary_format::layout;
use canary_format::note::{KeyKind, VerifierKey};
use canary_signer::agent::Agent;
use canary_signer::durable::{self, Access};
use canary_signer::private_key::{
    CreateKeyError, OpenKeyError, PrivateKey, Protection, parse_public, public_of, public_path,
};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::error::{Failure, Kind};
use crate::terminal::{Terminal, gone};
use crate::{output, places};

/// The greatest size of a public key file that is read, in bytes.
const MAX_PUBLIC_KEY: u64 = 16_384;

const ANOTHER_NAME: &str = "no key is ever written over another: choose another name";

const WRITABLE: &str = "name a place that can be written and has space, with --out";

const EXAMPLE: &str = "Example:
  canary key new ada
  canary key show ~/.config/canary/keys/ada
  canary key list";

const EXAMPLE_NEW: &str = "Example:
  canary key new ada --public-to keys

Makes ~/.config/canary/keys/ada, encrypted under a passphrase, and puts ada.pub into keys/.";

const EXAMPLE_SHOW: &str = "Example:
  canary key show ~/.config/canary/keys/ada

Prints the fingerprint, as `ssh-keygen -lf` does, and the public key.";

const EXAMPLE_LIST: &str = "Example:
  canary key list --json

Lists the keys in ~/.config/canary/keys and those that ssh-agent holds.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an Ed25519 key, protected by a passphrase, that its owner alone can read
    New(New),
    /// Print a key's fingerprint and public key
    Show(Show),
    /// List this person's keys and those of ssh-agent
    List(List),
}

#[derive(Args)]
#[command(after_help = EXAMPLE_NEW)]
struct New {
    /// The key's name, among this person's keys
    #[arg(default_value = "canary")]
    name: String,
    /// Write the private key to this file instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A comment for the public key
    #[arg(long, default_value = "")]
    comment: String,
    /// Also copy the public key into this folder
    #[arg(long, value_name = "DIR")]
    public_to: Option<PathBuf>,
    /// Do not encrypt the key: for machines' keys and trials, never for a person's
    #[arg(long)]
    danger_no_passphrase: bool,
}

#[derive(Args)]
#[command(after_help = EXAMPLE_SHOW)]
struct Show {
    /// A private or public key file
    file: PathBuf,
    /// Print the verifier key of a log with this origin
    #[arg(long, value_name = "ORIGIN", conflicts_with = "heartbeat_of")]
    log_of: Option<String>,
    /// Print the verifier key of the heartbeat of a log with this origin
    #[arg(long, value_name = "ORIGIN")]
    heartbeat_of: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(after_help = EXAMPLE_LIST)]
struct List {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One key, as it is listed.
#[derive(Serialize)]
struct Listed {
    fingerprint: String,
    public_key: String,
    place: String,
}

impl KeyCommand {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.action {
            Action::New(command) => command.run(),
            Action::Show(command) => command.run(),
            Action::List(command) => command.run(),
        }
    }
}

impl New {
    fn run(self) -> Result<ExitCode, Failure> {
        let path = match self.out {
            Some(path) => path,
            None => {
                let folder = keys_folder()?;
                durable::make_folder(&folder, Access::Private)
                    .map_err(|error| Failure::from_error(Kind::Io, &error).hint(WRITABLE))?;
                folder.join(plain_name(&self.name)?)
            }
        };
        refuse_inside_a_canary(&path)?;
        let protection = if self.danger_no_passphrase {
            Protection::DangerNone
        } else {
            let terminal = Terminal::open("a passphrase").map_err(|failure| {
                failure.hint("run it by hand, or make the key with ssh-keygen")
            })?;
            let passphrase = terminal.passphrase("Passphrase for the new key: ").map_err(gone)?;
            if !passphrase.matches(&terminal.passphrase("The same again: ").map_err(gone)?) {
                return Err(
                    Failure::new(Kind::Usage, "the passphrases differ").hint("run it again")
                );
            }
            Protection::Passphrase(passphrase)
        };
        let copy = self
            .public_to
            .map(|folder| folder.join(public_path(&path).file_name().unwrap_or_default()));
        // Asked before there is a key, and once more by the writing itself.
        if let Some(copy) = copy.as_ref().filter(|copy| copy.exists()) {
            return Err(Failure::new(Kind::Io, format!("{} is there already", copy.display()))
                .hint(ANOTHER_NAME));
        }
        let key = PrivateKey::create(&path, &self.comment, protection).map_err(|e| create(&e))?;
        if let Some(copy) = copy {
            let line = format!("{}\n", key.public().to_openssh());
            let copied = durable::create(&copy, line.as_bytes(), Access::Shared);
            // The copy may be the very file that lies beside the key.
            let is_there = || read_any(&copy).is_ok_and(|there| there == key.public());
            if let Err(error) = copied
                && !is_there()
            {
                let made = public_path(&path);
                return Err(Failure::from_error(Kind::Io, &error)
                    .hint(format!("the key was made: copy {} there by hand", made.display())));
            }
        }
        output::progress(&format!("private key: {}", path.display()));
        output::progress(&format!("public key:  {}", public_path(&path).display()));
        output::result(&format!("{}\n", key.public().fingerprint()));
        output::result(&format!("{}\n", key.public().to_openssh()));
        Ok(ExitCode::SUCCESS)
    }
}

impl Show {
    fn run(self) -> Result<ExitCode, Failure> {
        let key = read_any(&self.file)?;
        let vkey = match (&self.log_of, &self.heartbeat_of) {
            (Some(origin), _) => Some((origin.clone(), KeyKind::Note)),
            (_, Some(origin)) => Some((format!("{origin}/heartbeat"), KeyKind::Cosignature)),
            _ => None,
        };
        if let Some((name, kind)) = vkey {
            let vkey = VerifierKey::new(&name, kind, key)
                .ok_or_else(|| Failure::new(Kind::Usage, format!("not an origin: {name:?}")))?;
            output::result(&format!("{vkey}\n"));
            return Ok(ExitCode::SUCCESS);
        }
        let listed = Listed::new(key, self.file.display().to_string());
        if self.json {
            output::json(&listed);
        } else {
            output::result(&format!("{}\n{}\n", listed.fingerprint, listed.public_key));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(self) -> Result<ExitCode, Failure> {
        let mut all = Vec::new();
        for (path, key) in own_keys()? {
            all.push(Listed::new(key, path.display().to_string()));
        }
        if let Some(socket) = agent_socket() {
            let keys = Agent::connect(&socket).and_then(|mut agent| agent.keys());
            match keys {
                Ok(keys) => {
                    all.extend(keys.into_iter().map(|k| Listed::new(k, "ssh-agent".into())))
                }
                Err(error) => output::progress(&format!("ssh-agent: {error}")),
            }
        }
        if self.json {
            output::json(&all);
        } else {
            for key in &all {
                output::result(&output::inert(&format!("{}  {}\n", key.fingerprint, key.place)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Listed {
    fn new(key: PublicKey, place: String) -> Self {
        let fingerprint = key.fingerprint().to_string();
        Self { fingerprint, public_key: key.to_openssh(), place }
    }
}

/// This person's keys: private key files whose public key lies beside them.
pub(super) fn own_keys() -> Result<Vec<(PathBuf, PublicKey)>, Failure> {
    let Ok(entries) = std::fs::read_dir(keys_folder()?) else {
        return Ok(Vec::new());
    };
    let mut keys = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            let bytes = durable::read(&path, MAX_PUBLIC_KEY).unwrap_or_default();
            let private = path.with_extension("");
            if let Some(key) = std::str::from_utf8(&bytes).ok().and_then(parse_public)
                && private.is_file()
            {
                keys.push((private, key));
            }
        }
    }
    keys.sort();
    Ok(keys)
}

/// Where `SSH_AUTH_SOCK` says that an agent listens.
pub(super) fn agent_socket() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()).map(PathBuf::from)
}

/// Reads a public key file, or the public part of a private one.
pub(super) fn read_any(path: &Path) -> Result<PublicKey, Failure> {
    let bytes = durable::read(path, MAX_PUBLIC_KEY)
        .map_err(|error| Failure::from_error(Kind::Io, &error).hint("name a key file"))?;
    if let Some(key) = std::str::from_utf8(&bytes).ok().and_then(parse_public) {
        return Ok(key);
    }
    public_of(path).map_err(|error| open(&error))
}

/// Why a private key could not be opened, and what to do.
pub(super) fn open(error: &OpenKeyError) -> Failure {
    let (kind, hint) = match error {
        OpenKeyError::Readable { .. } => {
            (Kind::Config, "make it its owner's alone: chmod 600, and consider a new key")
        }
        OpenKeyError::Io { .. } => (Kind::Io, "name a private key file: `canary key list`"),
        OpenKeyError::WrongPassphrase { .. } => (Kind::Data, "run it again"),
        OpenKeyError::NoPassphrase { .. } => (Kind::Usage, "run it by hand, at a terminal"),
        _ => (Kind::Data, "make an Ed25519 key: `canary key new`, or ssh-keygen -t ed25519"),
    };
    Failure::from_error(kind, error).hint(hint)
}

fn create(error: &CreateKeyError) -> Failure {
    let (kind, hint) = match error {
        CreateKeyError::EmptyPassphrase | CreateKeyError::Comment => (Kind::Usage, "run it again"),
        CreateKeyError::Write(error) if error.source.kind() != io::ErrorKind::AlreadyExists => {
            (Kind::Io, WRITABLE)
        }
        _ => (Kind::Io, ANOTHER_NAME),
    };
    Failure::from_error(kind, error).hint(hint)
}

fn plain_name(name: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        let cause = format!("not a name of letters, digits, '-', '_' and '.': {name:?}");
        return Err(Failure::new(Kind::Usage, cause).hint("use --out for a path"));
    }
    Ok(name)
}

/// A signer's private key never lies in a publisher's folder; a machine's does, under its name.
fn refuse_inside_a_canary(path: &Path) -> Result<(), Failure> {
    // Where the file will lie, whatever `..` or link leads there.
    let folder = canary_durable::folder_of(path).canonicalize();
    let Ok(path) = folder.map(|folder| folder.join(path.file_name().unwrap_or_default())) else {
        return Ok(());
    };
    let root = path.ancestors().skip(1).find(|folder| folder.join(layout::CONFIG).is_file());
    let machine = |root: &Path| {
        [layout::LOG_KEY, layout::HEARTBEAT_KEY].iter().any(|name| path == root.join(name))
    };
    match root {
        Some(root) if !machine(root) => {
            let cause =
                format!("{} lies in the publisher's folder {}", path.display(), root.display());
            Err(Failure::new(Kind::Usage, cause)
                .hint("keep a signer's private key elsewhere; --public-to copies its public key"))
        }
        _ => Ok(()),
    }
}

fn keys_folder() -> Result<PathBuf, Failure> {
    places::keys_folder().ok_or_else(|| {
        Failure::new(Kind::Config, "no home folder is known").hint("name a file with --out")
    })
}
