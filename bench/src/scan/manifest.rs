//! The list of pictures and of what they hold.

use std::path::Path;

use serde_json::Value;

/// One picture.
pub struct Entry {
    /// Path below the folder of the manifest.
    pub file: String,
    /// Whether it shows no code.
    pub negative: bool,
    /// Whether its code is a QR code, and no Micro QR or rMQR code.
    pub supported: bool,
    texts: Vec<String>,
}

impl Entry {
    /// Whether it counts as a picture with a code.
    pub fn counts(&self) -> bool {
        self.supported && !self.negative
    }

    /// Whether it is known what it holds.
    pub fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Whether this is what one of its codes holds; `hex:` stands for bytes that are no text.
    pub fn expects(&self, text: &str, bytes: &[u8]) -> bool {
        self.texts.iter().any(|expected| {
            expected == text
                || expected
                    .strip_prefix("hex:")
                    .is_some_and(|digits| digits == hex::encode(bytes))
        })
    }
}

/// Reads `manifest.json` of a folder.
pub fn read(dir: &Path) -> Result<Vec<Entry>, String> {
    let bytes = std::fs::read(dir.join("manifest.json")).map_err(|e| format!("manifest.json: {e}"))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| format!("manifest.json: {e}"))?;
    let list = value.as_array().ok_or("manifest.json: no list")?;
    list.iter().map(entry).collect()
}

fn entry(value: &Value) -> Result<Entry, String> {
    let file = value["file"].as_str().ok_or("manifest.json: a picture without a file")?;
    let flag = |name: &str, otherwise: bool| value[name].as_bool().unwrap_or(otherwise);
    let texts = value["texts"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Entry {
        file: file.to_owned(),
        negative: flag("negative", false),
        supported: flag("supported_by_qr", true),
        texts: texts.iter().filter_map(|t| t.as_str().map(str::to_owned)).collect(),
    })
}
