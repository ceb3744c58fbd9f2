//! What the commands that read canaries of other formats share: options, and the reading of texts.

pub(crate) mod files;
pub(crate) mod git;
pub(crate) mod show;

use std::path::{Path, PathBuf};

use canary_dialects::dates::Cadence;
use canary_dialects::dialect::{MAX_TEXT, dialect, recognise};
use canary_dialects::judge::{Context, History, judge};
use canary_dialects::reading::{Kind, Published};
use canary_dialects::sshsig::SshKey;
use canary_dialects::trust::{Key, MAX_KEY_FILE, Trust};
use canary_format::time::Timestamp;
use canary_verifier::evidence::Obtained;
use canary_verifier::fetch::Fetcher;
use canary_verifier::report::{Code, Finding, Report, Severity, State, Subject};
use canary_verifier::target::Place;
use clap::Args;

use crate::error::{Failure, Kind as Wrong};
use crate::examine::{parse_target, warn_of_path};
use crate::input;
use crate::runtime::run;

/// Options of every command that reads canaries of other formats.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct DialectOptions {
    /// Read a canary of another format: openpgp, signify, minisign, sshsig, canarytail, json, canary.txt, plain
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
    /// A public key whose signature counts, and whose it is; several keys of one name are one person's
    #[arg(long = "trust-key", value_name = "[NAME=]FILE")]
    pub(crate) trust_keys: Vec<String>,
    /// Persons and OpenSSH keys whose signatures count, as ssh-keygen takes them
    #[arg(long, value_name = "FILE")]
    pub(crate) allowed_signers: Option<PathBuf>,
    /// How many persons must have signed [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) quorum: Option<usize>,
    /// The namespace that OpenSSH signatures must have [default: file]
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// How often an issue is due, whatever the words say: daily, weekly, monthly, quarterly, 14d, 3m, quarterly+7d
    #[arg(long, value_name = "EVERY[+GRACE]")]
    pub(crate) cadence: Option<String>,
    /// A detached signature of the text; may be given several times
    #[arg(long = "signature", value_name = "FILE|URL")]
    pub(crate) signatures: Vec<String>,
}

impl DialectOptions {
    /// Whether anything here asks for another format.
    pub(crate) fn asked(&self) -> bool {
        self.dialect.is_some()
            || !self.trust_keys.is_empty()
            || self.allowed_signers.is_some()
            || self.quorum.is_some()
            || self.namespace.is_some()
            || !self.signatures.is_empty()
            || self.cadence.is_some()
    }

    pub(crate) fn kind(&self) -> Result<Option<Kind>, Failure> {
        let Some(name) = &self.dialect else { return Ok(None) };
        let all = Kind::ALL.map(Kind::name).join(", ");
        let unknown = || {
            Failure::new(Wrong::Usage, format!("no dialect is called {name}"))
                .hint(format!("one of {all}"))
        };
        Kind::named(name).map(Some).ok_or_else(unknown)
    }

    pub(crate) fn trust(&self) -> Result<Trust, Failure> {
        let mut trust = Trust { threshold: self.quorum.unwrap_or(1), ..Trust::default() };
        if let Some(namespace) = &self.namespace {
            trust.namespace.clone_from(namespace);
        }
        for given in &self.trust_keys {
            let (name, path) = match given.split_once('=') {
                Some((name, path)) if !Path::new(given).exists() => {
                    (name.to_owned(), PathBuf::from(path))
                }
                _ => (person(Path::new(given)), PathBuf::from(given)),
            };
            let keys = Key::read(&key_file(&path)?).map_err(|error| {
                Failure::new(Wrong::Config, format!("{}: {error}", path.display())).hint("name a public key file: OpenPGP, signify, minisign, OpenSSH, or 32 bytes of Ed25519 in base64 or hex")
            })?;
            trust.add(&name, keys);
        }
        if let Some(path) = &self.allowed_signers {
            let bytes = key_file(path)?;
            let text = String::from_utf8_lossy(&bytes);
            let all = SshKey::allowed_signers(&text).map_err(|error| {
                Failure::new(Wrong::Config, format!("{}: {error}", path.display()))
            })?;
            for (name, key) in all {
                trust.add(&name, vec![Key::Ssh(Box::new(key))]);
            }
        }
        if self.quorum == Some(0) {
            return Err(Failure::new(Wrong::Usage, "a quorum of no one is no quorum"));
        }
        if trust.persons.is_empty() && (self.quorum.is_some() || self.namespace.is_some()) {
            return Err(Failure::new(
                Wrong::Usage,
                "--quorum and --namespace are about keys, and none is named",
            )
            .hint("name them with --trust-key or --allowed-signers"));
        }
        if let Some(text) = &self.cadence {
            let unknown = || {
                Failure::new(Wrong::Usage, format!("no cadence: {text}"))
                    .hint("for example quarterly, 14d, or 3m+7d")
            };
            trust.cadence = Some(Cadence::parse(text).ok_or_else(unknown)?);
        }
        Ok(trust)
    }

    /// Verifies one text at a path or URL.
    pub(crate) fn verify(
        &self,
        target: &str,
        fetcher: &Fetcher,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        let (kind, trust) = (self.kind()?, self.trust()?);
        let context = Context {
            subject: Subject { url: Some(target.to_owned()), ..Subject::default() },
            baseline: 1,
            obtained_at: Some(now),
        };
        let nothing = |state: State, finding: Finding| {
            let mut report = judge(&[], &[], &trust, &context, now).report;
            report.state = state;
            report.severity = finding.severity;
            report.findings = vec![finding.url(target)];
            report
        };
        let body = match obtain(target, fetcher)? {
            Obtained::Got(bytes) => bytes,
            Obtained::Missing => {
                return Ok(nothing(
                    State::Missing,
                    Finding::new(Code::Missing, Severity::Alarm, "there is nothing at this place"),
                ));
            }
            Obtained::Unreachable(words) => {
                return Ok(nothing(
                    State::Unreachable,
                    Finding::new(Code::Unreachable, Severity::Unknown, words),
                ));
            }
            Obtained::Refused(refusal) => {
                return Ok(nothing(
                    State::Unverified,
                    Finding::new(Code::TooLarge, Severity::Alarm, refusal.to_string()),
                ));
            }
        };
        let mut beside = Vec::new();
        for signature in &self.signatures {
            match obtain(signature, fetcher)? {
                Obtained::Got(bytes) => beside.push((signature.as_str(), bytes)),
                Obtained::Unreachable(words) => {
                    return Ok(nothing(
                        State::Unreachable,
                        Finding::new(
                            Code::Unreachable,
                            Severity::Unknown,
                            format!("{signature}: {words}"),
                        ),
                    ));
                }
                Obtained::Refused(refusal) => {
                    return Ok(nothing(
                        State::Unverified,
                        Finding::new(
                            Code::TooLarge,
                            Severity::Alarm,
                            format!("{signature}: {refusal}"),
                        ),
                    ));
                }
                Obtained::Missing => {
                    return Ok(nothing(
                        State::Unverified,
                        Finding::new(
                            Code::Missing,
                            Severity::Alarm,
                            format!("there is no signature at {signature}"),
                        ),
                    ));
                }
            }
        }
        let held: Vec<(&str, &[u8])> =
            beside.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let published = Published { source: target, body: &body, beside: &held, seen: None };
        let kind = match kind {
            Some(kind) => kind,
            None => recognise(&published).map_err(|error| {
                Failure::new(Wrong::Usage, error.to_string()).hint("name it with --dialect")
            })?,
        };
        let reading = dialect(kind).read(&published, &trust);
        Ok(judge(&reading.issues, &reading.remarks, &trust, &context, now).report)
    }

    /// Reads a whole history from a folder or a git repository and judges it.
    pub(crate) fn history(
        &self,
        place: &str,
        below: Option<&str>,
        now: Timestamp,
    ) -> Result<(History, Vec<String>), Failure> {
        let (kind, trust) = (self.kind()?, self.trust()?);
        let versions = files::versions(place, below)?;
        let imported = canary_dialects::import::import(&versions, kind, &trust);
        let remarks: Vec<_> = imported.remarks.iter().map(|(_, remark)| remark.clone()).collect();
        let context = Context {
            subject: Subject { url: Some(place.to_owned()), ..Subject::default() },
            baseline: 1,
            obtained_at: Some(now),
        };
        let history = judge(&imported.issues, &remarks, &trust, &context, now);
        let left_out = imported
            .left_out
            .iter()
            .map(|(path, why)| format!("{path}: {}", show::left_out(*why)))
            .collect();
        Ok((history, left_out))
    }
}

/// The person that a key file is named after, up to the first dot.
fn person(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn key_file(path: &Path) -> Result<Vec<u8>, Failure> {
    input::read(path, MAX_KEY_FILE)
}

/// A text at a URL or a path.
fn obtain(place: &str, fetcher: &Fetcher) -> Result<Obtained<Vec<u8>>, Failure> {
    if place.contains("://") {
        let url = url::Url::parse(place)
            .map_err(|error| Failure::new(Wrong::Usage, format!("{place}: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::new(Wrong::Usage, format!("neither http nor https: {place}")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::new(
                Wrong::Usage,
                "a URL with a name or password in it is not fetched",
            ));
        }
        return run(fetcher.object(&url, MAX_TEXT as u64));
    }
    match parse_target(place)?.place {
        Place::Path(path) => {
            warn_of_path(place, &path);
            Ok(input::read_if_there(&path, MAX_TEXT)?.map_or(Obtained::Missing, Obtained::Got))
        }
        Place::Site(_) => {
            Err(Failure::new(Wrong::Usage, format!("which page or file of {place} is meant?"))
                .hint(format!("name it whole: https://{place}/…, or a path")))
        }
    }
}
