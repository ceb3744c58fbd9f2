//! Witnesses' cosignatures, between signing the checkpoint and writing the site.

use canary_format::checkpoint::Checkpoint;
use canary_format::note::NoteSignature;

use super::{Publication, pages};
use crate::judging::{NotAuthentic, judge_series};

impl Publication {
    /// The signed checkpoint, as it will be published.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Adds witnesses' cosignatures to the checkpoint; the files for people show them too.
    ///
    /// # Errors
    ///
    /// Where the verifier does not call the series authentic with them; then nothing is added.
    pub fn add_cosignatures(
        &mut self,
        lines: impl IntoIterator<Item = NoteSignature>,
    ) -> Result<(), NotAuthentic> {
        let mut checkpoint = self.checkpoint.clone();
        for line in lines {
            checkpoint.note_mut().push(line);
        }
        let judgement = judge_series(&self.series, &checkpoint, self.now)?;
        self.pages = pages(&judgement, &checkpoint);
        self.report = judgement.report;
        self.checkpoint = checkpoint;
        Ok(())
    }
}
