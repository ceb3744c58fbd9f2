//! A notice: what changed at a target, as JSON for machines and as text for people.

mod parcel;
mod text;

pub use self::parcel::{Parcel, note_told, parcels};
pub(crate) use self::text::sentence;

use std::collections::BTreeMap;

use canary_format::time::Timestamp;
use canary_verifier::report::{Severity, State};
use serde::{Deserialize, Serialize};

use crate::episode::{Change, Turn, short_hex};
use crate::memory::Memory;
use crate::observe::Dates;
use crate::route::Language;
use crate::store::NewNotice;
use crate::target::{Target, TargetId};
use crate::vantage::Clock;

/// The value of `notice`.
pub const NOTICE_TYPE: &str = "warrant-canary/notice/v1";
/// The changes of one notice take so many bytes of JSON at most.
const CHANGES: usize = 192 * 1_024;
/// Its text takes so many bytes at most; sinks that take less leave out more.
const TEXT: usize = 16 * 1_024;
/// Its title has so many characters at most.
const TITLE: usize = 400;

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
    /// What changed, the worst first.
    pub changes: Vec<NoticeChange>,
    /// How many changes more there are than there was room for.
    #[serde(default)]
    pub left_out: usize,
    /// Whether dates were judged by a clock that cannot be believed for sure.
    #[serde(default)]
    pub clock_in_doubt: bool,
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
    /// How bad it is; at the end, how bad it was last told to be.
    pub severity: Severity,
    /// How bad it was told to be before this, where that is another severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Severity>,
    /// What it is about.
    pub about: String,
    /// What was observed.
    pub message: String,
    /// When the episode was opened.
    pub since: String,
}

impl Subject {
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            id: target.id.to_string(),
            name: target.name.clone(),
            url: target.url.clone(),
            labels: target.labels.clone(),
        }
    }

    /// The monitor itself.
    pub(crate) fn own(id: TargetId, worker: &str) -> Self {
        Self {
            id: id.to_string(),
            name: format!("canary watch ({worker})"),
            url: String::new(),
            labels: BTreeMap::new(),
        }
    }
}

impl NoticeChange {
    pub(crate) fn of(change: &Change) -> Self {
        Self {
            turn: change.turn,
            episode: change.episode.clone(),
            code: change.code,
            severity: change.severity,
            was: change.was,
            about: inert(&change.about),
            message: inert(&change.message),
            since: instant(change.since),
        }
    }
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

/// The notices that changes give: one for each sink.
pub fn notices(
    about: &About<'_>,
    changes: &[Change],
    parcels: Vec<Parcel>,
    now: i64,
) -> Vec<NewNotice> {
    let made = |Parcel { sink, language, changes: told }: Parcel| {
        let told: Vec<&Change> = told.into_iter().map(|at| &changes[at]).collect();
        let episodes: Vec<&str> = told.iter().map(|change| change.episode.as_str()).collect();
        let named =
            format!("{} {} {now} {sink} {}", about.id, about.memory.notices, episodes.join(" "));
        let key = short_hex(named.as_bytes());
        let notice = compose(about, &told, language, &key, now);
        let body = serde_json::to_string(&notice).expect("a notice has string keys");
        NewNotice { key, sink, body }
    };
    parcels.into_iter().map(made).collect()
}

fn compose(
    about: &About<'_>,
    changes: &[&Change],
    language: Language,
    key: &str,
    now: i64,
) -> Notice {
    let notice = Notice {
        notice: NOTICE_TYPE.to_owned(),
        key: key.to_owned(),
        at: instant(now),
        target: about.subject.clone(),
        severity: changes.iter().map(|change| change.severity).max().unwrap_or(Severity::Unknown),
        state: about.state,
        issue: about.memory.said.as_ref().and_then(|said| said.issue.as_ref()).map(dates),
        reached_at: about.memory.reached_at.map(instant),
        changes: changes.iter().map(|change| NoticeChange::of(change)).collect(),
        left_out: 0,
        clock_in_doubt: about.clock == Clock::Disputed,
        language,
        title: String::new(),
        text: String::new(),
    };
    let mut notice = notice.bounded();
    notice.title = text::title(&notice);
    notice.text = text::within(&notice, TEXT, str::len);
    notice
}

impl Notice {
    /// The notice with no more than sinks take: the worst changes first, and only as many as have room. What
    /// an earlier version wrote is bounded when it is sent.
    pub(crate) fn bounded(mut self) -> Self {
        self.changes.sort_by_key(|change| {
            (change.turn == Turn::Resolved, std::cmp::Reverse(change.severity))
        });
        let mut room = CHANGES;
        let fits = |change: &&NoticeChange| {
            let size = serde_json::to_string(change).map_or(usize::MAX, |json| json.len() + 1);
            room = room.saturating_sub(size);
            room > 0
        };
        let kept = self.changes.iter().take_while(fits).count();
        self.left_out += self.changes.len() - kept;
        self.changes.truncate(kept);
        if let Some((at, _)) = self.title.char_indices().nth(TITLE) {
            self.title.truncate(at);
        }
        if self.text.len() > TEXT {
            self.text = text::within(&self, TEXT, str::len);
        }
        self
    }

    /// The text as it goes into `most`, by a measure of the receiver's: without the last changes where
    /// that is too little for all of them.
    pub(crate) fn text_within(&self, most: usize, measure: impl Fn(&str) -> usize) -> String {
        match measure(&self.text) <= most {
            true => self.text.clone(),
            false => text::within(self, most, measure),
        }
    }
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
        left_out: 0,
        clock_in_doubt: false,
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

#[cfg(test)]
pub(crate) mod tests {
    use canary_verifier::report::Code;

    use super::*;
    use crate::route::Route;
    use crate::sinks::{SinkConfig, SinkKind, Sinks};
    use crate::store::Outgoing;

    fn change(n: usize, severity: Severity, message: String) -> Change {
        Change {
            turn: Turn::Opened,
            episode: format!("{n:032x}"),
            code: Code::FactAbsent,
            severity,
            was: None,
            worst: severity,
            about: format!("sentence {n}"),
            message,
            since: 0,
            told_to: BTreeMap::new(),
        }
    }

    fn route(name: &str, min_severity: Severity, language: Language) -> Route {
        let sinks = vec!["pager".to_owned()];
        Route { name: name.to_owned(), sinks, min_severity, language, labels: BTreeMap::new() }
    }

    fn told(changes: &[Change], routes: &[Route]) -> Vec<Notice> {
        let target = Subject {
            id: TargetId(1).to_string(),
            name: "edge".to_owned(),
            url: "https://a.example/".to_owned(),
            labels: BTreeMap::new(),
        };
        let memory = Memory::default();
        let about = About {
            id: TargetId(1),
            subject: target,
            memory: &memory,
            state: State::Live,
            clock: Clock::Sure,
        };
        let parcels = parcels(changes, routes.iter(), |sink| sink == "pager");
        let made = notices(&about, changes, parcels, 1_000);
        made.iter().map(|made| serde_json::from_str(&made.body).expect("a notice")).collect()
    }

    /// What a canary makes that drops so many sentences, each 450 times these words long.
    pub(crate) fn dropped(sentences: usize, words: &str) -> Notice {
        let changes: Vec<Change> =
            (0..sentences).map(|n| change(n, Severity::Alarm, words.repeat(450))).collect();
        told(&changes, &[route("all", Severity::Attention, Language::En)]).remove(0)
    }

    #[test]
    fn a_notice_is_bounded_however_much_changed_and_says_what_it_leaves_out() {
        for (sentences, words) in [(298, "x"), (298, "界\""), (4_000, "x")] {
            let notice = dropped(sentences, words);
            let json = serde_json::to_string(&notice).expect("it has string keys");
            assert!(json.len() < 256 * 1_024, "{}", json.len());
            assert_eq!(notice.changes.len() + notice.left_out, sentences);
            assert!(notice.text.len() <= TEXT && notice.title.chars().count() <= TITLE);
            let listed = notice.text.matches("FACT_ABSENT").count();
            let more = format!("- and {} more: see the status page", sentences - listed);
            assert!(listed > 5 && notice.text.contains(&more), "{}", notice.text);
            assert!(notice.text.ends_with("canary verify."), "what comes after the list is there");
            for most in [5_000, 900, 40, 3, 0] {
                assert!(notice.text_within(most, str::len).len() <= most);
            }
        }
    }

    #[test]
    fn what_comes_first_is_the_worst() {
        let mut changes: Vec<Change> =
            (0..300).map(|n| change(n, Severity::Attention, "x".repeat(450))).collect();
        changes.push(change(300, Severity::Alarm, "the worst".to_owned()));
        let notice = told(&changes, &[route("all", Severity::Attention, Language::En)]).remove(0);
        assert_eq!(notice.changes[0].message, "the worst");
        assert!(notice.title.starts_with("[alarm]"), "{}", notice.title);
        assert!(notice.text_within(900, str::len).contains("the worst"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_an_earlier_version_stored_without_a_bound_gets_through() {
        let mut notice = dropped(298, "x");
        notice.changes = (0..298)
            .map(|n| NoticeChange { episode: format!("{n:032x}"), ..notice.changes[0].clone() })
            .collect();
        (notice.left_out, notice.text) = (0, "x".repeat(160_000));
        let mut body = serde_json::to_value(&notice).expect("it has string keys");
        body.as_object_mut().expect("an object").remove("left_out");
        let folder = tempfile::tempdir().expect("a folder");
        let script = "cat > notice.json; printf %s \"$CANARY_TEXT\" > text";
        let command = ["sh", "-c", &format!("cd '{}' && {script}", folder.path().display())];
        let kind = SinkKind::Exec {
            command: command.map(str::to_owned).to_vec(),
            environment: BTreeMap::new(),
            timeout: 60,
        };
        let sinks = Sinks::new(&[SinkConfig { name: "pager".to_owned(), kind }]).expect("TLS");
        let outgoing = Outgoing {
            row: 1,
            fence: 1,
            key: notice.key.clone(),
            sink: "pager".to_owned(),
            body: body.to_string(),
            created: 0,
            tries: 0,
        };
        sinks.send(&outgoing).await.expect("the program is run");
        let read = |name| std::fs::read_to_string(folder.path().join(name)).expect("it is there");
        let text = read("text");
        assert!(text.len() <= 8_192 && text.contains(" more: see the status page"), "{text}");
        let got: Notice = serde_json::from_str(&read("notice.json")).expect("a notice");
        assert_eq!(got.changes.len() + got.left_out, 298);
    }

    #[test]
    fn a_sink_of_two_routes_is_told_once_what_either_takes() {
        let changes = [
            change(1, Severity::Attention, String::new()),
            change(2, Severity::Alarm, String::new()),
        ];
        let alarms = route("alarms", Severity::Alarm, Language::Zh);
        let all = route("all", Severity::Attention, Language::En);
        for routes in [[alarms.clone(), all.clone()], [all, alarms.clone()]] {
            let notices = told(&changes, &routes);
            assert_eq!(notices.len(), 1, "it is told once");
            let about: Vec<&str> = notices[0].changes.iter().map(|c| c.about.as_str()).collect();
            assert_eq!(about, ["sentence 2", "sentence 1"]);
            assert_eq!(notices[0].language, routes[0].language);
        }
        assert!(told(&changes[..1], &[alarms]).is_empty());
    }

    #[test]
    fn who_was_told_of_an_alarm_is_told_how_it_goes_on() {
        let alarms = [route("alarms", Severity::Alarm, Language::En)];
        let mild = change(1, Severity::Attention, String::new());
        for turn in [Turn::Changed, Turn::Resolved] {
            let after = Change { turn, worst: Severity::Alarm, ..mild.clone() };
            assert_eq!(told(&[after], &alarms).len(), 1, "{turn:?}");
            let never = Change { turn, ..mild.clone() };
            assert!(told(&[never], &alarms).is_empty());
        }
        let again = Change { turn: Turn::Reminder, worst: Severity::Alarm, ..mild };
        assert!(told(&[again], &alarms).is_empty(), "it is mild now, and is not said again");
    }

    #[test]
    fn who_was_told_is_told_the_end_whatever_the_routes_are_by_then() {
        let told_to = ["pager", "gone"].map(|sink| (sink.to_owned(), Language::Zh));
        let opened = change(1, Severity::Attention, String::new());
        let told_of = Change { told_to: BTreeMap::from(told_to), ..opened };
        let ended = Change { turn: Turn::Resolved, ..told_of.clone() };
        let alarms = route("alarms", Severity::Alarm, Language::En);
        for routes in [&[][..], &[alarms]] {
            let notices = told(std::slice::from_ref(&ended), routes);
            assert_eq!(notices.len(), 1, "there is no sink named gone any more");
            assert_eq!(notices[0].language, Language::Zh);
            let again = Change { turn: Turn::Reminder, ..told_of.clone() };
            assert!(told(&[again], routes).is_empty());
        }
        let all = [route("all", Severity::Attention, Language::En)];
        assert_eq!(told(&[ended], &all)[0].language, Language::En, "once, as its route says");
    }
}
