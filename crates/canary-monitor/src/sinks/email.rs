//! Email by SMTP, with TLS unless the server is on this machine.

use std::net::Ipv6Addr;
use std::path::Path;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::secret::bounded;
use super::{Secret, SecretError, SendError};
use crate::notice::Notice;

/// The greatest size of a file of certificates, in bytes.
const MAX_CA_FILE: u64 = 1 << 20;

/// How the connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`, which must be offered.
    StartTls,
    /// None: to this machine only.
    Loopback,
}

pub(crate) fn server_parts(server: &str) -> Option<(Security, &str, u16)> {
    let (scheme, rest) = server.split_once("://")?;
    let (security, default) = match scheme {
        "smtps" => (Security::Tls, 465),
        "smtp+starttls" => (Security::StartTls, 587),
        "smtp" => (Security::Loopback, 25),
        _ => return None,
    };
    // An IPv6 address is in brackets: it holds colons itself.
    let (host, port) = match rest.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(address) => {
            let (address, port) = address?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = port.map_or(Some(default), |port| port.parse().ok())?;
    (!host.is_empty() && !host.contains(['/', '@', ']'])).then_some((security, host, port))
}

/// Whether a server's URL can be used.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check_server(server: &str) -> Result<(), String> {
    match server_parts(server) {
        Some((Security::Loopback, host, _))
            if !["localhost", "127.0.0.1", "::1"].contains(&host) =>
        {
            Err(format!("without TLS only to this machine, not to {host}"))
        }
        Some(_) => Ok(()),
        None => Err("`server` must be smtps://<host>, smtp+starttls://<host> or smtp://localhost"
            .to_owned()),
    }
}

pub(super) async fn send(
    server: &str,
    login: Option<(&str, &Secret)>,
    (from, to): (&str, &[String]),
    ca_file: Option<&Path>,
    notice: &Notice,
) -> Result<(), SendError> {
    let (security, host, port) = server_parts(server).ok_or(SendError::Server)?;
    let mut builder = match security {
        Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host)?
            .tls(Tls::Wrapper(tls(host, ca_file)?)),
        Security::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?
            .tls(Tls::Required(tls(host, ca_file)?)),
        Security::Loopback => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
    };
    builder = builder.port(port).timeout(Some(Duration::from_secs(30)));
    if let Some((user, password)) = login {
        builder = builder.credentials(Credentials::new(user.to_owned(), password.reveal()?));
    }
    builder.build().send(message(from, to, notice)?).await?;
    Ok(())
}

fn tls(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SendError> {
    let builder = TlsParameters::builder(host.to_owned());
    let builder = match ca_file {
        Some(path) => {
            let pem = bounded(path, MAX_CA_FILE)
                .map_err(|source| SecretError::Unreadable { path: path.to_owned(), source })?;
            builder.add_root_certificate(Certificate::from_pem(&pem)?)
        }
        None => builder,
    };
    Ok(builder.build()?)
}

/// One message-id a notice, so that what comes twice can be told; notices of one episode are one thread.
fn message(from: &str, to: &[String], notice: &Notice) -> Result<Message, SendError> {
    let host = "canary-watch.invalid";
    let mut builder = Message::builder()
        .from(from.parse::<Mailbox>()?)
        .subject(&notice.title)
        .message_id(Some(format!("<{}@{host}>", notice.key)));
    if let Some(change) = notice.changes.first() {
        builder = builder.references(format!("<{}@{host}>", change.episode));
    }
    for address in to {
        builder = builder.to(address.parse::<Mailbox>()?);
    }
    Ok(builder.header(ContentType::TEXT_PLAIN).body(notice.text.clone())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_perhaps_a_port() {
        assert_eq!(server_parts("smtp://[::1]"), Some((Security::Loopback, "::1", 25)));
        assert_eq!(server_parts("smtps://[2001:db8::1]:466"), {
            Some((Security::Tls, "2001:db8::1", 466))
        });
        assert_eq!(server_parts("smtps://a.example:466"), Some((Security::Tls, "a.example", 466)));
        for wrong in
            ["smtp://::1", "smtp://[::1", "smtp://[::1]25", "smtp://[a]", "smtp://a:", "smtp://"]
        {
            assert_eq!(server_parts(wrong), None, "{wrong}");
        }
        assert_eq!(check_server("smtp://[::1]:2525"), Ok(()));
        assert!(check_server("smtp://[::2]").is_err());
    }
}
