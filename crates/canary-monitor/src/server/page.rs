//! The status page: plain HTML, no script; every text from outside is escaped.

use std::fmt::Write as _;

use crate::junit::escape;
use crate::notice::instant;
use crate::server::PAGE;
use crate::status::{Line, Reached};
use crate::store::{Sighting, StoredEvent};

/// The style sheet.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.5rem 0}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #8886;vertical-align:top;overflow-wrap:anywhere}
.alarm{font-weight:700;color:#b00020}.unknown{font-weight:700}.attention{font-style:italic}
@media (prefers-color-scheme:dark){.alarm{color:#ff8a80}}
nav a{margin-right:1rem}
";

/// How the table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Worst first, then what is due first.
    Urgency,
    /// By the date on which the next issue is due.
    Due,
    /// By name.
    Name,
}

impl Sort {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "due" => Self::Due,
            "name" => Self::Name,
            _ => Self::Urgency,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Due => "due",
            Self::Name => "name",
        }
    }
}

fn head(title: &str, style: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{}</title><link rel=\"stylesheet\" href=\"{style}\"></head><body>\n",
        escape(title)
    )
}

const LIMITS: &str = "<p>This page says what was observed, and nothing about why. A canary that \
cannot be reached is not silent. Look at one yourself with <code>canary verify</code>.</p>";

/// The table of targets.
pub fn index(lines: &[Line], sort: Sort, page: usize, total: usize, now: i64) -> String {
    let mut lines: Vec<&Line> = lines.iter().collect();
    match sort {
        Sort::Urgency => lines
            .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.next_due.cmp(&b.next_due))),
        Sort::Due => lines.sort_by(|a, b| a.next_due.cmp(&b.next_due)),
        Sort::Name => lines.sort_by(|a, b| a.name.cmp(&b.name)),
    }
    let mut html = head("Canaries watched", "style.css");
    let _ =
        write!(html, "<h1>Canaries watched</h1>\n<p>At {}. {total} targets.</p>\n", instant(now));
    html.push_str("<nav aria-label=\"Order\">");
    for order in [Sort::Urgency, Sort::Due, Sort::Name] {
        let current = if order == sort { " aria-current=\"page\"" } else { "" };
        let word = order.word();
        let _ = write!(html, "<a href=\"?sort={word}\"{current}>by {word}</a>");
    }
    html.push_str("</nav>\n<table><caption>What each canary says, and whether it could be reached</caption><thead><tr>");
    for heading in
        ["Severity", "Canary", "State", "Reached", "Affirmed", "Next due", "Expires", "Open"]
    {
        let _ = write!(html, "<th scope=\"col\">{heading}</th>");
    }
    html.push_str("</tr></thead><tbody>\n");
    for line in lines {
        row(&mut html, line);
    }
    html.push_str("</tbody></table>\n");
    if total > PAGE {
        html.push_str("<nav aria-label=\"Pages\">");
        for (number, word) in [(page.checked_sub(1), "previous"), (Some(page + 1), "next")] {
            if let Some(number) = number.filter(|number| number * PAGE < total) {
                let _ =
                    write!(html, "<a href=\"?sort={}&amp;page={number}\">{word}</a>", sort.word());
            }
        }
        html.push_str("</nav>\n");
    }
    html.push_str(LIMITS);
    html.push_str("\n</body></html>\n");
    html
}

fn row(html: &mut String, line: &Line) {
    let open: Vec<String> = line.open.iter().map(|open| open.code.to_string()).collect();
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let _ = writeln!(
        html,
        "<tr><td class=\"{severity}\">{severity}</td><th scope=\"row\"><a href=\"target/{id}\">{name}</a></th>\
         <td>{state}</td><td>{reached}</td><td>{as_of}</td><td>{due}</td><td>{expires}</td><td>{open}</td></tr>",
        severity = line.severity,
        id = line.id,
        name = escape(&line.name),
        state = line.state,
        reached = reached(line),
        as_of = dash(&line.as_of),
        due = dash(&line.next_due),
        expires = dash(&line.expires),
        open = open.join(" "),
    );
}

fn reached(line: &Line) -> String {
    match (line.reached, &line.reached_at) {
        (Reached::Yes, _) => "yes".to_owned(),
        (Reached::Never, _) => "not asked yet".to_owned(),
        (Reached::No, Some(at)) => format!("no, last {at}"),
        (Reached::No, None) => "no, never".to_owned(),
    }
}

/// One target: what is open, its timeline, and its evidence.
pub fn target_page(
    line: &Line,
    events: &[StoredEvent],
    sightings: &[Sighting],
    now: i64,
) -> String {
    let mut html = head(&line.name, "../style.css");
    let _ = write!(
        html,
        "<nav><a href=\"..\">all canaries</a></nav>\n<h1>{}</h1>\n<p><code>{}</code></p>\n\
         <p class=\"{severity}\">At {}: {} ({severity}). Reached: {}.</p>\n",
        escape(&line.name),
        escape(&line.url),
        instant(now),
        line.state,
        reached(line),
        severity = line.severity,
    );
    if !line.open.is_empty() {
        html.push_str("<h2>Open</h2>\n<ul>\n");
        for open in &line.open {
            let about = if open.about.is_empty() {
                String::new()
            } else {
                format!(" ({})", escape(&open.about))
            };
            let _ = writeln!(
                html,
                "<li class=\"{}\">{}{about}: {} <small>since {}</small></li>",
                open.severity,
                open.code,
                escape(&open.message),
                open.since
            );
        }
        html.push_str("</ul>\n");
    }
    html.push_str("<h2>Timeline</h2>\n<ol>\n");
    for event in events {
        let detail = if event.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", escape(&event.detail))
        };
        let _ = writeln!(
            html,
            "<li><time>{}</time> {}{detail}</li>",
            instant(event.at),
            event_words(&event.kind)
        );
    }
    html.push_str("</ol>\n<h2>Evidence</h2>\n<table><thead><tr><th>SHA-256</th><th>From</th><th>First seen</th><th>Last seen</th></tr></thead><tbody>\n");
    for sighting in sightings.iter().rev().take(200) {
        let digest = canary_format::digest::Digest(sighting.digest).to_string();
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            &digest["sha256:".len()..],
            escape(&sighting.url),
            instant(sighting.first),
            instant(sighting.last)
        );
    }
    html.push_str("</tbody></table>\n");
    html.push_str(LIMITS);
    html.push_str("\n</body></html>\n");
    html
}

fn event_words(kind: &str) -> &'static str {
    match kind {
        "issue" => "new issue",
        "opened" => "opened",
        "resolved" => "resolved",
        "lost" => "out of reach",
        "reached" => "reached again",
        "watch-gap" => "nobody looked, for seconds",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canary_verifier::report::{Severity, State};

    #[test]
    fn hostile_text_stays_text() {
        let line = Line {
            id: "0".to_owned(),
            name: "<script>alert(1)</script>\u{202e}\"' onload=x".to_owned(),
            url: "https://a.example/\"><img src=x>".to_owned(),
            state: State::Live,
            severity: Severity::Alive,
            reached: Reached::Yes,
            reached_at: None,
            issue: None,
            as_of: None,
            next_due: None,
            expires: None,
            open: Vec::new(),
        };
        let event = StoredEvent { at: 0, kind: "<b>".to_owned(), detail: "<b>&</b>".to_owned() };
        let pages = [
            index(std::slice::from_ref(&line), Sort::Urgency, 0, 1, 0),
            target_page(&line, &[event], &[], 0),
        ];
        for page in pages {
            assert!(
                !page.contains("<script") && !page.contains("<img") && !page.contains("<b>"),
                "{page}"
            );
            assert!(!page.contains('\u{202e}') && !page.contains("\" onload"), "{page}");
            assert!(page.contains("&lt;script&gt;"));
        }
    }
}
