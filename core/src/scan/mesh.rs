//! The bend of a code: how far its alignment patterns lie from where one flat map expects them.

use super::alignment::{self, Template};
use super::geometry::{Homography, Point};
use super::patterns;
use super::sample::Modules;
use super::shade::Shade;

/// Modules from one crossing of the settling grid to the next.
const SPACING: usize = 6;
/// How much sharpness a module's distance from the mean of the neighbours' shifts must gain.
const STIFFNESS: f32 = 0.3;

/// A map with corrections at the alignment patterns' grid, interpolated between them.
#[derive(Debug, Clone)]
pub struct Mesh {
    map: Homography,
    /// Rows and columns of the grid, in modules.
    lines: Vec<f32>,
    /// Correction at each crossing, row by row, in pixels.
    shifts: Vec<Point>,
}

impl Mesh {
    /// The flat map alone.
    pub fn flat(map: Homography) -> Self {
        Self {
            map,
            lines: Vec::new(),
            shifts: Vec::new(),
        }
    }

    /// The map bent to the alignment patterns of a code of this version, which has a grid of them from version 7.
    pub fn bent(shade: &Shade<'_>, map: Homography, version: usize) -> Self {
        let positions = patterns::alignment_positions(version);
        if positions.len() < 3 {
            return Self::flat(map);
        }
        let count = positions.len();
        let mut shifts: Vec<Option<Point>> = Vec::with_capacity(count * count);
        for (j, &y) in positions.iter().enumerate() {
            for (i, &x) in positions.iter().enumerate() {
                let at_finder = [(0, 0), (0, count - 1), (count - 1, 0)].contains(&(i, j));
                if at_finder {
                    shifts.push(Some(Point::default()));
                    continue;
                }
                let mut template = Template::at(&map, patterns::centre(x, y));
                let expected = template.centre;
                // The neighbours' shifts tell most of this one's.
                let near = neighbours(&shifts, i, j, count);
                template.centre = expected + near;
                let found = alignment::search(shade, &template, 1.5, 1).first().copied();
                shifts.push(found.filter(|f| f.0 > 20.0).map(|f| f.1 - expected));
            }
        }
        let filled = (0..shifts.len())
            .map(|k| shifts[k].unwrap_or_else(|| surroundings(&shifts, |&s| s, k % count, k / count, count)))
            .collect();
        let lines = positions.iter().map(|&p| patterns::centre(p, p).x).collect();
        Self {
            map,
            lines,
            shifts: filled,
        }
    }

    /// The same map, bent so that every patch of modules is at its sharpest: for codes on cloth, on a bottle or on a crumpled page.
    ///
    /// Sampled off their middles, modules are a mixture of dark and light; the shift at which a patch is least mixed is taken, one crossing
    /// of a grid after the other, and neighbours pull at each other. `module` is the size of a module in pixels.
    pub fn settled(&self, shade: &Shade<'_>, version: usize, module: f32) -> Self {
        let patches = Patches::of(shade, self, version);
        let lines: Vec<f32> = patches.bounds.iter().map(|&b| patterns::modules(b)).collect();
        let count = lines.len();
        let start = |k: usize| {
            let place = Point::new(lines[k % count], lines[k / count]);
            self.map(place) - self.map.map(place)
        };
        let mut mesh = Self {
            map: self.map,
            shifts: (0..count * count).map(start).collect(),
            lines,
        };
        for step in [0.3, 0.3, 0.15, 0.15] {
            for node in 0..count * count {
                mesh.settle_node(shade, &patches, node, step * module, module);
            }
        }
        mesh
    }

    fn settle_node(&mut self, shade: &Shade<'_>, patches: &Patches, node: usize, step: f32, module: f32) {
        let count = self.lines.len();
        let (i, j) = (node % count, node / count);
        let pull = surroundings(&self.shifts, |&s| Some(s), i, j, count);
        let from = self.shifts[node];
        let mut best = (f32::MIN, from);
        for (u, v) in [
            (0.0, 0.0),
            (1.0, 0.0),
            (-1.0, 0.0),
            (0.0, 1.0),
            (0.0, -1.0),
            (1.0, 1.0),
            (-1.0, -1.0),
            (1.0, -1.0),
            (-1.0, 1.0),
        ] {
            let shift = from + Point::new(u * step, v * step);
            self.shifts[node] = shift;
            let stretch = (shift - pull).length() / module;
            let value = self.sharpness(shade, patches, i, j) * (1.0 - STIFFNESS * stretch * stretch);
            if value > best.0 {
                best = (value, shift);
            }
        }
        self.shifts[node] = best.1;
    }

    /// How far from the threshold the modules around a crossing are, on the mean.
    fn sharpness(&self, shade: &Shade<'_>, patches: &Patches, i: usize, j: usize) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0_f32);
        for y in patches.around(j) {
            for x in patches.around(i).filter(|x| (x + y).is_multiple_of(patches.stride)) {
                let apart = shade.at(self.map(patterns::centre(x, y))) - patches.level(x, y);
                // The finders and the timing say which side they must be on.
                sum += match patches.known(x, y) {
                    Some(true) => -apart,
                    Some(false) => apart,
                    None => apart.abs(),
                };
                count += 1.0;
            }
        }
        sum / count.max(1.0)
    }

    /// Where a place of the code, in modules, lies in the picture.
    #[allow(clippy::many_single_char_names, reason = "the coordinates of interpolation")]
    pub fn map(&self, p: Point) -> Point {
        let flat = self.map.map(p);
        if self.lines.len() < 2 {
            return flat;
        }
        let (i, u) = self.cell(p.x);
        let (j, v) = self.cell(p.y);
        let count = self.lines.len();
        // `cell` answers at most the last but one line.
        let at = |i: usize, j: usize| self.shifts[j * count + i];
        let top = at(i, j) * (1.0 - u) + at(i + 1, j) * u;
        let bottom = at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u;
        flat + top * (1.0 - v) + bottom * v
    }

    /// The line before a coordinate, and how far it is on the way to the next; beyond the ends the trend goes on.
    fn cell(&self, coordinate: f32) -> (usize, f32) {
        let last = self.lines.len() - 2;
        let i = self.lines.iter().rposition(|&l| l <= coordinate).unwrap_or(0).min(last);
        let u = (coordinate - self.lines[i]) / (self.lines[i + 1] - self.lines[i]);
        (i, u.clamp(-0.3, 1.3))
    }
}

/// Mean of the shifts already known to the left and above.
fn neighbours(shifts: &[Option<Point>], i: usize, j: usize, count: usize) -> Point {
    let left = i.checked_sub(1).and_then(|i| shifts.get(j * count + i).copied().flatten());
    let above = j.checked_sub(1).and_then(|j| shifts.get(j * count + i).copied().flatten());
    match (left, above) {
        (Some(a), Some(b)) => (a + b) * 0.5,
        (Some(a), None) | (None, Some(a)) => a,
        (None, None) => Point::default(),
    }
}

/// Mean of the known shifts around a crossing, its own included.
fn surroundings<T>(shifts: &[T], known: impl Fn(&T) -> Option<Point>, i: usize, j: usize, count: usize) -> Point {
    let mut sum = Point::default();
    let mut found = 0.0;
    for y in j.saturating_sub(1)..=(j + 1).min(count - 1) {
        for x in i.saturating_sub(1)..=(i + 1).min(count - 1) {
            if let Some(shift) = shifts.get(y * count + x).and_then(&known) {
                sum = sum + shift;
                found += 1.0;
            }
        }
    }
    if found > 0.0 { sum * (1.0 / found) } else { sum }
}

/// What settling goes by: the patches between the lines of its grid, and of each module the threshold and the colour, if it is known.
struct Patches {
    side: usize,
    /// The lines, in modules.
    bounds: Vec<usize>,
    /// How many modules there are for each one that is looked at; a large code has enough of them, and would cost more than all the rest.
    stride: usize,
    levels: Vec<f32>,
    known: Vec<Option<bool>>,
}

impl Patches {
    fn of(shade: &Shade<'_>, mesh: &Mesh, version: usize) -> Self {
        let side = patterns::side(version);
        let cells = side.div_ceil(SPACING);
        let mut known = vec![None; side * side];
        for module in patterns::known_modules(version, &patterns::alignment_centres(version)) {
            known[module.y * side + module.x] = Some(module.dark);
        }
        Self {
            side,
            bounds: (0..=cells).map(|i| side * i / cells).collect(),
            stride: side.div_ceil(90),
            levels: Modules::read(shade, |place| mesh.map(place), version).levels(),
            known,
        }
    }

    /// The rows or columns of the patches on both sides of a line.
    fn around(&self, line: usize) -> std::ops::Range<usize> {
        let last = self.bounds.len() - 1;
        self.bounds[line.saturating_sub(1)]..self.bounds[(line + 1).min(last)]
    }

    fn level(&self, x: usize, y: usize) -> f32 {
        self.levels.get(y * self.side + x).copied().unwrap_or(128.0)
    }

    fn known(&self, x: usize, y: usize) -> Option<bool> {
        self.known.get(y * self.side + x).copied().flatten()
    }
}
