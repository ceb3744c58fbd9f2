//! Checks each target as its format asks for.

use canary_verifier::fetch::{Fetcher, FetcherError, Limits};

use crate::dialect::DialectCheck;
use crate::form::Form;
use crate::memory::Memory;
use crate::native::NativeCheck;
use crate::observe::{Check, Observation, Outcome};
use crate::store::Store;
use crate::target::Target;

/// The checker of a fleet, whatever the formats of its targets.
#[derive(Debug, Clone)]
pub struct Checker<S> {
    fetcher: Fetcher,
    native: NativeCheck<S>,
    dialect: DialectCheck<S>,
}

impl<S: Store> Checker<S> {
    /// With these limits.
    ///
    /// # Errors
    ///
    /// TLS or HTTP cannot be set up on this machine.
    pub fn new(store: S, limits: Limits) -> Result<Self, FetcherError> {
        Ok(Self::with_fetcher(store, Fetcher::new(limits)?))
    }

    /// With a fetcher made elsewhere.
    pub fn with_fetcher(store: S, fetcher: Fetcher) -> Self {
        let native = NativeCheck::with_fetcher(store.clone(), fetcher.clone());
        Self { dialect: DialectCheck::new(store, fetcher.clone()), fetcher, native }
    }
}

impl<S: Store> Check for Checker<S> {
    async fn check(&self, target: &Target, memory: &Memory, now: i64) -> Observation {
        let lacks = self.fetcher.lacks();
        let observation = match &target.policy.form {
            Form::Native => self.native.check(target, memory, now).await,
            Form::Dialect(dialect) => self.dialect.check(target, dialect, memory, now).await,
        };
        match observation.outcome {
            // A machine that can open no more connections says nothing of the hosts that it would ask.
            Outcome::Unreachable(_) if self.fetcher.lacks() != lacks => {
                Observation::new(now, Outcome::NotAsked)
            }
            _ => observation,
        }
    }
}

/// The fetcher for a target. One that may be private is reached as it is named, and neither by way of another
/// target nor at another port.
pub(crate) fn fetcher_for(fetcher: &Fetcher, target: &Target) -> Fetcher {
    match target.policy.danger_allow_private {
        true => fetcher.danger_private_where_named(),
        false => fetcher.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    use canary_verifier::fetch::Network;

    use super::*;
    use crate::policy::Policy;
    use crate::store::sqlite::{Access, SqliteStore};

    /// A server on this machine that answers everything alike; its port.
    fn server(answer: String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("it is connected");
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    #[tokio::test]
    async fn a_private_host_is_reached_by_the_target_that_may_and_where_it_was_named() {
        let page = |status: &str, more: &str| {
            format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n")
        };
        let secret = server(page("404 Not Found", ""));
        let redirect = page("302 Found", &format!("Location: http://a.internal:{secret}/x\r\n"));
        let (open, leading) = (server(page("404 Not Found", "")), server(redirect));
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let store = SqliteStore::open(&folder.path().join("s.db"), Access::Monitor);
        let names = ["a.internal", "b.internal"];
        let hosts = names.map(|name| (name.to_owned(), vec![[127, 0, 0, 1].into()])).into();
        let network = Network { hosts, ..Network::default() };
        let fetcher = Fetcher::with_network(Limits::default(), network).expect("there is TLS");
        let checker = Checker::with_fetcher(store.expect("it opens"), fetcher);
        for (url, danger_allow_private, refused) in [
            (format!("http://a.internal:{open}/"), true, false),
            (format!("http://a.internal:{open}/"), false, true),
            (format!("http://a.internal:{leading}/"), true, true),
            (format!("http://127.0.0.1:{leading}/"), false, true),
            (format!("http://b.internal:{leading}/"), true, true),
        ] {
            let policy = Policy { danger_allow_private, ..Policy::default() };
            let target = Target::new(&url, Arc::new(policy));
            let seen = checker.check(&target, &Memory::default(), 1_800_000_000).await;
            let is_refused = matches!(&seen.outcome, Outcome::Unreachable(words) if words.contains("not public"));
            assert_eq!(is_refused, refused, "{url}: {:?}", seen.outcome);
        }
    }
}
