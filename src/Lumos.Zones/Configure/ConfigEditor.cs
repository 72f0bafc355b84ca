using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>
/// What the subcommands that change a configuration do to it: from one <see cref="ConfigDraft"/> to the next. Pure, but for the
/// answers of who is asked. What reads or writes files (create -t, commit, delete …) is <see cref="ConfigSession"/>'s.
/// </summary>
/// <param name="confirm">Asks a question: yes, no, or null where there is nobody to ask.</param>
public sealed partial class ConfigEditor(Func<string, bool?> confirm)
{
    /// <exception cref="LumosException">The draft stays as it was.</exception>
    public ConfigDraft Apply(ConfigDraft draft, ConfigCommand command)
    {
        draft = draft with { Notes = [] };
        return (command.Verb, draft.Scope) switch
        {
            (ConfigVerb.Add, null) => OpenNew(draft, command),
            (ConfigVerb.Select, null) => OpenOld(draft, command),
            (ConfigVerb.Set, null) => SetGlobal(draft, command),
            (ConfigVerb.Clear, null) => ClearGlobal(draft, command),
            (ConfigVerb.Remove, null) => RemoveResources(draft, command),
            (ConfigVerb.Add, { } scope) => draft with { Scope = scope with { Draft = AddItems(scope, command) } },
            (ConfigVerb.Set, { } scope) => draft with { Scope = scope with { Draft = SetProperty(scope, command) } },
            (ConfigVerb.Clear, { } scope) => draft with { Scope = scope with { Draft = ClearProperty(scope, command) } },
            (ConfigVerb.Remove, { } scope) => draft with { Scope = scope with { Draft = RemoveItems(scope, command) } },
            (ConfigVerb.End, { } scope) => Close(draft, scope, command),
            (ConfigVerb.Cancel, { } scope) => NoWords(command, draft with { Scope = null }),
            (ConfigVerb.End or ConfigVerb.Cancel, null) => throw WrongScope(command, "resource"),
            (ConfigVerb.Select, _) => throw WrongScope(command, "global"),
            _ => throw new InvalidOperationException($"{command.Verb} changes no draft"),
        };
    }

    /// <summary>The configuration, or the refusal every subcommand has for a zone that has none.</summary>
    public static ZoneConfig Required(ConfigDraft draft) =>
        draft.Config ?? throw new LumosException("ZoneNotConfigured", $"{draft.Name}: No such zone configured; \"create\" begins one");

    private static ConfigDraft SetGlobal(ConfigDraft draft, ConfigCommand command)
    {
        var zone = Required(draft);
        var (name, text) = OnePair(command);
        switch (name)
        {
            case "zonename":
                if (!ZoneName.TryParse(text, out var renamed) || renamed.IsGlobal)
                {
                    throw new LumosException("InvalidZoneName", $"\"{text}\" is not a valid zone name");
                }
                RequireConfigured(draft, "set zonename");
                return draft with { Name = renamed, Config = zone with { Name = renamed }, IsDirty = true };
            case "uuid":
                RequireConfigured(draft, "set uuid");
                return Core.Uuid.TryParse(text, out var uuid)
                    ? draft with { Uuid = uuid.ToString(), IsDirty = true }
                    : throw new LumosException("InvalidUuid", $"\"{text}\" is not a UUID");
        }
        var property = GlobalProperties.Find(name) ?? throw UnknownProperty(name);
        if (name is "zonepath" or "brand" && property.Get(zone) != text)
        {
            RequireConfigured(draft, "set " + name);
        }
        if (text.Length == 0 && property.Clearable)
        {
            return draft with { Config = property.Set(zone, null), IsDirty = true };
        }
        if (property.Check?.Invoke(text) is { } wrong)
        {
            throw new LumosException("InvalidProperty", wrong);
        }
        return draft with
        {
            Config = property.Set(zone, text),
            IsDirty = true,
            Notes = property.Idle is { } idle ? [idle] : [],
        };
    }

    private static ConfigDraft ClearGlobal(ConfigDraft draft, ConfigCommand command)
    {
        var zone = Required(draft);
        string name = OneWord(command);
        var property = GlobalProperties.Find(name) ?? throw UnknownProperty(name);
        return property.Clearable
            ? draft with { Config = property.Set(zone, null), IsDirty = true }
            : throw new LumosException("RequiredProperty", $"{name} cannot be cleared");
    }

    private static ConfigDraft OpenNew(ConfigDraft draft, ConfigCommand command)
    {
        var zone = Required(draft);
        var type = Type(OneWord(command));
        if (type.Key is null && type.Read(zone).Any())
        {
            throw new LumosException("ResourceExists", $"The {type.Name} resource already exists.");
        }
        return draft with { Scope = new ConfigScope(type, null, ResourceDraft.Empty) };
    }

    private static ConfigDraft OpenOld(ConfigDraft draft, ConfigCommand command)
    {
        var zone = Required(draft);
        var type = Type(OneWord(command, pairs: true));
        var found = Matching(zone, type, command);
        return found switch
        {
            [var one] => draft with { Scope = new ConfigScope(type, one.Place, one.Draft) },
            [] => throw NoSuchResource(type),
            _ => throw new LumosException("AmbiguousResource", $"select {type.Name}: {found.Count} resources match; name enough of its properties"),
        };
    }

    private ConfigDraft RemoveResources(ConfigDraft draft, ConfigCommand command)
    {
        var zone = Required(draft);
        var type = Type(OneWord(command, pairs: true));
        bool force = OnlyOption(command, 'F');
        var found = Matching(zone, type, command);
        if (found.Count == 0)
        {
            return force ? draft : throw NoSuchResource(type);
        }
        if (found.Count > 1 && !force)
        {
            Confirm($"Are you sure you want to remove {found.Count} '{type.Name}' resources", command);
        }
        foreach (var (place, _) in found.AsEnumerable().Reverse())
        {
            zone = type.Remove(zone, place);
        }
        return draft with { Config = zone, IsDirty = true };
    }

    private void Confirm(string question, ConfigCommand command)
    {
        string verb = Name(command.Verb);
        switch (confirm(question))
        {
            case null:
                throw new LumosException("NotConfirmed", $"Input not from terminal and -F not specified: {verb} command ignored.");
            case false:
                throw new LumosException("NotConfirmed", $"{verb}: nothing is changed");
        }
    }

    internal static List<(int Place, ResourceDraft Draft)> Matching(ZoneConfig zone, ResourceType type, ConfigCommand command)
    {
        foreach (var (name, value) in command.Pairs)
        {
            _ = type.Property(name) ?? throw new LumosException("UnknownProperty", $"{name}: no such property of {type.Name}");
            _ = Text(name, value);
        }
        return [.. type.Read(zone).Select((draft, place) => (place, draft))
            .Where(each => command.Pairs.All(p => each.draft[p.Key] == Text(p.Key, p.Value)))];
    }

    internal static ResourceType Type(string name) => ResourceTypes.Find(name)
        ?? throw new LumosException("UnknownResource", ResourceTypes.Refused.TryGetValue(name, out string? why)
            ? $"{name} is not part of this system: {why}"
            : $"{name}: no such resource; there are {string.Join(", ", ResourceTypes.All.Select(t => t.Name))}");

    internal static string Name(ConfigVerb verb) => verb.ToString().ToLowerInvariant();

    internal static bool OnlyOption(ConfigCommand command, char option) => command.Options.Any(o => o.Key != option)
        ? throw new LumosException("ConfigUsage", $"usage: {ConfigHelp.Usage(command.Verb)}")
        : command.Has(option);

    private static void RequireConfigured(ConfigDraft draft, string what)
    {
        if (draft.State is { } state and not ZoneState.Configured)
        {
            throw new LumosException("ZoneInstalled", $"zone '{draft.Saved?.Name ?? draft.Name}' is {state.Word}; {what} is for zones that are only configured");
        }
    }

    private static LumosException UnknownProperty(string name) => ResourceTypes.Find(name) is null
        ? new LumosException("UnknownProperty", $"{name}: no such global property")
        : new LumosException("UnknownProperty", $"{name} is a resource: \"add {name}\" or \"select {name}\" opens it");

    private static LumosException NoSuchResource(ResourceType type) => new("NoSuchResource", $"No such {type.Name} resource.");

    private static LumosException WrongScope(ConfigCommand command, string scope) =>
        new("WrongScope", $"The {Name(command.Verb)} command only makes sense in the {scope} scope.");
}
