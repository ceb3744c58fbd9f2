//! The body of `add-checkpoint`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT, parse_decimal};
use canary_format::merkle::TreeHash;

/// The most hashes in a consistency proof.
const MAX_PROOF: usize = 63;

/// The greatest body: the old size, the proof in base64 with line feeds, and a checkpoint.
pub(crate) const MAX_BODY: usize =
    "old 9223372036854775807\n\n".len() + MAX_PROOF * 45 + MAX_CHECKPOINT;

/// The body of `add-checkpoint` (C2SP `tlog-witness`) whose form is right; nothing in it has been checked.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The size that the submitter says the witness has cosigned.
    pub old: u64,
    /// Hashes that lead from that tree to the checkpoint's, at most 63.
    pub proof: Vec<TreeHash>,
    /// The checkpoint to cosign.
    pub checkpoint: Checkpoint,
}

impl Submission {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// What is wrong with its form, in words for the submitter.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let end = body.windows(2).position(|pair| pair == b"\n\n");
        let end = end.ok_or("expected an empty line before the checkpoint")?;
        let (head, checkpoint) = (&body[..end], &body[end + 2..]);
        let head = std::str::from_utf8(head).map_err(|_| "expected text before the checkpoint")?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(parse_decimal).ok_or("expected old and a size in decimal")?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF {
                return Err(format!("expected at most {MAX_PROOF} hashes"));
            }
            let hash = STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
            proof.push(TreeHash(hash.ok_or("expected a hash of 32 bytes in base64")?));
        }
        let checkpoint =
            Checkpoint::parse_of_any_log(checkpoint).map_err(|refusal| refusal.to_string())?;
        Ok(Self { old, proof, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's example.
    const EXAMPLE: &str = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

    #[test]
    fn the_example_of_the_specification_reads() {
        let submission = Submission::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((submission.old, submission.proof.len()), (20_852_014, 4));
        assert_eq!(submission.checkpoint.size(), 20_852_163);
        assert_eq!(submission.checkpoint.note().signatures().len(), 2);
    }

    #[test]
    fn an_empty_proof_is_followed_by_the_empty_line() {
        let checkpoint = &EXAMPLE[EXAMPLE.find("\n\n").unwrap()..];
        let submission = Submission::parse(format!("old 0{checkpoint}").as_bytes()).unwrap();
        assert_eq!((submission.old, submission.proof.len()), (0, 0));
    }

    #[test]
    fn every_other_form_is_refused() {
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";
        for body in [
            String::new(),
            EXAMPLE.replacen("old ", "new ", 1),
            EXAMPLE.replacen("old 2", "old 02", 1),
            EXAMPLE.replacen("old 20852014", "old 9223372036854775808", 1),
            EXAMPLE.replacen("old 20852014", "old -1", 1),
            EXAMPLE.replacen("old 20852014", "old  20852014", 1),
            EXAMPLE.replacen("kaw=", "kaw", 1),
            EXAMPLE.replacen(hash, "AAAA", 1),
            EXAMPLE.replacen("\n\n", "\n", 1),
            EXAMPLE.replacen(hash, &[hash; 61].join("\n"), 1),
            EXAMPLE.replace('\n', "\r\n"),
            EXAMPLE[..EXAMPLE.len() - 1].to_owned(),
        ] {
            assert!(Submission::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Submission::parse(&[b"old 0\n\n".as_slice(), &[0xff; 40]].concat()).is_err());
        let most = EXAMPLE.replacen(hash, &[hash; 60].join("\n"), 1);
        assert_eq!(Submission::parse(most.as_bytes()).unwrap().proof.len(), 63);
    }
}
