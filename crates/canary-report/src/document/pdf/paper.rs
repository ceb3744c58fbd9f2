//! Sheets of A4: where the pen is, and the file at the end.

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{Face, runs};

const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 44.0;
const FOOT: f32 = 52.0;

/// How wide what is written can be, in points.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;

/// Sheets, the last of them being written.
pub(super) struct Paper {
    sheets: Vec<Content>,
    y: f32,
}

/// A shade: black, grey, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shade {
    Ink,
    Quiet,
    Line,
    Light,
    White,
    Have,
    Open,
}

impl Shade {
    fn rgb(self) -> (f32, f32, f32) {
        match self {
            Self::Ink => (0.09, 0.13, 0.16),
            Self::Quiet => (0.33, 0.38, 0.43),
            Self::Line => (0.79, 0.82, 0.85),
            Self::Light => (0.93, 0.95, 0.96),
            Self::White => (1.0, 1.0, 1.0),
            Self::Have => (0.18, 0.44, 0.31),
            Self::Open => (0.60, 0.35, 0.0),
        }
    }
}

impl Paper {
    pub(super) fn new() -> Self {
        Self { sheets: vec![Content::new()], y: PAGE.1 - MARGIN }
    }

    /// Starts a sheet where so much does not fit on this one.
    pub(super) fn room(&mut self, height: f32) {
        let top = PAGE.1 - MARGIN;
        if self.y - height < FOOT && self.y < top {
            self.sheets.push(Content::new());
            self.y = top;
        }
    }

    /// Whether nothing is on this sheet yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.y >= PAGE.1 - MARGIN
    }

    /// Whether so much fits below.
    pub(super) fn fits(&self, height: f32) -> bool {
        self.y - height >= FOOT
    }

    /// Goes down.
    pub(super) fn down(&mut self, by: f32) {
        self.y -= by;
    }

    /// Writes a line; its baseline is `below` the pen, `x` from the margin.
    pub(super) fn text(&mut self, x: f32, below: f32, words: &str, style: (Face, f32, Shade)) {
        let (face, size, shade) = style;
        let mut x = MARGIN + x;
        let y = self.y - below;
        let sheet = self.sheet();
        let (red, green, blue) = shade.rgb();
        sheet.set_fill_rgb(red, green, blue);
        for run in runs(words, face) {
            sheet.begin_text().set_font(Name(name(run.face)), size);
            sheet.next_line(x, y).show(Str(&run.bytes)).end_text();
            x += run.width * size / 1_000.0;
        }
    }

    /// A rectangle whose upper edge is `below` the pen: filled, with a frame where it has one.
    pub(super) fn rect(
        &mut self,
        (x, below): (f32, f32),
        (width, height): (f32, f32),
        fill: Shade,
        frame: Option<Shade>,
    ) {
        let y = self.y - below - height;
        let sheet = self.sheet();
        let (red, green, blue) = fill.rgb();
        sheet.set_fill_rgb(red, green, blue).rect(MARGIN + x, y, width, height);
        match frame {
            Some(frame) => {
                let (red, green, blue) = frame.rgb();
                sheet.set_stroke_rgb(red, green, blue).set_line_width(0.9);
                sheet.set_dash_pattern([3.0, 2.0], 0.0).fill_nonzero_and_stroke();
                sheet.set_dash_pattern([], 0.0);
            }
            None => {
                sheet.fill_nonzero();
            }
        }
    }

    /// A straight line between two places below the pen.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), shade: Shade, width: f32) {
        let y = self.y;
        let sheet = self.sheet();
        let (red, green, blue) = shade.rgb();
        sheet.set_stroke_rgb(red, green, blue).set_line_width(width);
        sheet.move_to(MARGIN + from.0, y - from.1).line_to(MARGIN + to.0, y - to.1).stroke();
    }

    fn sheet(&mut self) -> &mut Content {
        self.sheets.last_mut().expect("there is a sheet from the start")
    }

    /// The file. It holds no date and no random id: the same sheets give the same bytes.
    pub(super) fn finish(mut self, title: &str, language: &str) -> Vec<u8> {
        let count = self.sheets.len();
        let sheets: Vec<Content> = std::mem::take(&mut self.sheets);
        let mut pdf = Pdf::new();
        let (catalog, tree, info) = (Ref::new(1), Ref::new(2), Ref::new(3));
        let fonts = Fonts { first: 4 };
        let page = |index: usize| Ref::new(20 + 2 * i32::try_from(index).unwrap_or(0));
        pdf.catalog(catalog).pages(tree).lang(TextStr(language));
        pdf.document_info(info).title(TextStr(title));
        let kids = (0..count).map(page);
        pdf.pages(tree).kids(kids).count(i32::try_from(count).unwrap_or(i32::MAX));
        fonts.write(&mut pdf);
        for (index, content) in sheets.into_iter().enumerate() {
            let mut foot = Self { sheets: vec![content], y: 40.0 };
            let number = format!("{} / {count}", index + 1);
            foot.text(WIDTH - 30.0, 8.0, &number, (Face::Plain, 8.0, Shade::Quiet));
            let content = foot.sheets.pop().expect("one sheet was put in");
            let content_id = page(index).next();
            let mut written = pdf.page(page(index));
            written.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1));
            written.parent(tree).contents(content_id);
            let mut resources = written.resources();
            let mut dictionary = resources.fonts();
            for face in FACES {
                dictionary.pair(Name(name(face)), fonts.of(face));
            }
            dictionary.finish();
            resources.finish();
            written.finish();
            pdf.stream(content_id, &content.finish());
        }
        pdf.finish()
    }
}

const FACES: [Face; 4] = [Face::Plain, Face::Strong, Face::Exact, Face::Song];

fn name(face: Face) -> &'static [u8] {
    match face {
        Face::Plain => b"F1",
        Face::Strong => b"F2",
        Face::Exact => b"F3",
        Face::Song => b"F4",
    }
}

struct Fonts {
    first: i32,
}

impl Fonts {
    fn of(&self, face: Face) -> Ref {
        let place = FACES.iter().position(|other| *other == face).unwrap_or(0);
        Ref::new(self.first + i32::try_from(place).unwrap_or(0))
    }

    fn write(&self, pdf: &mut Pdf) {
        let latin: [(Face, &[u8]); 3] = [
            (Face::Plain, b"Helvetica"),
            (Face::Strong, b"Helvetica-Bold"),
            (Face::Exact, b"Courier"),
        ];
        for (face, base) in latin {
            let mut font = pdf.type1_font(self.of(face));
            font.base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        let (song, descendant, descriptor) =
            (Name(b"STSong-Light"), Ref::new(self.first + 8), Ref::new(self.first + 9));
        let mut font = pdf.type0_font(self.of(Face::Song));
        font.base_font(Name(b"STSong-Light-UniGB-UTF16-H"));
        font.encoding_predefined(Name(b"UniGB-UTF16-H")).descendant_font(descendant);
        font.finish();
        let mut cid = pdf.cid_font(descendant);
        cid.subtype(CidFontType::Type0).base_font(song).default_width(1_000.0);
        let (registry, ordering) = (Str(b"Adobe"), Str(b"GB1"));
        cid.system_info(SystemInfo { registry, ordering, supplement: 4 });
        cid.font_descriptor(descriptor);
        cid.finish();
        let mut described = pdf.font_descriptor(descriptor);
        described.name(song).flags(FontFlags::SYMBOLIC | FontFlags::SERIF);
        described.bbox(Rect::new(-25.0, -254.0, 1_000.0, 880.0)).italic_angle(0.0);
        described.ascent(880.0).descent(-120.0).cap_height(880.0).stem_v(93.0);
    }
}
