//! One spelling for each wallet. The letter case of an address says who it is in some alphabets and nothing in others: there a
//! checksum may stand in it (EIP-55), or a code for cameras wants capitals (BIP-173). Who pays to the same wallet in another spelling is
//! not to begin with a clean history, nor to pass a list.
//!
//! What a wallet is, is told by its shape, not by the session's network: a list of an operator names wallets and no networks, and both
//! must give the same key.

use std::borrow::Cow;

/// The letters of bech32 by their values.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What the sum over a whole bech32 text is, and over a bech32m one.
const BECH32_SUMS: [u32; 2] = [1, 0x2bc8_30a3];
/// Letters of a bech32 checksum.
const BECH32_CHECKSUM: usize = 6;

/// Digits of an address of Ethereum and its like.
const HEXADECIMAL_DIGITS: usize = 40;

/// The wallet as it is named everywhere: hexadecimal addresses, with `0x`, and bech32 in small letters, account numbers (IBAN) in
/// capitals and without spaces and hyphens, and everything else, like base58, as it stands; what cannot be seen is left out.
pub fn one_spelling(wallet: &str) -> Cow<'_, str> {
    let seen: Cow<'_, str> = match wallet.contains(is_invisible) {
        true => wallet.replace(is_invisible, "").into(),
        false => wallet.into(),
    };
    match written(seen.trim()) {
        Some(one) => one.into(),
        None => match seen {
            Cow::Borrowed(seen) => seen.trim().into(),
            Cow::Owned(seen) => seen.trim().to_owned().into(),
        },
    }
}

/// Characters without a width: no wallet has them, and nobody would see that a copy does.
fn is_invisible(one: char) -> bool {
    let joins_and_marks = '\u{200b}'..='\u{200f}';
    let directions = '\u{202a}'..='\u{202e}';
    let others = '\u{2060}'..='\u{206f}';
    matches!(one, '\u{ad}' | '\u{180e}' | '\u{feff}')
        || [joins_and_marks, directions, others].iter().any(|range| range.contains(&one))
}

/// How a wallet is written of which there are several spellings.
fn written(wallet: &str) -> Option<String> {
    if let Some(digits) = hexadecimal(wallet) {
        return Some(format!("0x{}", digits.to_ascii_lowercase()));
    }
    if is_capital_bech32(wallet) { Some(wallet.to_ascii_lowercase()) } else { iban(wallet) }
}

/// The digits after `0x`, since base58 has no zero; without it only as many as an address has.
fn hexadecimal(wallet: &str) -> Option<&str> {
    let marked = wallet.strip_prefix("0x").or_else(|| wallet.strip_prefix("0X"));
    let digits = marked.or_else(|| Some(wallet).filter(|digits| digits.len() == HEXADECIMAL_DIGITS))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then_some(digits)
}

/// Bech32 or bech32m in capitals, with a checksum that holds. In small letters it stands as it should, and mixed it is none.
fn is_capital_bech32(wallet: &str) -> bool {
    let is_capital = wallet.is_ascii() && !wallet.bytes().any(|letter| letter.is_ascii_lowercase());
    let Some((prefix, data)) = wallet.rsplit_once('1').filter(|_| is_capital) else { return false };
    let value = |letter: u8| BECH32.iter().position(|known| *known == letter.to_ascii_lowercase());
    let Some(values) = data.bytes().map(value).collect::<Option<Vec<usize>>>() else { return false };
    let letters = || prefix.bytes().map(|letter| u32::from(letter.to_ascii_lowercase()));
    let prefix_values = letters().map(|letter| letter >> 5).chain([0]).chain(letters().map(|letter| letter & 31));
    let sum = bech32_sum(prefix_values.chain(values.iter().map(|value| *value as u32)));
    !prefix.is_empty() && values.len() >= BECH32_CHECKSUM && BECH32_SUMS.contains(&sum)
}

/// The checksum of BIP-173: what is left of the values as a polynomial.
fn bech32_sum(values: impl Iterator<Item = u32>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let carried = GENERATOR.iter().enumerate().filter(|(bit, _)| (sum >> (25 + bit)) & 1 == 1);
        carried.fold(((sum & 0x01ff_ffff) << 5) ^ value, |sum, (_, part)| sum ^ part)
    })
}

/// An account number in capitals without its spaces and hyphens, of whichever kind, if that is what stands there: two letters, a
/// checksum that holds. Letters of both cases side by side are none.
fn iban(text: &str) -> Option<String> {
    let is_mixed = text.bytes().any(|one| one.is_ascii_lowercase()) && text.bytes().any(|one| one.is_ascii_uppercase());
    let number: String = text.chars().filter(|one| !is_gap(*one)).map(|one| one.to_ascii_uppercase()).collect();
    let is_number = (15..=34).contains(&number.len()) && number.bytes().all(|one| one.is_ascii_alphanumeric());
    if is_mixed || !is_number {
        return None;
    }
    let (head, account) = number.split_at(4);
    let (country, check) = head.split_at(2);
    let is_head = country.bytes().all(|one| one.is_ascii_uppercase()) && check.bytes().all(|one| one.is_ascii_digit());
    let rest = account.chars().chain(head.chars()).filter_map(|one| one.to_digit(36)).fold(0, |rest, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        (rest * shift + digit) % 97
    });
    (is_head && rest == 1).then_some(number)
}

/// Spaces, broken or not, and hyphens.
fn is_gap(one: char) -> bool {
    one.is_whitespace() || one == '-' || ('\u{2010}'..='\u{2015}').contains(&one) || one == '\u{2212}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spellings: &[&str], expect: &str) {
        for spelling in spellings.iter().chain([&expect]) {
            assert_eq!(one_spelling(spelling), expect, "{spelling}");
        }
    }

    fn as_it_stands(wallets: &[&str]) {
        for wallet in wallets {
            assert_eq!(one_spelling(wallet), *wallet);
        }
    }

    /// The addresses of EIP-55: capitals are a checksum there.
    #[test]
    fn hexadecimal_addresses_are_the_same_in_any_case() {
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let capital = address.to_ascii_uppercase();
            let spaced = format!(" {address}\n");
            let hidden = format!("\u{feff}{}\u{200b}{}\u{a0}", &address[..9], &address[9..]);
            check(&[address, &capital, &spaced, &hidden, &address[2..]], &address.to_ascii_lowercase());
        }
        as_it_stands(&["0x", "0xNoAddress", "0X", "de709f2102306220921060314715629080E2fb7", "0xde70 9f21"]);
    }

    /// The valid texts of BIP-173 and BIP-350, and those that are none.
    #[test]
    fn bech32_is_the_same_in_capitals() {
        for address in [
            "a12uel5l",
            "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
            "?1ezyfcl",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
            "a1lqfn3a",
            "bc1sw50qgdz25j",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            check(&[&address.to_ascii_uppercase()], address);
        }
        as_it_stands(&[
            "A1G7SGD8",
            "10A06T8",
            "1QZZFHEE",
            "PZRY9X0S0MUK",
            "X1B4N0Q5V",
            "LI1DGMT3",
            "ACCT1234567",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T5",
            "bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        ]);
    }

    #[test]
    fn account_numbers_are_the_same_with_spaces_and_in_small_letters() {
        check(&["DE89 3704 0044 0532 0130 00", "de89370400440532013000"], "DE89370400440532013000");
        check(&["gb82 west 1234 5698 7654 32"], "GB82WEST12345698765432");
        let others = ["DE89-3704-0044-0532-0130-00", "DE89\u{a0}3704\u{202f}0044\u{2011}0532\u{200b}013000"];
        check(&others, "DE89370400440532013000");
        as_it_stands(&["de88370400440532013000", "DE89 3704 0044 0532 0130 01", "De89370400440532013000", "DE89é"]);
    }

    /// Bitcoin of old, Tron, Solana, Ripple.
    #[test]
    fn base58_stays_as_it_stands() {
        check(&["\u{200b}TR7NHqjeKQxGTCi8q8ZY4pL6ot\u{2060}SzgjLj6t "], "TR7NHqjeKQxGTCi8q8ZY4pL6otSzgjLj6t");
        as_it_stands(&[
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "TR7NHqjeKQxGTCi8q8ZY4pL6otSzgjLj6t",
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            "rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn",
            "",
        ]);
    }
}
