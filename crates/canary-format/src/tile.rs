//! Tiles and entry bundles: C2SP `tlog-tiles` (`format.md` §6).

use crate::envelope::MAX_ENVELOPE;
use crate::merkle::{TreeHash, root};
use crate::refusal::{Refusal, Rule};

/// How many hashes, or entries, a full tile holds.
pub const TILE_WIDTH: u64 = 256;

/// One tile: which one, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// Its index within the level.
    pub index: u64,
    /// How many hashes or entries it holds: 1–256.
    pub width: u64,
}

impl Tile {
    /// The tiles of one level of a tree of `size` leaves, in order; partial ones are last.
    pub fn of_level(size: u64, level: u32) -> impl Iterator<Item = Self> {
        let count = TILE_WIDTH.checked_pow(level).map_or(0, |span| size / span);
        (0..count.div_ceil(TILE_WIDTH))
            .map(move |index| Self { index, width: (count - index * TILE_WIDTH).min(TILE_WIDTH) })
    }

    /// `tile/<level>/<N>[.p/<W>]`, under the site's prefix.
    pub fn hash_path(&self, level: u32) -> String {
        format!("tile/{level}/{}", self.suffix())
    }

    /// `tile/entries/<N>[.p/<W>]`, under the site's prefix.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.suffix())
    }

    /// The same tile when it is full.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }

    fn suffix(&self) -> String {
        let mut path = format!("{:03}", self.index % 1_000);
        let mut rest = self.index / 1_000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1_000);
            rest /= 1_000;
        }
        if self.width < TILE_WIDTH {
            path = format!("{path}.p/{}", self.width);
        }
        path
    }
}

/// The bytes of a hash tile of this tree.
pub fn hash_tile(leaves: &[TreeHash], level: u32, tile: Tile) -> Vec<u8> {
    let span = usize::try_from(TILE_WIDTH.pow(level)).expect("a tree in memory has few levels");
    let first =
        usize::try_from(tile.index * TILE_WIDTH).expect("a tile of a tree in memory") * span;
    let width = usize::try_from(tile.width).expect("at most 256");
    let subtrees = leaves[first..first + width * span].chunks_exact(span);
    subtrees.flat_map(|subtree| root(subtree).0).collect()
}

/// The bytes of an entry bundle: each entry after its length in two bytes, big-endian.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("an envelope has at most 65,535 bytes");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

/// The greatest size of a bundle of so many entries, in bytes.
pub fn max_bundle(width: u64) -> u64 {
    width * (MAX_ENVELOPE as u64 + 2)
}

/// Reads an entry bundle of exactly `width` entries.
///
/// # Errors
///
/// Where the bytes end within an entry, or hold fewer or more entries.
pub fn parse_bundle(bytes: &[u8], width: u64, name: &str) -> Result<Vec<Vec<u8>>, Refusal> {
    let refuse = |entry: u64, form| {
        Err(Refusal::malformed(format!("{name} entry {entry}"), Rule::Form(form)))
    };
    let mut entries = Vec::new();
    let mut rest = bytes;
    for number in 0..width {
        let Some((length, after)) = rest.split_first_chunk::<2>() else {
            return refuse(number, "an entry's length in two bytes");
        };
        let Some((entry, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
        else {
            return refuse(number, "as many bytes as the entry's length says");
        };
        entries.push(entry.to_vec());
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { refuse(width, "no bytes after the last entry") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = Tile { index: 1_234_067, width: 256 };
        assert_eq!(tile.hash_path(0), "tile/0/x001/x234/067");
        assert_eq!(Tile { index: 0, width: 3 }.entries_path(), "tile/entries/000.p/3");
        assert_eq!(Tile { index: 999, width: 255 }.hash_path(1), "tile/1/999.p/255");
        assert_eq!(Tile { index: 1_000, width: 256 }.hash_path(1), "tile/1/x001/000");
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_that_the_specification_counts() {
        let widths = |level| {
            let tiles: Vec<Tile> = Tile::of_level(70_000, level).collect();
            (tiles.len(), tiles.last().map(|tile| tile.width))
        };
        assert_eq!(widths(0), (274, Some(112)));
        assert_eq!(widths(1), (2, Some(17)));
        assert_eq!(widths(2), (1, Some(1)));
        assert_eq!(widths(3), (0, None));
        assert_eq!(widths(63), (0, None));
        assert_eq!(Tile::of_level(256, 0).collect::<Vec<_>>(), [Tile { index: 0, width: 256 }]);
    }

    #[test]
    fn tiles_hold_the_hashes_of_their_subtrees() {
        let leaves: Vec<TreeHash> = (0..300_u16).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let level0 = hash_tile(&leaves, 0, Tile { index: 1, width: 44 });
        assert_eq!(level0.len(), 44 * 32);
        assert_eq!(level0[..32], leaves[256].0);
        assert_eq!(hash_tile(&leaves, 1, Tile { index: 0, width: 1 }), root(&leaves[..256]).0);
    }

    #[test]
    fn a_bundle_reads_back_and_no_other_length_does() {
        let bytes = bundle([b"one".as_slice(), b"", b"three"]);
        let entries = parse_bundle(&bytes, 3, "bundle").unwrap();
        assert_eq!(entries, [b"one".to_vec(), vec![], b"three".to_vec()]);
        assert!(parse_bundle(&bytes, 2, "bundle").is_err());
        assert!(parse_bundle(&bytes, 4, "bundle").is_err());
        for end in 0..bytes.len() {
            assert!(parse_bundle(&bytes[..end], 3, "bundle").is_err());
        }
    }
}
