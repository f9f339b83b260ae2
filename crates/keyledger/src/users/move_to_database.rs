use crate::{
    cli::Context,
    data_dir::{DataDir, Role},
    installation::{HeldKeyring, Moved, PeoplePlace},
    output::count,
};

/// Takes the people of this machine's file to the database that its settings name.
pub(super) fn run(
    context: &Context,
    place: &PeoplePlace,
    directory: &DataDir,
    keyring: &HeldKeyring,
) -> anyhow::Result<()> {
    // Whoever serves from the file would go on changing what is not looked at any more.
    let _lock = directory.lock(Role::CommandService)?;
    let (moved, aside) = place.move_from_file(keyring)?;
    if context.output.json {
        let moved = if let Moved::Now(people) = moved { people } else { 0 };
        let told = serde_json::json!({ "moved": moved, "to": place.to_string(), "aside": aside });
        return Ok(context.output.value(&told)?);
    }
    let said = match moved {
        Moved::Now(people) => format!("{} moved to {place}", count(people, "account")),
        Moved::Before => format!("Everybody was in {place} already"),
    };
    Ok(context.output.line(&format!(
        "{said}; everybody signs in again. What was the file is {} now: put it away.",
        aside.display()
    ))?)
}
