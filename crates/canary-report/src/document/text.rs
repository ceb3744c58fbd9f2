//! Text for a terminal: tables that fit its width, plots as characters.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Block, Document, Grid, Level, Mark, Span, Table, Timeline};

const GAP: usize = 2;
const LEAST: usize = 8;
/// Words of up to so many columns are kept whole; digests and pins are not.
const WHOLE: usize = 24;

pub(super) fn render(document: &Document, columns: usize) -> String {
    let columns = columns.clamp(60, 200);
    let mut out = format!("{}\n", inert(&document.title));
    for line in &document.subtitle {
        wrapped(&mut out, "", line, columns);
    }
    for block in &document.blocks {
        render_block(&mut out, block, columns);
    }
    out
}

fn render_block(out: &mut String, block: &Block, columns: usize) {
    match block {
        Block::Heading(Level::Part, text) => {
            let text = inert(text);
            out.push_str(&format!("\n{text}\n{}\n", "=".repeat(text.width())));
        }
        Block::Heading(Level::Section, text) => {
            let text = inert(text);
            out.push_str(&format!("\n{text}\n{}\n", "-".repeat(text.width())));
        }
        Block::Text(text) | Block::Lead(text) => {
            out.push('\n');
            wrapped(out, "", text, columns);
        }
        Block::Table(table) => render_table(out, table, columns),
        Block::Grid(grid) => render_grid(out, grid),
        Block::Timeline(timeline) => render_timeline(out, timeline, columns),
        Block::Command(lines) => {
            out.push('\n');
            for line in lines {
                out.push_str(&format!("  {}\n", inert(line)));
            }
        }
    }
}

fn render_table(out: &mut String, table: &Table, columns: usize) {
    let widths = widths(table, columns);
    out.push('\n');
    let head: Vec<&str> = table.head.iter().map(String::as_str).collect();
    render_row(out, &head, &widths);
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    out.push_str(&format!("{}\n", rule.join("  ")));
    for row in &table.rows {
        let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
        render_row(out, &cells, &widths);
    }
}

/// As wide as the content where all fits; else the widest columns give way.
fn widths(table: &Table, columns: usize) -> Vec<usize> {
    let widest = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(index)).map(|cell| &cell.text);
        let lines = cells.flat_map(|text| text.split('\n'));
        lines.chain([table.head[index].as_str()]).map(|line| line.width()).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..table.head.len()).map(widest).collect();
    let room = columns.saturating_sub(GAP * widths.len().saturating_sub(1));
    // Words stay whole while there is any other way.
    let words: Vec<usize> = (0..widths.len()).map(|index| longest_word(table, index)).collect();
    for least in [words, vec![LEAST; widths.len()]] {
        while widths.iter().sum::<usize>() > room {
            let wide = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
            match wide.map(|(width, _)| width).max() {
                Some(width) => *width -= 1,
                None => break,
            }
        }
    }
    widths
}

/// The longest word of a column that is worth keeping whole.
fn longest_word(table: &Table, index: usize) -> usize {
    let cells = table.rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.text.as_str());
    let texts = cells.chain([table.head[index].as_str()]);
    let pieces = texts.flat_map(|text| text.split('\n').flat_map(pieces).collect::<Vec<_>>());
    let lengths = pieces.map(|piece| piece.trim_end().width());
    lengths.filter(|length| *length <= WHOLE).max().unwrap_or(0).max(LEAST)
}

fn render_row(out: &mut String, cells: &[&str], widths: &[usize]) {
    let cells: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let mut row = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(line).map_or("", String::as_str);
            row.push_str(text);
            row.push_str(&" ".repeat(width.saturating_sub(text.width()) + GAP));
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
}

fn render_grid(out: &mut String, grid: &Grid) {
    let label = grid.rows.iter().map(|row| row.label.width()).max().unwrap_or(0);
    let width = |column: &(String, String)| column.0.width().max(column.1.width()).clamp(8, 24);
    let widths: Vec<usize> = grid.columns.iter().map(width).collect();
    let mut line = |label_text: &str, cells: Vec<String>| {
        let mut row = pad(label_text, label);
        for (cell, width) in cells.iter().zip(&widths) {
            row.push_str("  ");
            row.push_str(&pad(cell, *width));
        }
        out.push_str(row.trim_end());
        out.push('\n');
    };
    line("", vec![]);
    line("", grid.columns.iter().map(|(supplier, _)| inert(supplier)).collect());
    line("", grid.columns.iter().map(|(_, service)| inert(service)).collect());
    for row in &grid.rows {
        let cells = row.cells.iter().map(|(mark, said)| format!("{} {said}", sign(*mark)));
        line(&row.label, cells.collect());
    }
    let legend: Vec<String> =
        grid.legend.iter().map(|(mark, words)| format!("{} {words}", sign(*mark))).collect();
    out.push_str(&format!("\n{}\n", legend.join("   ")));
}

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Covered => '#',
        Mark::Uncovered => '!',
        Mark::Customer => '.',
    }
}

fn render_timeline(out: &mut String, timeline: &Timeline, columns: usize) {
    let label = timeline.lanes.iter().map(|lane| lane.label.width()).max().unwrap_or(0);
    let room = columns.saturating_sub(label + GAP).max(20);
    let length = timeline.to.since(timeline.from).max(1);
    let most = i64::try_from(room - 1).unwrap_or(i64::MAX);
    let place = |at: canary_format::time::Timestamp| {
        let place = at.since(timeline.from).clamp(0, length) * most / length;
        usize::try_from(place).unwrap_or(0)
    };
    out.push('\n');
    for lane in &timeline.lanes {
        let mut cells = vec![' '; room];
        for (from, to, span) in &lane.spans {
            let (from, to) = (place(*from), place(*to));
            cells[from..=to].fill(span_sign(*span));
        }
        for mark in &lane.marks {
            cells[place(*mark)] = span_sign(Span::Affirmed);
        }
        let drawn: String = cells.into_iter().collect();
        out.push_str(format!("{}  {drawn}", pad(&lane.label, label)).trim_end());
        out.push('\n');
    }
    let (from, to) = (timeline.from.to_string(), timeline.to.to_string());
    let between = room.saturating_sub(from.len() + to.len()).max(1);
    out.push_str(&format!("{}{from}{}{to}\n", " ".repeat(label + GAP), " ".repeat(between)));
    let legend: Vec<String> = timeline
        .legend
        .iter()
        .map(|(span, words)| format!("{} {words}", span_sign(*span)))
        .collect();
    out.push_str(&format!("{}\n", legend.join("   ")));
}

fn span_sign(span: Span) -> char {
    match span {
        Span::Held => '-',
        Span::Beyond => '~',
        Span::Gap => ' ',
        Span::Affirmed => '|',
    }
}

fn pad(text: &str, width: usize) -> String {
    let text = inert(text);
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

fn wrapped(out: &mut String, indent: &str, text: &str, columns: usize) {
    for line in wrap(text, columns.saturating_sub(indent.len())) {
        out.push_str(&format!("{indent}{line}\n"));
    }
}

/// Lines of at most so many columns, broken at spaces, between Chinese characters, or anywhere in a
/// word that does not fit alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in inert(text).split('\n') {
        let mut line = String::new();
        for piece in pieces(paragraph) {
            let fits = line.width() + piece.trim_end().width() <= width;
            if !fits && !line.trim().is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            for c in piece.chars() {
                if line.width() + c.width().unwrap_or(0) > width && !line.is_empty() && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Words with the spaces after them; a wide character is a word of its own.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        let wide = c.width() == Some(2);
        if wide && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(c);
        if wide || c == ' ' {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces
}

/// Text that cannot move the cursor or hide what it says.
fn inert(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => c,
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        for (text, width) in [
            ("a few words that need several lines", 10),
            ("没有政府机构对我们的主机或管理平面拥有常设访问权。", 12),
            ("https://averyveryverylongword.example/with/a/path", 9),
            ("混合 mixed 文字 and words", 7),
        ] {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{lines:?}");
            let bare = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(bare(&lines.concat()), bare(text));
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(inert("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
    }
}
