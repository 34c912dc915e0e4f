//! How much honest payments look like frauds, and frauds like honest payments. The description beside the tables states these
//! figures; a test measures that no simple rule tells the two apart.

/// Customers who travel.
pub const TRAVELLERS: f64 = 0.3;
/// The share of the time that they are away.
pub const AWAY: f64 = 0.12;
/// The share of that time in the countries that stolen devices are often used in.
pub const FAR_AWAY: f64 = 0.4;

/// A device is replaced after so many days.
pub const DEVICE_DAYS: (u64, u64) = (90, 900);

/// Families: people, the share of all people who live in such a one, and of their payments those that are made on the
/// device and to the wallet of all.
pub const FAMILY: Circle = Circle { people: 3, share: 0.12, device: 0.4, wallet: 0.3 };
/// The same of offices and cafés.
pub const OFFICE: Circle = Circle { people: 12, share: 0.04, device: 0.5, wallet: 0.1 };

/// Customers whose wallet is an exchange's, which others use too.
pub const AT_EXCHANGES: f64 = 0.12;
/// There is such a wallet for so many customers; a few have most of them.
pub const CUSTOMERS_PER_EXCHANGE_WALLET: u64 = 40;
/// Payments to a wallet that was never seen before.
pub const NEW_WALLET: f64 = 0.02;

/// Payments of three to fourteen times the usual amount, half of them to a new wallet.
pub const LARGE: f64 = 0.004;
/// Payments of a few dollars.
pub const SMALL: f64 = 0.02;

/// Payments in rushes: shops and agents who pay many times within minutes.
pub const RUSHES: f64 = 0.008;

/// Members of a ring with a device of their own, and with a wallet of their own: one in so many.
pub const OWN_IN_RING: (u64, u64) = (5, 7);
/// Where stolen devices are used: in the countries they are often used in, in another one; else at home.
pub const STOLEN_USED: (f64, f64) = (0.45, 0.25);
/// Bursts that take another device every few payments.
pub const BURSTS_OF_DEVICES: f64 = 0.3;

/// People who share a device and a wallet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circle {
    /// How many they are.
    pub people: u64,
    /// The share of all people who are in one.
    pub share: f64,
    /// The share of their payments that is made on the shared device.
    pub device: f64,
    /// The share of their payments that goes to the shared wallet.
    pub wallet: f64,
}
