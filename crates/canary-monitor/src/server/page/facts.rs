//! The table of a target's facts.

use std::fmt::Write as _;

use crate::facts::{FactList, Standing};
use crate::junit::escape;
use crate::notice::instant;

const COLUMNS: [&str; 4] = ["Fact", "First affirmed", "Last affirmed", "Newest issue"];

/// Writes it, where there are facts.
pub(super) fn write(html: &mut String, list: &FactList) {
    if list.facts.is_empty() {
        return;
    }
    html.push_str("<h2>Facts</h2>\n<table class=\"cards\"><caption>Every fact seen, and whether the newest issue affirms it</caption><thead><tr>");
    for heading in COLUMNS {
        let _ = write!(html, "<th scope=\"col\">{heading}</th>");
    }
    html.push_str("</tr></thead><tbody>\n");
    let [id, first, last, newest] = COLUMNS;
    for fact in &list.facts {
        let class = if fact.now == Standing::Absent { " class=\"alarm\"" } else { "" };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\" data-label=\"{id}\"><span>{}</span></th>\
             <td data-label=\"{first}\"><time>{}</time></td><td data-label=\"{last}\"><time>{}</time></td>\
             <td{class} data-label=\"{newest}\"><span>{}</span></td></tr>",
            escape(&fact.id),
            instant(fact.first),
            instant(fact.last),
            fact.now.word()
        );
    }
    html.push_str("</tbody></table>\n");
    if list.more > 0 {
        let _ = writeln!(html, "<p>And {} more, affirmed longer ago.</p>", list.more);
    }
}
