//! From three finders to a map of the whole code: its version, its four corners, its perspective.

use super::alignment::{self, Template};
use super::finders::Finder;
use super::geometry::{Homography, Point};
use super::patterns::{self, Known, modules};
use super::refine::{self, Anchors};
use super::shade::Shade;

/// A code found in a picture.
#[derive(Debug, Clone)]
pub struct Location {
    /// The version of the code, 1 to 40.
    pub version: usize,
    /// The map from modules to pixels.
    pub map: Homography,
    /// Size of a module in pixels, near the first finder.
    pub module: f32,
    /// The share of known modules that show the colour they must have.
    pub agreement: f32,
}

/// Least share of known modules that must look right before the rest is read; half are right by chance.
const LEAST_AGREEMENT: f32 = 0.78;

/// Least share of known modules, of finders and timing alone, that must look right before the fit.
const LEAST_LIKENESS: f32 = 0.74;

/// One finder's measures along the two legs.
struct Measured {
    centre: Point,
    /// Module width along the first row and along the first column.
    sizes: [f32; 2],
    /// Places of the outer edges as (offset from the centre in modules, pixels).
    edges: Vec<(Point, Point)>,
}

/// Where a code with these finders may lie, the likeliest first. `finders` are corner, right, below.
pub fn locate(shade: &Shade<'_>, finders: &[Finder; 3]) -> Vec<Location> {
    let Some(sighting) = Sighting::measure(shade, finders) else {
        return Vec::new();
    };
    let mut guesses = sighting.guesses(shade);
    guesses.truncate(2);
    let mut locations: Vec<Location> = Vec::new();
    for version in guesses {
        for location in sighting.settle(shade, version) {
            let read = read_version(shade, &location);
            let better = read.filter(|&v| v != location.version && !locations.iter().any(|l| l.version == v));
            locations.push(location);
            if let Some(version) = better {
                locations.extend(sighting.settle(shade, version));
            }
        }
    }
    locations.retain(|l| l.agreement >= LEAST_AGREEMENT);
    locations.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
    locations
}

/// What can be measured of a code before its version is known.
struct Sighting {
    measured: [Measured; 3],
    /// Modules from finder to finder along the two legs.
    legs: [f32; 2],
    module: f32,
}

impl Sighting {
    fn measure(shade: &Shade<'_>, finders: &[Finder; 3]) -> Option<Self> {
        let [corner, right, below] = finders;
        let legs = [right.centre - corner.centre, below.centre - corner.centre];
        let directions = legs.map(|leg| leg * (1.0 / leg.length().max(1e-3)));
        let one = |f: &Finder| measure_finder(shade, f, directions);
        let measured = [one(corner)?, one(right)?, one(below)?];
        // A projective map of a line has length = modules * geometric mean of the module sizes at its ends.
        let count = |end: usize, axis: usize| {
            measured[0].centre.distance(measured[end].centre) / (measured[0].sizes[axis] * measured[end].sizes[axis]).sqrt()
        };
        let legs = [count(1, 0), count(2, 1)];
        let uneven = (legs[0] / legs[1]).max(legs[1] / legs[0]);
        let plausible = legs.iter().all(|&n| (10.0..190.0).contains(&n)) && uneven < 1.4;
        let module = (measured[0].sizes[0] + measured[0].sizes[1]) * 0.5;
        plausible.then_some(Self { measured, legs, module })
    }

    /// Versions that fit the distances, the best match of finders and timing first.
    fn guesses(&self, shade: &Shade<'_>) -> Vec<usize> {
        let estimate = ((self.legs[0] + self.legs[1]) * 0.5 - 10.0) / 4.0;
        // The error of a module's size, a few per cent, grows with the distance.
        let reach = 0.75 + estimate * 0.06;
        let mut scored: Vec<(usize, f32)> = patterns::VERSIONS
            .filter(|&v| (modules(v) - estimate).abs() <= reach)
            .filter_map(|version| {
                let known = patterns::known_modules(version, &[]);
                let scores = self
                    .maps(version)
                    .into_iter()
                    .map(|map| (refine::contrast(shade, &map, &known, 0.0), map));
                let (score, map) = scores.max_by(|a, b| a.0.total_cmp(&b.0))?;
                // What does not look like finders and timing at all is not worth the search for its fourth corner.
                (refine::agreement(shade, &map, &known) >= LEAST_LIKENESS).then_some((version, score))
            })
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = scored.first().map_or(0.0, |s| s.1);
        scored
            .into_iter()
            .filter(|s| s.1 > best * 0.85 && s.1 > 4.0)
            .map(|s| s.0)
            .collect()
    }

    /// Maps that agree with the finders: one without perspective, one with what the finders' edges tell of it.
    fn maps(&self, version: usize) -> Vec<Homography> {
        let centres = finder_centres(version);
        let pairs = self.measured.iter().zip(centres).flat_map(|(m, at)| {
            let edges = m.edges.iter().map(move |&(offset, pixels)| (at + offset, pixels, 1.0));
            std::iter::once((at, m.centre, 20.0)).chain(edges)
        });
        let [a, b, c] = [0, 1, 2].map(|i: usize| self.measured[i].centre);
        let flat = Homography::from_pairs(
            &[centres[0], centres[1], centres[2], centres[1] + centres[2] - centres[0]],
            &[a, b, c, b + c - a],
        );
        let side = modules(patterns::side(version));
        let seen = Homography::fit(pairs).filter(|map| map.sees(side));
        flat.into_iter().chain(seen).collect()
    }

    /// The map of a code of this version: up to two, if the fourth corner leaves a choice.
    fn settle(&self, shade: &Shade<'_>, version: usize) -> Vec<Location> {
        let side = patterns::side(version);
        let fourth = (side - 7, side - 7);
        let alignments: &[(usize, usize)] = if version > 1 { &[fourth] } else { &[] };
        let known = patterns::known_modules(version, alignments);
        let centres = finder_centres(version);
        let corner = if version > 1 {
            patterns::centre(fourth.0, fourth.1)
        } else {
            centres[1] + centres[2] - centres[0]
        };
        let maps = self.maps(version);
        let fourths = if version > 1 {
            self.find_fourth(shade, version, &maps, corner)
        } else {
            maps.iter().map(|map| map.map(corner)).filter(|p| p.is_finite()).collect()
        };
        let mut out: Vec<Location> = Vec::new();
        for pixel in fourths {
            let anchors = Anchors {
                modules: [centres[0], centres[1], centres[2], corner],
                pixels: [
                    self.measured[0].centre,
                    self.measured[1].centre,
                    self.measured[2].centre,
                    pixel,
                ],
            };
            if let Some(location) = settle_from(shade, version, &anchors, &known, self.module) {
                out.push(location);
            }
        }
        out
    }

    /// Where the last alignment pattern may be, around where the maps expect it.
    fn find_fourth(&self, shade: &Shade<'_>, version: usize, maps: &[Homography], corner: Point) -> Vec<Point> {
        let reach = 3.0 + 0.05 * modules(patterns::side(version));
        let mut peaks: Vec<(f32, Point)> = Vec::new();
        for map in maps {
            let template = Template::at(map, corner);
            for peak in alignment::search(shade, &template, reach, 2) {
                if peaks.iter().all(|p| p.1.distance(peak.1) > self.module) {
                    peaks.push(peak);
                }
            }
        }
        peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
        peaks.truncate(2);
        // No pattern to be seen: what the finders say alone.
        let mut places: Vec<Point> = peaks.into_iter().map(|p| p.1).collect();
        if let Some(map) = maps.first() {
            let plain = map.map(corner);
            if places.iter().all(|p| p.distance(plain) > self.module) {
                places.push(plain);
            }
        }
        places
    }
}

fn settle_from(shade: &Shade<'_>, version: usize, anchors: &Anchors, known: &[Known], module: f32) -> Option<Location> {
    let start = anchors.map()?;
    if refine::agreement(shade, &start, known) < 0.6 {
        return None;
    }
    // A third of the modules says nearly as much as all; three is prime to the rows of eight, so every column is among them.
    let some: Vec<Known> = known.iter().copied().step_by(3).collect();
    let map = refine::climb(shade, anchors, &some, module)?;
    if !map.sees(modules(patterns::side(version))) {
        return None;
    }
    let agreement = refine::agreement(shade, &map, known);
    Some(Location {
        version,
        map,
        module,
        agreement,
    })
}

fn measure_finder(shade: &Shade<'_>, finder: &Finder, directions: [Point; 2]) -> Option<Measured> {
    let module = finder.module();
    let mut sizes = [0.0; 2];
    let mut centre = finder.centre;
    // The first round moves the centre to the middle of the edges, the second measures from there.
    let mut edges = Vec::new();
    for round in 0..2 {
        edges.clear();
        let mut shift = Point::default();
        for (axis, &direction) in directions.iter().enumerate() {
            let ahead = shade.outer_edge(centre, direction, module);
            let behind = shade.outer_edge(centre, direction * -1.0, module);
            let unit = if axis == 0 {
                Point::new(3.5, 0.0)
            } else {
                Point::new(0.0, 3.5)
            };
            if let Some(distance) = ahead {
                edges.push((unit, centre + direction * distance));
            }
            if let Some(distance) = behind {
                edges.push((unit * -1.0, centre - direction * distance));
            }
            sizes[axis] = match (ahead, behind) {
                (Some(a), Some(b)) => {
                    shift = shift + direction * ((a - b) * 0.5);
                    (a + b) / 7.0
                }
                (Some(one), None) | (None, Some(one)) => one / 3.5,
                (None, None) => return None,
            };
        }
        if round == 0 {
            if shift.length() > module {
                return None;
            }
            centre = centre + shift;
        }
    }
    Some(Measured { centre, sizes, edges })
}

/// Centres of the three finders in modules.
fn finder_centres(version: usize) -> [Point; 3] {
    let far = modules(patterns::side(version)) - 3.5;
    [Point::new(3.5, 3.5), Point::new(far, 3.5), Point::new(3.5, far)]
}

/// The version that a code of version 7 or more states beside its finders, if it can be made out.
fn read_version(shade: &Shade<'_>, location: &Location) -> Option<usize> {
    if location.version < 6 {
        return None;
    }
    let side = patterns::side(location.version);
    let level = {
        let at = |x, y| shade.at(location.map.map(patterns::centre(x, y)));
        (at(side - 4, 3) + at(side - 6, 3)) * 0.5
    };
    let mut best: Option<(usize, u32)> = None;
    for transposed in [false, true] {
        let mut bits = 0;
        for i in (0..18).rev() {
            let (x, y) = (side - 11 + i % 3, i / 3);
            let (x, y) = if transposed { (y, x) } else { (x, y) };
            bits = bits << 1 | u32::from(shade.at(location.map.map(patterns::centre(x, y))) < level);
        }
        let (version, wrong) = patterns::nearest_version(bits);
        if wrong <= 3 && best.is_none_or(|b| wrong < b.1) {
            best = Some((version, wrong));
        }
    }
    best.map(|b| b.0)
}
