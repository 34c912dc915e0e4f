//! The training table as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use causeway_core::risk::{FEATURE_NAMES, Features};
use causeway_core::time::Timestamp;
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::FeaturesError;
use super::input::Payment;
use super::labels::at_text;

/// Rows that a Parquet file keeps together, and that wait in memory until there are as many.
const GROUP: usize = 65_536;

/// A row of the table.
#[derive(Clone)]
pub struct Row {
    id: String,
    at: Timestamp,
    customer: String,
    wallet: Option<String>,
    features: Features,
    is_fraud: Option<bool>,
    label_at: Option<Timestamp>,
}

/// A file that takes rows.
pub enum Table {
    /// Text.
    Csv(Draft, BufWriter<File>),
    /// Columns.
    Parquet(Draft, Box<Columns>),
}

/// A file that is not whole yet. Where it is dropped before, nothing is left of it.
pub struct Draft {
    path: PathBuf,
    is_whole: bool,
}

/// A Parquet file and the rows that wait for their group.
pub struct Columns {
    writer: SerializedFileWriter<File>,
    waiting: Vec<Row>,
}

impl Row {
    /// The label is the last word; where that took back what was known, there is none.
    pub fn new(payment: Payment, features: Features) -> Row {
        let last = payment.labels.last().filter(|known| known.is_fraud.is_some());
        let (is_fraud, label_at) = last.map_or((None, None), |known| (known.is_fraud, known.at));
        Row {
            id: payment.id,
            at: payment.at,
            customer: payment.customer,
            wallet: payment.wallet,
            features,
            is_fraud,
            label_at,
        }
    }
}

impl Table {
    /// A new file; its ending says which kind. Until it is whole it has another name, so that nothing is overwritten by a
    /// part, and no part is taken for a table.
    pub fn create(path: &Path) -> Result<Table, FeaturesError> {
        let failed = |error: &dyn std::fmt::Display| fault(path, error);
        let draft = Draft { path: path.to_owned(), is_whole: false };
        let kind = path.extension().and_then(|ending| ending.to_str());
        match kind {
            Some("csv") => {
                let mut file =
                    BufWriter::with_capacity(1 << 20, File::create(draft.name()).map_err(|error| failed(&error))?);
                let header = ["id", "time", "customer", "wallet"].into_iter().chain(FEATURE_NAMES);
                let header: Vec<&str> = header.chain(["is_fraud", "label_time"]).collect();
                writeln!(file, "{}", header.join(",")).map_err(|error| failed(&error))?;
                Ok(Table::Csv(draft, file))
            }
            Some("parquet") => {
                let schema = schema().map_err(|error| failed(&error))?;
                let file = File::create(draft.name()).map_err(|error| failed(&error))?;
                let properties = Arc::new(WriterProperties::builder().build());
                let writer = SerializedFileWriter::new(file, schema, properties).map_err(|error| failed(&error))?;
                Ok(Table::Parquet(draft, Box::new(Columns { writer, waiting: Vec::new() })))
            }
            _ => Err(FeaturesError(format!("{} must end in .csv or .parquet", path.display()))),
        }
    }

    /// Adds a row.
    pub fn add(&mut self, row: Row) -> Result<(), FeaturesError> {
        match self {
            Table::Csv(draft, file) => csv_row(file, &row).map_err(|error| fault(&draft.path, &error)),
            Table::Parquet(draft, columns) => {
                columns.waiting.push(row);
                if columns.waiting.len() < GROUP {
                    Ok(())
                } else {
                    columns.flush().map_err(|error| fault(&draft.path, &error))
                }
            }
        }
    }

    /// Writes what is still in memory, and gives the file its name.
    pub fn finish(self) -> Result<(), FeaturesError> {
        match self {
            Table::Csv(draft, mut file) => match file.flush() {
                Ok(()) => draft.rename(),
                Err(error) => Err(fault(&draft.path, &error)),
            },
            Table::Parquet(draft, mut columns) => match columns.flush().and_then(|()| columns.writer.close()) {
                Ok(_) => draft.rename(),
                Err(error) => Err(fault(&draft.path, &error)),
            },
        }
    }
}

impl Draft {
    fn name(&self) -> PathBuf {
        draft(&self.path)
    }

    fn rename(mut self) -> Result<(), FeaturesError> {
        std::fs::rename(self.name(), &self.path).map_err(|error| fault(&self.path, &error))?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_whole {
            // It may never have been made, and nobody is told twice that a disk is broken.
            std::fs::remove_file(self.name()).unwrap_or_default();
        }
    }
}

/// The name of a table until it is whole.
pub fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn fault(path: &Path, error: &dyn std::fmt::Display) -> FeaturesError {
    FeaturesError(format!("cannot write {}: {error}", path.display()))
}

/// Numbers are the shortest that read back as the same float32.
fn csv_row(file: &mut impl Write, row: &Row) -> std::io::Result<()> {
    let at = at_text(row.at);
    write!(file, "{},{at},{},{}", quoted(&row.id), quoted(&row.customer), quoted(row.wallet.as_deref().unwrap_or("")))?;
    for value in row.features.0 {
        write!(file, ",{value}")?;
    }
    let label = row.is_fraud.map_or("", |is_fraud| if is_fraud { "1" } else { "0" });
    writeln!(file, ",{label},{}", row.label_at.map(at_text).unwrap_or_default())
}

/// Text with commas, quotes or breaks stands in quotes.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn schema() -> Result<Arc<Type>, ParquetError> {
    let text = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(repetition)
            .with_logical_type(Some(LogicalType::String))
            .build()
    };
    let time = |name: &str, repetition| {
        let unit = LogicalType::timestamp(true, TimeUnit::MILLIS);
        Type::primitive_type_builder(name, Physical::INT64)
            .with_repetition(repetition)
            .with_logical_type(Some(unit))
            .build()
    };
    let number =
        |name: &str, kind, repetition| Type::primitive_type_builder(name, kind).with_repetition(repetition).build();
    let (required, optional) = (Repetition::REQUIRED, Repetition::OPTIONAL);
    let mut fields =
        vec![text("id", required)?, time("time", required)?, text("customer", required)?, text("wallet", optional)?];
    for name in FEATURE_NAMES {
        fields.push(number(name, Physical::FLOAT, required)?);
    }
    fields.push(number("is_fraud", Physical::INT32, optional)?);
    fields.push(time("label_time", optional)?);
    Ok(Arc::new(Type::group_type_builder("features").with_fields(fields.into_iter().map(Arc::new).collect()).build()?))
}

impl Columns {
    fn flush(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let missing = || ParquetError::General("the schema has too few columns".to_owned());
        let mut column = |write: &dyn Fn(&mut parquet::file::writer::SerializedColumnWriter<'_>) -> Written| -> Result<(), ParquetError> {
            let mut column = group.next_column()?.ok_or_else(missing)?;
            write(&mut column)?;
            column.close()
        };
        let texts = |text: &dyn Fn(&Row) -> Option<&str>| -> (Vec<ByteArray>, Vec<i16>) {
            present(&rows, |row| text(row).map(ByteArray::from))
        };
        let (ids, _) = texts(&|row| Some(&row.id));
        column(&|column| column.typed::<ByteArrayType>().write_batch(&ids, None, None))?;
        let times: Vec<i64> = rows.iter().map(|row| row.at.0 as i64).collect();
        column(&|column| column.typed::<Int64Type>().write_batch(&times, None, None))?;
        let (customers, _) = texts(&|row| Some(&row.customer));
        column(&|column| column.typed::<ByteArrayType>().write_batch(&customers, None, None))?;
        let (wallets, there) = texts(&|row| row.wallet.as_deref());
        column(&|column| column.typed::<ByteArrayType>().write_batch(&wallets, Some(&there), None))?;
        for place in 0..FEATURE_NAMES.len() {
            let values: Vec<f32> = rows.iter().map(|row| row.features.0[place]).collect();
            column(&|column| column.typed::<FloatType>().write_batch(&values, None, None))?;
        }
        let (labels, there) = present(&rows, |row| row.is_fraud.map(i32::from));
        column(&|column| column.typed::<Int32Type>().write_batch(&labels, Some(&there), None))?;
        let (times, there) = present(&rows, |row| row.label_at.map(|at| at.0 as i64));
        column(&|column| column.typed::<Int64Type>().write_batch(&times, Some(&there), None))?;
        group.close().map(|_| ())
    }
}

/// How many values were written.
type Written = Result<usize, ParquetError>;

/// The values that there are, and for each row whether it has one.
fn present<T>(rows: &[Row], value: impl Fn(&Row) -> Option<T>) -> (Vec<T>, Vec<i16>) {
    let each: Vec<Option<T>> = rows.iter().map(value).collect();
    let there = each.iter().map(|value| i16::from(value.is_some())).collect();
    (each.into_iter().flatten().collect(), there)
}
