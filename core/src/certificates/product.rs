//! The vaccines that Techo has rules for, in the codes of the world's certificates.

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
