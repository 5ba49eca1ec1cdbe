//! A stream of frames: the attempts at a picture spread over frames, and each code reported once.

use super::attempts::{self, Budget, Progress};
use super::luminance::Luminance;
use super::pyramid::Pyramid;
use super::{Found, distinct, scale_of};

/// Codes remembered as reported; a person shows no more in one sitting.
const REMEMBERED: usize = 64;

/// Reads codes from the frames of a camera, each frame at the price of one attempt.
///
/// Every other frame is tried in the likeliest way, the frames between in the other ways by turns.
#[derive(Debug, Clone)]
pub struct FrameScanner {
    long_side: usize,
    budget: Budget,
    frames: usize,
    reported: Vec<Vec<u8>>,
}

impl Default for FrameScanner {
    fn default() -> Self {
        // Half the work of a still picture: the next frame comes in a thirtieth of a second.
        Self::new(
            1280,
            Budget {
                finders: 24,
                triples: 12,
                decodes: 6,
            },
        )
    }
}

impl FrameScanner {
    /// Makes frames with a side over `long_side` pixels smaller, and spends at most `budget` on each.
    pub fn new(long_side: usize, budget: Budget) -> Self {
        Self {
            long_side,
            budget,
            frames: 0,
            reported: Vec::new(),
        }
    }

    /// Looks at one frame; answers the codes that were not reported before.
    ///
    /// ```
    /// use techo_core::scan::camera::FrameScanner;
    ///
    /// let frame = techo_testing::picture("0000000009")?;
    /// let mut scanner = FrameScanner::default();
    /// let found: Vec<String> = (0..8).flat_map(|_| scanner.frame(&frame)).map(|found| found.text).collect();
    /// assert_eq!(found, ["0000000009"], "the same code is reported once");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn frame(&mut self, frame: &Luminance<'_>) -> Vec<Found> {
        let fitted = frame.fit(self.long_side);
        let factor = scale_of(frame, &fitted);
        let mut pyramid = Pyramid::new(fitted);
        let plan = attempts::plan(pyramid.long_side());
        let others = plan.len() - 1;
        let turn = if self.frames.is_multiple_of(2) || others == 0 {
            0
        } else {
            1 + self.frames / 2 % others
        };
        self.frames = self.frames.wrapping_add(1);
        let mut progress = Progress::default();
        attempts::try_one(&mut pyramid, plan[turn], &self.budget, &mut progress);
        let mut found = distinct(progress.found, factor);
        found.retain(|f| !self.reported.contains(&f.bytes));
        for f in &found {
            if self.reported.len() >= REMEMBERED {
                self.reported.remove(0);
            }
            self.reported.push(f.bytes.clone());
        }
        found
    }

    /// Forgets what was reported, so that the same code is reported again.
    ///
    /// ```
    /// use techo_core::scan::camera::FrameScanner;
    ///
    /// let frame = techo_testing::picture("0000000009")?;
    /// let mut scanner = FrameScanner::default();
    /// assert_eq!(scanner.frame(&frame).len(), 1);
    /// scanner.forget();
    /// let again: usize = (0..8).map(|_| scanner.frame(&frame).len()).sum();
    /// assert_eq!(again, 1, "it is reported once more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget(&mut self) {
        self.reported.clear();
    }
}

#[cfg(test)]
mod tests;
