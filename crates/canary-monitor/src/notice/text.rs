//! What a notice says to people: its title and a few lines, within what the receiver takes.

use canary_verifier::report::Code;

use super::{Notice, NoticeChange, inert};
use crate::axes::needs_clock;
use crate::episode::Turn;
use crate::own::Trouble;
use crate::route::Language;
use crate::wording;

/// Where not every change has room, the first so many characters of each message are shown.
const SHORT: usize = 120;

/// One line: the worst of it.
pub(super) fn title(notice: &Notice) -> String {
    let language = notice.language;
    let open = notice.changes.iter().filter(|change| change.turn != Turn::Resolved).count();
    let head = match open {
        0 => wording::turn(Turn::Resolved, language),
        _ => {
            let worst = notice.changes.first().map_or(notice.severity, |change| change.severity);
            wording::severity(worst, language)
        }
    };
    let name: String = inert(&notice.target.name).chars().take(200).collect();
    let first = notice.changes.first().map_or("", |change| sentence(change, language));
    let told = if open == 0 { notice.changes.len() } else { open };
    let more = (told + notice.left_out).saturating_sub(1);
    match (more, language) {
        (0, _) => format!("[{head}] {name}: {first}"),
        (more, Language::En) => format!("[{head}] {name}: {first} (and {more} more)"),
        (more, Language::Zh) => format!("[{head}] {name}：{first}（另有 {more} 项）"),
    }
}

/// The text with as many changes, from the first, as go into `most`; where that is not all of them, each
/// in few words.
pub(super) fn within(notice: &Notice, most: usize, measure: impl Fn(&str) -> usize) -> String {
    let fits = |text: &str| measure(text) <= most;
    let all = written(notice, notice.changes.len(), usize::MAX);
    if !notice.changes.is_empty() && notice.left_out == 0 && fits(&all) {
        return all;
    }
    let (mut shown, mut over) = (0, notice.changes.len() + 1);
    while over - shown > 1 {
        let middle = shown.midpoint(over);
        match fits(&written(notice, middle, SHORT)) {
            true => shown = middle,
            false => over = middle,
        }
    }
    // A notice without changes is a test: its text is its own.
    let text = if notice.changes.is_empty() && notice.left_out == 0 {
        notice.text.clone()
    } else {
        written(notice, shown, SHORT)
    };
    if fits(&text) {
        return text;
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let first_over = ends.partition_point(|&end| fits(&text[..end]));
    text[..ends[first_over.saturating_sub(1)]].to_owned()
}

fn written(notice: &Notice, shown: usize, words: usize) -> String {
    let language = notice.language;
    let mut lines = vec![inert(&notice.target.name), notice.target.url.clone(), String::new()];
    for change in &notice.changes[..shown] {
        let turn = match gives_way(notice, change) {
            true => wording::followed(language),
            false => wording::turn(change.turn, language),
        };
        let place = match (Trouble::of(&change.about), change.about.as_str()) {
            (Some(_), _) | (None, "") => String::new(),
            (None, place) => format!(" ({place})"),
        };
        lines.push(format!("- {turn}: {}{place}: {}", change.code, sentence(change, language)));
        if !change.message.is_empty() && language == Language::En {
            let cut = change.message.char_indices().nth(words).map(|(at, _)| &change.message[..at]);
            lines.push(match cut {
                Some(start) => format!("  {start}…"),
                None => format!("  {}", change.message),
            });
        }
        if language != Language::En && is_disputed(notice, change) {
            lines.push(format!("  {}", wording::doubt(language)));
        }
    }
    let more = notice.changes.len() - shown + notice.left_out;
    if more > 0 {
        lines.push(wording::more(more, language));
    }
    lines.push(String::new());
    let words = match language {
        Language::En => {
            ["state", "newest issue", "affirmed", "next due", "expires", "last reached"]
        }
        Language::Zh => ["状态", "最近一期", "确认时刻", "下一期预定", "失效", "最近一次访问"],
    };
    lines.push(format!("{}: {}", words[0], notice.state));
    if let Some(issue) = &notice.issue {
        lines.push(format!("{}: {}", words[1], issue.number));
        for (word, at) in words[2..].iter().zip([&issue.as_of, &issue.next_due, &issue.expires]) {
            lines.push(format!("{word}: {at}"));
        }
    }
    if let Some(at) = &notice.reached_at {
        lines.push(format!("{}: {at}", words[5]));
    }
    lines.push(String::new());
    lines.push(wording::limits(language).to_owned());
    lines.join("\n")
}

/// Whether a change rests on a clock that is disputed. In English its message says so itself.
fn is_disputed(notice: &Notice, change: &NoticeChange) -> bool {
    notice.clock_in_doubt && needs_clock(change.code) && Trouble::of(&change.about).is_none()
}

/// Whether it ended because the canary has lapsed since: that is no recovery.
fn gives_way(notice: &Notice, change: &NoticeChange) -> bool {
    let lapsed = |one: &NoticeChange| one.code == Code::Lapsed && one.turn != Turn::Resolved;
    let ended = change.code == Code::Overdue && change.turn == Turn::Resolved;
    ended && notice.changes.iter().any(lapsed)
}

/// What a change says in one sentence.
pub(crate) fn sentence(change: &NoticeChange, language: Language) -> &'static str {
    match Trouble::of(&change.about) {
        Some(trouble) => wording::own(trouble, language),
        None => wording::finding(change.code, language),
    }
}
