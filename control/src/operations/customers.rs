//! Customers.

use causeway_core::command::{Answer, Command, Reply};
use causeway_core::customer::{Customer, CustomerName};
use causeway_core::id::CustomerId;
use causeway_core::limits::REFERENCE_CHARS;
use causeway_core::store::{Reader, StoreError};

use super::{Call, Handled, Parameter, Rendered, Spec};
use crate::problem::{Code, Problem};
use crate::wire;

pub(super) const CREATE: Spec =
    Spec::new("Customers", "Create a customer: your own record of a user.", |call| Box::pin(create_customer(call)))
        .body::<wire::CreateCustomer<'static>>()
        .answers::<wire::Customer<'static>>(201)
        .refuses(&[Code::CustomerAlreadyExists]);

pub(super) const LIST: Spec =
    Spec::new("Customers", "List customers, newest first; those that were deleted are left out.", |call| {
        Box::pin(list_customers(call))
    })
    .query(&[Parameter::LIMIT, Parameter::AFTER_CUSTOMER, EXTERNAL_ID, EMAIL])
    .answers::<wire::List<wire::Customer<'static>>>(200);

pub(super) const GET: Spec = Spec::new("Customers", "Read a customer.", |call| Box::pin(get_customer(call)))
    .answers::<wire::Customer<'static>>(200);

pub(super) const UPDATE: Spec =
    Spec::new("Customers", "Change a customer: what is left out stays, null clears.", |call| {
        Box::pin(update_customer(call))
    })
    .body::<wire::UpdateCustomer<'static>>()
    .answers::<wire::Customer<'static>>(200);

pub(super) const DELETE: Spec = Spec::new(
    "Customers",
    "Delete a customer and erase the person; email address and external id stay taken. Repeatable.",
    |call| Box::pin(delete_customer(call)),
)
.answers::<wire::DeletedCustomer>(200);

/// The `external_id` that lists are filtered by.
const EXTERNAL_ID: Parameter = Parameter {
    name: "external_id",
    description: "Only the customer with this external id.",
    schema: r#"{"type":"string","minLength":1,"maxLength":255}"#,
};

/// The `email` that lists are filtered by.
const EMAIL: Parameter = Parameter {
    name: "email",
    description: "Only the customer with this email address, upper and lower case aside.",
    schema: r#"{"type":"string","maxLength":254,"pattern":"^[^@\\s\\x00-\\x1f\\x7f-\\x9f]+@[^@\\s\\x00-\\x1f\\x7f-\\x9f]+$"}"#,
};

async fn create_customer(call: Call<'_>) -> Handled {
    let terms = call.parse::<wire::CreateCustomer<'_>>()?.terms()?;
    let fingerprint = wire::CreateCustomer::fingerprint(&terms);
    let answer = call.submit(Command::CreateCustomer(call.account(), Box::new(terms)), fingerprint).await?;
    rendered(&call, answer)
}

async fn get_customer(call: Call<'_>) -> Handled {
    let id = call.named(CustomerId::parse)?;
    let customer = call.read(move |reader, account| reader.customer(account, id)).await?;
    Ok(Rendered::new(&wire::Customer::of(&customer, call.mode())))
}

async fn update_customer(call: Call<'_>) -> Handled {
    let id = call.named(CustomerId::parse)?;
    let patch = call.parse::<wire::UpdateCustomer<'_>>()?.patch()?;
    let fingerprint = wire::UpdateCustomer::fingerprint(&patch);
    let answer = call.submit(Command::UpdateCustomer(call.account(), id, Box::new(patch)), fingerprint).await?;
    rendered(&call, answer)
}

async fn delete_customer(call: Call<'_>) -> Handled {
    let id = call.named(CustomerId::parse)?;
    let fingerprint = wire::Fingerprint::new().finish();
    let answer = call.submit(Command::DeleteCustomer(call.account(), id), fingerprint).await?;
    let Reply::DeletedCustomer(id, deleted_at) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a deleted customer"));
    };
    Ok(Rendered::new(&wire::DeletedCustomer::of(id, deleted_at, call.mode())).replayed(answer.replayed))
}

async fn list_customers(call: Call<'_>) -> Handled {
    let limit = call.query.limit(10, 100)?;
    let mode = call.mode();
    let after = call.query.parsed("starting_after", "a customer's id", |text| CustomerId::parse(text, mode))?;
    let names = names(&call)?;
    let account = call.account();
    let page = move |reader: &Reader| match names.is_empty() {
        // One more than asked for tells whether older ones follow.
        true => reader.customers(account, after, limit + 1),
        false => named(reader, &names, after),
    };
    let customers = call.cell.read(page).await?;
    let data = customers.iter().take(limit).map(|customer| wire::Customer::of(customer, mode)).collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, customers.len() > limit)))
}

/// The page of the one customer that has all of these names, if there is one and it is older than `after`.
fn named(reader: &Reader, names: &[CustomerName], after: Option<CustomerId>) -> Result<Vec<Customer>, StoreError> {
    let found = reader.customer_named(names)?;
    Ok(found.into_iter().filter(|customer| after.is_none_or(|after| customer.facts.id < after)).collect())
}

/// The names by which the list is filtered.
fn names(call: &Call<'_>) -> Result<Vec<CustomerName>, Problem> {
    let (key, account) = (call.cell.keys().name_key(), call.account());
    let is_reference = |text: &str| (1..=REFERENCE_CHARS).contains(&text.chars().count());
    let external_id = call.query.parsed("external_id", "1–255 characters", |text| {
        is_reference(text).then(|| CustomerName::of_external_id(&key, account, text))
    })?;
    let email = call.query.parsed("email", "an email address", |text| {
        wire::is_email(text).then(|| CustomerName::of_email(&key, account, text))
    })?;
    Ok(external_id.into_iter().chain(email).collect())
}

fn rendered(call: &Call<'_>, answer: Answer) -> Handled {
    let Reply::Customer(customer) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a customer"));
    };
    Ok(Rendered::new(&wire::Customer::of(&customer, call.mode())).replayed(answer.replayed))
}
