//! The tree over a series, with the hashes of its full subtrees at hand: roots and proofs then cost the
//! same in every year (RFC 6962, section 2.1).

use canary_format::merkle::{TreeHash, node_hash, root};
use canary_format::tile::{TILE_WIDTH, Tile};

/// How many levels of subtrees a tile spans.
const TILE_HEIGHT: usize = TILE_WIDTH.ilog2() as usize;

/// Hashes of leaves, and of every full subtree above them.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// `levels[k][i]` is the hash of the leaves from `i·2^k` to before `(i + 1)·2^k`.
    levels: Vec<Vec<TreeHash>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { levels: vec![Vec::new()] }
    }
}

impl Tree {
    pub(crate) fn new(leaves: impl IntoIterator<Item = TreeHash>) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }

    pub(crate) fn push(&mut self, leaf: TreeHash) {
        let (mut hash, mut level) = (leaf, 0);
        loop {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(hash);
            let [.., left, right] = self.levels[level][..] else { return };
            if self.levels[level].len() % 2 == 1 {
                return;
            }
            (hash, level) = (node_hash(left, right), level + 1);
        }
    }

    pub(crate) fn leaves(&self) -> &[TreeHash] {
        &self.levels[0]
    }

    /// The root of the tree over the first `size` leaves; `None` where there are not so many.
    pub(crate) fn root_at(&self, size: usize) -> Option<TreeHash> {
        match size {
            0 => Some(root(&[])),
            size if size <= self.leaves().len() => Some(self.over(0, size)),
            _ => None,
        }
    }

    /// The root over `count` leaves from `first` on, of which `first` is a multiple of the power of two
    /// that is not below `count`.
    fn over(&self, first: usize, count: usize) -> TreeHash {
        if count.is_power_of_two() {
            let level = count.ilog2() as usize;
            return self.levels[level][first >> level];
        }
        let left = count.next_power_of_two() / 2;
        node_hash(self.over(first, left), self.over(first + left, count - left))
    }

    /// The inclusion proof of a leaf, from the leaf's sibling upward; `None` where there is no such leaf.
    pub(crate) fn proof(&self, index: usize) -> Option<Vec<TreeHash>> {
        let (mut first, mut count) = (0, self.leaves().len());
        if index >= count {
            return None;
        }
        let mut path = Vec::new();
        while count > 1 {
            let left = count.next_power_of_two() / 2;
            if index < first + left {
                path.push(self.over(first + left, count - left));
                count = left;
            } else {
                path.push(self.over(first, left));
                (first, count) = (first + left, count - left);
            }
        }
        path.reverse();
        Some(path)
    }

    /// The bytes of a hash tile.
    pub(crate) fn hash_tile(&self, level: u32, tile: Tile) -> Vec<u8> {
        let hashes =
            usize::try_from(level).ok().and_then(|level| self.levels.get(level * TILE_HEIGHT));
        let first = usize::try_from(tile.index * TILE_WIDTH).unwrap_or(usize::MAX);
        let width = usize::try_from(tile.width).unwrap_or(usize::MAX);
        let hashes = hashes.map_or(&[][..], Vec::as_slice).iter().skip(first).take(width);
        hashes.flat_map(|hash| hash.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canary_format::merkle::{inclusion_proof, leaf_hash};
    use canary_format::tile::hash_tile;

    #[test]
    fn roots_proofs_and_tiles_are_those_of_the_format() {
        let leaves: Vec<_> = (0..600_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        for size in [0, 1, 2, 3, 5, 8, 255, 256, 257, 511, 512, 600] {
            let tree = Tree::new(leaves[..size].iter().copied());
            for part in 0..=size {
                assert_eq!(tree.root_at(part), Some(root(&leaves[..part])), "{part} of {size}");
            }
            assert_eq!(tree.root_at(size + 1), None);
            for index in 0..size {
                let theirs = inclusion_proof(&leaves[..size], index).unwrap();
                assert_eq!(tree.proof(index), Some(theirs), "{index} of {size}");
            }
            assert_eq!(tree.proof(size), None);
            for level in 0..2 {
                for tile in Tile::of_level(size as u64, level) {
                    assert_eq!(
                        tree.hash_tile(level, tile),
                        hash_tile(&leaves[..size], level, tile)
                    );
                }
            }
        }
    }
}
