//! The vaccines that Techo has rules for, in the codes of the world's certificates. Other vaccines keep their code.

/// A vaccine by its code in the EU's register of medicinal products.
pub(super) fn of_eu(code: &str) -> String {
    let name = match code {
        "EU/1/20/1528" => "pfizer",
        "EU/1/20/1507" => "moderna",
        // Covishield is AstraZeneca's, made in India under licence.
        "EU/1/21/1529" | "Covishield" | "AZD2816" => "astrazeneca",
        "EU/1/21/1618" | "NVX-CoV2373" | "Covovax" => "novavax",
        other => other,
    };
    name.to_owned()
}

/// A vaccine by its CVX code (CDC's list of codes of vaccines); `None` for one against something else than COVID-19.
pub(super) fn of_cvx(code: &str) -> Option<String> {
    let name = match code {
        "208" | "217" | "218" | "219" | "300" | "301" | "302" | "308" | "309" | "310" | "520" => "pfizer",
        "207" | "221" | "227" | "228" | "229" | "230" | "311" | "312" | "519" => "moderna",
        "210" => "astrazeneca",
        "211" | "313" => "novavax",
        // Others, among them 213, "unspecified", and 5xx, those of other countries.
        "212" | "213" | "225" | "226" => code,
        other if other.len() == 3 && other.starts_with('5') => other,
        _ => return None,
    };
    Some(name.to_owned())
}

/// A vaccine by its code in ICD-11's extension for vaccines, or else by its brand; the brand where neither is known.
pub(super) fn of_icao(code: Option<&str>, brand: Option<&str>) -> Option<String> {
    let by_code = match code {
        Some("XM8NQ0") => Some("pfizer"),
        Some("XM3DT5") => Some("moderna"),
        Some("XM4YL8" | "XM97T2") => Some("astrazeneca"),
        Some("XM9T65") => Some("novavax"),
        _ => None,
    };
    let lower = brand.unwrap_or_default().to_lowercase();
    let by_brand = || {
        let names = [
            ("pfizer", &["comirnaty", "pfizer", "biontech"][..]),
            ("moderna", &["spikevax", "moderna"]),
            ("astrazeneca", &["vaxzevria", "astrazeneca", "covishield"]),
            ("novavax", &["nuvaxovid", "novavax"]),
        ];
        names
            .into_iter()
            .find(|(_, brands)| brands.iter().any(|brand| lower.contains(brand)))
            .map(|(name, _)| name)
    };
    by_code
        .or_else(by_brand)
        .or(brand.filter(|brand| !brand.is_empty()))
        .or(code)
        .map(str::to_owned)
}
