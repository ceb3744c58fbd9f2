//! The work of a long series, shared out to threads.

use std::thread;

/// A series long enough to gain from more than one core is shared out to this many threads.
const THREADS: usize = 4;
const WORTH_SHARING: usize = 64;

/// Maps in order, with the index of each item and what its thread keeps from one item to the next.
/// The result does not depend on how the work is shared out.
pub(super) fn in_parallel<T: Sync, R: Send, K: Default>(
    items: &[T],
    map: impl Fn(&mut K, usize, &T) -> R + Sync,
) -> Vec<R> {
    let run = |first: usize, items: &[T]| {
        let mut kept = K::default();
        let one = |(index, item)| map(&mut kept, first + index, item);
        items.iter().enumerate().map(one).collect::<Vec<R>>()
    };
    if items.len() < WORTH_SHARING {
        return run(0, items);
    }
    let share = items.len().div_ceil(THREADS);
    thread::scope(|scope| {
        let chunks = items.chunks(share).enumerate();
        let workers: Vec<_> =
            chunks.map(|(n, chunk)| scope.spawn(move || run(n * share, chunk))).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .flat_map(|result| result.expect("hashing, parsing and verifying do not panic"))
            .collect()
    })
}
