//! The table of a target's facts.

use canary_markup::Markup;

use super::time;
use crate::facts::{FactList, Standing};
use crate::notice::{inert, instant};

const COLUMNS: [&str; 4] = ["Fact", "First affirmed", "Last affirmed", "Newest issue"];

/// Writes it, where there are facts.
pub(super) fn write(html: &mut Markup, list: &FactList) {
    if list.facts.is_empty() {
        return;
    }
    html.raw("<h2>Facts</h2>\n<table class=\"cards\"><caption>Every fact seen, and whether the newest issue affirms it</caption><thead><tr>");
    for heading in COLUMNS {
        html.raw("<th scope=\"col\">").raw(heading).raw("</th>");
    }
    html.raw("</tr></thead><tbody>\n");
    let [id, first, last, newest] = COLUMNS;
    for fact in &list.facts {
        html.raw("<tr><th scope=\"row\"").attr("data-label", id).raw("><span>");
        html.text(&inert(&fact.id)).raw("</span></th>");
        for (label, at) in [(first, fact.first), (last, fact.last)] {
            html.raw("<td").attr("data-label", label).raw(">");
            time(html, &instant(at));
            html.raw("</td>");
        }
        html.raw(if fact.now == Standing::Absent { "<td class=\"alarm\"" } else { "<td" });
        html.attr("data-label", newest).raw("><span>").text(fact.now.word());
        html.raw("</span></td></tr>\n");
    }
    html.raw("</tbody></table>\n");
    if list.more > 0 {
        html.raw("<p>And ").text(&list.more.to_string()).raw(" more, affirmed longer ago.</p>\n");
    }
}
