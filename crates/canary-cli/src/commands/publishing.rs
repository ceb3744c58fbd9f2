//! What the commands of publishing share: their targets, and how their failures are worded.

use std::path::Path;

use canary_format::layout;
use canary_publisher::delivery::DeliveryError;
use canary_publisher::folder::{Folder, FolderError};
use canary_publisher::private_keys::{MAX_SEARCHED, PrivateKeys, Reach, SearchError};
use canary_publisher::publish::{PublishError, ReadBackError};
use canary_publisher::store::StoreError;
use canary_publisher::target::{Target, TargetError};
use canary_publisher::update::UpdateError;
use canary_publisher::{MachineKeyError, SignError};
use canary_verifier::report::Code;

use crate::error::{Failure, Kind};
use crate::{input, output};

/// The signed draft of a publisher's folder.
pub(super) mod draft {
    use std::path::Path;

    use canary_format::envelope::Envelope;
    use canary_format::layout::DRAFT;
    use canary_signer::draft::{Draft, EnvelopeError, MAX_DRAFT};
    use canary_signer::durable::{self, Lock};

    use crate::error::{Failure, Kind};

    /// Nobody signs the draft while it is taken.
    pub(in crate::commands) fn lock(folder: &Path) -> Result<Lock, Failure> {
        Lock::of(&folder.join(DRAFT)).map_err(|error| {
            Failure::from_error(Kind::Io, &error)
                .hint("publish as a user who can write to the folder; --dry-run writes nothing")
        })
    }

    /// How far the draft of a folder is.
    pub(in crate::commands) enum Ready {
        /// There is none.
        None,
        /// This is the envelope that it becomes.
        Signed(Envelope),
        /// It is short of a quorum: how far.
        Short(String),
    }

    /// Reads the draft. An envelope in its place is taken as it is: a draft that was signed elsewhere.
    pub(in crate::commands) fn read(folder: &Path) -> Result<Ready, Failure> {
        let path = folder.join(DRAFT);
        let read = durable::read_if_there(&path, MAX_DRAFT);
        let bytes = read.map_err(|error| Failure::from_error(Kind::Io, &error))?;
        let Some(bytes) = bytes else { return Ok(Ready::None) };
        let draft = match Draft::parse(&bytes) {
            Ok(draft) => draft,
            Err(error) => {
                return Envelope::parse(&bytes).map(Ready::Signed).map_err(|_| {
                    let said = Failure::from_error(Kind::Data, &error);
                    Failure::new(Kind::Data, format!("{}: {}", path.display(), said.cause()))
                        .hint("take the draft from where it came from again, or remove it")
                });
            }
        };
        match draft.to_envelope() {
            Ok(envelope) => Ok(Ready::Signed(envelope)),
            Err(error @ EnvelopeError::QuorumShort(_)) => Ok(Ready::Short(error.to_string())),
            Err(error) => Err(not_ready(folder, &error.to_string())),
        }
    }

    /// Why the draft is no issue yet, and what to do.
    pub(in crate::commands) fn not_ready(folder: &Path, why: &str) -> Failure {
        let path = folder.join(DRAFT);
        Failure::new(Kind::Data, format!("{} cannot be published: {why}", path.display()))
            .hint("`canary status` says who has signed; the next signer runs `canary sign`")
    }
}

/// What to do about a machine's key that is not there.
const LOST_KEY: &str = "put it back into keys/; if it is lost, make another and have an issue name it: \
                        \"Changing who signs\" in docs/publishing.md";

/// The targets that the user names; all of `canary.toml` where none is named.
pub(super) fn targets(folder: &Path, named: &[String]) -> Result<Vec<Target>, Failure> {
    let known = known_targets(folder)?;
    if named.is_empty() {
        if known.is_empty() {
            return Err(Failure::new(Kind::Usage, "no target")
                .hint("give --to DIR, or name targets under [targets] of canary.toml"));
        }
        return apart(known, folder);
    }
    let parse = |text: &String| Target::parse(text, &known).map_err(|error| target_failure(&error));
    let mut targets: Vec<Target> = Vec::new();
    for text in named {
        let target = parse(text)?;
        if targets.iter().all(|known| !known.address.is_place_of(&target.address)) {
            targets.push(target);
        }
    }
    apart(targets, folder)
}

/// No site is written among the keys of the folder, nor two into one place.
fn apart(targets: Vec<Target>, folder: &Path) -> Result<Vec<Target>, Failure> {
    for (place, target) in targets.iter().enumerate() {
        let same = targets[..place].iter().find(|known| known.address.is_place_of(&target.address));
        if let Some(known) = same {
            let cause = format!("targets {} and {} are one place", known.name, target.name);
            return Err(Failure::new(Kind::Config, cause)
                .hint("leave one of them out of [targets] of canary.toml"));
        }
        target.refuse_kept(folder).map_err(|error| target_failure(&error))?;
    }
    Ok(targets)
}

pub(super) fn known_targets(folder: &Path) -> Result<Vec<Target>, Failure> {
    let text = input::publisher_config(folder)?;
    Target::all_named(&text, folder).map_err(|error| target_failure(&error))
}

fn target_failure(error: &TargetError) -> Failure {
    let (kind, hint) = match error {
        TargetError::Secret { .. } => {
            (Kind::Config, "secrets come from the environment, profile files or an agent")
        }
        TargetError::Config(_) => (Kind::Config, "mend [targets] of canary.toml"),
        TargetError::Unknown { name } => {
            let hint = format!("for a new directory of that name say ./{name}");
            return Failure::from_error(Kind::Usage, error).hint(hint);
        }
        TargetError::Kept { .. } => {
            (Kind::Usage, "nothing was written; name a folder of the site's own, such as ./site")
        }
        _ => (Kind::Usage, "see `canary publish --help`"),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Opens and locks a publisher's folder. One that shows nothing of a publisher's is the wrong one.
pub(super) fn open(folder: &Path) -> Result<Folder, Failure> {
    let own = [layout::CONFIG, layout::CANARIES, layout::LOG_KEY, layout::HEARTBEAT_KEY];
    if own.iter().all(|name| !folder.join(name).exists()) {
        let cause = format!("{} is no publisher's folder", folder.display());
        return Err(Failure::new(Kind::Config, cause)
            .hint("give --folder DIR, or make one with `canary init DIR`"));
    }
    Folder::open(folder).map_err(|error| folder_failure(&error))
}

/// Why a publisher's folder cannot be used, and what to do.
pub(super) fn folder_failure(error: &FolderError) -> Failure {
    let (kind, hint) = match error {
        FolderError::Busy { .. } => (Kind::Later, "wait until the other run has ended"),
        FolderError::Key(MachineKeyError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            (Kind::Config, LOST_KEY)
        }
        FolderError::Key(MachineKeyError::Open { .. }) => {
            (Kind::Config, "make it its owner's alone with `chmod 600`")
        }
        FolderError::Key(_) => (
            Kind::Config,
            "machine keys are OpenSSH Ed25519 keys of mode 0600 without a passphrase",
        ),
        FolderError::Refused { .. } | FolderError::Gap { .. } | FolderError::Used { .. } => {
            (Kind::Data, "restore the folder canaries/ from its history")
        }
        _ => (Kind::Io, "look at the folder's permissions and the space on its disk"),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Why nothing was published, and what to do.
pub(super) fn publish_failure(error: &PublishError) -> Failure {
    let (kind, hint) = match error {
        PublishError::Folder(error) => return folder_failure(error),
        PublishError::Nothing => (Kind::Config, "make a draft with `canary draft`"),
        PublishError::Search(error) => return search_failure(error),
        PublishError::Sign(error) => return sign_failure(error),
        PublishError::NotAuthentic(error)
            if error.findings.iter().any(|finding| finding.code == Code::FutureDated) =>
        {
            (Kind::Later, "nothing was written; set the clock, or wait until it has reached as_of")
        }
        PublishError::NotAuthentic(_) => {
            (Kind::Data, "nothing was written; `canary status` says who has signed")
        }
        _ => (
            Kind::Data,
            "nothing was written; make the draft anew with `canary draft --discard-signatures`",
        ),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Why a folder is refused that was searched for private keys, and what to do.
pub(super) fn search_failure(error: &SearchError) -> Failure {
    let (kind, hint) = match error {
        SearchError::Folder(error) => return folder_failure(error),
        SearchError::SignerKey { .. } => {
            (Kind::Config, "move it to the signer's own machine, and publish where none is")
        }
        _ => (Kind::Data, "restore the folder canaries/ from its history"),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Warns of private keys that are in no roster.
pub(super) fn warn_of(keys: &PrivateKeys) {
    for key in &keys.found {
        let path = output::line(&key.path.display().to_string());
        output::progress(&format!("warning: {path} is a private key: keep it elsewhere"));
    }
    if keys.reach == Reach::Part {
        output::progress(&format!(
            "warning: private keys were looked for in the nearest {MAX_SEARCHED} files of the folder only"
        ));
    }
}

/// Why a checkpoint or a heartbeat is not signed, and what to do.
pub(super) fn sign_failure(error: &SignError) -> Failure {
    let (kind, hint) = match error {
        SignError::ClockBehind { .. } => (Kind::Later, "run it again once that instant has passed"),
        SignError::HeartbeatAhead { .. } => (
            Kind::Config,
            "if this machine's clock is behind, set it. If it is right, the heartbeat was set by a clock that \
             was ahead: replace it with --danger-replace-future-heartbeat",
        ),
        SignError::BeforeIssue { .. } => (Kind::Config, "set the clock"),
        SignError::OtherKey { .. } => {
            (Kind::Config, "put the key that the newest issue names into that file")
        }
        SignError::NoHeartbeatKey => (Kind::Config, LOST_KEY),
        SignError::NotDeclared => (
            Kind::Config,
            "there is none to set; to have one, name its key under [log.heartbeat] of canary.toml and publish \
             an issue",
        ),
        _ => (Kind::Config, "use the machine keys that the newest issue names"),
    };
    Failure::from_error(kind, error).hint(hint)
}

/// Why a target does not hold the publication, and what to do.
pub(super) fn delivery_failure(error: &DeliveryError) -> Failure {
    match error {
        DeliveryError::Update(error) => update_failure(error),
        DeliveryError::ReadBack(ReadBackError::Store(error)) => store_failure(error),
        DeliveryError::ReadBack(ReadBackError::Series(_)) => Failure::from_error(Kind::Data, error)
            .hint("restore the folder canaries/ from its history"),
        _ => Failure::from_error(Kind::Data, error).hint("look at what is there, and run it again"),
    }
}

/// The same, of a target that its cause names.
pub(super) fn at_target(target: &str, failure: Failure) -> Failure {
    if failure.cause().contains(target.trim_end_matches('/')) {
        return failure;
    }
    let named = Failure::new(failure.kind(), format!("{target}: {}", failure.cause()));
    match failure.next_step() {
        Some(hint) => named.hint(hint),
        None => named,
    }
}

/// Why a site was not brought up to date, and what to do.
pub(super) fn update_failure(error: &UpdateError) -> Failure {
    match error {
        UpdateError::Store(error) => store_failure(error),
        UpdateError::Series(_) => Failure::from_error(Kind::Data, error)
            .hint("restore the folder canaries/ from its history"),
        UpdateError::Clock(error) => sign_failure(error),
        UpdateError::Ahead { .. } | UpdateError::Diverged { .. } => {
            Failure::from_error(Kind::Data, error).hint(
                "nothing there was changed. The issues published there are the series: look with `canary verify`, \
                 copy its issues/ into canaries/, and draft anew (docs/publishing.md, \"One series\")",
            )
        }
        UpdateError::Refused(_) => Failure::from_error(Kind::Data, error).hint(
            "nothing there was changed; if it is this series' own place, remove `checkpoint` there and run it again",
        ),
        _ => Failure::from_error(Kind::Data, error)
            .hint("nothing there was changed; that is another canary's place: name this one's"),
    }
}

/// Why a place failed, and what to do.
pub(super) fn store_failure(error: &StoreError) -> Failure {
    let (kind, hint) = match error {
        StoreError::Busy { .. } | StoreError::Moved => (Kind::Later, "run it again"),
        StoreError::Unreachable { .. } => (Kind::Later, "nothing there was harmed; run it again"),
        StoreError::Conflict { .. } => (
            Kind::Data,
            "another series may be published there: choose another place. If it is this series' own, remove that \
             file there and run it again",
        ),
        StoreError::Absent { .. } => {
            (Kind::Config, "make it with the host's own tools, or mend the target's name")
        }
        StoreError::Endpoint { .. } => {
            (Kind::Config, "set AWS_ENDPOINT_URL, or `endpoint` in canary.toml, to https://HOST")
        }
        StoreError::HostKey { .. } => (
            Kind::Config,
            "connect once by hand with `ssh`, and compare the key with what the host's operator says",
        ),
        StoreError::Credentials { .. } => {
            (Kind::Config, "set the credentials in the environment, a profile file or an agent")
        }
        StoreError::Unconditional { .. } => (
            Kind::Config,
            "use a store that honours If-Match and If-None-Match, or publish to a directory and copy it",
        ),
        StoreError::Program { .. } => (Kind::Config, "install it, or see that it is in PATH"),
        _ => (Kind::Io, "nothing there was harmed; once it can be written, run it again"),
    };
    Failure::from_error(kind, error).hint(hint)
}
