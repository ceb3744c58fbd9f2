//! Which font a character is set in, and how wide it is.
//!
//! Helvetica and Courier are fonts that every reader of PDF has. Chinese is set in Adobe's standard
//! STSong-Light by its Unicode encoding: readers supply that font, or one like it, so that a pack stays
//! small and needs no font's licence. Characters that neither has are shown as `?`; the page and the
//! JSON have them all.

/// A font of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Strong,
    /// Courier.
    Exact,
    /// STSong-Light.
    Song,
}

/// Characters set in one font.
pub(super) struct Run {
    pub(super) face: Face,
    pub(super) bytes: Vec<u8>,
    /// In thousandths of the size.
    pub(super) width: f32,
}

/// A text as runs: what the face has, and the rest in Chinese.
pub(super) fn runs(text: &str, face: Face) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for c in text.chars() {
        let (face, bytes) = match (win_ansi(c), song(c)) {
            (Some(byte), _) => (face, vec![byte]),
            (None, Some(bytes)) => (Face::Song, bytes.to_vec()),
            (None, None) => (face, vec![b'?']),
        };
        let width = width(&bytes, face);
        match runs.last_mut() {
            Some(run) if run.face == face => {
                run.bytes.extend(bytes);
                run.width += width;
            }
            _ => runs.push(Run { face, bytes, width }),
        }
    }
    runs
}

/// How wide a text is at a size, in points.
pub(super) fn measure(text: &str, face: Face, size: f32) -> f32 {
    runs(text, face).iter().map(|run| run.width).sum::<f32>() * size / 1_000.0
}

fn width(bytes: &[u8], face: Face) -> f32 {
    let of = |table: &[u16; 95]| {
        let place = bytes.first().and_then(|byte| byte.checked_sub(32)).map(usize::from);
        f32::from(place.and_then(|place| table.get(place)).copied().unwrap_or(556))
    };
    match face {
        Face::Plain => of(&HELVETICA),
        Face::Strong => of(&HELVETICA_BOLD),
        Face::Exact => 600.0,
        Face::Song => 1_000.0,
    }
}

fn win_ansi(c: char) -> Option<u8> {
    match c {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        '€' => Some(0x80),
        '…' => Some(0x85),
        '‘' => Some(0x91),
        '’' => Some(0x92),
        '“' => Some(0x93),
        '”' => Some(0x94),
        '•' => Some(0x95),
        '–' => Some(0x96),
        '—' => Some(0x97),
        '™' => Some(0x99),
        _ => None,
    }
}

fn song(c: char) -> Option<[u8; 2]> {
    let held = matches!(c,
        '\u{2010}'..='\u{2642}' | '\u{3000}'..='\u{30ff}' | '\u{3220}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff01}'..='\u{ffe5}');
    held.then(|| u16::try_from(u32::from(c)).unwrap_or(0x3013).to_be_bytes())
}

const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_a_font() {
        let runs = runs("Ada “x” 签署人 ж", Face::Plain);
        let faces: Vec<Face> = runs.iter().map(|run| run.face).collect();
        assert_eq!(faces, [Face::Plain, Face::Song, Face::Plain]);
        assert_eq!(runs[1].bytes.len(), 6);
        assert_eq!(runs[2].bytes, b" ?");
    }
}
