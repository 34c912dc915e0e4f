//! ISO 4217 currencies with their minor units.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency that `text` names in either case; `None` unless ISO 4217 lists it.
    pub fn parse(text: &str) -> Option<Currency> {
        let upper = text.to_ascii_uppercase();
        let code: [u8; 3] = upper.as_bytes().try_into().ok()?;
        let known = [WITHOUT_MINOR_UNIT, TWO_DECIMALS, THREE_DECIMALS]
            .iter()
            .any(|list| list.split(' ').any(|listed| listed == upper));
        known.then_some(Currency(code))
    }

    /// The code, in upper case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimals of the minor unit.
    pub fn decimals(&self) -> u32 {
        if lists(WITHOUT_MINOR_UNIT, self.code()) {
            0
        } else if lists(THREE_DECIMALS, self.code()) {
            3
        } else {
            2
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

fn lists(list: &str, code: &str) -> bool {
    list.as_bytes().chunks(4).any(|entry| &entry[..3] == code.as_bytes())
}

// ISO 4217, list one: active codes of currencies in use, funds and metals left out.
const WITHOUT_MINOR_UNIT: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF \
    CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS \
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD \
    NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP \
    SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_either_case_and_know_their_minor_unit() {
        for (text, code, decimals) in [("eur", "EUR", 2), ("JPY", "JPY", 0), ("kwd", "KWD", 3), ("ZWG", "ZWG", 2)] {
            let currency = Currency::parse(text).unwrap();
            assert_eq!((currency.code(), currency.decimals()), (code, decimals));
        }
        for text in ["", "EU", "EURO", "XXX", "A A", "R U", "éa"] {
            assert_eq!(Currency::parse(text), None, "{text}");
        }
    }
}
