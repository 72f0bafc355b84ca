namespace Lumos.Zones.Configure;

/// <summary>What zonecfg says of itself.</summary>
public static class ConfigHelp
{
    public const string CommandLine = """
        usage: zonecfg help
               zonecfg {-z ZONE | -u UUID}                    (interactive)
               zonecfg {-z ZONE | -u UUID} SUBCOMMAND [; ...]
               zonecfg {-z ZONE | -u UUID} -f FILE            (- is standard input)
        """;

    public static string Usage(ConfigVerb verb) => verb switch
    {
        ConfigVerb.Add => "add RESOURCE  (global scope), add PROPERTY VALUE  (resource scope)",
        ConfigVerb.Cancel => "cancel",
        ConfigVerb.Clear => "clear PROPERTY",
        ConfigVerb.Commit => "commit",
        ConfigVerb.Create => "create [-F] [-a PATH | -b | -t TEMPLATE | -X]",
        ConfigVerb.Delete => "delete [-F]",
        ConfigVerb.End => "end",
        ConfigVerb.Exit => "exit [-F]",
        ConfigVerb.Export => "export [-f FILE]",
        ConfigVerb.Help => "help [commands | syntax | usage | SUBCOMMAND]",
        ConfigVerb.Info => "info [RESOURCE [PROPERTY=VALUE ...] | PROPERTY]",
        ConfigVerb.Remove => "remove [-F] RESOURCE [PROPERTY=VALUE ...]  (global scope), remove PROPERTY [VALUE]  (resource scope)",
        ConfigVerb.Revert => "revert [-F]",
        ConfigVerb.Select => "select RESOURCE PROPERTY=VALUE ...",
        ConfigVerb.Set => "set PROPERTY=VALUE",
        ConfigVerb.Verify => "verify",
        _ => throw new ArgumentOutOfRangeException(nameof(verb)),
    };

    /// <summary>The answer to help; null: there is no such subject.</summary>
    public static string? About(string? subject) => subject switch
    {
        null or "commands" => "Commands:\n\n" + string.Concat(Enum.GetValues<ConfigVerb>().Select(v => Usage(v) + "\n")),
        "usage" => CommandLine + "\n",
        "syntax" => Syntax(),
        _ => ConfigParser.Verb(subject) is { } verb ? $"usage: {Usage(verb)}\n\t{Purpose(verb)}\n" : null,
    };

    private static string Purpose(ConfigVerb verb) => verb switch
    {
        ConfigVerb.Add => "Opens a new resource; within one, adds values to a property that is a list.",
        ConfigVerb.Cancel => "Leaves the resource as it was.",
        ConfigVerb.Clear => "Takes the value of a property away.",
        ConfigVerb.Commit => "Verifies the configuration and saves it.",
        ConfigVerb.Create => "Begins a configuration: -b blank, -t as another zone's, -a of a detached zone, -X of the file that is there.",
        ConfigVerb.Delete => "Removes the configuration of a zone that is not installed, at once.",
        ConfigVerb.End => "Takes the resource into the configuration.",
        ConfigVerb.Exit => "Saves what is not saved, and ends.",
        ConfigVerb.Export => "Prints the commands that make the configuration.",
        ConfigVerb.Help => "Prints help.",
        ConfigVerb.Info => "Shows the configuration as it is here, saved or not.",
        ConfigVerb.Remove => "Removes resources, or values of a list.",
        ConfigVerb.Revert => "Goes back to what is saved.",
        ConfigVerb.Select => "Opens the resource that matches.",
        ConfigVerb.Set => "Gives a property a value.",
        ConfigVerb.Verify => "Tells what is wrong with the configuration.",
        _ => throw new ArgumentOutOfRangeException(nameof(verb)),
    };

    private static string Syntax() =>
        "ZONE := letters, digits, '-', '_' and '.', the first a letter or digit, 63 at most; not \"global\", nothing that begins with \"SUNW\"\n"
        + "VALUE := WORD | \"ANYTHING\" | (NAME=VALUE,...) | [VALUE,...]\n\nglobal properties: zonename, uuid, "
        + string.Join(", ", GlobalProperties.All.Select(p => p.Name)) + "\n"
        + string.Concat(ResourceTypes.All.Select(t =>
            $"{t.Name}: {string.Join(", ", t.Properties.Select(p => p.Required ? p.Name : $"[{p.Name}]"))}"
            + (t.List is null ? "" : $", {t.List}{(t.ListFields.IsEmpty ? " (list)" : $" (list of {string.Join(", ", t.ListFields)})")}") + "\n"));
}
