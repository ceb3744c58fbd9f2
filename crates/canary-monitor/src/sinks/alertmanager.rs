//! Alertmanager's v2 API: one alert an episode, ended when it is resolved, and said again while it is open.
//!
//! An alert is known by its labels. Its severity is one of them, for routing: where it changes, the alert
//! of the former severity is ended and another begins.

use std::collections::BTreeMap;

use canary_format::time::Timestamp;
use reqwest::Client;
use serde::Serialize;

use super::http::deliver;
use super::{Secret, SendError};
use crate::episode::Turn;
use crate::notice::{Notice, NoticeChange, Subject, inert, sentence};
use crate::route::Language;
use crate::wording;

/// How long an alert lasts that is not said again, in seconds. Alertmanager tells its end as it tells any
/// other: a restart or a short outage of the monitor must not look like one.
pub(crate) const LASTS: i64 = 3_600;
/// The same where the monitor runs in rounds (`--once`): two daily ones, and an hour.
pub(crate) const LASTS_IN_ROUNDS: i64 = 49 * 3_600;

/// An alert as Alertmanager takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    /// What it is known by.
    pub(crate) labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: String,
    pub(crate) ends_at: String,
}

pub(super) async fn send(
    client: &Client,
    url: &Secret,
    alerts: &[&Alert],
) -> Result<(), SendError> {
    let url = format!("{}/api/v2/alerts", url.reveal()?.trim_end_matches('/'));
    let body = serde_json::to_string(alerts)?;
    deliver(client.post(url).header("content-type", "application/json").body(body)).await
}

/// What a notice says: an open alert lasts from when it is sent, not from when the notice was made.
pub(super) fn alerts(notice: &Notice, now: i64, lasts: i64) -> Vec<Alert> {
    let (open, over) = (lasting(now, lasts), notice.at.as_str());
    let mut alerts = Vec::new();
    for change in &notice.changes {
        let mut say = |severity, ends: &str| {
            let change = NoticeChange { severity, ..change.clone() };
            alerts.push(Alert::new(&notice.target, &change, notice.language, ends));
        };
        if let Some(former) = change.was.filter(|was| *was != change.severity) {
            say(former, over);
        }
        say(change.severity, if change.turn == Turn::Resolved { over } else { &open });
    }
    alerts
}

/// When an alert ends that is said now and not again.
pub(crate) fn lasting(now: i64, lasts: i64) -> String {
    Timestamp::from_unix(now).plus(lasts).to_string()
}

impl Alert {
    /// The alert of an episode, with when it ends.
    pub(crate) fn new(
        target: &Subject,
        change: &NoticeChange,
        language: Language,
        ends: &str,
    ) -> Self {
        let (name, words) = (inert(&target.name), sentence(change, language));
        let mut labels = label_names(&target.labels);
        for (name, value) in [
            ("alertname", "WarrantCanary"),
            ("canary", &target.name),
            ("url", &target.url),
            ("code", &change.code.to_string()),
            ("about", &change.about),
            ("severity", &change.severity.to_string()),
            ("episode", &change.episode),
        ] {
            labels.insert(name.to_owned(), value.to_owned());
        }
        labels.retain(|_, value| !value.is_empty());
        let head = wording::severity(change.severity, language);
        let lines = [words, &change.message, &target.url, wording::limits(language)];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let annotations = BTreeMap::from([
            ("summary", format!("[{head}] {name}: {words}")),
            ("description", lines.join("\n")),
        ]);
        // One that ends before it begins is refused, with all that come with it.
        let starts_at = change.since.as_str().min(ends).to_owned();
        Self { labels, annotations, starts_at, ends_at: ends.to_owned() }
    }

    /// The end of the alert that these labels are known for.
    pub(crate) fn ended(labels: BTreeMap<String, String>, at: String) -> Self {
        Self { labels, annotations: BTreeMap::new(), starts_at: at.clone(), ends_at: at }
    }
}

/// Labels under names that Prometheus accepts, each name once: a label that has the name anyway goes before one
/// that would get it.
pub(crate) fn label_names(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for (name, value) in labels {
        let shown = label_name(name);
        if shown == *name || !named.contains_key(&shown) {
            named.insert(shown, value.clone());
        }
    }
    named
}

/// A label's name as Prometheus accepts it.
pub(crate) fn label_name(name: &str) -> String {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let clean: String = name.chars().map(|c| if ok(c) { c } else { '_' }).collect();
    if clean.starts_with(|c: char| c.is_ascii_alphabetic()) { clean } else { format!("l_{clean}") }
}

#[cfg(test)]
mod tests {
    use canary_verifier::report::Severity;

    use super::*;
    use crate::notice::tests::dropped;

    fn said(turn: Turn, was: Option<Severity>) -> Vec<(String, String)> {
        let mut notice = dropped(1, "x");
        notice.at = "2026-01-01T00:00:00Z".to_owned();
        (notice.changes[0].turn, notice.changes[0].was) = (turn, was);
        let alerts = alerts(&notice, 1_800_000_000, LASTS);
        assert!(alerts.iter().all(|alert| alert.starts_at <= alert.ends_at));
        alerts.into_iter().map(|alert| (alert.labels["severity"].clone(), alert.ends_at)).collect()
    }

    #[test]
    fn an_alert_ends_with_the_severity_that_it_was_told_with() {
        let alarm = |ends: &str| ("alarm".to_owned(), ends.to_owned());
        let former = ("attention".to_owned(), "2026-01-01T00:00:00Z".to_owned());
        let (open, over) = ("2027-01-15T09:00:00Z", "2026-01-01T00:00:00Z");
        assert_eq!(said(Turn::Opened, None), [alarm(open)], "an hour from now");
        let changed = said(Turn::Changed, Some(Severity::Attention));
        assert_eq!(changed, [former, alarm(open)]);
        assert_eq!(said(Turn::Resolved, None), [alarm(over)]);
    }

    #[test]
    fn a_change_of_many_facts_is_a_request_of_a_moderate_size() {
        let alerts = alerts(&dropped(298, "界"), 0, LASTS);
        assert!(serde_json::to_string(&alerts).expect("it has string keys").len() < 1_000_000);
        assert_eq!(label_name("9 x"), "l_9_x");
    }

    #[test]
    fn no_label_name_comes_twice_and_one_that_fits_is_kept() {
        let labels = ["a b", "a_b", "a~b", "c.d", "c~d"];
        let labels = labels.map(|name| (name.to_owned(), name.to_owned())).into();
        let named = [("a_b", "a_b"), ("c_d", "c.d")];
        let named = named.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(label_names(&labels), named);
    }
}
