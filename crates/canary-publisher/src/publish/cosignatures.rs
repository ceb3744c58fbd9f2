//! Witnesses' cosignatures, between signing the checkpoint and writing the site.

use canary_format::checkpoint::Checkpoint;
use canary_format::note::NoteSignature;

use super::{Publication, PublishError};
use crate::judging::judge_series;

impl Publication {
    /// The signed checkpoint, as it will be published.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Adds witnesses' cosignatures to the checkpoint; the files for people show them too.
    ///
    /// # Errors
    ///
    /// Where the verifier does not call the series authentic with them, or an envelope cannot be had; then
    /// nothing is added.
    pub fn add_cosignatures(
        &mut self,
        lines: impl IntoIterator<Item = NoteSignature>,
    ) -> Result<(), PublishError> {
        let mut checkpoint = self.checkpoint.clone();
        for line in lines {
            checkpoint.note_mut().push(line);
        }
        let judgement = judge_series(&self.series, &checkpoint, self.judged_from, self.now)?;
        self.report = judgement.report;
        self.checkpoint = checkpoint;
        self.pages = self.render()?;
        Ok(())
    }
}
