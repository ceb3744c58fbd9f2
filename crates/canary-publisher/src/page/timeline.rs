//! The timeline: one bar a fact, drawn as inline SVG without any style of its own.

use canary_markup::Markup;

use super::history::{History, Life, Span};

/// How wide a bar is, in its own units.
const WIDTH: i64 = 1000;
const HEIGHT: &str = "24";

/// Draws the life of one fact on the axis of the whole history. `label` says the same in words.
pub(super) fn bar(out: &mut Markup, history: &History, life: &Life, label: &str) {
    out.raw("<svg viewBox=\"0 0 1000 24\" preserveAspectRatio=\"none\" role=\"img\"");
    out.attr("aria-label", label).raw(">");
    rect(out, "track", 0, WIDTH, "9", "6");
    for span in &life.spans {
        let (x, width) = place(history.whole(), *span);
        rect(out, "life", x, width, "3", "18");
    }
    for gap in &history.gaps {
        let (x, width) = place(history.whole(), *gap);
        rect(out, "gap", x, width, "0", HEIGHT);
    }
    for issue in &life.changes {
        let at = Span { from: issue.as_of, to: issue.as_of };
        let x = place(history.whole(), at).0.to_string();
        out.raw("<line class=\"change\"").attr("x1", &x).attr("x2", &x);
        out.raw(" y1=\"0\" y2=\"24\" vector-effect=\"non-scaling-stroke\"/>");
    }
    out.raw("</svg>");
}

fn rect(out: &mut Markup, class: &str, x: i64, width: i64, y: &str, height: &str) {
    out.raw("<rect").attr("class", class);
    out.attr("x", &x.to_string()).attr("width", &width.to_string());
    out.attr("y", y).attr("height", height).raw("/>");
}

/// Where a span lies on the axis: start and width, the width at least one unit.
fn place(whole: Span, span: Span) -> (i64, i64) {
    let length = whole.to.since(whole.from).max(1);
    let scale = |instant: canary_format::time::Timestamp| {
        (instant.since(whole.from) * WIDTH / length).clamp(0, WIDTH)
    };
    let (from, to) = (scale(span.from), scale(span.to));
    (from.min(WIDTH - 1), (to - from).max(1))
}
