//! What is tried again: a transaction that another one was in the way of, or that the server's restart cut
//! short.

use std::time::Duration;

use super::super::StoreError;

/// How often at most. The waits between are 50 ms to 0.8 s, so that the other one can end: 1.6 s in all.
const TRIES: u32 = 6;

/// Counts how often something failed.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether it is to be tried again after this: it passes, and did not fail too often. Waits first.
    pub(super) async fn again(&mut self, error: &StoreError) -> bool {
        self.0 += 1;
        if !error.is_passing() || self.0 >= TRIES {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(25 << self.0)).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_not_for_ever() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let waited = deadpool_postgres::TimeoutType::Wait;
        let passing = StoreError::Connection(deadpool_postgres::PoolError::Timeout(waited));
        runtime.block_on(async {
            assert!(!Tries::default().again(&StoreError::Shut).await);
            let mut tries = Tries::default();
            let mut times = 1;
            while tries.again(&passing).await {
                times += 1;
            }
            assert_eq!(times, TRIES);
        });
    }
}
