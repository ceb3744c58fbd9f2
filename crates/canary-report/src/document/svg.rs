//! Plots as inline SVG. Shapes and words carry the meaning; colour only repeats it.

use canary_format::time::Timestamp;
use canary_markup::Markup;

use super::{Grid, Lane, Mark, Span, Timeline};

const LABEL: i64 = 250;
const CELL: i64 = 110;
const ROW: i64 = 26;
const HEAD: i64 = 44;

/// Layers × services. Words are in HTML-sized text, so the plot grows with its columns.
pub(super) fn grid(out: &mut Markup, grid: &Grid) {
    let columns = i64::try_from(grid.columns.len()).unwrap_or(0);
    let rows = i64::try_from(grid.rows.len()).unwrap_or(0);
    let (width, height) = (LABEL + columns * CELL, HEAD + rows * ROW);
    out.raw("<figure><div class=\"scroll\"><svg class=\"grid\" role=\"img\"");
    out.attr("viewBox", &format!("0 0 {width} {height}"));
    out.number("width", width).number("height", height);
    out.attr("aria-label", &grid.label).raw(">\n");
    for (index, (supplier, service)) in (0..).zip(&grid.columns) {
        let x = LABEL + index * CELL + CELL / 2;
        text(out, "head", x, 16, "middle", &short(supplier, 15));
        text(out, "sub", x, 34, "middle", &short(service, 16));
    }
    for (index, row) in (0..).zip(&grid.rows) {
        let y = HEAD + index * ROW;
        text(out, "row", LABEL - 10, y + 17, "end", &row.label);
        for (column, (mark, said)) in (0..).zip(&row.cells) {
            let x = LABEL + column * CELL;
            cell(out, *mark, x, y);
            text(out, words_class(*mark), x + CELL / 2, y + 17, "middle", said);
        }
    }
    out.raw("</svg></div>\n<figcaption>");
    for (mark, words) in &grid.legend {
        out.raw("<span class=\"key\"><svg width=\"26\" height=\"18\" aria-hidden=\"true\">");
        out.raw("<rect").attr("class", class(*mark));
        out.raw(" x=\"1\" y=\"1\" width=\"24\" height=\"16\"/></svg> ").text(words).raw("</span> ");
    }
    out.raw("</figcaption></figure>\n");
}

fn cell(out: &mut Markup, mark: Mark, x: i64, y: i64) {
    out.raw("<rect").attr("class", class(mark));
    out.number("x", x + 2).number("y", y + 2);
    out.number("width", CELL - 4).number("height", ROW - 4).raw("/>");
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Covered => "covered",
        Mark::Uncovered => "uncovered",
        Mark::Customer => "customer",
    }
}

fn words_class(mark: Mark) -> &'static str {
    match mark {
        Mark::Covered => "said",
        Mark::Uncovered => "missing",
        Mark::Customer => "own",
    }
}

const WIDTH: i64 = 900;
const LANE_LABEL: i64 = 150;
const LANE: i64 = 34;

/// Affirmations over time: spans as bars, affirmations as strokes, gaps left open with a frame.
pub(super) fn timeline(out: &mut Markup, timeline: &Timeline) {
    let lanes = i64::try_from(timeline.lanes.len()).unwrap_or(0);
    let height = lanes * LANE + 26;
    out.raw("<figure><div class=\"scroll\"><svg class=\"timeline\" role=\"img\"");
    out.attr("viewBox", &format!("0 0 {WIDTH} {height}"));
    out.attr("aria-label", &timeline.label).raw(">\n");
    for (index, lane) in (0..).zip(&timeline.lanes) {
        draw_lane(out, timeline, lane, index * LANE + 4);
    }
    let y = lanes * LANE + 18;
    text(out, "axis", LANE_LABEL, y, "start", &timeline.from.to_string());
    text(out, "axis", WIDTH - 4, y, "end", &timeline.to.to_string());
    out.raw("</svg></div>\n<figcaption>");
    for (span, words) in &timeline.legend {
        out.raw("<span class=\"key\"><svg width=\"26\" height=\"18\" aria-hidden=\"true\">");
        if *span == Span::Affirmed {
            out.raw("<line class=\"affirmed\" x1=\"13\" x2=\"13\" y1=\"1\" y2=\"17\"/>");
        } else {
            out.raw("<rect").attr("class", span_class(*span));
            out.raw(" x=\"1\" y=\"4\" width=\"24\" height=\"10\"/>");
        }
        out.raw("</svg> ").text(words).raw("</span> ");
    }
    out.raw("</figcaption></figure>\n");
}

fn draw_lane(out: &mut Markup, timeline: &Timeline, lane: &Lane, y: i64) {
    text(out, "row", LANE_LABEL - 10, y + 17, "end", &lane.label);
    for (from, to, span) in &lane.spans {
        let (x, end) = (place(timeline, *from), place(timeline, *to));
        out.raw("<rect").attr("class", span_class(*span)).number("x", x);
        out.number("y", y + 7).number("width", (end - x).max(1)).raw(" height=\"10\"/>");
    }
    // Strokes that fall on one pixel are drawn once: ten daily years stay a small page.
    let mut last = None;
    for mark in &lane.marks {
        let x = place(timeline, *mark);
        if last != Some(x) {
            out.raw("<line class=\"affirmed\"").number("x1", x).number("x2", x);
            out.number("y1", y + 2).number("y2", y + 22).raw("/>");
        }
        last = Some(x);
    }
    out.raw("\n");
}

fn span_class(span: Span) -> &'static str {
    match span {
        Span::Held | Span::Affirmed => "held",
        Span::Beyond => "beyond",
        Span::Gap => "gap",
    }
}

fn place(timeline: &Timeline, at: Timestamp) -> i64 {
    let length = timeline.to.since(timeline.from).max(1);
    let room = WIDTH - LANE_LABEL - 4;
    LANE_LABEL + (at.since(timeline.from).clamp(0, length) * room) / length
}

fn text(out: &mut Markup, class: &'static str, x: i64, y: i64, anchor: &'static str, words: &str) {
    out.raw("<text").attr("class", class).number("x", x).number("y", y);
    out.attr("text-anchor", anchor).raw(">").text(words).raw("</text>");
}

/// At most so many characters; what is cut off is in the tables.
fn short(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most - 1).chain(['…']).collect()
}
