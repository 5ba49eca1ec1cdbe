//! The error correction level of a code.

/// How much damage a code survives (ISO/IEC 18004:2015, section 6.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// About 7 % of the codewords can be restored.
    L,
    /// About 15 % of the codewords can be restored.
    M,
    /// About 25 % of the codewords can be restored.
    Q,
    /// About 30 % of the codewords can be restored.
    H,
}

impl Level {
    /// The letter that names the level in the standard.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::M => "M",
            Self::Q => "Q",
            Self::H => "H",
        }
    }

    /// From the first two bits of the format information.
    pub(super) const fn from_format(bits: u16) -> Self {
        match bits & 3 {
            0 => Self::M,
            1 => Self::L,
            2 => Self::H,
            _ => Self::Q,
        }
    }
}
