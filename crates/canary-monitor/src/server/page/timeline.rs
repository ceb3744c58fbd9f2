//! A target's timeline: as a picture of the last ninety days, and as a list.

use std::collections::HashMap;

use canary_markup::Markup;

use super::time;
use crate::notice::{inert, instant};
use crate::store::StoredEvent;

/// How far back the picture goes, in seconds.
const SPAN: i64 = 90 * 86_400;
/// How wide the picture is, in its own units.
const WIDTH: i64 = 1_000;

/// A stretch of time in one of the picture's rows.
struct Bar {
    class: &'static str,
    row: i64,
    from: i64,
    to: i64,
    title: String,
}

/// Writes both. Events are newest first.
pub(super) fn write(html: &mut Markup, events: &[StoredEvent], now: i64) {
    html.raw("<h2>Timeline</h2>\n");
    picture(html, events, now);
    html.raw("<ol class=\"timeline\">\n");
    for event in events {
        html.raw("<li>");
        time(html, &instant(event.at));
        html.raw(" ").raw(words(&event.kind));
        match (event.kind.as_str(), event.detail.as_str()) {
            (_, "") => {}
            ("watch-gap", seconds) => {
                if let Ok(seconds) = seconds.parse::<i64>() {
                    html.raw(" until ");
                    time(html, &instant(event.at + seconds));
                }
            }
            (_, detail) => {
                html.raw(": ").text(&inert(detail));
            }
        }
        html.raw("</li>\n");
    }
    html.raw("</ol>\n");
}

fn picture(html: &mut Markup, events: &[StoredEvent], now: i64) {
    let start = now - SPAN;
    html.raw("<svg class=\"line\"").attr("viewBox", &format!("0 0 {WIDTH} 60"));
    html.raw(" preserveAspectRatio=\"none\" role=\"img\"");
    html.attr("aria-label", "The last ninety days; the list below says the same").raw(">");
    for bar in bars(events, now).iter().filter(|bar| bar.to >= start) {
        let place = |at: i64| (at.clamp(start, now) - start) * WIDTH / SPAN;
        // What begins now still shows.
        let (x, end) = (place(bar.from).min(WIDTH - 2), place(bar.to));
        html.raw("<rect").attr("class", bar.class).number("x", x).number("y", 4 + bar.row * 14);
        html.number("width", (end - x).max(2)).raw(" height=\"11\"><title>");
        html.text(&inert(&bar.title)).raw("</title></rect>");
    }
    html.raw("</svg>\n<p class=\"ends\">");
    time(html, &instant(start));
    time(html, &instant(now));
    html.raw(
        "</p>\n<ul class=\"key\"><li>first row: new issues</li>\
         <li>second row: findings while they were open</li>\
         <li>third row: out of reach</li><li>fourth row: nobody looked</li></ul>\n",
    );
}

fn bars(events: &[StoredEvent], now: i64) -> Vec<Bar> {
    let mut bars = Vec::new();
    let mut open: HashMap<&str, i64> = HashMap::new();
    let mut lost: Option<i64> = None;
    let finding = |detail: &str, from, to| Bar {
        class: "open",
        row: 1,
        from,
        to,
        title: format!("{detail}, {} to {}", instant(from), instant(to)),
    };
    let out = |from, to| Bar {
        class: "out",
        row: 2,
        from,
        to,
        title: format!("out of reach, {} to {}", instant(from), instant(to)),
    };
    for event in events.iter().rev() {
        let (at, detail) = (event.at, event.detail.as_str());
        match event.kind.as_str() {
            "issue" => {
                let title = format!("issue {detail}, {}", instant(at));
                bars.push(Bar { class: "issue", row: 0, from: at, to: at, title });
            }
            "opened" => drop(open.entry(detail).or_insert(at)),
            "resolved" => {
                if let Some(from) = open.remove(detail) {
                    bars.push(finding(detail, from, at));
                }
            }
            "lost" => drop(lost.get_or_insert(at)),
            "reached" => bars.extend(lost.take().map(|from| out(from, at))),
            "watch-gap" => {
                let to = at + detail.parse().unwrap_or(0);
                let title = format!("nobody looked, {} to {}", instant(at), instant(to));
                bars.push(Bar { class: "gap", row: 3, from: at, to, title });
            }
            _ => {}
        }
    }
    bars.extend(open.into_iter().map(|(detail, from)| finding(detail, from, now)));
    bars.extend(lost.map(|from| out(from, now)));
    bars.sort_by(|a, b| (a.row, a.from, &a.title).cmp(&(b.row, b.from, &b.title)));
    bars
}

fn words(kind: &str) -> &'static str {
    match kind {
        "issue" => "new issue",
        "opened" => "opened",
        "resolved" => "resolved",
        "noted" => "seen",
        "lost" => "out of reach",
        "reached" => "reached again",
        "watch-gap" => "nobody looked,",
        "evidence-cap" => "bodies not kept, over the day's limit",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_paired_and_what_is_open_lasts_until_now() {
        let event = |at, kind: &str, detail: &str| StoredEvent {
            at,
            kind: kind.to_owned(),
            detail: detail.to_owned(),
        };
        let events = [
            event(90, "opened", "OVERDUE"),
            event(70, "watch-gap", "15"),
            event(60, "resolved", "FACT_ABSENT a"),
            event(50, "reached", ""),
            event(40, "lost", "no answer"),
            event(30, "opened", "FACT_ABSENT a"),
            event(20, "issue", "1"),
        ];
        let bars = bars(&events, 100);
        let told: Vec<_> = bars.iter().map(|bar| (bar.class, bar.from, bar.to)).collect();
        assert_eq!(
            told,
            [
                ("issue", 20, 20),
                ("open", 30, 60),
                ("open", 90, 100),
                ("out", 40, 50),
                ("gap", 70, 85)
            ]
        );
    }
}
