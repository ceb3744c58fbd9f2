//! `index.html`.

use canary_format::envelope::Envelope;
use canary_format::issue::{Fact, Issue};
use canary_format::time::Timestamp;
use canary_markup::Markup;
use serde_json::json;

use super::words::{self, LIMITS, Words};
use super::{Series, Shown, command, parts};

/// The page of a series.
pub(super) fn render(series: &Series<'_>) -> String {
    let script = parts::script();
    let style = parts::style();
    let policy = parts::policy(&script.0, &style.0, parts::Connections::OwnSite);
    let shown = series.newest;
    let page = &mut Page { out: Markup::default(), languages: &shown.issue.publisher.languages };
    page.head(shown.issue, &policy);
    page.out.raw("<style>").asset(&style).raw("</style>\n</head>\n<body>\n");
    page.header(shown.issue);
    page.out.raw("<main id=\"main\">\n");
    page.dates(shown.issue);
    page.facts(shown.issue);
    page.signers(&shown);
    page.check();
    page.promises(shown.issue);
    page.counters(shown.issue);
    page.verify(series);
    page.history(series);
    page.limits();
    page.out.raw("</main>\n");
    page.footer(shown.issue);
    page.data(series);
    page.out.raw("<script>").asset(&script).raw("</script>\n</body>\n</html>\n");
    std::mem::take(&mut page.out).into_string()
}

/// Which of the page's words.
pub(super) type Pick = fn(&'static Words) -> &'static str;

/// A page that grows. Words of this crate come once in each language that the page has words in.
pub(super) struct Page<'a> {
    pub(super) out: Markup,
    languages: &'a [String],
}

impl Page<'_> {
    // --- Pieces -------------------------------------------------------------------------------

    /// The languages that the page itself speaks, with the publisher's languages each stands for.
    fn spoken(&self) -> Vec<(&'static Words, String)> {
        let mut spoken: Vec<(&'static Words, String)> = Vec::new();
        for tag in self.languages {
            let words = words::of(tag);
            match spoken.iter_mut().find(|(other, _)| other.tag == words.tag) {
                Some((_, tags)) => *tags = format!("{tags} {tag}"),
                None => spoken.push((words, tag.clone())),
            }
        }
        spoken
    }

    /// A text of this crate, side by side in each language the page has it in.
    pub(super) fn say(&mut self, pick: impl Fn(&'static Words) -> &'static str) {
        self.say_own(|words| pick(words).to_owned());
    }

    fn say_own(&mut self, pick: impl Fn(&'static Words) -> String) {
        for (words, tags) in self.spoken() {
            self.out.raw("<span").attr("data-l", &tags).attr("lang", words.tag);
            // The page has words in left-to-right languages only.
            if direction(&self.languages[0]) == "rtl" {
                self.out.raw(" dir=\"ltr\"");
            }
            self.out.raw(">").text(&pick(words)).raw("</span>");
        }
    }

    pub(super) fn heading(
        &mut self,
        id: &'static str,
        pick: impl Fn(&'static Words) -> &'static str,
    ) {
        self.out.raw("<section").attr("id", id).raw(">\n<h2>");
        self.say(pick);
        self.out.raw("</h2>\n");
    }

    pub(super) fn paragraph(&mut self, pick: impl Fn(&'static Words) -> &'static str) {
        self.out.raw("<p class=\"quiet\">");
        self.say(pick);
        self.out.raw("</p>\n");
    }

    pub(super) fn time(&mut self, at: Timestamp) {
        self.out.raw("<time").attr("datetime", &at.to_string()).raw(">");
        self.out.text(&readable(at)).raw("</time>");
    }

    /// A signed text in every language.
    pub(super) fn texts<'t>(
        &mut self,
        texts: impl Iterator<Item = (&'t str, &'t str)>,
        fact: Option<&str>,
    ) {
        for (tag, text) in texts {
            self.out.raw("<p class=\"words\"").attr("data-l", tag).attr("lang", tag);
            self.out.attr("dir", direction(tag));
            if let Some(id) = fact {
                self.out.attr("data-fact", id);
            }
            self.out.raw(">").text(text).raw("</p>\n");
        }
    }

    // --- Parts of the page --------------------------------------------------------------------

    fn head(&mut self, issue: &Issue, policy: &str) {
        let record = &self.languages[0];
        let title = format!("{} — {}", issue.publisher.name, words::of(record).kind);
        let summary = format!(
            "Issue {}: affirmed {}, next due {}, expires {}",
            issue.number,
            readable(issue.as_of),
            readable(issue.next_due),
            readable(issue.expires)
        );
        let url = &issue.publisher.canonical_url;
        let out = &mut self.out;
        out.raw("<!doctype html>\n<html").attr("lang", record).attr("dir", direction(record));
        out.raw(">\n<head>\n<meta charset=\"utf-8\">\n");
        out.raw("<meta http-equiv=\"Content-Security-Policy\"").attr("content", policy);
        out.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        out.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>").text(&title);
        out.raw("</title>\n<meta name=\"description\"").attr("content", &summary);
        out.raw(">\n<meta property=\"og:type\" content=\"article\">\n<meta property=\"og:title\"");
        out.attr("content", &title).raw(">\n<meta property=\"og:description\"");
        out.attr("content", &summary).raw(">\n<meta property=\"og:url\"").attr("content", url);
        out.raw(">\n<link rel=\"canonical\"").attr("href", url);
        out.raw(">\n<link rel=\"icon\" href=\"data:,\">\n");
        out.raw("<link rel=\"alternate\" type=\"application/atom+xml\" href=\"feed.atom\">\n");
        out.raw("<link rel=\"alternate\" type=\"application/feed+json\" href=\"feed.json\">\n");
    }

    fn header(&mut self, issue: &Issue) {
        self.out.raw("<a class=\"skip\" href=\"#main\">");
        self.say(|w| w.skip);
        self.out.raw("</a>\n<header>\n<p class=\"kind\">");
        self.say(|w| w.kind);
        self.out.raw("</p>\n<h1><bdi>").text(&issue.publisher.name).raw("</bdi></h1>\n<p>");
        self.say_own(|w| format!("{} {}", w.issue, issue.number));
        self.out.raw(" <code dir=\"ltr\">").text(&issue.origin).raw("</code></p>\n");
        self.out.raw("<div id=\"languages\" role=\"group\" hidden></div>\n</header>\n");
    }

    fn dates(&mut self, issue: &Issue) {
        self.heading("dates", |w| w.dates);
        // What one look has to answer comes first; only the reader's browser knows it.
        self.out
            .raw("<div id=\"now\" class=\"lead\"></div>\n<p id=\"outcome\" class=\"lead\"></p>\n");
        self.out.raw("<dl class=\"dates\">\n");
        let dates: [(_, Pick, _); 3] = [
            ("as_of", |w| w.as_of, issue.as_of),
            ("next_due", |w| w.next_due, issue.next_due),
            ("expires", |w| w.expires, issue.expires),
        ];
        for (name, pick, at) in dates {
            let instant = at.to_string();
            self.out.raw("<div><dt>");
            self.say(pick);
            self.out.raw("</dt><dd><time").attr("datetime", &instant).attr("data-date", name);
            self.out.raw(" dir=\"ltr\">").text(&readable(at)).raw("</time>");
            self.out.raw("<span class=\"local\"").attr("data-local", &instant).raw("></span>");
            self.out.raw("</dd></div>\n");
        }
        self.out.raw("</dl>\n</section>\n");
    }

    fn check(&mut self) {
        self.heading("check", |w| w.check);
        self.paragraph(|w| w.check_intro);
        self.out.raw("<div id=\"report\" role=\"status\" aria-live=\"polite\"></div>\n<noscript>");
        self.paragraph(|w| w.check_script);
        self.out.raw("</noscript>\n<form id=\"check-form\" hidden>\n<p><label for=\"pin\">");
        self.say(|w| w.pin);
        self.out.raw("</label> <input id=\"pin\" type=\"text\" autocomplete=\"off\" ");
        self.out.raw("spellcheck=\"false\" autocapitalize=\"off\" aria-describedby=\"pin-hint\">");
        self.out.raw("</p>\n<p class=\"quiet\" id=\"pin-hint\">");
        self.say(|w| w.pin_hint);
        self.out.raw("</p>\n<p><button type=\"submit\">");
        self.say(|w| w.check_again);
        self.out.raw("</button></p>\n</form>\n</section>\n");
    }

    fn facts(&mut self, issue: &Issue) {
        self.heading("facts", |w| w.facts);
        let none = issue.facts.is_empty();
        self.paragraph(|w| if none { w.no_facts } else { w.facts_intro });
        for fact in &issue.facts {
            self.fact(issue, fact);
        }
        self.out.raw("</section>\n");
    }

    fn fact(&mut self, issue: &Issue, fact: &Fact) {
        self.out.raw("<article class=\"fact\">\n<h3><code dir=\"ltr\">").text(&fact.id);
        self.out.raw("</code></h3>\n");
        self.texts(fact.text.iter(), Some(&fact.id));
        self.out.raw("<p class=\"quiet\">");
        self.say_own(|w| words::tense(w, fact));
        self.out.raw("</p>\n");
        for (language, tags) in self.spoken() {
            self.out.raw("<dl class=\"scope\"").attr("data-l", &tags).attr("lang", language.tag);
            self.out.raw(" dir=\"ltr\">");
            for (name, value) in words::scope(language, issue, fact) {
                self.out.raw("<dt>").text(name).raw("</dt><dd>").text(&value).raw("</dd>");
            }
            self.out.raw("</dl>\n");
        }
        if let Some(after) = issue.retires(&fact.id) {
            self.out.raw("<p><strong>");
            self.say(|w| w.ends);
            self.out.raw(" ");
            self.time(after);
            self.out.raw("</strong></p>\n");
        }
        if let Some(other) = &fact.supersedes {
            self.out.raw("<p class=\"quiet\">");
            self.say(|w| w.supersedes);
            self.out.raw(" <code dir=\"ltr\">").text(other).raw("</code></p>\n");
        }
        self.out.raw("</article>\n");
    }

    fn signers(&mut self, shown: &Shown<'_>) {
        let roster = &shown.issue.roster;
        self.heading("signers", |w| w.signers);
        self.out.raw("<ul class=\"people\">\n");
        for signer in shown.signers() {
            self.person(&signer.name, &signer.role, &signer.jurisdiction);
        }
        self.out.raw("</ul>\n<p class=\"quiet\">");
        self.say(|w| w.signers_intro);
        self.out.raw(" ").text(&roster.threshold.to_string()).raw("/");
        self.out.text(&roster.signers.len().to_string());
        self.out.raw("</p>\n<details><summary>");
        self.say(|w| w.roster);
        self.out.raw("</summary>\n<ul class=\"people\">\n");
        for signer in &roster.signers {
            self.person(&signer.name, &signer.role, &signer.jurisdiction);
        }
        self.out.raw("</ul></details>\n</section>\n");
    }

    fn person(&mut self, name: &str, role: &str, jurisdiction: &str) {
        self.out.raw("<li><b><bdi>").text(name).raw("</bdi></b>, <bdi>").text(role);
        self.out.raw("</bdi> <span class=\"region\"").attr("data-region", jurisdiction);
        self.out.raw(" dir=\"ltr\">(").text(jurisdiction).raw(")</span></li>\n");
    }

    fn promises(&mut self, issue: &Issue) {
        let promises = issue.promises.as_deref().unwrap_or_default();
        if promises.is_empty() {
            return;
        }
        self.out.raw("<div class=\"aside\">\n");
        self.heading("promises", |w| w.promises);
        self.paragraph(|w| w.promises_intro);
        for promise in promises {
            self.out.raw("<h3><code dir=\"ltr\">").text(&promise.id).raw("</code></h3>\n");
            self.texts(promise.text.iter(), None);
        }
        self.out.raw("</section>\n</div>\n");
    }

    fn counters(&mut self, issue: &Issue) {
        let counters = issue.counters.as_deref().unwrap_or_default();
        if counters.is_empty() {
            return;
        }
        self.out.raw("<div class=\"aside\">\n");
        self.heading("counters", |w| w.counters);
        self.paragraph(|w| w.counters_intro);
        self.out.raw("<div class=\"wide\" tabindex=\"0\"><table class=\"stack\">\n<thead><tr><th scope=\"col\">");
        self.say(|w| w.counters);
        self.out.raw("</th><th scope=\"col\">");
        self.say(|w| w.period);
        self.out.raw("</th><th scope=\"col\">");
        self.say(|w| w.number);
        self.out.raw("</th></tr></thead>\n<tbody>\n");
        for counter in counters {
            self.out.raw("<tr><th scope=\"row\"><code dir=\"ltr\">").text(&counter.id);
            self.out.raw("</code>");
            self.texts(counter.text.iter(), None);
            self.out.raw("</th><td class=\"date\" dir=\"ltr\">").text(&counter.from.to_string());
            self.out.raw(" – ").text(&counter.to.to_string()).raw("</td><td><b dir=\"ltr\">");
            self.out.text(&words::counter(counter.value)).raw("</b></td></tr>\n");
        }
        self.out.raw("</tbody></table></div>\n</section>\n</div>\n");
    }

    fn verify(&mut self, series: &Series<'_>) {
        let newest = series.newest;
        let url = &newest.issue.publisher.canonical_url;
        let first = series.first_pin();
        self.heading("verify", |w| w.verify);
        self.paragraph(|w| w.verify_intro);
        self.out.raw("<pre data-copy tabindex=\"0\">").text(&command(&first));
        self.out.raw("</pre>\n<h3>");
        self.say(|w| w.pin_first);
        self.out
            .raw("</h3>\n<pre data-copy tabindex=\"0\">")
            .text(&first.to_string())
            .raw("</pre>\n<h3>");
        self.say(|w| w.pin_newest);
        self.out.raw("</h3>\n<pre data-copy tabindex=\"0\">").text(&newest.pin(url).to_string());
        self.out.raw("</pre>\n<p>");
        self.say(|w| w.keep);
        self.out.raw(" <a href=\"verifier.html\" download>verifier.html</a></p>\n</section>\n");
    }

    fn limits(&mut self) {
        self.heading("limits", |w| w.limits);
        for (language, tags) in self.spoken() {
            let text = if language.tag == words::ZH.tag { LIMITS.1 } else { LIMITS.0 };
            self.out.raw("<p class=\"limits\"").attr("data-l", &tags).attr("lang", language.tag);
            self.out.raw(" dir=\"ltr\">").text(text).raw("</p>\n");
        }
        self.out.raw("</section>\n");
    }

    fn footer(&mut self, issue: &Issue) {
        self.out.raw("<footer>\n<h2>");
        self.say(|w| w.files);
        self.out.raw("</h2>\n<ul dir=\"ltr\">\n");
        let files: [&'static str; 9] = [
            "<li><a href=\"canary.txt\">canary.txt</a></li>\n",
            "<li><a href=\"latest.json\">latest.json</a></li>\n",
            "<li><a href=\"latest.tlog-proof\">latest.tlog-proof</a></li>\n",
            "<li><a href=\"checkpoint\">checkpoint</a></li>\n",
            "<li><a href=\"feed.atom\">Atom</a></li>\n",
            "<li><a href=\"feed.json\">JSON Feed</a></li>\n",
            "<li><a href=\"canary.ics\">canary.ics</a></li>\n",
            "<li><a href=\"badge.svg\">badge.svg</a></li>\n",
            "<li><a href=\"verifier.html\">verifier.html</a></li>\n",
        ];
        for file in files {
            self.out.raw(file);
        }
        self.out.raw("</ul>\n");
        if let Some(contact) = &issue.publisher.contact {
            self.out.raw("<p>");
            self.say(|w| w.contact);
            // The format allows mailto and https here, so no scheme that runs anything.
            self.out.raw(": <a rel=\"noreferrer\"").attr("href", contact).raw(">").text(contact);
            self.out.raw("</a></p>\n");
        }
        self.out.raw("</footer>\n");
    }

    fn data(&mut self, series: &Series<'_>) {
        let issue = series.newest.issue;
        let dates = json!({
            "as_of": issue.as_of.to_string(),
            "next_due": issue.next_due.to_string(),
            "expires": issue.expires.to_string(),
        });
        let own = json!({"languages": self.languages, "number": issue.number, "dates": dates});
        // An envelope is UTF-8 (`format.md` §3), so its bytes survive as a string.
        let leaf = |envelope: &Envelope| String::from_utf8_lossy(envelope.bytes()).into_owned();
        let leaves: Vec<String> = series.carried.iter().map(leaf).collect();
        let evidence = json!({"checkpoint": series.checkpoint, "leaves": leaves});
        self.out.raw("<script type=\"application/json\" id=\"page-data\">").data(&own);
        self.out.raw("</script>\n<script type=\"application/json\" id=\"evidence\">");
        self.out.data(&evidence).raw("</script>\n");
    }
}

fn direction(tag: &str) -> &'static str {
    if words::is_rtl(tag) { "rtl" } else { "ltr" }
}

/// `2026-03-01 09:00 UTC`, with seconds where there are any.
fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.trim_end_matches('Z').replace('T', " ");
    format!("{} UTC", text.strip_suffix(":00").unwrap_or(&text))
}
