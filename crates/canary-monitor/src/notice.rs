//! A notice: what changed at a target, as JSON for machines and as text for people.

use std::collections::BTreeMap;

use canary_format::time::Timestamp;
use canary_verifier::report::{Severity, State};
use serde::{Deserialize, Serialize};

use crate::axes::needs_clock;
use crate::episode::{Change, Turn, short_hex};
use crate::memory::Memory;
use crate::observe::Dates;
use crate::own::Trouble;
use crate::route::{Language, Route};
use crate::store::NewNotice;
use crate::target::TargetId;
use crate::vantage::Clock;
use crate::wording;

/// The value of `notice`.
pub const NOTICE_TYPE: &str = "warrant-canary/notice/v1";

/// What sinks send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Always [`NOTICE_TYPE`].
    pub notice: String,
    /// Stable: a notice that comes twice has the same key.
    pub key: String,
    /// When it was made.
    pub at: String,
    /// About whom.
    pub target: Subject,
    /// The worst that is open, or was until now.
    pub severity: Severity,
    /// The state of the canary (`verdicts.md` §2).
    pub state: State,
    /// The signed dates of the newest issue.
    pub issue: Option<NoticeDates>,
    /// When it was last reached.
    pub reached_at: Option<String>,
    /// What changed.
    pub changes: Vec<NoticeChange>,
    /// The language of `title` and `text`.
    pub language: Language,
    /// One line.
    pub title: String,
    /// A few lines.
    pub text: String,
}

/// About whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The target's identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Signed dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDates {
    /// The issue's number.
    pub number: u64,
    /// The instant that its facts are affirmed for.
    pub as_of: String,
    /// When the next is due.
    pub next_due: String,
    /// When it lapses.
    pub expires: String,
}

/// A change, with its instant written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeChange {
    /// What happened.
    pub turn: Turn,
    /// The episode.
    pub episode: String,
    /// Its finding.
    pub code: canary_verifier::report::Code,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub about: String,
    /// What was observed.
    pub message: String,
    /// When the episode was opened.
    pub since: String,
}

/// An instant as people and machines read it.
pub fn instant(at: i64) -> String {
    Timestamp::from_unix(at).to_string()
}

fn dates(issue: &Dates) -> NoticeDates {
    NoticeDates {
        number: issue.number,
        as_of: instant(issue.as_of),
        next_due: instant(issue.next_due),
        expires: instant(issue.expires),
    }
}

/// About whom a notice is made, and with which state.
pub struct About<'a> {
    /// Its identity.
    pub id: TargetId,
    /// Its name, URL and labels.
    pub subject: Subject,
    /// What is known of it.
    pub memory: &'a Memory,
    /// Its state.
    pub state: State,
    /// Whether the clock that it is judged by can be believed.
    pub clock: Clock,
}

/// The notices that changes give: one for each sink of each route that takes them.
pub fn notices<'a>(
    about: &About<'_>,
    changes: &[Change],
    routes: impl Iterator<Item = &'a Route>,
    now: i64,
) -> Vec<NewNotice> {
    let mut made: Vec<NewNotice> = Vec::new();
    for route in routes {
        let told: Vec<&Change> =
            changes.iter().filter(|change| change.severity >= route.min_severity).collect();
        if told.is_empty() {
            continue;
        }
        for sink in &route.sinks {
            if made.iter().any(|notice| notice.sink == *sink) {
                continue;
            }
            let episodes: Vec<&str> = told.iter().map(|change| change.episode.as_str()).collect();
            let named = format!(
                "{} {} {now} {sink} {}",
                about.id,
                about.memory.notices,
                episodes.join(" ")
            );
            let key = short_hex(named.as_bytes());
            let notice = compose(about, &told, route.language, &key, now);
            let body = serde_json::to_string(&notice).expect("a notice has string keys");
            made.push(NewNotice { key, sink: sink.clone(), body });
        }
    }
    made
}

fn compose(
    about: &About<'_>,
    changes: &[&Change],
    language: Language,
    key: &str,
    now: i64,
) -> Notice {
    let severity = changes.iter().map(|change| change.severity).max().unwrap_or(Severity::Unknown);
    let name = inert(&about.subject.name);
    let resolved = changes.iter().all(|change| change.turn == Turn::Resolved);
    let head = if resolved {
        wording::turn(Turn::Resolved, language)
    } else {
        wording::severity(severity, language)
    };
    let first = changes.first().map_or("", |change| sentence(change, language));
    let more = changes.len().saturating_sub(1);
    let title = match (more, language) {
        (0, _) => format!("[{head}] {name}: {first}"),
        (more, Language::En) => format!("[{head}] {name}: {first} (and {more} more)"),
        (more, Language::Zh) => format!("[{head}] {name}：{first}（另有 {more} 项）"),
    };
    let text = text(about, changes, language);
    Notice {
        notice: NOTICE_TYPE.to_owned(),
        key: key.to_owned(),
        at: instant(now),
        target: about.subject.clone(),
        severity,
        state: about.state,
        issue: about.memory.said.as_ref().and_then(|said| said.issue.as_ref()).map(dates),
        reached_at: about.memory.reached_at.map(instant),
        changes: changes
            .iter()
            .map(|change| NoticeChange {
                turn: change.turn,
                episode: change.episode.clone(),
                code: change.code,
                severity: change.severity,
                about: inert(&change.about),
                message: inert(&change.message),
                since: instant(change.since),
            })
            .collect(),
        language,
        title,
        text,
    }
}

fn sentence(change: &Change, language: Language) -> &'static str {
    match Trouble::of(change) {
        Some(trouble) => wording::own(trouble, language),
        None => wording::finding(change.code, language),
    }
}

fn text(about: &About<'_>, changes: &[&Change], language: Language) -> String {
    let mut lines = vec![inert(&about.subject.name), about.subject.url.clone(), String::new()];
    for change in changes {
        let turn = wording::turn(change.turn, language);
        let place = match (Trouble::of(change), change.about.as_str()) {
            (Some(_), _) | (None, "") => String::new(),
            (None, place) => format!(" ({})", inert(place)),
        };
        lines.push(format!("- {turn}: {}{place}: {}", change.code, sentence(change, language)));
        if !change.message.is_empty() && language == Language::En {
            lines.push(format!("  {}", inert(&change.message)));
        }
        if language != Language::En && is_disputed(about, change) {
            lines.push(format!("  {}", wording::doubt(language)));
        }
    }
    lines.push(String::new());
    let words = match language {
        Language::En => {
            ["state", "newest issue", "affirmed", "next due", "expires", "last reached"]
        }
        Language::Zh => ["状态", "最近一期", "确认时刻", "下一期预定", "失效", "最近一次访问"],
    };
    lines.push(format!("{}: {}", words[0], about.state));
    if let Some(issue) = about.memory.said.as_ref().and_then(|said| said.issue.as_ref()) {
        lines.push(format!("{}: {}", words[1], issue.number));
        for (word, at) in words[2..].iter().zip([issue.as_of, issue.next_due, issue.expires]) {
            lines.push(format!("{word}: {}", instant(at)));
        }
    }
    if let Some(at) = about.memory.reached_at {
        lines.push(format!("{}: {}", words[5], instant(at)));
    }
    lines.push(String::new());
    lines.push(wording::limits(language).to_owned());
    lines.join("\n")
}

/// Whether a change rests on a clock that is disputed. In English its message says so itself.
fn is_disputed(about: &About<'_>, change: &Change) -> bool {
    about.clock == Clock::Disputed && needs_clock(change.code) && Trouble::of(change).is_none()
}

/// Text from outside on one line, without control and reordering characters, and not too long.
pub fn inert(text: &str) -> String {
    let shown = |c: char| {
        !(c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
    };
    text.chars().map(|c| if shown(c) { c } else { '\u{fffd}' }).take(500).collect()
}

/// A notice that says that it is a test.
pub fn test(sink: &str, now: i64) -> crate::store::Outgoing {
    let key = short_hex(format!("test {sink} {now}").as_bytes());
    let text = "This is a test of canary watch. Nothing was observed.\n这是 canary watch 的测试通知，没有观察到任何情况。";
    let notice = Notice {
        notice: NOTICE_TYPE.to_owned(),
        key: key.clone(),
        at: instant(now),
        target: Subject {
            id: TargetId(0).to_string(),
            name: "test".to_owned(),
            url: String::new(),
            labels: BTreeMap::new(),
        },
        severity: Severity::Alive,
        state: State::Live,
        issue: None,
        reached_at: None,
        changes: Vec::new(),
        language: Language::En,
        title: "[test] canary watch / 测试".to_owned(),
        text: text.to_owned(),
    };
    crate::store::Outgoing {
        row: 0,
        fence: 0,
        key,
        sink: sink.to_owned(),
        body: serde_json::to_string(&notice).expect("a notice has string keys"),
        created: now,
        tries: 0,
    }
}
