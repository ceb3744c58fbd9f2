//! Signature packets taken apart by their headers, so that nothing else is ever handed to the library.

use pgp::packet::{Packet, PacketParser, Signature};

/// The most signature packets read from one block. One canary has a handful of signers.
pub(crate) const MAX_SIGNATURES: usize = 64;
/// The most bytes of one signature packet; the largest known algorithms stay far below.
const MAX_PACKET: usize = 64 << 10;

/// Why a block of packets is not a list of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Bytes that are not an OpenPGP packet header, or a packet that ends early.
    #[error("not a whole OpenPGP packet")]
    Cut,
    /// A compressed, encrypted, literal or other packet where only signatures belong. It is not opened.
    #[error("a packet that is not a signature, of type {0}")]
    NotASignature(u8),
    /// More signatures, or a larger one, than are read.
    #[error("more signature data than is read")]
    TooLarge,
}

/// The signature packets of a block. A packet of an unknown version or algorithm is left out and counted.
pub(crate) fn signatures(mut bytes: &[u8]) -> Result<(Vec<Signature>, usize), PacketError> {
    let (mut known, mut unknown) = (Vec::new(), 0);
    while !bytes.is_empty() {
        let (tag, header, length) = header(bytes)?;
        let whole = bytes.get(..header + length).ok_or(PacketError::Cut)?;
        bytes = &bytes[header + length..];
        match tag {
            2 => {}
            // Marker and padding packets carry nothing and are to be ignored.
            10 | 21 => continue,
            other => return Err(PacketError::NotASignature(other)),
        }
        if length > MAX_PACKET || known.len() + unknown == MAX_SIGNATURES {
            return Err(PacketError::TooLarge);
        }
        match PacketParser::new(whole).next() {
            Some(Ok(Packet::Signature(signature))) if signature.config().is_some() => {
                known.push(signature)
            }
            _ => unknown += 1,
        }
    }
    Ok((known, unknown))
}

/// Type, header length and body length. Partial and indeterminate lengths belong to data packets and are refused.
fn header(bytes: &[u8]) -> Result<(u8, usize, usize), PacketError> {
    let byte = |at: usize| bytes.get(at).map(|byte| usize::from(*byte)).ok_or(PacketError::Cut);
    let first = bytes[0];
    if first & 0x80 == 0 {
        return Err(PacketError::Cut);
    }
    let four =
        |at: usize| Ok(byte(at)? << 24 | byte(at + 1)? << 16 | byte(at + 2)? << 8 | byte(at + 3)?);
    if first & 0x40 == 0 {
        let tag = first >> 2 & 0x0f;
        return match first & 3 {
            0 => Ok((tag, 2, byte(1)?)),
            1 => Ok((tag, 3, byte(1)? << 8 | byte(2)?)),
            2 => Ok((tag, 5, four(1)?)),
            _ => Err(if tag == 2 { PacketError::Cut } else { PacketError::NotASignature(tag) }),
        };
    }
    let tag = first & 0x3f;
    match byte(1)? {
        short @ 0..=191 => Ok((tag, 2, short)),
        high @ 192..=223 => Ok((tag, 3, ((high - 192) << 8) + byte(2)? + 192)),
        255 => Ok((tag, 6, four(2)?)),
        _ => Err(if tag == 2 { PacketError::Cut } else { PacketError::NotASignature(tag) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signatures_are_let_through() {
        assert_eq!(signatures(&[]).map(|(known, unknown)| (known.len(), unknown)), Ok((0, 0)));
        // A compressed packet, old and new form, with and without a definite length: never opened.
        for compressed in
            [&[0xa3, 1, 2, 3][..], &[0xc8, 2, 1, 1], &[0xa0, 1, 1], &[0xc8, 0xe1, 0, 0]]
        {
            assert_eq!(signatures(compressed).map(|_| ()), Err(PacketError::NotASignature(8)));
        }
        for cut in [
            &[0xc2][..],
            &[0xc2, 9, 4],
            &[0x00, 0x00],
            &[0x89, 0xff],
            &[0xc2, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(signatures(cut).map(|_| ()), Err(PacketError::Cut));
        }
    }

    #[test]
    fn a_signature_of_an_unknown_version_is_counted_and_thousands_are_refused() {
        let unknown = [0xc2, 3, 9, 1, 1];
        assert_eq!(signatures(&unknown).map(|(known, unknown)| (known.len(), unknown)), Ok((0, 1)));
        assert_eq!(signatures(&unknown.repeat(5000)).map(|_| ()), Err(PacketError::TooLarge));
    }
}
