//! Which addresses a connection may go to.
//!
//! Fetched content decides nothing about where requests go: an address that is not public is
//! reached only where the user named it. The check is made on the addresses that a name resolves to
//! at the moment of connecting, so a name that resolves differently the second time gains nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What the user says about hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Hosts whose names may resolve to addresses that are not public: the user vouches for them.
    pub danger_private_hosts: BTreeSet<String>,
    /// Addresses to use for a host instead of asking the resolver. They are checked all the same.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
}

/// Which names may lead to addresses that are not public, beside those of [`Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vouched {
    /// None.
    Listed,
    /// Those that a fetch names, with the port that it names.
    Named,
}

/// Through which client a URL is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses only.
    Public,
    /// The user named this host and port, or vouches for the host: any address.
    Named,
    /// The URL holds an address that is not public, and the user did not name it.
    Refused,
}

impl Network {
    /// How a URL may be reached in a fetch of which the user named these URLs.
    pub(super) fn reach(&self, url: &Url, named: &[Url], vouched: Vouched) -> Reach {
        let mut otherwise = Reach::Refused;
        let host = match url.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if self.danger_private_hosts.contains(name) {
                    return Reach::Named;
                }
                match (is_localhost(name), vouched) {
                    (true, _) => {}
                    (false, Vouched::Named) => otherwise = Reach::Public,
                    (false, Vouched::Listed) => return Reach::Public,
                }
                name
            }
            Some(Host::Ipv4(address)) if is_public(address.into()) => return Reach::Public,
            Some(Host::Ipv6(address)) if is_public(address.into()) => return Reach::Public,
            _ => url.host_str().unwrap_or_default(),
        };
        let is_named = |named: &Url| {
            let same_host = named.host_str().map(|name| name.trim_end_matches('.')) == Some(host);
            let same_port = named.port_or_known_default() == url.port_or_known_default();
            let upgrade = named.scheme() == "http" && url.scheme() == "https";
            let plain_ports = named.port().is_none() && url.port().is_none();
            same_host && (same_port || upgrade && plain_ports)
        };
        if named.iter().any(is_named) { Reach::Named } else { otherwise }
    }
}

/// Resolves names, and keeps only addresses that may be connected to.
pub(super) struct Resolver {
    pub(super) network: Arc<Network>,
    pub(super) reach: Reach,
}

/// A name that resolves to no public address.
#[derive(Debug, thiserror::Error)]
#[error("{host} resolves to an address that is not public: {address}")]
pub(super) struct NotPublic {
    host: String,
    address: IpAddr,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, reach) = (self.network.clone(), self.reach);
        Box::pin(async move {
            let host = name.as_str().trim_end_matches('.');
            let found: Vec<IpAddr> = match network.hosts.get(host) {
                Some(addresses) => addresses.clone(),
                // RFC 6761 §6.3: these names are loopback, whatever a resolver says.
                None if is_localhost(host) => {
                    vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
                }
                None => {
                    let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
                    addresses.map(|address| address.ip()).collect()
                }
            };
            let allowed = |address: &IpAddr| reach == Reach::Named || is_public(*address);
            let (allowed, refused): (Vec<IpAddr>, Vec<IpAddr>) =
                found.into_iter().partition(allowed);
            match refused.first() {
                Some(&address) if allowed.is_empty() => {
                    Err(NotPublic { host: host.to_owned(), address }.into())
                }
                _ => Ok(Box::new(allowed.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs),
            }
        })
    }
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}

/// Whether an address is for the public Internet, by the IANA special-purpose registries. An address
/// that stands for an IPv4 address is judged as that.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            let v4_of =
                |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
            match s {
                [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
                    is_public_v4(v4_of(s[6], s[7]))
                }
                [0x2002, ..] => is_public_v4(v4_of(s[1], s[2])),
                // Teredo, benchmarking, ORCHID and other protocol assignments; documentation.
                [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
                _ => (0x2000..0x4000).contains(&s[0]),
            }
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    !matches!(
        v4.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..128, ..]
            | [169, 254, ..]
            | [172, 16..32, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_known() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_not_public_is_reached_only_where_it_was_named() {
        let network = Network {
            danger_private_hosts: ["canary.internal".to_owned()].into(),
            ..Network::default()
        };
        let reach = |url: &str, named: &str| {
            network.reach(&Url::parse(url).unwrap(), &[Url::parse(named).unwrap()], Vouched::Listed)
        };
        let public = "https://example.com/";
        assert_eq!(reach("https://other.example/", public), Reach::Public);
        assert_eq!(reach("https://1.1.1.1/", public), Reach::Public);
        assert_eq!(reach("https://canary.internal/", public), Reach::Named);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://localhost/",
            "http://a.LOCALHOST./",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert_eq!(reach(url, public), Reach::Refused, "{url}");
            assert_eq!(reach(url, url), Reach::Named, "{url}");
        }
        assert_eq!(reach("http://127.0.0.1:9200/", "http://127.0.0.1:8000/"), Reach::Refused);
        assert_eq!(reach("https://127.0.0.1/", "http://127.0.0.1/"), Reach::Named);
        assert_eq!(reach("https://127.0.0.1:8000/", "http://127.0.0.1/"), Reach::Refused);
    }

    #[test]
    fn where_a_fetch_vouches_for_what_it_names_it_is_that_host_and_port() {
        let reach = |url: &str| {
            let named = [Url::parse("http://canary.internal:8000/c/").unwrap()];
            Network::default().reach(&Url::parse(url).unwrap(), &named, Vouched::Named)
        };
        assert_eq!(reach("http://canary.internal:8000/c/checkpoint"), Reach::Named);
        assert_eq!(reach("http://canary.internal:43000/"), Reach::Public);
        assert_eq!(reach("http://other.internal:8000/"), Reach::Public);
        assert_eq!(reach("http://localhost:8000/"), Reach::Refused);
    }
}
