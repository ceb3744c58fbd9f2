//! Runs asynchronous work for a command that has nothing else to do meanwhile.

use crate::error::{Failure, Kind};

/// Runs to the end; a resolver that does not answer by then is not waited for.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Io, format!("the runtime did not start: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}
