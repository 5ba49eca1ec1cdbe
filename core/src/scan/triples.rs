//! Which three finders may belong to one code.

use super::finders::Finder;
use super::geometry::Point;

/// Three finders in the order of a code that is not mirrored.
#[derive(Debug, Clone, Copy)]
pub struct Triple {
    /// Index of the finder at the corner.
    pub corner: usize,
    /// Index of the finder at the end of the first row.
    pub right: usize,
    /// Index of the finder at the end of the first column.
    pub below: usize,
    /// How far from a square seen from the front; 0 is best.
    pub strain: f32,
}

impl Triple {
    /// The indices of the three finders, the corner first.
    pub fn members(&self) -> [usize; 3] {
        [self.corner, self.right, self.below]
    }
}

/// All plausible triples, the least strained first, at most `keep`.
pub fn rank(finders: &[Finder], keep: usize) -> Vec<Triple> {
    let mut triples = Vec::new();
    for (c, corner) in finders.iter().enumerate() {
        // What could lie at the end of a leg from this corner.
        let ends: Vec<(usize, Point, f32)> = finders
            .iter()
            .enumerate()
            .filter(|&(i, f)| i != c && f.inverted == corner.inverted && ratio(f.module(), corner.module()) < 2.0)
            .map(|(i, f)| (i, f.centre - corner.centre, f.module()))
            .filter(|&(_, leg, module)| {
                // 14 modules to 170; a turned code has modules up to 1.4 times narrower than the axes say.
                let modules = leg.length() * 2.0 / (module + corner.module());
                (8.0..300.0).contains(&modules)
            })
            .collect();
        for (n, &(a, to_a, module_a)) in ends.iter().enumerate() {
            for &(b, to_b, module_b) in &ends[n + 1..] {
                let (length_a, length_b) = (to_a.length(), to_b.length());
                let legs = ratio(length_a, length_b);
                let cosine = (to_a.dot(to_b) / (length_a * length_b)).abs();
                if legs > 2.2 || cosine > 0.7 {
                    continue;
                }
                let sizes = ratio(module_a, corner.module())
                    .max(ratio(module_b, corner.module()))
                    .max(ratio(module_a, module_b));
                let modules = (length_a + length_b) / (module_a + module_b);
                // Of two codes side by side the finders of one are nearer to each other than those of both.
                let strain = 1.5 * cosine + legs.ln() + 1.5 * sizes.ln() + 0.05 * modules.ln();
                let (right, below) = if to_a.cross(to_b) > 0.0 { (a, b) } else { (b, a) };
                triples.push(Triple {
                    corner: c,
                    right,
                    below,
                    strain,
                });
            }
        }
    }
    if triples.len() > keep {
        triples.select_nth_unstable_by(keep, |a, b| a.strain.total_cmp(&b.strain));
        triples.truncate(keep);
    }
    triples.sort_by(|a, b| a.strain.total_cmp(&b.strain));
    triples
}

fn ratio(a: f32, b: f32) -> f32 {
    if a > b { a / b } else { b / a }
}
