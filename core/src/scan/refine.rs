//! Moves a code's four anchor points until the known modules show the colours they must have.

use super::geometry::{Homography, Point};
use super::patterns::Known;
use super::shade::Shade;

/// Four anchor points of a code: their places in modules, and in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Anchors {
    /// Where the four points lie in the code, in modules.
    pub modules: [Point; 4],
    /// Where the four points lie in the picture, in pixels.
    pub pixels: [Point; 4],
}

impl Anchors {
    /// The map that these anchors pin.
    pub fn map(&self) -> Option<Homography> {
        Homography::from_pairs(&self.modules, &self.pixels)
    }
}

/// How well known modules match: the mean light less the mean dark, in grey levels.
///
/// Each module is looked at in two places `apart` modules from its middle: the middle of a sharp module tells nothing of where it ends.
pub fn contrast(shade: &Shade<'_>, map: &Homography, known: &[Known], apart: f32) -> f32 {
    let offset = Point::new(apart, apart);
    let (mut light, mut dark, mut lights, mut darks) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for (i, module) in known.iter().enumerate() {
        let grey = if apart > 0.0 {
            // The pairs of neighbours lie on crossing diagonals.
            let offset = if i % 2 == 0 { offset } else { Point::new(offset.x, -offset.y) };
            (shade.at(map.map(module.at + offset)) + shade.at(map.map(module.at - offset))) * 0.5
        } else {
            shade.at(map.map(module.at))
        };
        if module.dark {
            dark += grey;
            darks += 1.0;
        } else {
            light += grey;
            lights += 1.0;
        }
    }
    light / lights.max(1.0) - dark / darks.max(1.0)
}

/// Climbs to the best contrast, one coordinate at a time with ever smaller steps; the last anchor moves furthest.
///
/// `module` is the size of a module in pixels.
pub fn climb(shade: &Shade<'_>, start: &Anchors, known: &[Known], module: f32) -> Option<Homography> {
    const PASSES: usize = 4;
    // Below three pixels the picture itself blurs a module over its neighbours.
    let apart = if module > 3.0 { 0.3 } else { 0.0 };
    let mut map = start.map()?;
    let first = contrast(shade, &map, known, apart);
    // What a step must gain, and what it costs to leave the measured places: on a plateau nothing moves.
    let least = first.abs() * 0.002;
    let cost = first.abs() * 0.02;
    let mut anchors = *start;
    let mut best = first;
    let mut step = module * 0.4;
    for _ in 0..PASSES {
        for corner in [3, 0, 1, 2] {
            for direction in [Point::new(1.0, 0.0), Point::new(0.0, 1.0)] {
                for sign in [1.0_f32, -1.0] {
                    let mut moved = false;
                    // Three steps in one direction at most: more would leave the pattern for its neighbour.
                    for _ in 0..3 {
                        let reach = if corner == 3 { step } else { step * 0.5 };
                        let mut tried = anchors;
                        tried.pixels[corner] = tried.pixels[corner] + direction * (sign * reach);
                        let Some(candidate) = tried.map() else { break };
                        let strays = (0..4).map(|i| {
                            let weight = if i == 3 { 0.1 } else { 1.0 };
                            let shift = (tried.pixels[i] - start.pixels[i]) * (1.0 / module);
                            weight * shift.dot(shift)
                        });
                        let value = contrast(shade, &candidate, known, apart) - cost * strays.sum::<f32>();
                        if value <= best + least {
                            break;
                        }
                        (anchors, map, best, moved) = (tried, candidate, value, true);
                    }
                    if moved {
                        break;
                    }
                }
            }
        }
        step *= 0.5;
    }
    Some(map)
}

/// The share of known modules on the right side of the threshold between dark and light.
pub fn agreement(shade: &Shade<'_>, map: &Homography, known: &[Known]) -> f32 {
    let greys: Vec<f32> = known.iter().map(|k| shade.at(map.map(k.at))).collect();
    let mean = |dark: bool| {
        let (sum, count) = known
            .iter()
            .zip(&greys)
            .filter(|(k, _)| k.dark == dark)
            .fold((0.0, 0.0_f32), |(s, n), (_, g)| (s + g, n + 1.0));
        sum / count.max(1.0)
    };
    let level = (mean(true) + mean(false)) * 0.5;
    let (right, all) = known.iter().zip(&greys).fold((0.0_f32, 0.0_f32), |(right, all), (k, &g)| {
        (right + f32::from(u8::from((g < level) == k.dark)), all + 1.0)
    });
    right / all.max(1.0)
}
