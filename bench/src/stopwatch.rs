//! Timing by repetition: the median of several runs.

use std::time::Instant;

/// Median of `runs` timings of `work`, in milliseconds, and what the last run gave.
pub fn median_ms<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut once = || {
        let start = Instant::now();
        let result = std::hint::black_box(work());
        (start.elapsed().as_secs_f64() * 1e3, result)
    };
    let (first, mut result) = once();
    let mut times = vec![first];
    for _ in 1..runs {
        let (time, next) = once();
        times.push(time);
        result = next;
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], result)
}
