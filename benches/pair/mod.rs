//! Two ways of doing one thing, timed in turns, so that whatever else the machine does falls on both.

use std::time::{Duration, Instant};

/// Prints the medians of `turns` turns, and the second's as a multiple of the first's.
pub(crate) fn pair(
    what: &str,
    turns: usize,
    peer: (&str, impl FnMut()),
    ours: (&str, impl FnMut()),
) {
    let ((peer, mut run_peer), (ours, mut run_ours)) = (peer, ours);
    // Caches, allocators and branch predictors are met before the first turn that counts.
    for _ in 0..turns.div_ceil(10) {
        run_peer();
        run_ours();
    }
    let (mut peers, mut times): (Vec<_>, Vec<_>) =
        (0..turns).map(|_| (timed(&mut run_peer), timed(&mut run_ours))).unzip();
    let (of_peer, of_ours) = (median(&mut peers), median(&mut times));
    let ratio = of_ours.as_secs_f64() / of_peer.as_secs_f64();
    println!("{what}: {peer} {of_peer:.1?}, {ours} {of_ours:.1?}: {ratio:.2} times");
}

fn timed(run: &mut impl FnMut()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
