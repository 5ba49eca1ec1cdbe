//! Alignment patterns: found by correlation on grey, near where they are expected.

use super::geometry::{Homography, Point};
use super::shade::Shade;

/// The five by five modules of an alignment pattern as they lie in the picture.
#[derive(Debug, Clone)]
pub struct Template {
    /// Where its centre is expected, in pixels.
    pub centre: Point,
    /// A module to the right and a module down, in pixels.
    across: Point,
    down: Point,
}

impl Template {
    /// The pattern around a place of the code, in modules.
    pub fn at(map: &Homography, place: Point) -> Self {
        let centre = map.map(place);
        let across = (map.map(place + Point::new(1.0, 0.0)) - map.map(place - Point::new(1.0, 0.0))) * 0.5;
        let down = (map.map(place + Point::new(0.0, 1.0)) - map.map(place - Point::new(0.0, 1.0))) * 0.5;
        Self { centre, across, down }
    }

    /// How much the picture looks like the pattern here: the lightness of its ring less the darkness of core and frame.
    fn score(&self, shade: &Shade<'_>, centre: Point) -> f32 {
        let mut sums = [0.0_f32; 3];
        for y in -2_i8..=2 {
            for x in -2_i8..=2 {
                let ring = x.unsigned_abs().max(y.unsigned_abs());
                sums[usize::from(ring)] += shade.at(centre + self.across * f32::from(x) + self.down * f32::from(y));
            }
        }
        let [core, light, frame] = [sums[0], sums[1] / 8.0, sums[2] / 16.0];
        // The weaker of the two steps counts too, so that a dark blot on light or the reverse does not pass.
        let (inner, outer) = (light - core, light - frame);
        inner.min(outer) + 0.5 * (inner + outer)
    }
}

/// Places that look most like the pattern within `reach` modules of where it is expected, best first, with their scores.
pub fn search(shade: &Shade<'_>, template: &Template, reach: f32, keep: usize) -> Vec<(f32, Point)> {
    const STEP: f32 = 0.5;
    let size = template.across.length().max(template.down.length());
    if !template.centre.is_finite() || !size.is_finite() {
        return Vec::new();
    }
    let mut peaks: Vec<(f32, Point)> = Vec::new();
    #[allow(clippy::cast_possible_truncation, reason = "a few dozen at most")]
    let steps = (reach.min(100.0) / STEP) as i16;
    for v in -steps..=steps {
        for u in -steps..=steps {
            let place = template.centre + template.across * (f32::from(u) * STEP) + template.down * (f32::from(v) * STEP);
            if !shade.holds(place) {
                continue;
            }
            // Nearer is likelier: a pattern of the data can look the same.
            let far = f32::from(u).hypot(f32::from(v)) / f32::from(steps.max(1));
            let score = template.score(shade, place) * (1.0 - 0.3 * far);
            if score < 8.0 {
                continue;
            }
            match peaks.iter_mut().find(|p| p.1.distance(place) < size * 2.0) {
                Some(peak) if peak.0 < score => *peak = (score, place),
                Some(_) => {}
                None => peaks.push((score, place)),
            }
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    peaks.truncate(keep);
    for peak in &mut peaks {
        *peak = polish(shade, template, peak.1);
    }
    peaks
}

/// Moves a place to the best score nearby, to an eighth of a module.
pub fn polish(shade: &Shade<'_>, template: &Template, start: Point) -> (f32, Point) {
    let mut best = (template.score(shade, start), start);
    for step in [0.25_f32, 0.125] {
        for _ in 0..3 {
            let from = best.1;
            for (u, v) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                let place = from + template.across * (u * step) + template.down * (v * step);
                let score = template.score(shade, place);
                if score > best.0 {
                    best = (score, place);
                }
            }
            if best.1 == from {
                break;
            }
        }
    }
    best
}
