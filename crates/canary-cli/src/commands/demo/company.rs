//! The company of the demonstration: a large edge network with three signers in three countries.
//!
//! It signs with keys that it makes here and forgets at the end. Nothing else in the command can sign
//! without a person: no key of anyone's can get in here.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::issue::{Counter, CounterValue, IssueContent, Localised};
use canary_format::key::{PublicKey, Signature};
use canary_format::layout::{self, CHECKPOINT};
use canary_format::merkle::{leaf_hash, root};
use canary_format::note::{NoteSignature, VerifierKey};
use canary_format::pin::Pin;
use canary_format::tile::{Tile, bundle};
use canary_format::time::{Date, Timestamp};
use canary_publisher::folder::Folder;
use canary_publisher::publish::{Preparing, Publication};
use canary_publisher::store::Directory;
use canary_signer::cadence::Profile;
use canary_signer::config::Config;
use canary_signer::draft::Draft;
use canary_signer::folder as signing;
use canary_signer::founding::{Founding, FoundingSigner};
use canary_signer::private_key::{PrivateKey, Protection};

use super::{copy, io};
use crate::error::{Failure, Kind};

const FACTS: [&str; 6] = [
    "net.no-equipment",
    "net.no-feed",
    "keys.own",
    "crypto.unweakened",
    "content.unmodified",
    "dns.unmodified",
];

const SIGNERS: [(&str, &str, &str); 3] = [
    ("Head of Security", "security", "DE"),
    ("General Counsel", "legal", "CH"),
    ("Head of Operations", "operations", "SG"),
];

pub(super) struct Company {
    folder: PathBuf,
    signers: Arc<[PrivateKey]>,
}

impl Company {
    /// A new publisher's folder, as `canary init` makes it.
    pub(super) fn found(folder: &Path, url: &str) -> Result<Self, Failure> {
        // The files are gone with the temporary folder; the keys are in memory only.
        let keys = tempfile::tempdir().map_err(|error| io(folder, &error))?;
        let make = |(name, _, _): &(&str, &str, &str)| {
            PrivateKey::create(&keys.path().join(name), name, Protection::DangerNone)
                .map_err(failed)
        };
        let signers: Arc<[PrivateKey]> = SIGNERS.iter().map(make).collect::<Result<_, _>>()?;
        let founding = Founding {
            name: "Example Edge Network".into(),
            url: url.to_owned(),
            languages: vec!["en".into(), "zh-Hans".into()],
            entities: vec![("Example Edge Europe GmbH".into(), "DE".into())],
            services: vec![
                ("Content delivery".into(), "paas".into()),
                ("DNS".into(), "saas".into()),
            ],
            roles: vec!["processor".into()],
            cadence: Profile::Monthly,
            facts: FACTS.map(str::to_owned).to_vec(),
            promises: vec!["commitment.contest".into()],
            signers: SIGNERS
                .iter()
                .zip(signers.iter())
                .map(|((name, role, jurisdiction), key)| FoundingSigner {
                    name: (*name).into(),
                    role: (*role).into(),
                    jurisdiction: (*jurisdiction).into(),
                    key: key.public(),
                })
                .collect(),
            threshold: 2,
            min_jurisdictions: 2,
        };
        founding.found(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), signers })
    }

    /// Another course of events: the same folder and people so far.
    pub(super) fn branch(&self, folder: &Path) -> Result<Self, Failure> {
        copy(&self.folder, folder)?;
        Ok(Self { folder: folder.to_owned(), signers: self.signers.clone() })
    }

    /// Drafts, signs by two people and appends the next issue.
    pub(super) fn issue(
        &mut self,
        as_of: Timestamp,
        change: impl Fn(&mut IssueContent),
    ) -> Result<(), Failure> {
        let draft = self.draft(as_of, change)?;
        let mut signed = draft.clone();
        for signer in &self.signers[..2] {
            signed.add(sign(signer, &draft)).map_err(failed)?;
        }
        let envelope = signed.to_envelope().map_err(failed)?;
        let folder = Folder::open(&self.folder).map_err(failed)?;
        folder.append(draft.issue().number, &envelope).map_err(failed)
    }

    /// Writes the site as `canary publish` does, and reads it back.
    pub(super) fn publish(&self, site: &Path, now: Timestamp) -> Result<(), Failure> {
        let folder = Folder::open(&self.folder).map_err(failed)?;
        let keys = folder.machine_keys().map_err(failed)?;
        let publication =
            Publication::prepare(&folder, &keys, None, now, Preparing::Append).map_err(failed)?;
        let mut store = Directory::open(site).map_err(failed)?;
        publication.write(&mut store).map_err(failed)?;
        publication.read_back(&mut store, now).map_err(failed)?;
        Ok(())
    }

    /// What the company puts into its contracts.
    pub(super) fn pin(&self, url: &str) -> Result<String, Failure> {
        let path = self.folder.join(layout::CANARIES).join("0001.json");
        let bytes = fs::read(&path).map_err(|error| io(&path, &error))?;
        let digest = Envelope::parse(&bytes).map_err(failed)?.digest();
        Ok(Pin { url: url.to_owned(), number: 1, digest }.to_string())
    }

    pub(super) fn expires(&self) -> Result<Timestamp, Failure> {
        Ok(self.newest()?.issue.expires)
    }

    /// What a host could do that has the machines' keys: log an issue whose second signature is made
    /// by another key.
    pub(super) fn forge(&self, site: &Path, alive: &Path, now: Timestamp) -> Result<(), Failure> {
        copy(alive, site)?;
        let draft = self.draft(now, |content| content.facts.truncate(1))?;
        let genuine = sign(&self.signers[0], &draft);
        let forged = EnvelopeSignature {
            keyid: self.signers[1].public().fingerprint(),
            signature: Signature([7; 64]),
        };
        let envelope = Envelope::write(draft.payload(), &[genuine, forged]).map_err(failed)?;
        let series =
            Folder::open(&self.folder).and_then(|folder| folder.series()).map_err(failed)?;
        let before: Vec<_> = series.envelopes().collect::<Result<_, _>>().map_err(failed)?;
        let mut leaves: Vec<&[u8]> = before.iter().map(|envelope| envelope.bytes()).collect();
        leaves.push(envelope.bytes());
        let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let tile = Tile { index: 0, width: leaves.len() as u64 };
        let put = |path: &str, bytes: &[u8]| {
            let path = site.join(path);
            let folder = path.parent().unwrap_or(site);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, bytes))
                .map_err(|error| io(&path, &error))
        };
        put(&tile.entries_path(), &bundle(leaves))?;
        let log = &draft.issue().log.key;
        let mut checkpoint = canary_format::checkpoint::Checkpoint::new(
            &draft.issue().origin,
            tile.width,
            root(&hashes),
        );
        let text = checkpoint.note().text().to_owned();
        checkpoint.note_mut().push(self.log_line(log, text.as_bytes())?);
        put(CHECKPOINT, checkpoint.to_string().as_bytes())
    }

    fn log_line(&self, log: &VerifierKey, text: &[u8]) -> Result<NoteSignature, Failure> {
        let path = self.folder.join(layout::LOG_KEY);
        let none = || Err(std::io::Error::other("a machine's key has no passphrase"));
        let key = PrivateKey::open(&path, none).map_err(failed)?;
        Ok(NoteSignature::new(log, key.sign(text).0.to_vec()))
    }

    fn draft(
        &self,
        as_of: Timestamp,
        change: impl Fn(&mut IssueContent),
    ) -> Result<Draft, Failure> {
        let config = Config::read(&self.folder).map_err(failed)?;
        let newest = signing::newest(&self.folder).map_err(failed)?;
        let previous = newest.as_ref().map(|newest| (&newest.envelope, newest.issue.number));
        let mut content = config.content(previous, as_of, Vec::new()).map_err(failed)?;
        content.counters = Some(vec![open_ended_orders(as_of)]);
        change(&mut content);
        Draft::new(content, newest.as_ref().map(|newest| &newest.envelope)).map_err(failed)
    }

    fn newest(&self) -> Result<signing::Newest, Failure> {
        let newest = signing::newest(&self.folder).map_err(failed)?;
        newest.ok_or_else(|| Failure::new(Kind::Data, "the series is empty"))
    }
}

fn open_ended_orders(as_of: Timestamp) -> Counter {
    Counter {
        id: "orders.no-end-date".into(),
        text: Localised(vec![
            ("en".into(), "Confidentiality orders received without an end date; every one was later limited in time.".into()),
            ("zh-Hans".into(), "收到的没有终止日期的保密命令；每一份后来都被限定了期限。".into()),
        ]),
        from: Date::parse("2017-01-01").expect("a date"),
        to: as_of.date(),
        value: CounterValue::Exact(28),
    }
}

fn sign(signer: &PrivateKey, draft: &Draft) -> EnvelopeSignature {
    let key: PublicKey = signer.public();
    EnvelopeSignature { keyid: key.fingerprint(), signature: signer.sign(&draft.signed_bytes()) }
}

fn failed(error: impl Error) -> Failure {
    Failure::from_error(Kind::Data, &error)
}
