//! A page: no scripts, one style, a policy that allows nothing else, and black on white when printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::digest::Digest;
use canary_markup::Markup;

use super::svg;
use super::{Block, Content, Document, Level, Table, Tone};

const STYLE: &str = include_str!("../../assets/report.css");

pub(super) fn render(document: &Document) -> String {
    let mut out = Markup::default();
    out.raw("<!doctype html>\n<html").attr("lang", document.language.tag());
    out.raw(">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"");
    out.attr("content", &policy());
    out.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    out.raw("\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    out.text(&document.title).raw("</title>\n<style>").raw(STYLE);
    out.raw("</style>\n</head>\n<body>\n<header>\n<h1>").text(&document.title).raw("</h1>\n");
    for line in &document.subtitle {
        out.raw("<p>").text(line).raw("</p>\n");
    }
    out.raw("</header>\n<main>\n");
    for block in &document.blocks {
        render_block(&mut out, block);
    }
    out.raw("</main>\n</body>\n</html>\n");
    out.into_string()
}

fn policy() -> String {
    let hash = STANDARD.encode(Digest::of(STYLE.as_bytes()).0);
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn render_block(out: &mut Markup, block: &Block) {
    match block {
        Block::Heading(Level::Part, text) => {
            out.raw("<h2>").text(text).raw("</h2>\n");
        }
        Block::Heading(Level::Section, text) => {
            out.raw("<h3>").text(text).raw("</h3>\n");
        }
        Block::Text(text) => {
            out.raw("<p>").text(text).raw("</p>\n");
        }
        Block::Lead(text) => {
            out.raw("<p class=\"lead\">").text(text).raw("</p>\n");
        }
        Block::Table(table) => render_table(out, table),
        Block::Grid(grid) => svg::grid(out, grid),
        Block::Timeline(timeline) => svg::timeline(out, timeline),
        Block::Command(lines) => {
            out.raw("<pre>");
            for line in lines {
                out.text(line).raw("\n");
            }
            out.raw("</pre>\n");
        }
    }
}

fn render_table(out: &mut Markup, table: &Table) {
    out.raw("<div class=\"scroll\"><table>\n<thead><tr>");
    for head in &table.head {
        out.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    out.raw("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.raw("<tr>");
        for content in row {
            render_cell(out, content);
        }
        out.raw("</tr>\n");
    }
    out.raw("</tbody>\n</table></div>\n");
}

fn render_cell(out: &mut Markup, content: &Content) {
    out.raw("<td");
    match content.tone {
        Tone::Plain => {}
        Tone::Exact => {
            out.raw(" class=\"exact\"");
        }
        Tone::Strong => {
            out.raw(" class=\"strong\"");
        }
    }
    if let Some(tag) = &content.tag {
        out.attr("lang", tag);
    }
    out.raw(">");
    for (index, line) in content.text.split('\n').enumerate() {
        if index > 0 {
            out.raw("<br>");
        }
        out.text(line);
    }
    out.raw("</td>");
}
