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

/// A vaccine by its CVX code (CDC's list of codes of vaccines); `None` for one that is known to be against something else than COVID-19. A code that
/// is not known stays as it is: new vaccines come, and an old program must not lose their doses.
pub(super) fn of_cvx(code: &str) -> Option<String> {
    let name = match code {
        "208" | "217" | "218" | "219" | "300" | "301" | "302" | "308" | "309" | "310" | "520" => "pfizer",
        "207" | "221" | "227" | "228" | "229" | "230" | "311" | "312" | "334" | "519" => "moderna",
        "210" => "astrazeneca",
        "211" | "313" => "novavax",
        other if is_against_other(other) => return None,
        other => other,
    };
    Some(name.to_owned())
}

/// Whether a CVX code is of a vaccine against another disease than COVID-19, by the antigens of the CDC's CDSi supporting data 4.64. COVID-19's codes
/// begin at 207.
fn is_against_other(code: &str) -> bool {
    let Ok(number) = code.parse::<u16>() else { return false };
    matches!(
        number,
        1..=206 | 214..=216 | 220 | 222..=224 | 231 | 303..=307 | 314..=317 | 320 | 324..=333
    )
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
