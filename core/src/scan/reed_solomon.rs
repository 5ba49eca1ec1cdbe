//! Reed-Solomon correction over GF(256) as QR codes use it (ISO/IEC 18004:2015, section 7.5.2 and Annex B).

/// The field's powers of 2 and their logarithms, modulo x^8 + x^4 + x^3 + x^2 + 1.
#[allow(clippy::cast_possible_truncation, reason = "reduced to under 256")]
const TABLES: ([u8; 255], [u8; 256]) = {
    let mut powers = [0; 255];
    let mut logs = [0; 256];
    let mut value: u16 = 1;
    let mut i: u8 = 0;
    while i < 255 {
        powers[i as usize] = value as u8;
        logs[value as usize] = i;
        value <<= 1;
        if value > 255 {
            value ^= 0x11D;
        }
        i += 1;
    }
    (powers, logs)
};

fn power(exponent: usize) -> u8 {
    TABLES.0[exponent % 255]
}

fn log(value: u8) -> usize {
    usize::from(TABLES.1[usize::from(value)])
}

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 { 0 } else { power(log(a) + log(b)) }
}

/// `b` must not be 0.
fn divide(a: u8, b: u8) -> u8 {
    if a == 0 { 0 } else { power(log(a) + 255 - log(b)) }
}

/// The value of a polynomial, lowest coefficient first.
fn evaluate(polynomial: &[u8], x: u8) -> u8 {
    polynomial.iter().rev().fold(0, |sum, &c| multiply(sum, x) ^ c)
}

/// Corrects a block of data and `parity` check codewords in place; `None` when it is too damaged.
pub fn correct(block: &mut [u8], parity: usize) -> Option<()> {
    if block.len() > 255 || parity >= block.len() {
        return None;
    }
    let syndromes = syndromes(block, parity);
    if syndromes.iter().all(|&s| s == 0) {
        return Some(());
    }
    let locator = locator(&syndromes);
    let errors = locator.len() - 1;
    if errors * 2 > parity {
        return None;
    }
    // Forney's algorithm: the error's value is the evaluator over the locator's formal derivative.
    let evaluator: Vec<u8> = (0..parity)
        .map(|n| (0..=n.min(errors)).fold(0, |sum, i| sum ^ multiply(locator[i], syndromes[n - i])))
        .collect();
    let mut found = 0;
    for position in 0..block.len() {
        let inverse = power(255 - position);
        if evaluate(&locator, inverse) != 0 {
            continue;
        }
        let slope = (1..=errors)
            .step_by(2)
            .fold(0, |sum, i| sum ^ multiply(locator[i], power((255 - position) * (i - 1))));
        if slope == 0 {
            return None;
        }
        let value = divide(multiply(evaluate(&evaluator, inverse), power(position)), slope);
        let at = block.len() - 1 - position;
        block[at] ^= value;
        found += 1;
    }
    (found == errors && self::syndromes(block, parity).iter().all(|&s| s == 0)).then_some(())
}

fn syndromes(block: &[u8], parity: usize) -> Vec<u8> {
    (0..parity)
        .map(|i| block.iter().fold(0, |sum, &c| multiply(sum, power(i)) ^ c))
        .collect()
}

/// The error locator polynomial (Berlekamp and Massey), lowest coefficient first, without leading zeros.
fn locator(syndromes: &[u8]) -> Vec<u8> {
    let size = syndromes.len() + 1;
    let (mut current, mut previous) = (vec![0_u8; size], vec![0_u8; size]);
    current[0] = 1;
    previous[0] = 1;
    let (mut length, mut shift, mut last) = (0_usize, 1_usize, 1_u8);
    for n in 0..syndromes.len() {
        let discrepancy = (1..=length).fold(syndromes[n], |sum, i| sum ^ multiply(current[i], syndromes[n - i]));
        if discrepancy == 0 {
            shift += 1;
            continue;
        }
        let factor = divide(discrepancy, last);
        let before = current.clone();
        for i in shift..size {
            current[i] ^= multiply(factor, previous[i - shift]);
        }
        if 2 * length <= n {
            length = n + 1 - length;
            previous = before;
            last = discrepancy;
            shift = 1;
        } else {
            shift += 1;
        }
    }
    current.truncate(length + 1);
    current
}

#[cfg(test)]
mod tests;
