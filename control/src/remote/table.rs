//! Models as a table, and one model line by line.

use serde_json::Value;

/// What an answer says.
pub fn text(answer: &Value) -> String {
    match answer["models"].as_array() {
        Some(models) => plan(answer, models),
        None => model(answer),
    }
}

fn plan(answer: &Value, models: &[Value]) -> String {
    let mut lines = vec![["MODEL", "STAGE", "SINCE", "CALLS", "LATE", "ERRORS", "NOTE"].map(str::to_owned)];
    for model in models {
        let health = |name: &str| plain(&model["health"][name]);
        let name = format!("{} {}", plain(&model["name"]), plain(&model["version"]));
        lines.push([
            name,
            stage(model),
            plain(&model["since"]),
            health("calls"),
            health("late"),
            health("errors"),
            note(model),
        ]);
    }
    let mut widths = [0; 7];
    for line in &lines {
        line.iter().zip(&mut widths).for_each(|(cell, width)| *width = cell.chars().count().max(*width));
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let back = way_back(answer, models);
    match answer["live"].as_str() {
        Some(_) => text.push_str(&format!("a rollback of the live model leads to {back}\n")),
        None => text.push_str("no model is live: the fallback rules decide\n"),
    }
    text
}

/// Where a rollback of the live model leads, and that it is not there, if it is not.
fn way_back(answer: &Value, models: &[Value]) -> String {
    let Some(back) = answer["before"].as_str() else { return "the fallback rules".to_owned() };
    let named = |model: &&Value| format!("{} {}", plain(&model["name"]), plain(&model["version"])) == back;
    match models.iter().find(named).and_then(|model| model["not_loaded"].as_str()) {
        Some(reason) => format!("{back}, which is not loaded ({reason}): the fallback rules would decide"),
        None => back.to_owned(),
    }
}

fn model(model: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<12}{value}\n"));
    line("model", format!("{} {}", plain(&model["name"]), plain(&model["version"])));
    line("stage", stage(model));
    line("since", plain(&model["since"]));
    line("sha256", plain(&model["sha256"]));
    if let Some(reason) = model["not_loaded"].as_str() {
        line("not_loaded", reason.to_owned());
    }
    for part in ["health", "shadow"] {
        for (name, value) in model[part].as_object().into_iter().flatten() {
            line(name, plain(value));
        }
    }
    text
}

fn stage(model: &Value) -> String {
    let stage = plain(&model["stage"]);
    match (model["share"].as_f64(), model["by"].as_str()) {
        (Some(share), Some(by)) => format!("{stage} {share} % of {by}"),
        (_, _) => stage,
    }
}

fn note(model: &Value) -> String {
    let shadow = &model["shadow"];
    if let Some(reason) = model["not_loaded"].as_str() {
        return format!("not loaded: {reason}");
    }
    let quarantine = [&model["health"]["quarantine"], &shadow["quarantine"]].into_iter().find(|one| one.is_object());
    let quarantine = quarantine.unwrap_or(&Value::Null);
    match (quarantine["reason"].as_str(), shadow["scored"].as_u64()) {
        (Some(reason), _) => format!("cut off since {}: {reason}", plain(&quarantine["since"])),
        (None, Some(scored)) => format!("scored {scored} as a shadow, {} errors", plain(&shadow["errors"])),
        (None, None) => String::new(),
    }
}

/// A value without its quotation marks; nothing for what is not there.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_stand_in_a_table() {
        let since = "2026-05-25T08:30:00Z";
        let health = json!({ "calls": 12, "late": 0, "errors": 3, "quarantine": { "reason": "late", "since": since } });
        let shadow = json!({ "scored": 8, "errors": 3, "quarantine": { "reason": "it errs", "since": since } });
        let models = json!([
            { "name": "a", "version": 1, "stage": "live", "since": since, "health": null },
            { "name": "b", "version": 12, "stage": "canary", "share": 5.0, "by": "persons", "since": since, "health": health },
            { "name": "c", "version": 1, "stage": "shadow", "since": since, "health": null, "shadow": shadow },
        ]);
        let text = text(&json!({ "models": models, "live": "a 1", "before": null }));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "MODEL  STAGE                  SINCE                 CALLS  LATE  ERRORS  NOTE");
        assert_eq!(lines[1], "a 1    live                   2026-05-25T08:30:00Z  -      -     -");
        assert!(
            lines[2].starts_with("b 12   canary 5.0 % of persons")
                || lines[2].starts_with("b 12   canary 5 % of persons")
        );
        assert!(lines[2].ends_with("cut off since 2026-05-25T08:30:00Z: late"), "{text}");
        assert!(lines[3].ends_with("cut off since 2026-05-25T08:30:00Z: it errs"), "{text}");
        assert_eq!(lines[4], "a rollback of the live model leads to the fallback rules");
    }

    #[test]
    fn a_model_that_is_not_there_says_why() {
        let one = |name: &str, stage: &str| json!({ "name": name, "version": 1, "stage": stage, "since": "-", "health": null, "not_loaded": "no such file" });
        let models = [one("a", "live"), one("b", "retired")];
        let list = text(&json!({ "models": models, "live": "a 1", "before": "b 1" }));
        assert!(list.lines().nth(1).unwrap().ends_with("not loaded: no such file"), "{list}");
        let back = "leads to b 1, which is not loaded (no such file): the fallback rules would decide\n";
        assert!(list.ends_with(back), "{list}");
        assert!(text(&models[0]).contains("not_loaded  no such file"));
    }
}
