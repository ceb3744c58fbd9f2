//! ASCII armour and cleartext spans, found in one pass over the lines of a text.
//!
//! The library's own reader takes one block from the start of a stream. A canary's page has words before,
//! between and after its blocks, and only what stands inside a block may count, so blocks are found here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most blocks read from one text; further ones are counted, not read.
pub(crate) const MAX_BLOCKS: usize = 64;
/// The most bytes of armour in one block, before decoding.
const MAX_ARMOUR: usize = 1 << 20;

const BEGIN_SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &str = "-----END PGP SIGNATURE-----";

/// One block of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A cleartext-signed message: the text as it was hashed but for line ends (`\n` here), and the signature packets.
    Clear { text: String, packets: Vec<u8> },
    /// A detached signature's packets.
    Detached(Vec<u8>),
    /// A block that begins and does not end, or whose armour does not decode.
    Broken(&'static str),
}

/// The blocks of a text, and whether anything but white space stands outside of them.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    pub(crate) blocks: Vec<Block>,
    pub(crate) words_outside: bool,
    pub(crate) left_out: usize,
}

/// Finds every block. Linear in the length of `text`: each line is looked at once.
pub(crate) fn blocks(text: &str) -> Blocks {
    let mut found = Blocks::default();
    let mut lines = text.split_inclusive('\n');
    let mut again = None;
    while let Some(line) = again.take().or_else(|| lines.next()) {
        let block = match trimmed(line) {
            BEGIN_SIGNED => clear(&mut lines, &mut again),
            BEGIN_SIGNATURE => armour(&mut lines).map_or_else(Block::Broken, Block::Detached),
            other => {
                found.words_outside |= !other.trim().is_empty();
                continue;
            }
        };
        if found.blocks.len() < MAX_BLOCKS {
            found.blocks.push(block);
        } else {
            found.left_out += 1;
        }
    }
    found
}

/// Reads from after the opening line. A line that can't belong here is handed back through `again`: it may open a block.
fn clear<'a>(lines: &mut impl Iterator<Item = &'a str>, again: &mut Option<&'a str>) -> Block {
    // Headers, of which only `Hash` is allowed, end at a line that is empty but for white space.
    loop {
        let line = lines.next();
        match line.map(trimmed) {
            None => return Block::Broken("a signed message ends in its header"),
            Some("") => break,
            Some(header) if header.starts_with("Hash:") => {}
            Some(_) => {
                *again = line;
                return Block::Broken("a signed message has a header other than Hash");
            }
        }
    }
    let mut text = String::new();
    let mut first = true;
    while let Some(whole) = lines.next() {
        let line = trimmed(whole);
        if line == BEGIN_SIGNATURE {
            return armour(lines)
                .map_or_else(Block::Broken, |packets| Block::Clear { text, packets });
        }
        let content = match line.strip_prefix("- ") {
            Some(escaped) => escaped,
            // Lines that begin with a dash are to be escaped; an unescaped armour line could be where this block is cut.
            None if line.starts_with("-----BEGIN PGP") || line.starts_with("-----END PGP") => {
                *again = Some(whole);
                return Block::Broken("a signed text holds an armour line that is not escaped");
            }
            None => line,
        };
        if !first {
            text.push('\n');
        }
        first = false;
        text.push_str(content);
    }
    Block::Broken("a signed message has no signature")
}

fn armour<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<Vec<u8>, &'static str> {
    let mut body = String::new();
    let mut in_headers = true;
    let mut sum = None;
    for line in lines.by_ref() {
        let line = trimmed(line);
        if line == END_SIGNATURE {
            return decoded(&body, sum);
        }
        if in_headers {
            if line.is_empty() {
                in_headers = false;
                continue;
            }
            if line.contains(": ") || line.ends_with(':') {
                continue;
            }
            // Some publishers' pages lose the empty line between headers and body.
            in_headers = false;
        }
        if line.starts_with("-----") {
            return Err("a signature's armour holds another armour line");
        }
        if let Some(stated) = line.strip_prefix('=').filter(|rest| rest.len() == 4) {
            let bytes = STANDARD
                .decode(stated)
                .map_err(|_| "a signature's armour has a checksum that is not base64")?;
            sum = Some(bytes.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)));
            continue;
        }
        if body.len() + line.len() > MAX_ARMOUR {
            return Err("a signature's armour is larger than is read");
        }
        body.push_str(line);
    }
    // A checksum that fits closes the armour as well as its last line does.
    if sum.is_some() { decoded(&body, sum) } else { Err("a signature's armour has no end") }
}

fn decoded(body: &str, sum: Option<u32>) -> Result<Vec<u8>, &'static str> {
    let packets = STANDARD.decode(body).map_err(|_| "a signature's armour is not base64")?;
    match sum {
        Some(stated) if stated != crc24(&packets) => {
            Err("a signature's armour has a checksum that does not fit")
        }
        _ => Ok(packets),
    }
}

/// A line without its end and without the white space that cleartext signatures do not cover.
fn trimmed(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r']).trim_end_matches([' ', '\t'])
}

fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        }) & 0x00ff_ffff
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "before\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- -dash\nplain  \n\n- -----BEGIN PGP SIGNED MESSAGE-----\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\nafter\n";

    #[test]
    fn only_the_span_is_taken_and_escapes_are_undone() {
        for text in [SIGNED.to_owned(), SIGNED.replace('\n', "\r\n")] {
            let found = blocks(&text);
            assert!(found.words_outside);
            assert_eq!(
                found.blocks,
                [Block::Clear {
                    text: "-dash\nplain\n\n-----BEGIN PGP SIGNED MESSAGE-----".into(),
                    packets: vec![0, 0, 0],
                }]
            );
        }
    }

    #[test]
    fn what_does_not_end_is_broken_and_the_rest_is_not_trusted_text() {
        let cut = SIGNED.split("AAAA").next().expect("the fixture holds armour");
        assert!(matches!(blocks(cut).blocks[..], [Block::Broken(_)]));
        let nested = SIGNED.replace("- -----BEGIN PGP SIGNED", "-----BEGIN PGP SIGNED");
        assert!(matches!(blocks(&nested).blocks[0], Block::Broken(_)));
    }

    #[test]
    fn a_wrong_checksum_is_refused_and_a_right_one_is_not() {
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
        let with = |sum: &str| SIGNED.replace("AAAA\n", &format!("AAAA\n={sum}\n"));
        let right = STANDARD.encode(&crc24(&[0, 0, 0]).to_be_bytes()[1..]);
        assert!(matches!(blocks(&with(&right)).blocks[..], [Block::Clear { .. }]));
        assert!(matches!(blocks(&with("AAAA")).blocks[..], [Block::Broken(_)]));
    }

    #[test]
    fn ten_megabytes_of_dashes_are_one_pass() {
        let dashes = "-".repeat(10 << 20);
        assert!(blocks(&dashes).blocks.is_empty());
        let lines = "-----\n".repeat((10 << 20) / 6);
        assert!(blocks(&lines).blocks.is_empty());
        let openings = "-----BEGIN PGP SIGNED MESSAGE-----\n\n".repeat(200_000);
        assert!(blocks(&openings).blocks.len() <= MAX_BLOCKS);
    }
}
