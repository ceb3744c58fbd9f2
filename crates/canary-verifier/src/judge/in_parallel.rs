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
    in_shares(items, run)
}

/// Maps shares of the items, each a slice with the index of its first, and puts the results in order.
pub(super) fn in_shares<T: Sync, R: Send>(
    items: &[T],
    map: impl Fn(usize, &[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let (share, map) = (items.len().div_ceil(THREADS).max(1), &map);
    thread::scope(|scope| {
        let spawned = items.chunks(share).enumerate().map(|(n, chunk)| {
            let work = move || map(n * share, chunk);
            // Where the system gives no thread, the work is done here.
            thread::Builder::new().spawn_scoped(scope, work).map_err(|_| work())
        });
        let spawned: Vec<_> = spawned.collect();
        let done = spawned.into_iter().map(|share| match share {
            Ok(worker) => worker.join().expect("hashing, parsing and verifying do not panic"),
            Err(done) => done,
        });
        done.flatten().collect()
    })
}
