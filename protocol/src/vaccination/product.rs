//! The vaccines that doses are recorded of.

use serde::{Deserialize, Serialize};

use crate::basics::folding::searchable;

/// A vaccine by its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Comirnaty, by Pfizer and BioNTech.
    Pfizer,
    /// Spikevax, in Japan sold by Takeda.
    Moderna,
    /// Vaxzevria, by AstraZeneca and Oxford University.
    AstraZeneca,
    /// Nuvaxovid, in Japan made by Takeda.
    Novavax,
}

crate::coded_errors! {
    /// A product that nobody records.
    pub enum ProductError {
        /// The text names none of the four vaccines.
        Unknown = "product.unknown", "There is no such product.", "Give pfizer, moderna, astrazeneca or novavax.";
    }
}

impl Product {
    /// Every product, in the order of the numbers.
    pub const ALL: [Self; 4] = [Self::Pfizer, Self::Moderna, Self::AstraZeneca, Self::Novavax];

    /// The name on the command line, in JSON and in lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pfizer => "pfizer",
            Self::Moderna => "moderna",
            Self::AstraZeneca => "astrazeneca",
            Self::Novavax => "novavax",
        }
    }

    /// The maker as Japan's vaccination record system writes it. The first three are its presets ("接種記録データの確認方法", Cabinet Secretariat,
    /// 2021); Novavax came later and is written in their manner.
    pub fn maker_in_japanese(self) -> &'static str {
        match self {
            Self::Pfizer => "ファイザー",
            Self::Moderna => "武田/モデルナ",
            Self::AstraZeneca => "アストラゼネカ",
            Self::Novavax => "武田/ノババックス",
        }
    }

    /// The maker without the company that sells the vaccine in Japan, and the vaccine's own name, as they are searched for.
    fn other_names(self) -> [&'static str; 4] {
        match self {
            Self::Pfizer => ["コミナティ", "comirnaty", "ファイザー社", "ファイザ-"],
            Self::Moderna => ["モデルナ", "スパイクバックス", "spikevax", "武田モデルナ"],
            Self::AstraZeneca => ["バキスゼブリア", "vaxzevria", "アストラゼネカ社", "アストラ・ゼネカ"],
            Self::Novavax => ["ノババックス", "ヌバキソビッド", "nuvaxovid", "武田ノババックス"],
        }
    }

    /// Reads a name of ours, the Japanese name of the maker, or the vaccine's own name, in any case and width.
    ///
    /// ```
    /// use techo_protocol::vaccination::product::{Product, ProductError};
    /// assert_eq!(Product::read("Pfizer"), Ok(Product::Pfizer));
    /// assert_eq!(Product::read("武田／モデルナ"), Ok(Product::Moderna));
    /// assert_eq!(Product::read("ﾌｧｲｻﾞｰ"), Ok(Product::Pfizer));
    /// assert_eq!(Product::read("sputnik"), Err(ProductError::Unknown));
    /// ```
    ///
    /// # Errors
    /// [`ProductError::Unknown`].
    pub fn read(text: &str) -> Result<Self, ProductError> {
        let text = searchable(text.trim());
        let is = |product: &Self| {
            product.name() == text
                || searchable(product.maker_in_japanese()) == text
                || product.other_names().contains(&text.as_str())
        };
        Self::ALL.into_iter().find(is).ok_or(ProductError::Unknown)
    }

    /// The number in compact records, 1 to 4. Never changed.
    pub fn number(self) -> u8 {
        match self {
            Self::Pfizer => 1,
            Self::Moderna => 2,
            Self::AstraZeneca => 3,
            Self::Novavax => 4,
        }
    }

    /// The product of a number.
    pub fn of_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|product| u64::from(product.number()) == number)
    }
}

impl std::fmt::Display for Product {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_back() {
        for product in Product::ALL {
            assert_eq!(Product::read(product.name()), Ok(product));
            assert_eq!(Product::read(&product.name().to_uppercase()), Ok(product));
            assert_eq!(Product::read(product.maker_in_japanese()), Ok(product));
            assert_eq!(Product::of_number(product.number().into()), Some(product));
        }
        assert_eq!(Product::read("sputnik"), Err(ProductError::Unknown));
        assert_eq!((Product::of_number(0), Product::of_number(5)), (None, None));
    }
}
