//! Plain `rqrr`, detector and all, as the peer. It can panic and hang on real pictures, so each picture has a thread with a limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpu_time::ThreadTime;
use techo_core::scan::{self, Luminance};

use super::manifest::Entry;

/// CPU time from which on a picture is left out of the mean, in ms.
const LEFT_OUT_MS: f64 = 1000.0;
/// Time by the clock after which a picture is given up; its thread ends with the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `rqrr` made of a picture.
pub struct Outcome {
    /// Whether one text is right.
    pub read: bool,
    /// CPU time; none after a panic, a hang or a second.
    pub ms: Option<f64>,
}

/// Gives a picture to `rqrr`.
pub fn look(picture: &Luminance<'_>, entry: &Entry) -> Outcome {
    let nothing = Outcome { read: false, ms: None };
    let (width, height, bytes) = copy(picture);
    let (sender, receiver) = mpsc::channel();
    // A panic of the thread drops the sender, which ends the wait.
    thread::spawn(move || sender.send(detect(width, height, &bytes)));
    let Ok((contents, ms)) = receiver.recv_timeout(PATIENCE) else {
        return nothing;
    };
    if ms > LEFT_OUT_MS {
        return nothing;
    }
    Outcome {
        read: entry.counts() && contents.iter().any(|c| entry.expects(&scan::text_of(c), c)),
        ms: Some(ms),
    }
}

/// CPU time for a picture that is known to do `rqrr` no harm, in ms.
pub fn time(picture: &Luminance<'_>) -> f64 {
    let (width, height, bytes) = copy(picture);
    detect(width, height, &bytes).1
}

fn copy(picture: &Luminance<'_>) -> (usize, usize, Vec<u8>) {
    let bytes = (0..picture.height()).flat_map(|y| picture.row(y).iter().copied()).collect();
    (picture.width(), picture.height(), bytes)
}

/// All that `rqrr` detects and decodes, in bytes: its own `decode` would refuse what is not UTF-8.
fn detect(width: usize, height: usize, bytes: &[u8]) -> (Vec<Vec<u8>>, f64) {
    let start = ThreadTime::now();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| bytes[y * width + x]);
    let contents = prepared
        .detect_grids()
        .iter()
        .filter_map(|grid| {
            let mut content = Vec::new();
            grid.decode_to(&mut content).ok().map(|_| content)
        })
        .collect();
    (contents, start.elapsed().as_secs_f64() * 1000.0)
}
