//! Checks each target as its format asks for.

use std::collections::BTreeSet;

use canary_verifier::fetch::{Fetcher, FetcherError, Limits, Network};

use crate::dialect::DialectCheck;
use crate::fleet::Fleet;
use crate::form::Form;
use crate::memory::Memory;
use crate::native::NativeCheck;
use crate::observe::{Check, Observation};
use crate::store::Store;
use crate::target::{Target, host_of};

/// The checker of a fleet, whatever the formats of its targets.
#[derive(Debug, Clone)]
pub struct Checker<S> {
    native: NativeCheck<S>,
    dialect: DialectCheck<S>,
}

impl<S: Store> Checker<S> {
    /// For a fleet: hosts that it allows to be private are.
    ///
    /// # Errors
    ///
    /// TLS or HTTP cannot be set up on this machine.
    pub fn new(store: S, fleet: &Fleet, limits: Limits) -> Result<Self, FetcherError> {
        let network = Network { danger_private_hosts: private_hosts(fleet), ..Network::default() };
        Ok(Self::with_fetcher(store, Fetcher::with_network(limits, network)?))
    }

    /// With a fetcher made elsewhere.
    pub fn with_fetcher(store: S, fetcher: Fetcher) -> Self {
        let native = NativeCheck::with_fetcher(store.clone(), fetcher.clone());
        Self { native, dialect: DialectCheck::new(store, fetcher) }
    }
}

impl<S: Store> Check for Checker<S> {
    async fn check(&self, target: &Target, memory: &Memory, now: i64) -> Observation {
        match &target.policy.form {
            Form::Native => self.native.check(target, memory, now).await,
            Form::Dialect(dialect) => self.dialect.check(target, dialect, memory, now).await,
        }
    }
}

/// The hosts that the operator vouches for, without their ports.
pub(crate) fn private_hosts(fleet: &Fleet) -> BTreeSet<String> {
    let vouched = fleet.iter().filter(|target| target.policy.danger_allow_private);
    let urls = vouched.flat_map(|target| {
        let dialect = target.policy.form.dialect();
        let signatures = dialect.map(|dialect| dialect.signatures().to_vec()).unwrap_or_default();
        let witnesses = target.policy.witnesses.as_ref().map(|one| one.policy().witnesses());
        let witnesses = witnesses.unwrap_or_default().iter().filter_map(|one| one.url.clone());
        let witnesses: Vec<String> = witnesses.collect();
        let all = [target.url].into_iter().chain(target.mirrors).chain(signatures);
        all.chain(witnesses).collect::<Vec<_>>()
    });
    urls.map(|url| host_of(&url).split(':').next().unwrap_or_default().to_owned()).collect()
}
