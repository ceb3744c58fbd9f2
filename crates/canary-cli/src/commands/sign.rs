//! `canary sign`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_format::envelope::EnvelopeSignature;
use canary_format::key::{Fingerprint, PublicKey, Signature};
use canary_format::layout;
use canary_signer::agent::{Agent, AgentError};
use canary_signer::ceremony::{self, CeremonyError, Outcome};
use canary_signer::draft::{Draft, SignatureError};
use canary_signer::durable::{self, Access};
use canary_signer::past::Past;
use canary_signer::private_key::{PrivateKey, Stored};
use canary_signer::{folder, gate};
use clap::Args;

use super::draft::{folder_failure, print_waiting, save_failure};
use super::key;
use crate::error::{Failure, Kind};
use crate::terminal::Terminal;
use crate::{clock, input, output};

/// The greatest size of a signature file, in bytes: base64 and white space included.
const MAX_SIGNATURE: u64 = 1_024;

const WRITABLE: &str = "nothing was written: name a place that can be written and has space";

const EXAMPLE: &str = "Example:
  canary sign --key ~/.config/canary/keys/ada
  canary sign --agent SHA256:j9KEocNhyI3aS5u2QUOS7zuYBQjAwIUHZt8TACEalRk

Shows every fact in full and asks for each, then signs draft.json. The next signer runs the same
command on the same file. It needs a person at a terminal.

On a machine kept apart: carry draft.json there, run `canary sign draft.json --key FILE`, carry it
back. With another tool: `canary sign --export FILE` writes the bytes to sign with Ed25519, and
`canary sign --import FILE` takes the signature back, or the signatures of a copy of the draft.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Sign {
    /// The draft [default: draft.json in the publisher's folder]
    draft: Option<PathBuf>,
    /// The publisher's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Sign with this private key file
    #[arg(long, value_name = "FILE", conflicts_with = "agent")]
    key: Option<PathBuf>,
    /// Sign with the key of this fingerprint in ssh-agent
    #[arg(long, value_name = "FINGERPRINT")]
    agent: Option<String>,
    /// Recorded reviews [default: reviews.toml beside the draft]
    #[arg(long, value_name = "FILE")]
    reviews: Option<PathBuf>,
    /// Write the bytes that a key signs to a file, and sign nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "agent", "import"])]
    export: Option<PathBuf>,
    /// Take in a signature made elsewhere (64 bytes, raw or in base64), or a copy of the draft
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "agent"])]
    import: Option<PathBuf>,
}

/// What signs: the private key stays where it is until the person has affirmed.
enum Means {
    File(PathBuf),
    Agent(PathBuf),
}

impl Sign {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let path = self.draft.clone().unwrap_or_else(|| self.folder.join(layout::DRAFT));
        // Nothing is read, asked or opened before there is someone to ask.
        let asks = self.export.is_none() && self.import.is_none();
        let terminal = asks.then(|| Terminal::open("signing")).transpose()?;
        let draft = folder::draft(&path).map_err(|error| folder_failure(&error))?;
        let draft = draft.ok_or_else(|| {
            Failure::new(Kind::Config, format!("there is no draft: {}", path.display()))
                .hint("make one with `canary draft`")
        })?;
        refuse_out_of_chain(&path, &draft)?;
        self.refuse_unreviewed(&path, &draft)?;
        // What no ceremony would be held for is not signed with another tool either.
        ceremony::check_dates(&draft, clock::now()).map_err(|error| ceremony_failure(&error))?;
        match (terminal, &self.export, &self.import) {
            (Some(terminal), ..) => self.hold(terminal, &path, &draft),
            (None, Some(file), _) => export(file, &draft),
            (None, None, Some(file)) => import(file, &path, &draft),
            (None, None, None) => unreachable!("without export and import there is a terminal"),
        }
    }

    fn hold(
        &self,
        mut terminal: Terminal,
        path: &Path,
        draft: &Draft,
    ) -> Result<ExitCode, Failure> {
        let (key, means) = self.means(draft)?;
        let keyid = key.fingerprint();
        let past = past(path, draft)?;
        let outcome = ceremony::hold(draft, keyid, &past, clock::now(), &mut terminal);
        let mut signed = match outcome.map_err(|error| ceremony_failure(&error))? {
            Outcome::Affirmed(draft) => *draft,
            Outcome::Stopped => {
                output::progress("stopped: nothing was signed or written");
                return Ok(ExitCode::from(1));
            }
        };
        let signature = means.sign(key, &signed.signed_bytes(), &terminal)?;
        signed
            .add(EnvelopeSignature { keyid, signature })
            .map_err(|error| signature_failure(&error))?;
        let saved = folder::save_signed(path, draft, &signed).map_err(|e| save_failure(&e))?;
        told(&saved);
        Ok(ExitCode::SUCCESS)
    }

    /// The key to sign with: the one named, or the only one of this person that may sign.
    fn means(&self, draft: &Draft) -> Result<(PublicKey, Means), Failure> {
        if let Some(path) = &self.key {
            return Ok((key::read_any(&private(path))?, Means::File(private(path))));
        }
        if let Some(text) = &self.agent {
            let socket = key::agent_socket().ok_or_else(no_agent)?;
            let fingerprint = Fingerprint::parse(text).ok_or_else(|| {
                Failure::new(Kind::Usage, format!("not a fingerprint: {text:?}"))
                    .hint("`canary key list` shows them")
            })?;
            let keys = agent_keys(&socket)?;
            let key = keys.into_iter().find(|key| key.fingerprint() == fingerprint);
            let key = key.ok_or_else(|| {
                Failure::new(Kind::Config, format!("the agent does not hold {fingerprint}"))
                    .hint("add it with ssh-add")
            })?;
            return Ok((key, Means::Agent(socket)));
        }
        let mut found: Vec<(PublicKey, Means)> = Vec::new();
        let may_sign = |key: &PublicKey| draft.key(key.fingerprint()).is_some();
        if let Some(socket) = key::agent_socket() {
            let keys = agent_keys(&socket).unwrap_or_default().into_iter().filter(may_sign);
            found.extend(keys.map(|key| (key, Means::Agent(socket.clone()))));
        }
        for (path, key) in key::own_keys()? {
            if may_sign(&key) && found.iter().all(|(other, _)| *other != key) {
                found.push((key, Means::File(path)));
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => {
                Err(Failure::new(Kind::Usage, "no key of this person may sign this issue")
                    .hint("name one with --key FILE or --agent FINGERPRINT"))
            }
            (Some(_), false) => Err(Failure::new(Kind::Usage, "several keys may sign this issue")
                .hint("name one with --key FILE or --agent FINGERPRINT: `canary key list`")),
        }
    }

    /// While a statement waits for a review, nobody signs.
    fn refuse_unreviewed(&self, path: &Path, draft: &Draft) -> Result<(), Failure> {
        let beside = || path.parent().unwrap_or(Path::new("")).join(layout::REVIEWS);
        let reviews = folder::reviews(&self.reviews.clone().unwrap_or_else(beside));
        let reviews = reviews.map_err(|error| folder_failure(&error))?;
        let waiting = gate::waiting(draft.issue(), &reviews);
        if waiting.is_empty() {
            return Ok(());
        }
        print_waiting(&waiting);
        let cause = format!("{} statements wait for a named review", waiting.len());
        Err(Failure::new(Kind::Config, cause)
            .hint("record the reviews, or change the statements in canary.toml"))
    }
}

impl Means {
    fn sign(
        self,
        key: PublicKey,
        message: &[u8],
        terminal: &Terminal,
    ) -> Result<Signature, Failure> {
        match self {
            Self::File(path) => {
                let prompt = format!("Passphrase for {}: ", path.display());
                let private = PrivateKey::open(&path, || terminal.passphrase(&prompt));
                let private = private.map_err(|error| key::open(&error))?;
                if private.stored() == Stored::Unencrypted {
                    let path = path.display();
                    output::progress(&output::inert(&format!(
                        "warning: {path} has no passphrase: who reads the file can sign; set one with `ssh-keygen -p -f {path}`"
                    )));
                }
                Ok(private.sign(message))
            }
            Self::Agent(socket) => {
                let signature = Agent::connect(&socket).and_then(|mut a| a.sign(key, message));
                signature.map_err(|error| agent_failure(&error))
            }
        }
    }
}

/// Beside a series, a draft follows its newest issue. Elsewhere there is nothing to compare with.
fn refuse_out_of_chain(path: &Path, draft: &Draft) -> Result<(), Failure> {
    let newest = folder::newest(canary_durable::folder_of(path));
    let Some(newest) = newest.map_err(|error| folder_failure(&error))? else {
        return Ok(());
    };
    if draft.issue().previous == Some(newest.envelope.digest()) {
        return Ok(());
    }
    let cause = format!("the draft does not follow issue {}", newest.issue.number);
    Err(Failure::new(Kind::Data, cause).hint("make it anew with `canary draft`"))
}

/// The series beside the draft; elsewhere, the issue before, which the draft carries.
fn past(path: &Path, draft: &Draft) -> Result<Past, Failure> {
    let root = canary_durable::folder_of(path);
    if folder::newest(root).map_err(|error| folder_failure(&error))?.is_none() {
        return Ok(Past::of_previous(draft.issue(), draft.previous()));
    }
    folder::past(root, draft.issue()).map_err(|error| folder_failure(&error))
}

fn export(file: &Path, draft: &Draft) -> Result<ExitCode, Failure> {
    input::refuse_other_kind(file, b"DSSEv1 ")?;
    durable::replace(file, &draft.signed_bytes(), Access::Shared)
        .map_err(|error| Failure::from_error(Kind::Io, &error).hint(WRITABLE))?;
    output::progress(&format!(
        "{}: the bytes that an Ed25519 key of the roster signs; take the signature back with --import",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The signature is a key holder's own: it was made where the key is, not here.
fn import(file: &Path, path: &Path, draft: &Draft) -> Result<ExitCode, Failure> {
    let bytes = durable::read(file, canary_signer::draft::MAX_DRAFT).map_err(|error| {
        Failure::from_error(Kind::Io, &error).hint("name a signature or a copy of the draft")
    })?;
    let mut signed = draft.clone();
    if let Some(signature) = bare_signature(&bytes) {
        signed.add_bare(signature).map_err(|error| signature_failure(&error))?;
    } else {
        let copy = Draft::parse(&bytes).map_err(|error| {
            Failure::from_error(Kind::Data, &error)
                .hint("give 64 bytes, raw or in base64, or a copy of the draft")
        })?;
        match signed.merge(&copy) {
            Some(0) => {
                return Err(Failure::new(Kind::Data, "the copy holds no new signature")
                    .hint("nothing was written; `canary status` says who has signed"));
            }
            Some(_) => {}
            None => {
                return Err(Failure::new(Kind::Data, "the copy holds another payload")
                    .hint("to go on with the copy, put it in place of the draft: earlier signatures do not count for it"));
            }
        }
    }
    let saved = folder::save_signed(path, draft, &signed).map_err(|error| save_failure(&error))?;
    told(&saved);
    Ok(ExitCode::SUCCESS)
}

fn bare_signature(bytes: &[u8]) -> Option<Signature> {
    if let Ok(raw) = bytes.try_into() {
        return Some(Signature(raw));
    }
    if bytes.len() as u64 > MAX_SIGNATURE {
        return None;
    }
    let text: String = std::str::from_utf8(bytes).ok()?.split_whitespace().collect();
    Signature::from_base64(&text)
}

/// Says how far the draft has come.
fn told(draft: &Draft) {
    output::progress(&output::inert(&format!("signed\n{}", ceremony::standing(draft).trim_end())));
    if draft.to_envelope().is_ok() {
        output::progress("next: `canary publish`");
    } else {
        output::progress("next: another signer runs `canary sign` on this draft");
    }
}

/// `ada.pub` names the key `ada`.
fn private(path: &Path) -> PathBuf {
    match path.extension() {
        Some(extension) if extension == "pub" => path.with_extension(""),
        _ => path.to_owned(),
    }
}

fn agent_keys(socket: &Path) -> Result<Vec<PublicKey>, Failure> {
    let keys = Agent::connect(socket).and_then(|mut agent| agent.keys());
    keys.map_err(|error| agent_failure(&error))
}

fn no_agent() -> Failure {
    Failure::new(Kind::Config, "SSH_AUTH_SOCK names no agent").hint("start ssh-agent, then ssh-add")
}

fn agent_failure(error: &AgentError) -> Failure {
    Failure::from_error(Kind::Io, error).hint("nothing was written; `ssh-add -l` shows its keys")
}

fn signature_failure(error: &SignatureError) -> Failure {
    let hint = match error {
        SignatureError::Repeated(_) => "nothing was written; `canary status` says who has signed",
        SignatureError::NotInRoster(_) => {
            "nothing was written; sign with a key of the roster: `canary key list`"
        }
        _ => "nothing was written; sign anew what `canary sign --export FILE` writes",
    };
    Failure::from_error(Kind::Data, error).hint(hint)
}

fn ceremony_failure(error: &CeremonyError) -> Failure {
    let (kind, hint) = match error {
        CeremonyError::NotInRoster(_) => {
            (Kind::Usage, "sign with a key of the roster; a new key is added in canary.toml")
        }
        CeremonyError::Signed(_) => (Kind::Usage, "another person signs next"),
        CeremonyError::Future(_) => (Kind::Later, "set the clock, or make the draft anew"),
        CeremonyError::Expired(_) => (Kind::Data, "make it anew with `canary draft`"),
        CeremonyError::Terminal(_) => (Kind::Io, "nothing was written: run it again"),
        _ => (Kind::Data, "nothing was written"),
    };
    Failure::from_error(kind, error).hint(hint)
}
