//! Paper: blocks laid out on A4, black on white, plots as drawings.

mod font;
mod paper;

use canary_format::time::Timestamp;

use self::font::{Face, measure};
use self::paper::{Paper, Shade, WIDTH};
use super::text::pieces;
use super::{Block, Content, Document, Grid, Level, Mark, Span, Table, Timeline, Tone};

const BODY: f32 = 9.5;
const SMALL: f32 = 7.8;
const PAD: f32 = 7.0;

pub(super) fn render(document: &Document) -> Vec<u8> {
    let mut paper = Paper::new();
    paragraph(&mut paper, &document.title, (Face::Strong, 17.0, Shade::Ink));
    for line in &document.subtitle {
        paragraph(&mut paper, line, (Face::Plain, BODY, Shade::Quiet));
    }
    paper.line((0.0, 4.0), (WIDTH, 4.0), Shade::Ink, 1.2);
    paper.down(14.0);
    for block in &document.blocks {
        render_block(&mut paper, block);
    }
    paper.finish(&document.title, document.language.tag())
}

fn render_block(paper: &mut Paper, block: &Block) {
    match block {
        Block::Heading(level, text) => {
            let size = if *level == Level::Part { 13.0 } else { 10.5 };
            paper.room(70.0);
            if !paper.is_fresh() {
                paper.down(size);
            }
            paragraph(paper, text, (Face::Strong, size, Shade::Ink));
        }
        Block::Text(text) => paragraph(paper, text, (Face::Plain, BODY, Shade::Ink)),
        Block::Lead(text) => paragraph(paper, text, (Face::Strong, BODY, Shade::Ink)),
        Block::Table(table) => render_table(paper, table),
        Block::Grid(grid) => render_grid(paper, grid),
        Block::Timeline(timeline) => render_timeline(paper, timeline),
        Block::Command(lines) => {
            for line in lines {
                paragraph(paper, line, (Face::Exact, SMALL, Shade::Ink));
            }
        }
    }
}

fn paragraph(paper: &mut Paper, text: &str, style: (Face, f32, Shade)) {
    let (face, size, _) = style;
    let height = size * 1.4;
    for line in wrap(text, WIDTH, face, size) {
        paper.room(height);
        paper.text(0.0, size, &line, style);
        paper.down(height);
    }
    paper.down(size * 0.45);
}

/// Lines that fit a width in points.
fn wrap(text: &str, width: f32, face: Face, size: f32) -> Vec<String> {
    // Sums of widths differ in their last digits by the order of adding.
    let width = width + 0.1;
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0.0;
        for piece in pieces(paragraph) {
            let wanted = measure(piece.trim_end(), face, size);
            if used + wanted > width && !line.trim().is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0.0;
            }
            for c in piece.chars() {
                let wide = measure(c.encode_utf8(&mut [0; 4]), face, size);
                if used + wide > width && !line.is_empty() && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn face(tone: Tone) -> Face {
    match tone {
        Tone::Plain => Face::Plain,
        Tone::Exact => Face::Exact,
        Tone::Strong => Face::Strong,
    }
}

fn size(tone: Tone) -> f32 {
    if tone == Tone::Exact { SMALL - 0.9 } else { SMALL }
}

fn render_table(paper: &mut Paper, table: &Table) {
    let widths = widths(table);
    let line = SMALL * 1.32;
    let head: Vec<Content> = table.head.iter().map(Content::strong).collect();
    let draw_head = |paper: &mut Paper| {
        if head.iter().any(|content| !content.text.is_empty()) {
            row(paper, &head, &widths, Shade::Quiet, &|_| {});
        }
        paper.line((0.0, 1.0), (WIDTH, 1.0), Shade::Ink, 0.8);
        paper.down(3.0);
    };
    paper.room(4.0 * line);
    draw_head(paper);
    for cells in &table.rows {
        let height = wrapped(cells, &widths).iter().map(Vec::len).max().unwrap_or(0);
        let height = f32::from(u16::try_from(height).unwrap_or(u16::MAX)) * line;
        if height < 300.0 && !paper.fits(height) {
            paper.room(height);
            draw_head(paper);
        }
        row(paper, cells, &widths, Shade::Ink, &draw_head);
        paper.line((0.0, 1.0), (WIDTH, 1.0), Shade::Line, 0.4);
        paper.down(3.0);
    }
    paper.down(6.0);
}

fn wrapped(cells: &[Content], widths: &[f32]) -> Vec<Vec<String>> {
    let lines = |(content, width): (&Content, &f32)| {
        wrap(&content.text, width - PAD, face(content.tone), size(content.tone))
    };
    cells.iter().zip(widths).map(lines).collect()
}

fn row(
    paper: &mut Paper,
    cells: &[Content],
    widths: &[f32],
    shade: Shade,
    on_new_sheet: &dyn Fn(&mut Paper),
) {
    let line = SMALL * 1.32;
    let lines = wrapped(cells, widths);
    let height = lines.iter().map(Vec::len).max().unwrap_or(0);
    for index in 0..height {
        if !paper.fits(line) {
            paper.room(line);
            on_new_sheet(paper);
        }
        let mut x = 0.0;
        for ((content, lines), width) in cells.iter().zip(&lines).zip(widths) {
            if let Some(text) = lines.get(index) {
                paper.text(x, SMALL, text, (face(content.tone), size(content.tone), shade));
            }
            x += width;
        }
        paper.down(line);
    }
}

/// As wide as the content where all fits; else the widest columns give way.
fn widths(table: &Table) -> Vec<f32> {
    let natural = |index: usize| {
        let head = measure(&table.head[index], Face::Strong, SMALL);
        let cells = table.rows.iter().filter_map(|row| row.get(index));
        let lines = cells.flat_map(|content| {
            content
                .text
                .split('\n')
                .map(|line| measure(line, face(content.tone), size(content.tone)))
        });
        lines.fold(head, f32::max) + PAD
    };
    let mut widths: Vec<f32> = (0..table.head.len()).map(natural).collect();
    while widths.iter().sum::<f32>() > WIDTH {
        let widest = widths.iter_mut().max_by(|a, b| a.total_cmp(b));
        match widest {
            Some(width) if *width > 36.0 => *width -= 2.0,
            _ => break,
        }
    }
    // What is left over goes to the last column, so that rules and text end together.
    let left = WIDTH - widths.iter().sum::<f32>();
    if let Some(last) = widths.last_mut().filter(|_| left > 0.0) {
        *last += left;
    }
    widths
}

const LABEL: f32 = 140.0;
const ROW: f32 = 15.0;
/// So many services stand side by side; more of them go below.
const ABREAST: usize = 5;

fn render_grid(paper: &mut Paper, grid: &Grid) {
    for first in (0..grid.columns.len()).step_by(ABREAST) {
        let columns = first..grid.columns.len().min(first + ABREAST);
        grid_part(paper, grid, columns);
    }
    legend(paper, grid.legend.iter().map(|(mark, words)| (mark_fill(*mark), words)));
}

fn grid_part(paper: &mut Paper, grid: &Grid, columns: std::ops::Range<usize>) {
    let rows = f32::from(u16::try_from(grid.rows.len()).unwrap_or(u16::MAX));
    paper.room(rows * ROW + 40.0);
    let width = 70.0_f32;
    let place = |index: usize| {
        LABEL + f32::from(u16::try_from(index - columns.start).unwrap_or(0)) * (width + 3.0)
    };
    for index in columns.clone() {
        let (supplier, service) = &grid.columns[index];
        let fitting = |text: &str| wrap(text, width, Face::Strong, SMALL).swap_remove(0);
        paper.text(place(index), 9.0, &fitting(supplier), (Face::Strong, SMALL, Shade::Ink));
        paper.text(place(index), 19.0, &fitting(service), (Face::Plain, SMALL, Shade::Quiet));
    }
    paper.down(24.0);
    for row in &grid.rows {
        paper.text(0.0, 10.0, &row.label, (Face::Plain, SMALL, Shade::Ink));
        for index in columns.clone() {
            let (mark, said) = &row.cells[index];
            let (fill, frame) = mark_fill(*mark);
            paper.rect((place(index), 0.0), (width, ROW - 2.0), fill, frame);
            let words = match mark {
                Mark::Covered => Shade::White,
                Mark::Uncovered => Shade::Open,
                Mark::Customer => Shade::Quiet,
            };
            paper.text(place(index) + 4.0, 9.0, said, (Face::Strong, SMALL, words));
        }
        paper.down(ROW);
    }
    paper.down(6.0);
}

fn mark_fill(mark: Mark) -> (Shade, Option<Shade>) {
    match mark {
        Mark::Covered => (Shade::Have, None),
        Mark::Uncovered => (Shade::White, Some(Shade::Open)),
        Mark::Customer => (Shade::Light, None),
    }
}

fn legend<'a>(paper: &mut Paper, keys: impl Iterator<Item = ((Shade, Option<Shade>), &'a String)>) {
    for ((fill, frame), words) in keys {
        paper.room(12.0);
        paper.rect((0.0, 2.0), (14.0, 7.0), fill, frame);
        paper.text(20.0, 8.5, words, (Face::Plain, SMALL, Shade::Quiet));
        paper.down(12.0);
    }
    paper.down(4.0);
}

const LANE_LABEL: f32 = 70.0;

fn render_timeline(paper: &mut Paper, timeline: &Timeline) {
    let lanes = f32::from(u16::try_from(timeline.lanes.len()).unwrap_or(u16::MAX));
    paper.room(lanes * 22.0 + 30.0);
    for lane in &timeline.lanes {
        paper.text(0.0, 12.0, &lane.label, (Face::Plain, SMALL, Shade::Ink));
        for (from, to, span) in &lane.spans {
            let (x, end) = (place(timeline, *from), place(timeline, *to));
            let (fill, frame) = span_fill(*span);
            paper.rect((x, 5.0), ((end - x).max(0.8), 9.0), fill, frame);
        }
        let mut last = None;
        for mark in &lane.marks {
            let x = place(timeline, *mark);
            if last.is_none_or(|last: f32| x - last > 0.4) {
                paper.line((x, 1.0), (x, 18.0), Shade::Ink, 0.7);
                last = Some(x);
            }
        }
        paper.down(22.0);
    }
    let style = (Face::Plain, 7.0, Shade::Quiet);
    paper.text(LANE_LABEL, 6.0, &timeline.from.to_string(), style);
    let to = timeline.to.to_string();
    paper.text(WIDTH - measure(&to, Face::Plain, 7.0), 6.0, &to, style);
    paper.down(14.0);
    let keys = timeline.legend.iter();
    legend(paper, keys.map(|(span, words)| (span_fill(*span), words)));
}

fn span_fill(span: Span) -> (Shade, Option<Shade>) {
    match span {
        Span::Affirmed => (Shade::Ink, None),
        Span::Held => (Shade::Line, None),
        Span::Beyond => (Shade::Open, None),
        Span::Gap => (Shade::White, Some(Shade::Open)),
    }
}

fn place(timeline: &Timeline, at: Timestamp) -> f32 {
    let length = timeline.to.since(timeline.from).max(1);
    let parts = at.since(timeline.from).clamp(0, length).saturating_mul(10_000) / length;
    let part = f32::from(u16::try_from(parts).unwrap_or(10_000)) / 10_000.0;
    LANE_LABEL + part * (WIDTH - LANE_LABEL)
}
