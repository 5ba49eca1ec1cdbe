//! The order in which a picture is tried, and how much is tried.

use super::binarize::{Threshold, binarize};
use super::decode::{self, Content};
use super::finders::{self, Finder, Search};
use super::geometry::Point;
use super::locate::{self, Location};
use super::mesh::Mesh;
use super::patterns;
use super::pyramid::{Pyramid, Scale};
use super::sample::{Judge, Modules};
use super::shade::Shade;
use super::triples;

/// One way to look for finders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The size of the picture at which finders are looked for.
    pub scale: Scale,
    /// The rule by which pixels are dark or light.
    pub threshold: Threshold,
}

impl Attempt {
    /// Whether it sees codes that the attempts before it cannot see, so that it is made although they have read one: a large code beside a
    /// small one shows on a smaller copy alone. The others are for pictures that have not been read.
    pub fn adds(self) -> bool {
        self.threshold == Threshold::Mean && self.scale != Scale::Double
    }
}

/// Triples ranked; a page full of codes has a few for each.
const RANKED: usize = 240;

/// How much work one attempt may cost; what keeps noise from taking longer than a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most finders that are kept.
    pub finders: usize,
    /// The most triples of finders that may be followed to no code.
    pub triples: usize,
    /// How often error correction of a small code may be tried in vain, in all attempts at a picture together; a large code counts several times.
    pub decodes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            finders: 60,
            triples: 24,
            decodes: 24,
        }
    }
}

/// A code that was read, with its corners in pixels of the picture that was given.
#[derive(Debug, Clone)]
pub struct Sighted {
    /// What the code holds.
    pub content: Content,
    /// First row's start, first row's end, last row's end, last row's start.
    pub corners: [Point; 4],
    /// Whether the code is light on dark.
    pub inverted: bool,
}

/// What earlier attempts at a picture have led to.
#[derive(Debug, Default)]
pub struct Progress {
    /// The codes that were read so far.
    pub found: Vec<Sighted>,
    /// Finders' centres, in pixels of the picture, of what looks like a code but cannot be decoded.
    given_up: Vec<[Point; 3]>,
    /// Times that error correction was tried in vain.
    in_vain: usize,
}

/// The attempts for a picture of this long side, the likeliest first.
///
/// A picture without a code pays for every attempt, so each of them has to read something that the others do not: the first reads 95 % of what all read.
pub fn plan(long_side: usize) -> Vec<Attempt> {
    let of = |scale, threshold| Attempt { scale, threshold };
    let (mean, middle) = (Threshold::Mean, Threshold::Middle);
    let mut plan = vec![of(Scale::Full, mean), of(Scale::Half, mean)];
    match long_side {
        // Modules may be under two pixels in all of a small picture.
        0..=400 => plan.extend([of(Scale::Full, middle), of(Scale::Double, mean)]),
        401..=800 => plan.extend([of(Scale::Quarter, mean), of(Scale::Full, middle)]),
        _ => plan.extend([of(Scale::Quarter, mean), of(Scale::Half, middle)]),
    }
    plan
}

/// Looks for codes in one way and adds those that are new; answers whether finders are left that belong to no code.
pub fn try_one(pyramid: &mut Pyramid<'_>, attempt: Attempt, budget: &Budget, progress: &mut Progress) -> bool {
    let Progress {
        found,
        given_up,
        in_vain,
    } = progress;
    pyramid.prepare(attempt.scale);
    pyramid.prepare(Scale::Quarter);
    let picture = pyramid.at(attempt.scale);
    let bitmap = binarize(picture, attempt.threshold);
    // The core of a finder of modules over a pixel and a third is crossed by two rows of every other one.
    let step = if picture.height() > 250 { 2 } else { 1 };
    let search = Search {
        step,
        keep: budget.finders,
        examine: 4000,
    };
    let mut finders = finders::find(&bitmap, &search);
    let factor = attempt.scale.pixels();
    for f in &mut finders {
        f.centre = f.centre * factor;
        f.across *= factor;
        f.down *= factor;
    }
    finders.retain(|f| !found.iter().any(|s| inside(f.centre, &s.corners)));
    let ranked = triples::rank(&finders, RANKED);
    let mut used = vec![false; finders.len()];
    let (mut decodes, mut triples) = (budget.decodes.saturating_sub(*in_vain), budget.triples);
    for triple in &ranked {
        if decodes == 0 || triples == 0 {
            break;
        }
        if triple.members().iter().any(|&i| used[i]) {
            continue;
        }
        let chosen = triple.members().map(|i| finders[i]);
        if given_up.iter().any(|g| same_place(g, &chosen)) {
            continue;
        }
        let before = decodes;
        if let Some(sighted) = follow(pyramid, &chosen, &mut decodes) {
            for (mark, f) in used.iter_mut().zip(&finders) {
                *mark |= inside(f.centre, &sighted.corners);
            }
            for i in triple.members() {
                used[i] = true;
            }
            add(found, sighted);
            decodes = before;
        } else {
            triples -= 1;
            *in_vain += before - decodes;
            if decodes < before {
                given_up.push(chosen.map(|f| f.centre));
            }
        }
    }
    used.iter().filter(|&&used| !used).count() >= 3
}

/// Locates, samples and decodes the code of three finders.
///
/// Large modules are sampled on a smaller copy, which is faster and has less noise. What the copy shows but does not read is blurred, and
/// is sampled on the next larger one.
fn follow(pyramid: &Pyramid<'_>, finders: &[Finder; 3], decodes: &mut usize) -> Option<Sighted> {
    let module = finders.iter().map(Finder::module).fold(f32::MAX, f32::min);
    let scales: &[Scale] = if module > 10.0 {
        &[Scale::Quarter, Scale::Half]
    } else if module > 4.0 {
        &[Scale::Half, Scale::Full]
    } else {
        &[Scale::Full]
    };
    for &scale in scales {
        let before = *decodes;
        let sighted = follow_at(pyramid, scale, finders, decodes);
        if sighted.is_some() || *decodes == before {
            return sighted;
        }
    }
    None
}

fn follow_at(pyramid: &Pyramid<'_>, scale: Scale, finders: &[Finder; 3], decodes: &mut usize) -> Option<Sighted> {
    let factor = 1.0 / scale.pixels();
    let inverted = finders[0].inverted;
    let shade = Shade::new(pyramid.at(scale), inverted);
    let scaled = finders.map(|f| Finder {
        centre: f.centre * factor,
        across: f.across * factor,
        down: f.down * factor,
        ..f
    });
    for location in locate::locate(&shade, &scaled) {
        if let Some((content, mesh)) = read(&shade, &location, decodes) {
            let side = f32::from(content.version) * 4.0 + 17.0;
            let corners =
                [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| mesh.map(Point::new(x, y)) * scale.pixels());
            return Some(Sighted {
                content,
                corners,
                inverted,
            });
        }
    }
    None
}

/// Samples a located code and tries to decode it: as it is mapped, then settled module by module, then sharpened.
fn read(shade: &Shade<'_>, location: &Location, decodes: &mut usize) -> Option<(Content, Mesh)> {
    let flat = Mesh::bent(shade, location.map, location.version);
    let first = Modules::read(shade, |place| flat.map(place), location.version).judge(Judge::Neighbourhood);
    let formatted = first.format().is_some();
    if formatted {
        spend(decodes, location.version)?;
        if let Some(content) = decode::decode(first) {
            return Some((content, flat));
        }
    }
    // Settling costs as much as all before it: only what shows format information, or all but that, is worth it.
    if location.agreement < if formatted { 0.8 } else { 0.9 } {
        return None;
    }
    let settled = flat.settled(shade, location.version, location.module);
    let modules = Modules::read(shade, |place| settled.map(place), location.version);
    for judge in [Judge::Neighbourhood, Judge::Sharpened] {
        spend(decodes, location.version)?;
        if let Some(content) = decode::decode(modules.judge(judge)) {
            return Some((content, settled));
        }
    }
    None
}

/// Takes the price of one decoding from the budget; `None` when nothing is left. A code of version 40 costs 17 times one of version 1.
fn spend(decodes: &mut usize, version: usize) -> Option<()> {
    if *decodes == 0 {
        return None;
    }
    let side = patterns::side(version);
    *decodes = decodes.saturating_sub(1 + side * side / 2000);
    Some(())
}

/// Whether a place lies in a code.
fn inside(p: Point, corners: &[Point; 4]) -> bool {
    let sides = [0, 1, 2, 3].map(|i: usize| (corners[(i + 1) % 4] - corners[i]).cross(p - corners[i]));
    sides.iter().all(|&s| s > 0.0) || sides.iter().all(|&s| s < 0.0)
}

/// Whether three finders are those of a code that could not be decoded, seen again.
fn same_place(earlier: &[Point; 3], finders: &[Finder; 3]) -> bool {
    earlier
        .iter()
        .zip(finders)
        .all(|(p, f)| p.distance(f.centre) < f.module() * 0.7)
}

/// Adds a code. Of two that cover each other the larger stays: a small code printed within a large one is a decoration of it.
fn add(found: &mut Vec<Sighted>, sighted: Sighted) {
    let size = |s: &Sighted| (s.corners[2] - s.corners[0]).length();
    match found.iter_mut().find(|s| overlap(s, &sighted)) {
        Some(known) if size(known) < size(&sighted) * 0.8 => *known = sighted,
        Some(_) => {}
        None => found.push(sighted),
    }
}

/// Whether two sightings are of one code: the same content at the same place.
fn overlap(a: &Sighted, b: &Sighted) -> bool {
    let middle = |s: &Sighted| s.corners.iter().fold(Point::default(), |sum, &c| sum + c * 0.25);
    inside(middle(a), &b.corners) || inside(middle(b), &a.corners)
}
