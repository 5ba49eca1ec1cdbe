//! Reading: what a picture, a camera's frame, a file or a text is.

use super::{Device, DeviceError};
use crate::following;
use crate::recognise::{FileContent, FileKind, Recognised, RecognisedText};
use crate::scan::Luminance;
use crate::scan::camera::FrameScanner;

/// A file that was read: what it is, and what its codes or its text are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// What the file is.
    pub kind: FileKind,
    /// The texts that it holds: of a picture those of its codes, of a text file the text; none of Techo's own files.
    pub texts: Vec<RecognisedText>,
}

/// A camera's frame: its brightness alone, as the first plane of YUV has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Width of the frame in pixels.
    pub width: u32,
    /// Height of the frame in pixels.
    pub height: u32,
    /// Bytes from the beginning of one row to the beginning of the next.
    pub stride: u32,
    /// The rows, a byte a pixel.
    pub grey: Vec<u8>,
}

/// Reads codes from a camera's frames, each code once. It stands beside the device, so that a frame never waits for a sync.
///
/// ```
/// use techo_core::device::Camera;
///
/// let frame = techo_testing::frame("0000000009")?;
/// let mut camera = Camera::default();
/// assert_eq!(camera.read_frame(&frame)?, ["0000000009"]);
/// assert!(camera.read_frame(&frame)?.is_empty(), "each code once");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Camera(FrameScanner);

impl Camera {
    /// The texts of the codes in a frame that were not in an earlier one. What they are says [`Device::what_is`].
    ///
    /// ```
    /// use techo_core::device::{Camera, Frame};
    /// use techo_protocol::Coded;
    ///
    /// let cut = Frame { width: 640, height: 480, stride: 640, grey: vec![255; 1_000] };
    /// let refused = Camera::default().read_frame(&cut).unwrap_err();
    /// assert_eq!(refused.code(), "scan.frame_shape");
    /// ```
    ///
    /// # Errors
    /// [`crate::scan::ScanError::FrameShape`] where the frame has fewer bytes than it says.
    pub fn read_frame(&mut self, frame: &Frame) -> Result<Vec<String>, DeviceError> {
        let [width, height, stride] =
            [frame.width, frame.height, frame.stride].map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        let found = self.0.frame(&Luminance::new(width, height, stride, &frame.grey[..])?);
        Ok(found.into_iter().map(|code| code.text).collect())
    }

    /// Forgets which codes were read, so that the same code is read again: for the next person before the camera.
    ///
    /// ```
    /// use techo_core::device::Camera;
    ///
    /// let mut camera = Camera::default();
    /// camera.forget();
    /// ```
    pub fn forget(&mut self) {
        self.0.forget();
    }
}

impl Device {
    /// What a text is, and whether it is to be believed by whom this device follows or believes for now.
    ///
    /// ```
    /// use techo_core::device::Device;
    /// use techo_core::recognise::{SignatureState, TextKind};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let osaka = techo_testing::Authority::named("Osaka Prefecture");
    /// let poster = osaka.poster("Bar Yoru")?;
    /// assert_eq!(device.what_is(&poster)?.signature, SignatureState::UnknownAuthority);
    /// device.follow(&osaka.trust_file())?;
    /// let read = device.what_is(&poster)?;
    /// assert_eq!((read.kind, read.signature, read.name.as_deref()), (TextKind::Venue, SignatureState::Valid, Some("Bar Yoru")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be read.
    pub fn what_is(&mut self, text: &str) -> Result<RecognisedText, DeviceError> {
        let now = self.now();
        let mut lists = following::all(self.diary.vault())?;
        lists.extend_from_slice(&self.believed_for_now.lists);
        Ok(Recognised::of(text, &lists).view(text, now))
    }

    /// What a file is: a picture with codes, a text, or one of Techo's own files.
    ///
    /// ```
    /// use techo_core::device::Device;
    /// use techo_core::recognise::{FileKind, TextKind};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let picture = techo_testing::png("112714030000000009")?;
    /// let read = device.read_file(&picture)?;
    /// assert_eq!((read.kind, read.texts[0].kind), (FileKind::Picture, TextKind::Ticket));
    /// let trust_file = techo_testing::Authority::named("Osaka Prefecture").trust_file();
    /// assert_eq!(device.read_file(&trust_file)?.kind, FileKind::TrustList);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::scan::ScanError`] where it is neither a picture that can be read, nor a text, nor one of Techo's files; or the vault cannot be read.
    pub fn read_file(&mut self, file: &[u8]) -> Result<ReadFile, DeviceError> {
        let content = FileContent::of(file)?;
        let texts = content.texts();
        Ok(ReadFile {
            kind: content.kind(),
            texts: texts
                .iter()
                .map(|found| self.what_is(&found.text))
                .collect::<Result<_, _>>()?,
        })
    }
}
