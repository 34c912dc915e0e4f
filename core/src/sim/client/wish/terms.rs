//! What a wish says, from the numbers of its choice.

use super::*;

pub fn endpoint_change(choice: Choice) -> EndpointChange {
    match choice.what % 8 {
        0 | 1 => EndpointChange::Pause,
        2 | 3 => EndpointChange::Resume,
        4 => EndpointChange::AddSecret(vec![choice.what]),
        5 | 6 => EndpointChange::ActivateSecret(Millis::seconds(u64::from(choice.key) * 60)),
        _ => EndpointChange::DropSecret,
    }
}

pub fn confirm(choice: Choice) -> Confirm {
    let method = [None, None, Some("card"), Some("sepa"), Some("cash")][choice.what as usize % 5];
    let side = [None, None, None, Some(Side::OnRamp), Some(Side::OffRamp)][choice.key as usize % 5];
    let token = [None, None, None, Some("USDC"), Some("BTC")][choice.which as usize % 5];
    Confirm {
        payment_method: method.map(str::to_owned),
        side,
        asset: token.map(asset),
        device: device(choice.what),
        address: address(choice),
    }
}

/// Three networks in two countries; nobody's browser asked for some.
pub fn address(choice: Choice) -> Option<Address> {
    let country = [None, Some(Country(*b"DE")), Some(Country(*b"US"))][choice.key as usize / 8 % 3];
    (!choice.what.is_multiple_of(5)).then_some(Address { network: [choice.which % 3; 16], country })
}

pub fn device(what: u8) -> Option<Device> {
    let fingerprint = Some([what % 7; 16]);
    (!what.is_multiple_of(3)).then(|| Device { fingerprint, language: Some("de-DE".to_owned()), ..Device::default() })
}

pub fn session_terms(choice: Choice) -> SessionTerms {
    let flow = [None, Some(Flow::OnRamp), Some(Flow::OffRamp)][choice.key as usize / 4 % 3];
    let flow = if choice.key >= 240 { Some(Flow::Swap) } else { flow };
    let token = match choice.what % 16 {
        0..6 => None,
        6..13 => Some("USDC"),
        13 | 14 => Some("BTC"),
        _ => Some("DOGE"),
    };
    let wallet = ["0xabc", "0xABC", "0xdef"].get(choice.which as usize % 4);
    let user = ["ann", "ann", "bob", "eve"].get(choice.key as usize % 5);
    SessionTerms {
        amount: amount(FIAT[(choice.what / 4) as usize % 16]),
        currency: currency(if choice.what < 200 { "EUR" } else { "USD" }),
        flow,
        target_token: token.map(asset),
        target_network: None,
        wallet_address: wallet.map(|wallet| (*wallet).to_owned()),
        user_reference: user.map(|user| (*user).to_owned()),
        quote_preview_id: None,
        return_url: "https://partner.example/done".to_owned(),
        cancel_url: None,
        metadata: vec![("order".to_owned(), choice.what.to_string())],
        kyc_package: kyc_package(choice.what),
    }
}

/// With one session in four comes a package, of which every third is rejected.
pub fn kyc_package(what: u8) -> Option<KycPackage> {
    let verdict = if what.is_multiple_of(12) { PackageVerdict::Rejected } else { PackageVerdict::Accepted };
    what.is_multiple_of(4).then_some(KycPackage { hash: [what; 32], verdict })
}

/// A lock of anything.
pub fn any_lock(choice: Choice) -> LockQuote {
    let side = if choice.key / 4 % 3 == 2 { Side::OffRamp } else { Side::OnRamp };
    let given = match side {
        Side::OnRamp => FIAT[choice.what as usize % 16],
        Side::OffRamp => CRYPTO[choice.what as usize % 8],
    };
    let given = if choice.which == 23 { "1.1234567" } else { given };
    LockQuote {
        side,
        currency: currency(if choice.what < 200 { "EUR" } else { "USD" }),
        asset: asset(["USDC", "USDC", "USDC", "USDC", "BTC", "DOGE"][choice.which as usize % 6]),
        amount: amount(given),
        payment_method: ["card", "card", "card", "sepa", "ach", "cash"][choice.key as usize / 16 % 6].to_owned(),
    }
}

/// Forty people, some of whom give their address in capitals, and half of whom the partner names as its sessions do.
pub fn customer_terms(choice: Choice) -> CustomerTerms {
    let person = choice.what % 40;
    let email = format!("person-{person}@people.example");
    let external_id = match choice.key % 4 {
        0 => Some("ann".to_owned()),
        1 => Some(format!("user-{}", choice.what)),
        _ => None,
    };
    CustomerTerms {
        email: if choice.which % 4 == 3 { email.to_uppercase() } else { email },
        external_id,
        phone: None,
        first_name: Some("Ann".to_owned()),
        last_name: None,
        country_code: [None, Some("DE"), Some("US")][choice.what as usize % 3].map(str::to_owned),
        metadata: vec![("tier".to_owned(), choice.what.to_string())],
    }
}

/// Few values, so that some changes change nothing.
pub fn customer_patch(choice: Choice) -> CustomerPatch {
    let patch = |number: u8, value: &str| match number % 4 {
        0 | 1 => None,
        2 => Some(None),
        _ => Some(Some(value.to_owned())),
    };
    CustomerPatch {
        first_name: patch(choice.what, "Bob"),
        last_name: patch(choice.what / 4, "Lee"),
        country_code: patch(choice.what / 16, "DE"),
        metadata: if choice.what.is_multiple_of(8) { Some(Some(Vec::new())) } else { None },
    }
}

/// Sets, clears and leaves what the numbers say.
pub fn branding_patch(choice: Choice) -> BrandingPatch {
    let field = |place: u8, text: &str| match choice.what.rotate_right(place.into()) % 4 {
        0 => None,
        1 => Some(None),
        _ => Some(Some(format!("{text}{}", choice.which))),
    };
    BrandingPatch {
        logo_url: field(0, "https://shop.example/"),
        primary_color: field(1, "#11223"),
        secondary_color: field(3, "#44556"),
        accent_color: field(5, "#77889"),
        brand_name: field(6, "Shop "),
    }
}

pub fn rules(choice: Choice) -> Rules {
    let quote_life = (!choice.what.is_multiple_of(3)).then(|| Millis::seconds(5 + u64::from(choice.what)));
    Rules { quote_life, risk_is_real: choice.key.is_multiple_of(2) }
}

pub fn new_key(choice: Choice) -> NewKey {
    let kind = if choice.what.is_multiple_of(2) { KeyKind::Secret } else { KeyKind::Publishable };
    NewKey { kind, hash: [choice.what; 32] }
}
