//! `techo-bench simulate`: devices of a household, a relay between them that loses, repeats and lies, and people who write and delete.
//!
//! A schedule is drawn from its seed: two to five devices, some fifty steps, each an act of a person or a fault; then quiet, and the checks of
//! docs/sync.md#how-it-is-tested. What is an alarm where, and which faults are lies, is in `world` and `network`. The same seed gives the same
//! schedule: `--schedules 1 --seed N` runs one again.

mod chance;
mod device;
mod dying;
mod faults;
mod mistakes;
mod nested;
mod network;
mod quiet;
mod steps;
mod story;
mod world;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use faults::Counts;
use world::{Plan, World};

/// What went wrong in a schedule, in words.
type Trouble = String;

const FEWEST_STEPS: usize = 30;
const MOST_STEPS: usize = 60;

/// Runs the schedules with the seeds `seed`, `seed + 1` and so on, and each mistake until it is caught. Answers the line, and whether all went
/// well.
///
/// # Errors
/// Never; a failure is in the line.
pub fn run(schedules: u64, seed: u64, tells: bool) -> (Value, bool) {
    let started = std::time::Instant::now();
    let (next, total) = (AtomicU64::new(0), Mutex::new(Total::default()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= schedules {
                        break;
                    }
                    let of_this = seed.wrapping_add(number);
                    let (counts, events, result) = schedule(of_this, &Plan::sound(), tells);
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    total.counts.and(&counts);
                    total.events += events;
                    if let Err(trouble) = result {
                        eprintln!("techo-bench simulate: seed {of_this}: {trouble}");
                        total.failures += 1;
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mistakes = mistakes::all();
    let caught: Vec<AtomicU64> = mistakes.iter().map(|_| AtomicU64::new(0)).collect();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Ok(at) = usize::try_from(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(((_, plan), caught)) = mistakes.get(at).zip(caught.get(at)) else {
                        break;
                    };
                    let first = (1..=schedules).find(|number| schedule(seed.wrapping_add(*number), plan, false).2.is_err());
                    caught.store(first.unwrap_or_default(), Ordering::Relaxed);
                }
            });
        }
    });
    let faults: Map<String, Value> = faults::ALL
        .iter()
        .map(|(fault, name)| ((*name).to_owned(), json!(total.counts.of(*fault))))
        .collect();
    let mistakes: Map<String, Value> = mistakes
        .iter()
        .zip(&caught)
        .map(|((name, _), caught)| ((*name).to_owned(), json!(caught.load(Ordering::Relaxed))))
        .collect();
    let all_happened = faults.values().chain(mistakes.values()).all(|times| *times != json!(0));
    if !all_happened {
        eprintln!("techo-bench simulate: a kind of fault never happened, or a mistake was not caught");
    }
    let line = json!({
        "schedules": schedules,
        "events": total.events,
        "failures": total.failures,
        "seed": seed,
        "faults": faults,
        "mistakes": mistakes,
        "seconds": started.elapsed().as_secs_f64(),
    });
    (line, total.failures == 0 && all_happened)
}

#[derive(Default)]
struct Total {
    counts: Counts,
    events: u64,
    failures: u64,
}

/// One schedule; answers what faults took place, how much happened, and what went wrong.
fn schedule(seed: u64, plan: &Plan, tells: bool) -> (Counts, u64, Result<(), Trouble>) {
    let mut world = match World::new(seed, plan.clone(), tells) {
        Ok(world) => world,
        Err(trouble) => return (Counts::default(), 0, Err(trouble)),
    };
    let result = live(&mut world);
    let counts = world.network.counts();
    (counts, world.events, result)
}

fn live(world: &mut World) -> Result<(), Trouble> {
    for _ in 0..FEWEST_STEPS + world.chance.below(MOST_STEPS - FEWEST_STEPS) {
        world.step()?;
    }
    world.come_to_rest()?;
    world.check()
}
