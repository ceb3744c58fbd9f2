//! The part of `index.html` that shows the past: the timeline, changes and issues.

use super::history::{History, Life, Mark};
use super::index::{Page, Pick};
use super::{Series, timeline};

/// The newest issues that the page lists one by one.
const LISTED: usize = 24;

impl Page<'_> {
    pub(super) fn history(&mut self, series: &Series<'_>) {
        let history = series.history;
        self.heading("history", |w| w.history);
        self.paragraph(|w| w.history_intro);
        self.key();
        self.lives(history);
        self.changes(history);
        self.issues(history);
        self.out.raw("</section>\n");
    }

    fn key(&mut self) {
        self.out.raw("<ul class=\"key\">\n<li><svg viewBox=\"0 0 20 10\" aria-hidden=\"true\">");
        self.out.raw("<rect class=\"life\" width=\"20\" height=\"10\"/></svg>");
        self.say(|w| w.key_life);
        self.out.raw("</li>\n<li><svg viewBox=\"0 0 20 10\" aria-hidden=\"true\"><rect ");
        self.out.raw("class=\"gap\" width=\"20\" height=\"10\"/></svg>");
        self.say(|w| w.key_gap);
        self.out.raw("</li>\n<li><svg viewBox=\"0 0 20 10\" aria-hidden=\"true\"><line ");
        self.out.raw("class=\"change\" x1=\"10\" x2=\"10\" y1=\"0\" y2=\"10\"/></svg>");
        self.say(|w| w.key_change);
        self.out.raw("</li>\n</ul>\n");
    }

    fn lives(&mut self, history: &History) {
        let whole = history.whole();
        let ends = [whole.from, whole.to].map(|at| at.date().to_string());
        self.out
            .raw("<div class=\"wide\" tabindex=\"0\"><table class=\"stack timeline\">\n<thead><tr><th scope=\"col\">");
        self.say(|w| w.fact);
        self.out.raw("</th><th scope=\"col\">");
        self.say(|w| w.life);
        self.out.raw("<span class=\"ends\"><span dir=\"ltr\">").text(&ends[0]);
        self.out.raw("</span><span dir=\"ltr\">").text(&ends[1]);
        self.out.raw("</span></span></th><th scope=\"col\" class=\"date\">");
        self.say(|w| w.first);
        self.out.raw("</th><th scope=\"col\" class=\"date\">");
        self.say(|w| w.last);
        self.out.raw("</th></tr></thead>\n<tbody>\n");
        for life in &history.lives {
            let dates = [life.first.as_of, life.last.as_of].map(|at| at.date().to_string());
            let label = format!("{}: {} – {}", life.id, dates[0], dates[1]);
            self.out.raw("<tr><th scope=\"row\"><code dir=\"ltr\">").text(&life.id);
            self.out.raw("</code></th><td class=\"bar\">");
            timeline::bar(&mut self.out, history, life, &label);
            self.out.raw("</td>");
            for date in dates {
                self.out.raw("<td class=\"date\" dir=\"ltr\">").text(&date).raw("</td>");
            }
            self.out.raw("</tr>\n");
        }
        self.out.raw("</tbody></table></div>\n");
    }

    fn changes(&mut self, history: &History) {
        self.out.raw("<h3>");
        self.say(|w| w.changes);
        self.out.raw("</h3>\n<ul>\n");
        let mut any = false;
        for life in &history.lives {
            let mut events: Vec<(Pick, Mark)> = Vec::new();
            if life.first.number > history.first.number {
                events.push((|w| w.event_added, life.first));
            }
            events.extend(life.changes.iter().map(|mark| {
                let pick: Pick = |w| w.event_changed;
                (pick, *mark)
            }));
            if let Some(mark) = life.announced {
                events.push((|w| w.event_announced, mark));
            }
            if let Some(mark) = life.absent_from {
                events.push((|w| w.event_absent, mark));
            }
            for (pick, mark) in events {
                any = true;
                self.event(life, pick, mark);
            }
        }
        for gap in &history.gaps {
            any = true;
            self.out.raw("<li>");
            self.say(|w| w.event_gap);
            self.out.raw(": <span dir=\"ltr\">");
            self.time(gap.from);
            self.out.raw(" – ");
            self.time(gap.to);
            self.out.raw("</span></li>\n");
        }
        if !any {
            self.out.raw("<li>");
            self.say(|w| w.no_changes);
            self.out.raw("</li>\n");
        }
        self.out.raw("</ul>\n");
    }

    fn event(&mut self, life: &Life, pick: Pick, issue: Mark) {
        self.out.raw("<li><code dir=\"ltr\">").text(&life.id).raw("</code>: ");
        self.say(pick);
        self.out.raw(" ").text(&issue.number.to_string()).raw(" (");
        self.time(issue.as_of);
        self.out.raw(")");
        // A sentence that is gone from the list above is still shown in full.
        if life.absent_from.is_some_and(|gone| gone.number == issue.number) {
            let text = life.text.iter().map(|(tag, text)| (tag.as_str(), text.as_str()));
            self.texts(text, None);
        }
        self.out.raw("</li>\n");
    }

    fn issues(&mut self, history: &History) {
        self.out.raw("<details><summary>");
        self.say(|w| w.issues);
        self.out.raw(
            "</summary>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">",
        );
        self.say(|w| w.issue);
        self.out.raw("</th><th scope=\"col\" class=\"date\">");
        self.say(|w| w.as_of);
        self.out.raw("</th><th scope=\"col\" class=\"date\">");
        self.say(|w| w.next_due);
        self.out.raw("</th><th scope=\"col\">");
        self.say(|w| w.signers);
        self.out.raw("</th></tr></thead>\n<tbody>\n");
        for issue in history.recent.iter().rev().take(LISTED) {
            let path = canary_format::layout::issue_path(issue.number);
            self.out.raw("<tr><td><a").attr("href", &path).raw(">");
            self.out
                .text(&issue.number.to_string())
                .raw("</a></td><td class=\"date\" dir=\"ltr\">");
            self.time(issue.as_of);
            self.out.raw("</td><td class=\"date\" dir=\"ltr\">");
            self.time(issue.next_due);
            self.out.raw("</td><td>");
            self.out.raw("<bdi>").text(&issue.signers.join(", ")).raw("</bdi></td></tr>\n");
        }
        self.out.raw("</tbody></table></div>\n");
        if history.recent.len() > LISTED {
            self.paragraph(|w| w.issues_more);
        }
        self.out.raw("</details>\n");
    }
}
