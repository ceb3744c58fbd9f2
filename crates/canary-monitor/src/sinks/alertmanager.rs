//! Alertmanager's v2 API: one alert an episode, ended when it is resolved.

use std::collections::BTreeMap;

use canary_format::time::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};

use super::http::deliver;
use super::{Secret, SendError};
use crate::episode::Turn;
use crate::notice::Notice;

/// Each alert has the text: so many bytes of it at most.
const TEXT: usize = 1_000;

pub(super) async fn send(client: &Client, url: &Secret, notice: &Notice) -> Result<(), SendError> {
    let url = format!("{}/api/v2/alerts", url.reveal()?.trim_end_matches('/'));
    let body = serde_json::to_string(&alerts(notice))?;
    deliver(client.post(url).header("content-type", "application/json").body(body)).await
}

fn alerts(notice: &Notice) -> Vec<Value> {
    let text = notice.text_within(TEXT, str::len);
    notice
        .changes
        .iter()
        .map(|change| {
            let mut labels: BTreeMap<String, String> = notice
                .target
                .labels
                .iter()
                .map(|(name, value)| (label_name(name), value.clone()))
                .collect();
            for (name, value) in [
                ("alertname", "WarrantCanary"),
                ("canary", notice.target.name.as_str()),
                ("url", &notice.target.url),
                ("code", &change.code.to_string()),
                ("about", &change.about),
                ("severity", &change.severity.to_string()),
                ("episode", &change.episode),
            ] {
                labels.insert(name.to_owned(), value.to_owned());
            }
            labels.retain(|_, value| !value.is_empty());
            // Without an end Alertmanager makes up one, five minutes ahead: the episode would look over.
            let ends = match change.turn {
                Turn::Resolved => notice.at.clone(),
                _ => later(&notice.at),
            };
            json!({
                "labels": labels,
                "annotations": {"summary": notice.title, "description": text},
                "startsAt": change.since,
                "endsAt": ends,
            })
        })
        .collect()
}

/// Longer than any wait until an open episode is said again.
fn later(at: &str) -> String {
    let at = Timestamp::parse(at).unwrap_or(Timestamp::MAX);
    at.plus(400 * 86_400).to_string()
}

/// A label's name as Prometheus accepts it.
pub(crate) fn label_name(name: &str) -> String {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let clean: String = name.chars().map(|c| if ok(c) { c } else { '_' }).collect();
    if clean.starts_with(|c: char| c.is_ascii_alphabetic()) { clean } else { format!("l_{clean}") }
}
