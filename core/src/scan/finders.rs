//! Finder patterns: places where every line through the middle runs 1:1:3:1:1 (ISO/IEC 18004:2015, section 6.3.3).

use super::binarize::Bitmap;
use super::geometry::Point;

/// A place that looks like a finder pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finder {
    /// The middle of the finder, in pixels.
    pub centre: Point,
    /// Width of a module along rows, in pixels.
    pub across: f32,
    /// Width of a module along columns, in pixels.
    pub down: f32,
    /// How many rows found the finder: a real one is found by many.
    pub hits: u16,
    /// Whether the finder is light on dark.
    pub inverted: bool,
}

impl Finder {
    /// Mean width of a module along the picture's axes, which a turned code makes too wide by up to the root of two.
    pub fn module(&self) -> f32 {
        (self.across + self.down) * 0.5
    }
}

/// How a search spends its time.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Rows from one line of the search to the next.
    pub step: usize,
    /// Finders kept, of those with most hits.
    pub keep: usize,
    /// Places examined at all; noise offers one every few pixels.
    pub examine: usize,
}

/// Finds what looks like finder patterns, dark on light and light on dark, those with most hits first.
pub fn find(bitmap: &Bitmap, search: &Search) -> Vec<Finder> {
    let mut found: Vec<Finder> = Vec::new();
    let mut edges = Vec::new();
    let mut examined = 0;
    for y in (search.step / 2..bitmap.height()).step_by(search.step.max(1)) {
        bitmap.edges(y, &mut edges);
        for (i, e) in edges.windows(6).enumerate() {
            let runs = [e[1] - e[0], e[2] - e[1], e[3] - e[2], e[4] - e[3], e[5] - e[4]];
            if runs[2] < runs[1] || runs[2] < runs[3] || !looks_like_finder(runs.map(f32::from)) {
                continue;
            }
            // The row starts light, so the run after an even edge is dark.
            let inverted = i % 2 == 1;
            let middle = (f32::from(e[2]) + f32::from(e[3])) * 0.5;
            let module = (f32::from(e[5]) - f32::from(e[0])) / 7.0;
            if let Some(known) = found.iter_mut().find(|f| {
                f.inverted == inverted
                    && (f.centre.x - middle).abs() < f.across * 1.5
                    && (f.centre.y - row_middle(y)).abs() < f.down * 2.0
                    && module < f.across * 1.6
                    && module * 1.6 > f.across
            }) {
                known.hits = known.hits.saturating_add(1);
                continue;
            }
            examined += 1;
            if examined > search.examine {
                break;
            }
            if let Some(finder) = cross_check(bitmap, middle, y, module, inverted)
                && !found.iter().any(|f| f.inverted == inverted && same(f, &finder))
            {
                found.push(finder);
            }
        }
    }
    // The rows through the core, three modules high, find a real one; a third of them is enough where it is damaged.
    let step = row_middle(search.step.max(1)) - 0.5;
    found.retain(|f| f32::from(f.hits) * step >= f.down * 0.9);
    found.sort_by_key(|f| std::cmp::Reverse(f.hits));
    found.truncate(search.keep);
    found
}

/// Whether two sightings are of one finder.
fn same(a: &Finder, b: &Finder) -> bool {
    (a.centre.x - b.centre.x).abs() < a.across * 1.5 && (a.centre.y - b.centre.y).abs() < a.down * 1.5
}

#[allow(clippy::cast_precision_loss, reason = "a row number is at most 2^16")]
fn row_middle(y: usize) -> f32 {
    y as f32 + 0.5
}

/// Whether five runs are 1:1:3:1:1, within what blur and the pixel grid do to them.
fn looks_like_finder(runs: [f32; 5]) -> bool {
    let total: f32 = runs.iter().sum();
    let module = total / 7.0;
    // Blur moves both edges of a run the same way, a pixel at most; the rest is perspective.
    let slack = module * 0.55 + 0.5;
    (runs[2] - 3.0 * module).abs() < slack * 1.6 && [0, 1, 3, 4].iter().all(|&i| (runs[i] - module).abs() < slack)
}

/// Follows the column, then the row again, through a place that one row found.
fn cross_check(bitmap: &Bitmap, x: f32, y: usize, module: f32, inverted: bool) -> Option<Finder> {
    let limit = module * 12.0;
    let (middle_y, down) = line(bitmap, x, row_middle(y), false, limit, inverted)?;
    if down > module * 2.2 || down * 2.2 < module {
        return None;
    }
    let (middle_x, across) = line(bitmap, x, middle_y, true, limit, inverted)?;
    // One round more along the column: the first ran through where the row had guessed.
    let (middle_y, down) = line(bitmap, middle_x, middle_y, false, limit, inverted).unwrap_or((middle_y, down));
    Some(Finder {
        centre: Point::new(middle_x, middle_y),
        across,
        down,
        hits: 1,
        inverted,
    })
}

/// The middle and the module width of the five runs around a place along one axis.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "coordinates of a picture are at most 2^16 and not negative"
)]
fn line(bitmap: &Bitmap, x: f32, y: f32, along_row: bool, limit: f32, inverted: bool) -> Option<(f32, f32)> {
    let (px, py) = (x as usize, y as usize);
    let (start, end, fixed) = if along_row {
        (px, bitmap.width(), py)
    } else {
        (py, bitmap.height(), px)
    };
    let on = |i: usize| {
        (if along_row {
            bitmap.dark(i, fixed)
        } else {
            bitmap.dark(fixed, i)
        }) != inverted
    };
    if start >= end || !on(start) {
        return None;
    }
    let limit = limit as usize;
    let mut runs = [0_usize; 5];
    // From the middle outwards: core, light ring, dark ring.
    let mut i = start;
    for (slot, wanted) in [(2, true), (3, false), (4, true)] {
        while i < end && on(i) == wanted && runs[slot] <= limit {
            runs[slot] += 1;
            i += 1;
        }
    }
    let right_core = runs[2];
    let mut i = start;
    for (slot, wanted) in [(2, true), (1, false), (0, true)] {
        while i > 0 && on(i - 1) == wanted && runs[slot] <= limit {
            runs[slot] += 1;
            i -= 1;
        }
    }
    if runs.contains(&0) {
        return None;
    }
    let runs_f = runs.map(|r| r as f32);
    if !looks_like_finder(runs_f) {
        return None;
    }
    let left_core = runs[2] - right_core;
    let middle = start as f32 + (right_core as f32 - left_core as f32) * 0.5;
    Some((middle, runs_f.iter().sum::<f32>() / 7.0))
}
