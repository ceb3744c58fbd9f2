//! Where notices go. A notice counts as sent only after the other side accepted it.

mod alertmanager;
pub(crate) mod email;
pub(crate) mod exec;
pub(crate) mod http;
mod matrix;
pub(crate) mod ntfy;
mod secret;
mod slack;
pub(crate) mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::alertmanager::{Alert, label_name, label_names};
pub use self::secret::{Secret, SecretError};
use crate::notice::Notice;
use crate::store::Outgoing;

/// A notice has so many bytes of JSON at most, beside the target's own name, URL and labels.
const MOST_JSON: usize = 256 * 1_024;

/// A sink as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkConfig {
    /// Its name; routes name sinks.
    pub name: String,
    /// What it is.
    pub kind: SinkKind,
}

/// The kinds of sinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkKind {
    /// JSON by POST, signed as in Standard Webhooks.
    Webhook {
        /// Where to.
        url: Secret,
        /// The key of the HMAC.
        secret: Option<Secret>,
    },
    /// Alertmanager's v2 API.
    Alertmanager {
        /// The base URL.
        url: Secret,
    },
    /// SMTP.
    Email {
        /// `smtps://host:465`, `smtp+starttls://host:587`, or `smtp://` to a loopback address.
        server: String,
        /// The user's name, where the server asks for one.
        user: Option<String>,
        /// The password.
        password: Option<Secret>,
        /// The sender.
        from: String,
        /// The recipients.
        to: Vec<String>,
        /// A file of certificates to trust in place of the public ones.
        ca_file: Option<PathBuf>,
    },
    /// An incoming webhook of Slack, Mattermost, or Discord (with `/slack` at the end of its URL).
    Slack {
        /// Where to.
        url: Secret,
    },
    /// A Matrix room.
    Matrix {
        /// The homeserver's base URL.
        homeserver: String,
        /// The room's id.
        room: String,
        /// The access token.
        token: Secret,
    },
    /// An ntfy topic.
    Ntfy {
        /// The topic's URL.
        url: Secret,
        /// The access token.
        token: Option<Secret>,
    },
    /// A program: the notice as JSON on its standard input and in `CANARY_*` variables.
    Exec {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment besides.
        environment: BTreeMap<String, String>,
        /// Seconds that it may take.
        timeout: i64,
    },
}

/// Why a notice was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No sink has the name any more.
    #[error("no sink has the name {0}")]
    Gone(String),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The request failed. Its URL is left out: it may hold a secret.
    #[error("the request failed")]
    Http(#[source] reqwest::Error),
    /// The other side answered something else than 2xx.
    #[error("the other side answered {status}")]
    Refused {
        /// Its status.
        status: u16,
        /// How long it asks to wait, in seconds.
        retry_after: Option<i64>,
    },
    /// It took too long.
    #[error("it took too long")]
    Timeout,
    /// The mail server refused.
    #[error("the mail server refused")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The message cannot be made.
    #[error("the message cannot be made")]
    Message(#[from] lettre::error::Error),
    /// An address is not of its form.
    #[error("an address is not of its form")]
    Address(#[from] lettre::address::AddressError),
    /// The server's URL is not of its form.
    #[error("the server's URL is not of its form")]
    Server,
    /// The program could not be run.
    #[error("the program could not be run")]
    Exec(#[source] std::io::Error),
    /// The program ended with another status than 0.
    #[error("the program ended with {0}")]
    Status(std::process::ExitStatus),
    /// What was stored is not a notice.
    #[error("what was stored is not a notice")]
    Form(#[from] serde_json::Error),
}

impl SendError {
    /// How long the other side asks to wait, in seconds.
    pub fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// All sinks of a configuration.
#[derive(Debug, Clone)]
pub struct Sinks {
    sinks: Arc<BTreeMap<String, SinkKind>>,
    http: reqwest::Client,
    /// How long an alert lasts that is not said again, in seconds.
    alerts_last: i64,
}

impl Sinks {
    /// The sinks of a configuration.
    ///
    /// # Errors
    ///
    /// The system offers no TLS.
    pub fn new(sinks: &[SinkConfig]) -> Result<Self, reqwest::Error> {
        let sinks = sinks.iter().map(|sink| (sink.name.clone(), sink.kind.clone())).collect();
        Ok(Self { sinks: Arc::new(sinks), http: http::client()?, alerts_last: alertmanager::LASTS })
    }

    /// The same for a monitor that runs in rounds: an open alert lasts from one to the next.
    pub(crate) fn in_rounds(&self) -> Self {
        Self { alerts_last: alertmanager::LASTS_IN_ROUNDS, ..self.clone() }
    }

    /// Whether a sink keeps alerts for as long as they are said again.
    pub(crate) fn keeps_alerts(&self, name: &str) -> bool {
        matches!(self.sinks.get(name), Some(SinkKind::Alertmanager { .. }))
    }

    /// When an alert ends that is said now and not again.
    pub(crate) fn alerts_last_until(&self, now: i64) -> String {
        alertmanager::lasting(now, self.alerts_last)
    }

    /// Says alerts to a sink that keeps them.
    ///
    /// # Errors
    ///
    /// Why they were not accepted.
    pub(crate) async fn say_alerts(&self, sink: &str, alerts: &[&Alert]) -> Result<(), SendError> {
        match self.sinks.get(sink) {
            // Notices wait meanwhile: shorter than what one of them may take.
            Some(SinkKind::Alertmanager { url }) => {
                let sending = alertmanager::send(&self.http, url, alerts);
                let limit = Duration::from_secs(10);
                tokio::time::timeout(limit, sending).await.unwrap_or(Err(SendError::Timeout))
            }
            _ => Err(SendError::Gone(sink.to_owned())),
        }
    }

    /// Sends a notice to its sink; accepted when this returns.
    ///
    /// # Errors
    ///
    /// Why it was not accepted.
    pub async fn send(&self, outgoing: &Outgoing) -> Result<(), SendError> {
        let kind =
            self.sinks.get(&outgoing.sink).ok_or_else(|| SendError::Gone(outgoing.sink.clone()))?;
        let notice = serde_json::from_str::<Notice>(&outgoing.body)?.bounded();
        let client = &self.http;
        match kind {
            SinkKind::Webhook { url, secret } => {
                webhook::send(client, url, secret.as_ref(), outgoing, json(outgoing, &notice)?)
                    .await
            }
            SinkKind::Alertmanager { url } => {
                let now = crate::worker::wall_clock();
                let alerts = alertmanager::alerts(&notice, now, self.alerts_last);
                alertmanager::send(client, url, &alerts.iter().collect::<Vec<_>>()).await
            }
            SinkKind::Slack { url } => slack::send(client, url, &notice).await,
            SinkKind::Matrix { homeserver, room, token } => {
                matrix::send(client, homeserver, room, token, &notice).await
            }
            SinkKind::Ntfy { url, token } => ntfy::send(client, url, token.as_ref(), &notice).await,
            SinkKind::Email { server, user, password, from, to, ca_file } => {
                let login = user.as_deref().zip(password.as_ref());
                email::send(server, login, (from, to), ca_file.as_deref(), &notice).await
            }
            SinkKind::Exec { command, environment, timeout } => {
                let input = json(outgoing, &notice)?;
                exec::send(command, environment, *timeout, &input, &notice).await
            }
        }
    }
}

/// The notice as JSON: as it was stored, unless an earlier version stored more than is sent.
fn json(outgoing: &Outgoing, notice: &Notice) -> Result<String, serde_json::Error> {
    match outgoing.body.len() > MOST_JSON {
        true => serde_json::to_string(notice),
        false => Ok(outgoing.body.clone()),
    }
}
