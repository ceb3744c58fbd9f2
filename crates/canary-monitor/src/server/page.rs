//! The status page: plain HTML, no script.

mod facts;
mod timeline;

use canary_markup::Markup;

use crate::facts::{FactList, is_derived};
use crate::notice::{inert, instant};
use crate::server::PAGE;
use crate::status::{Line, Reached};
use crate::store::{Sighting, StoredEvent};

/// The style sheet.
pub const STYLE: &str = include_str!("page/style.css");

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

/// The orders, as they are offered.
pub const SORTS: [Sort; 3] = [Sort::Urgency, Sort::Due, Sort::Name];

impl Sort {
    pub(crate) fn parse(word: &str) -> Self {
        SORTS.into_iter().find(|sort| sort.word() == word).unwrap_or(Self::Urgency)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Due => "due",
            Self::Name => "name",
        }
    }

    /// Sorts lines.
    pub fn sort(self, lines: &mut [Line]) {
        match self {
            Self::Urgency => lines
                .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.due_at.cmp(&b.due_at))),
            Self::Due => lines.sort_by_key(|line| line.due_at),
            Self::Name => lines.sort_by(|a, b| a.name.cmp(&b.name)),
        }
    }
}

/// Where pages link to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// What `--listen` serves.
    Served,
    /// Files in a folder.
    Files,
}

impl Links {
    /// The address of the table from the pages beside it.
    pub fn table(self, sort: Sort, page: usize) -> String {
        let word = sort.word();
        match (self, sort, page) {
            (Self::Served, _, 0) => format!("?sort={word}"),
            (Self::Served, _, page) => format!("?sort={word}&page={page}"),
            (Self::Files, Sort::Urgency, 0) => "index.html".to_owned(),
            (Self::Files, _, 0) => format!("{word}.html"),
            (Self::Files, _, page) => format!("{word}-{page}.html"),
        }
    }

    /// The address of a target's page from the table's.
    pub fn target(self, id: &str) -> String {
        match self {
            Self::Served => format!("target/{id}"),
            Self::Files => format!("target/{id}.html"),
        }
    }
}

/// Begins a document.
fn head(title: &str, style: &'static str) -> Markup {
    let mut html = Markup::default();
    html.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>")
        .text(&inert(title))
        .raw("</title><link rel=\"stylesheet\"")
        .attr("href", style)
        .raw("></head><body>\n");
    html
}

/// Ends it.
fn foot(mut html: Markup) -> String {
    html.raw(
        "<p>This page says what was observed, and nothing about why. A canary that cannot be reached \
         is not silent. Look at one yourself with <code>canary verify</code>.</p>\n</main></body></html>\n",
    );
    html.into_string()
}

/// A link within the page's site.
fn link(html: &mut Markup, address: &str, words: &str) {
    html.raw("<a").attr("href", address).raw(">").text(&inert(words)).raw("</a>");
}

/// An instant.
fn time(html: &mut Markup, at: &str) {
    html.raw("<time>").text(at).raw("</time>");
}

/// Which part of a table is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The part of this number, from 0.
    Numbered(usize),
    /// What follows a place.
    After {
        /// Whether it is the first part.
        begins: bool,
        /// The place after it, where more follows.
        next: Option<String>,
    },
}

/// A part of the table of targets.
#[derive(Debug, Clone)]
pub struct Table {
    /// In which order it is.
    pub sort: Sort,
    /// Which part.
    pub part: Part,
    /// How many targets there are in all.
    pub total: usize,
    /// Where it links to.
    pub links: Links,
}

/// The table of targets, in the order in which they are given.
pub fn index(lines: &[Line], table: Table, now: i64) -> String {
    let Table { sort, part, total, links } = table;
    let mut html = head("Canaries watched", "style.css");
    html.raw("<main><h1>Canaries watched</h1>\n<p>At ");
    time(&mut html, &instant(now));
    html.raw(". ").text(&total.to_string()).raw(if total == 1 { " target" } else { " targets" });
    html.raw(".</p>\n<nav aria-label=\"Order\">");
    for order in SORTS {
        html.raw("<a").attr("href", &links.table(order, 0));
        html.raw(if order == sort { " aria-current=\"page\">by " } else { ">by " });
        html.raw(order.word()).raw("</a>");
    }
    html.raw("</nav>\n<table class=\"cards\"><caption>What each canary says, and whether it could be reached</caption><thead><tr>");
    for heading in COLUMNS {
        html.raw("<th scope=\"col\">").raw(heading).raw("</th>");
    }
    html.raw("</tr></thead><tbody>\n");
    for line in lines {
        row(&mut html, line, links);
    }
    html.raw("</tbody></table>\n");
    if total > PAGE {
        html.raw("<nav aria-label=\"Pages\">");
        for (address, word) in neighbours(&part, sort, total, links) {
            link(&mut html, &address, word);
        }
        html.raw("</nav>\n");
    }
    foot(html)
}

fn neighbours(part: &Part, sort: Sort, total: usize, links: Links) -> Vec<(String, &'static str)> {
    match part {
        Part::Numbered(page) => [(page.checked_sub(1), "previous"), (page.checked_add(1), "next")]
            .into_iter()
            .filter_map(|(number, word)| Some((number?, word)))
            .filter(|(number, _)| number.saturating_mul(PAGE) < total)
            .map(|(number, word)| (links.table(sort, number), word))
            .collect(),
        Part::After { begins, next } => {
            let first = (!begins).then(|| (links.table(sort, 0), "first"));
            let after = |next: &String| format!("{}&after={next}", links.table(sort, 0));
            first.into_iter().chain(next.as_ref().map(|next| (after(next), "next"))).collect()
        }
    }
}

const COLUMNS: [&str; 9] = [
    "Severity",
    "Canary",
    "State",
    "Reached",
    "Last look",
    "Affirmed",
    "Next due",
    "Expires",
    "Open",
];

fn row(html: &mut Markup, line: &Line, links: Links) {
    let severity = line.severity.to_string();
    let open: Vec<String> = line.open.iter().map(|open| open.code.to_string()).collect();
    let open = (!open.is_empty()).then(|| open.join(" "));
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let [first, name, others @ ..] = COLUMNS;
    html.raw("<tr><td").attr("class", &severity).attr("data-label", first);
    html.raw("><span>").text(&severity).raw("</span></td><th scope=\"row\"");
    html.attr("data-label", name).raw("><span>");
    link(html, &links.target(&line.id), &line.name);
    html.raw("</span></th>");
    let cells = [
        line.state.to_string(),
        reached(line),
        dash(&line.looked_at),
        dash(&line.as_of),
        dash(&line.next_due),
        dash(&line.expires),
        dash(&open),
    ];
    for (label, cell) in others.into_iter().zip(cells) {
        html.raw("<td").attr("data-label", label).raw("><span>").text(&cell).raw("</span></td>");
    }
    html.raw("</tr>\n");
}

fn reached(line: &Line) -> String {
    if let Some(since) = &line.unseen_since {
        return format!("not looked at since {since}");
    }
    match (line.reached, &line.reached_at) {
        (Reached::Yes, _) => "yes".to_owned(),
        (Reached::Never, _) => "not asked yet".to_owned(),
        (Reached::No, Some(at)) => format!("no, last {at}"),
        (Reached::No, None) => "no, never".to_owned(),
    }
}

/// What is shown of one target.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its line.
    pub line: &'a Line,
    /// Its facts.
    pub facts: &'a FactList,
    /// Its timeline, newest first.
    pub events: &'a [StoredEvent],
    /// What was served, and when.
    pub sightings: &'a [Sighting],
}

/// One target: what is open, its facts, its timeline, and its evidence.
pub fn target_page(shown: Shown<'_>, (links, now): (Links, i64)) -> String {
    let Shown { line, facts, events, sightings } = shown;
    let mut html = head(&line.name, "../style.css");
    let home = match links {
        Links::Served => "..",
        Links::Files => "../index.html",
    };
    html.raw("<main><nav aria-label=\"Back\">");
    link(&mut html, home, "all canaries");
    html.raw("</nav>\n<h1>").text(&inert(&line.name)).raw("</h1>\n<p><code>");
    html.text(&inert(&line.url)).raw("</code></p>\n");
    standing(&mut html, line, now);
    open(&mut html, line);
    facts::write(&mut html, facts);
    timeline::write(&mut html, events, now);
    evidence(&mut html, sightings);
    foot(html)
}

/// What it says, whether it could be reached, and its dates.
fn standing(html: &mut Markup, line: &Line, now: i64) {
    let severity = line.severity.to_string();
    html.raw("<p").attr("class", &severity).raw(">At ");
    time(html, &instant(now));
    html.raw(": ").text(&line.state.to_string()).raw(" (").text(&severity).raw("). Reached: ");
    html.text(&reached(line)).raw(".");
    if let Some(at) = &line.looked_at {
        html.raw(" Last look ");
        time(html, at);
        html.raw(".");
    }
    html.raw("</p>\n");
    if let Some(number) = line.issue {
        html.raw("<p>Newest issue: ").text(&number.to_string()).raw(".");
        let dates = [
            (" Affirmed ", &line.as_of),
            (" Next due ", &line.next_due),
            (" Expires ", &line.expires),
        ];
        for (word, at) in dates {
            if let Some(at) = at {
                html.raw(word);
                time(html, at);
                html.raw(".");
            }
        }
        html.raw("</p>\n");
    }
    if line.evidence_left_out > 0 {
        html.raw("<p class=\"attention\">Bodies not kept, over the day's limit: ");
        html.text(&line.evidence_left_out.to_string()).raw(".</p>\n");
    }
}

/// What is open now.
fn open(html: &mut Markup, line: &Line) {
    if line.open.is_empty() {
        return;
    }
    html.raw("<h2>Open</h2>\n<ul>\n");
    for open in &line.open {
        html.raw("<li").attr("class", &open.severity.to_string()).raw(">");
        html.text(&open.code.to_string());
        if !open.about.is_empty() {
            html.raw(" (").text(&inert(&open.about)).raw(")");
        }
        html.raw(": ").text(&inert(&open.message)).raw(" <small>since ");
        time(html, &open.since.to_string());
        html.raw("</small></li>\n");
    }
    html.raw("</ul>\n");
}

/// What was served, newest first, as far as it fits.
fn evidence(html: &mut Markup, sightings: &[Sighting]) {
    html.raw("<h2>Evidence</h2>\n<table class=\"cards\"><thead><tr><th scope=\"col\">SHA-256</th><th scope=\"col\">From</th><th scope=\"col\">First seen</th><th scope=\"col\">Last seen</th></tr></thead><tbody>\n");
    let served = sightings.iter().rev().filter(|one| !is_derived(&one.url));
    for sighting in served.take(200) {
        html.raw("<tr><td data-label=\"SHA-256\"><code>");
        html.text(&crate::export::file_name(sighting.digest));
        html.raw("</code></td><td data-label=\"From\"><span>").text(&inert(&sighting.url));
        html.raw("</span></td><td data-label=\"First seen\"><span>").text(&instant(sighting.first));
        html.raw("</span></td><td data-label=\"Last seen\"><span>").text(&instant(sighting.last));
        html.raw("</span></td></tr>\n");
    }
    html.raw("</tbody></table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{self, FactLine};
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
            looked_at: None,
            unseen_since: None,
            issue: None,
            as_of: None,
            next_due: None,
            expires: None,
            due_at: 0,
            evidence_left_out: 0,
            open: Vec::new(),
        };
        let kinds = ["<b>", "issue", "opened", "noted", "lost", "reached", "watch-gap"];
        let event = |kind: &&str| StoredEvent {
            at: 0,
            kind: (*kind).to_owned(),
            detail: "<b>&\"</b>".to_owned(),
        };
        let events: Vec<StoredEvent> = kinds.iter().map(event).collect();
        let fact = FactLine {
            id: "\"><b>\u{202e}".to_owned(),
            first: 0,
            last: 0,
            now: facts::Standing::Absent,
        };
        let facts = FactList { facts: vec![fact], more: 7 };
        for links in [Links::Served, Links::Files] {
            let table = Table { sort: Sort::Urgency, part: Part::Numbered(0), total: 1, links };
            let pages = [
                index(std::slice::from_ref(&line), table, 0),
                target_page(
                    Shown { line: &line, facts: &facts, events: &events, sightings: &[] },
                    (links, 0),
                ),
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
}
