//! `[[trust]]`: what `canary trust` keeps, as targets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use canary_format::pin::Pin;
use canary_verifier::trust_store::{Entry, TrustStore};
use canary_verifier::witness::MAX_POLICY;

use super::mistake::Mistake;
use super::reader::{Reader, bounded};
use super::targets::{Defaults, url_prefix};
use crate::fleet::{AddError, FleetBuilder};
use crate::policy::{Policy, Witnesses};
use crate::target::Target;

/// A trust file whose series are watched.
pub(super) struct TrustList {
    /// `None` for the user's own.
    path: Option<PathBuf>,
    pub(super) policy: Arc<Policy>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) place: Mistake,
}

impl TrustList {
    pub(super) fn read(mut reader: Reader<'_, '_>, defaults: &Defaults) -> Self {
        let path = reader.string("path").map(|path| reader.source.path(path.get_ref()));
        let (policy, labels) = defaults.read_over(&mut reader);
        let source = &reader.source;
        let place = Mistake::at(source.file, source.text, reader.span(), String::new());
        reader.end();
        Self { path, policy: Arc::new(policy), labels, place }
    }

    /// Adds the series of the file that are not targets already, and says which are left out.
    pub(super) fn fill(
        &self,
        own: Option<&Path>,
        fleet: &mut FleetBuilder,
        mistakes: &mut Vec<Mistake>,
        left_out: &mut Vec<String>,
    ) {
        let mut complain =
            |message: String| mistakes.push(Mistake { message, ..self.place.clone() });
        let Some(path) = self.path.as_deref().or(own) else {
            return complain("`path` is missing, and there is no home folder".to_owned());
        };
        if self.path.is_some() && !path.exists() {
            return complain(format!("there is no trust file {}", path.display()));
        }
        match TrustStore::new(path).entries() {
            Ok(entries) => {
                for entry in entries {
                    let witnesses = match entry.witnesses.as_deref().map(read_policy).transpose() {
                        Ok(witnesses) => witnesses,
                        Err(message) => {
                            complain(message);
                            continue;
                        }
                    };
                    match self.target(&entry, witnesses) {
                        Ok(Some(target)) => match fleet.add(&target) {
                            Ok(()) | Err(AddError::Twice(_)) => {}
                            Err(error) => complain(error.to_string()),
                        },
                        Ok(None) => {
                            let name = entry.origin.unwrap_or_default();
                            left_out.push(format!("{name}: the trust file has no URL of it"));
                        }
                        Err(message) => complain(message),
                    }
                }
            }
            Err(error) => complain(error.to_string()),
        }
    }

    /// An entry as a target, where it has a URL; with its pin, or it is a mistake.
    fn target(
        &self,
        entry: &Entry,
        witnesses: Option<Witnesses>,
    ) -> Result<Option<Target>, String> {
        let prefix = |url: &String| {
            url_prefix(url).ok_or_else(|| format!("the trust file has no URL prefix: {url:?}"))
        };
        let of_pin = entry.pin.as_ref().map(|pin| prefix(&pin.url)).transpose()?;
        let own = entry.url.as_ref().map(prefix).transpose()?;
        if let (Some(own), Some(of_pin)) = (&own, &of_pin)
            && own != of_pin
        {
            return Err(format!("the pin that the trust file has for {own} is of {of_pin}"));
        }
        let Some(url) = own.or(of_pin) else { return Ok(None) };
        let pin = entry.pin.clone().map(|pin| Pin { url: url.clone(), ..pin });
        let mut policy = Arc::clone(&self.policy);
        if entry.acknowledged.is_some() || witnesses.is_some() {
            let own = Arc::make_mut(&mut policy);
            own.acknowledged = entry.acknowledged.max(own.acknowledged);
            own.witnesses = witnesses.map(Arc::new).or(own.witnesses.take());
        }
        Ok(Some(Target { pin, labels: self.labels.clone(), ..Target::new(&url, policy) }))
    }
}

/// The witness policy that an entry of the trust file names; else what is wrong with it.
fn read_policy(path: &Path) -> Result<Witnesses, String> {
    let shown = path.display();
    match bounded(path, MAX_POLICY) {
        Ok(Some(bytes)) => {
            Witnesses::parse(&bytes).map_err(|refusal| format!("{shown}: {refusal}"))
        }
        Ok(None) => Err(format!("{shown}: larger than a witness policy can be")),
        Err(error) => Err(format!("cannot read {shown}: {error}")),
    }
}
